// The redaction gives the same whether it runs as a program or as Wasm, and its command takes whatever comes.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const { EXPORTER, REDACTION } = process.env;
assert(EXPORTER && REDACTION, "`cargo xtask test` says where the program and the command are");

/** What a program makes of `input`. */
function run(program, words, input) {
  const child = spawn(program, words, { stdio: ["pipe", "pipe", "pipe"] });
  const texts = ["", ""];
  for (const [index, stream] of [child.stdout, child.stderr].entries()) {
    stream.setEncoding("utf8").on("data", (part) => (texts[index] += part));
  }
  child.stdin.end(input);
  return new Promise((done) =>
    child.on("close", (code) => done({ code, output: texts[0], errors: texts[1] })),
  );
}

const asWasm = (words, input) => run(process.execPath, [join(REDACTION, "redact.mjs"), ...words], input);
const asProgram = (words, input) => run(EXPORTER, ["redact", ...words], input);

/** Numbers that look random and are always the same (the generator of Numerical Recipes). */
function numbers(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PIECES = [
  ...'jane.doe+x@example.org|%40|%2540|@|.|+|-| |/|?|&|=|#|%|:|;|,|"|\\|{|}|[|]|(|)|é|ß|日本語|😀|\u00a0|\u202f|०१२'.split(
    "|",
  ),
  ..."4111 1111 1111 1111|5500000000000004|DE89370400440532013000|GB82 WEST 1234 5698 7654 32|078-05-1120".split(
    "|",
  ),
  ..."+44 20 7946 0958|(212) 555-0147|tel|phone|email|reset|token|password|dob|iban|name|id|order|utm_source".split(
    "|",
  ),
  ..."eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl".split("|"),
  // in two parts, so that nobody takes it for a key that somebody lost
  "ghp" + "_0123456789abcdefghijklmnopqrstuvwxyz",
  ..."192.168.0.1|2001:db8::1|51.5007,-0.1246|1984-03-12|12.03.1984|A-1042|v1.2.3|logo@2x.png".split("|"),
];

/** @returns {string[]} lines of every context */
function lines(count) {
  const below = numbers(20261123);
  const piece = () => PIECES[below(PIECES.length)];
  const text = () => Array.from({ length: 1 + below(9) }, piece).join("");
  return Array.from({ length: count }, (_, id) => {
    const input = text();
    const line = [
      { id, context: "url", input: "https://shop.example/" + input },
      { id, context: "text", input },
      { id, context: "key_value", key: text(), input },
      { id, context: "json", input: { [text()]: [input, below(1e9) / 8, null, { [piece()]: text() }] } },
    ][id % 4];
    return JSON.stringify(line);
  });
}

test("the program and the Wasm agree to the letter, with reasons and without", async () => {
  const input = lines(4000).join("\n") + "\n";
  for (const words of [[], ["--explain"]]) {
    const [program, wasm] = await Promise.all([asProgram(words, input), asWasm(words, input)]);
    assert.deepEqual([program.code, wasm.code, program.errors], [0, 0, ""]);
    const told = wasm.output.split("\n");
    for (const [index, line] of program.output.split("\n").entries()) assert.equal(told[index], line);
    assert.equal(told.length, 4001);
  }
});

test("a wrong line is said to be one, and the others are done", async () => {
  const input =
    '{"id":1,"context":"text","input":"to jane@example.org"}\n\nno\n{"id":2,"context":"text","input":"x"}\n';
  const [program, wasm] = await Promise.all([asProgram([], input), asWasm([], input)]);
  assert.deepEqual([wasm.code, wasm.output], [1, program.output]);
  const [first, empty, error, last] = wasm.output.split("\n");
  assert.deepEqual([first, empty, last], ['{"id":1,"output":"to [email]"}', "", '{"id":2,"output":"x"}']);
  assert.match(error, /^\{"error":"line 3: /);
});

test("the client's own settings count, and wrong ones are named", async () => {
  const folder = await mkdtemp(join(tmpdir(), "redact-"));
  try {
    const input = '{"id":1,"context":"text","input":"member AB-123456"}\n';
    const rule = { name: "membership", kind: "national_id", shapes: ["AB-######"] };
    await writeFile(join(folder, "good.json"), JSON.stringify({ rules: [rule] }));
    await writeFile(
      join(folder, "good.toml"),
      `[[rules]]\nname = "membership"\nkind = "national_id"\nshapes = ["AB-######"]\n`,
    );
    await writeFile(join(folder, "bad.json"), JSON.stringify({ rules: [{ ...rule, shapes: ["#"] }] }));
    const answer = '{"id":1,"output":"member [national_id]"}\n';
    assert.equal((await asWasm(["--settings", join(folder, "good.json")], input)).output, answer);
    assert.equal((await asProgram(["--settings", join(folder, "good.toml")], input)).output, answer);
    const bad = await asWasm(["--settings", join(folder, "bad.json")], input);
    assert.deepEqual([bad.code, bad.output], [2, ""]);
    assert.match(bad.errors, /rules\[0\]\.shapes\[0\]/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
