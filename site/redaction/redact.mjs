#!/usr/bin/env node
// The redaction as a filter over JSON Lines: see `exporter redact --help`, which does the same without Wasm.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

import { Redaction, initSync } from "redaction-bindings";
import wasm from "redaction-wasm";

const HELP = `Shows what is taken for personal data: a filter over JSON Lines.

Usage: node redact.mjs [--explain] [--settings FILE] < lines.jsonl

  --explain         say also what was taken out, where, by which rule, and why
  --settings FILE   the client's own settings, as JSON: allowed_query_keys, keeps_only_allowed, never_touch_keys, rules

Takes {"id", "context", "key", "input"} by the line, where context is url, text, key_value (the input stands under the key) or
json (the input is any JSON), and gives {"id", "output"}. A line that is none of these gives {"error", "id"}; the exit
code is 1 when there was one.

Example:
  echo '{"id": 1, "context": "url", "input": "/thanks?mail=jane@example.org"}' | node redact.mjs
`;

/** What was asked for, or the reason why that cannot be. */
function options() {
  try {
    const { values } = parseArgs({
      options: { explain: { type: "boolean" }, settings: { type: "string" }, help: { type: "boolean" } },
    });
    return values;
  } catch (error) {
    leave(error.message);
  }
}

function leave(reason) {
  console.error(`redact: ${reason}`);
  process.exit(2);
}

/** @returns {Redaction} by the settings in that file, or by none */
function redactionBy(file) {
  try {
    return new Redaction(file ? readFileSync(file, "utf8") : "{}");
  } catch (error) {
    leave(`${file}: ${error.message}`);
  }
}

const { explain = false, settings, help } = options();
if (help) {
  process.stdout.write(HELP);
  process.exit(0);
}
initSync({ module: wasm });
const redaction = redactionBy(settings);
let number = 0;
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  number++;
  const answer = redaction.line(line.trim(), explain, number);
  if (answer.startsWith('{"error":')) process.exitCode = 1;
  // a pipe that is full is waited for: nothing piles up here
  if (!process.stdout.write(answer + "\n"))
    await new Promise((done) => process.stdout.once("drain", () => done()));
}
