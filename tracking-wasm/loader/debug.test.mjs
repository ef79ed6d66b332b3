import assert from "node:assert/strict";
import { test } from "node:test";

import { explain, show } from "./debug.js";

const explained = (data, facts) => explain(JSON.stringify(data), facts ? JSON.stringify(facts) : "");

const inner = (facts) => JSON.stringify(facts).slice(1, -1);
/** What the Wasm is told of an event, and what of it before anything was taken out. */
const told = (type, facts, before = facts, what = "track", page = []) =>
  [facts, before].map((facts, nth) =>
    [...(nth ? [] : [`${what} 1795350000120 840.4 0123456789abcde`]), type, inner(facts), ...page].join("\n"),
  );

/** A console that keeps what it is told. */
function fakeConsole() {
  const calls = [];
  const keep =
    (name) =>
    (...args) =>
      calls.push([name, ...args]);
  const out = {
    groupCollapsed: keep("groupCollapsed"),
    groupEnd: keep("groupEnd"),
    table: keep("table"),
    log: keep("log"),
  };
  return { calls, out };
}

test("a placeholder is explained by what it stands for", () => {
  assert.deepEqual(
    explained({ element: { text: "Write to [email]" } }, { element: { text: "Write to jo@a.example" } }),
    [{ field: "element.text", reason: "an email address" }],
  );
  assert.deepEqual(explained({ preview: "[phone] or [phone], [iban]" }), [
    { field: "preview", reason: "a telephone number" },
    { field: "preview", reason: "a bank account number" },
  ]);
});

test("what the page itself says in brackets was not taken out", () => {
  assert.deepEqual(explained({ preview: "Type [email] here" }, { preview: "Type [email] here" }), []);
  assert.deepEqual(explained({ preview: "[draft] hello" }, { preview: "[draft] hello" }), []);
});

test("parameters that lost their value are named, each once, in query and fragment", () => {
  const taken = explained(
    { element: { href: "https://a.example/?email=&page=2&gclid=&empty=#/x?token=&email=" } },
    {
      element: { href: "https://a.example/?email=j%40e.example&page=2&gclid=abc&empty=#/x?token=t&email=k" },
    },
  );
  assert.deepEqual(
    taken.map(({ field }) => field),
    ["element.href?email", "element.href?gclid", "element.href?token"],
  );
  assert.match(taken[0].reason, /its name tells/);
  assert.match(taken[1].reason, /id of a click/);
});

test("addresses lose user and password, and all behind mailto", () => {
  assert.deepEqual(explained({ href: "https://a.example/" }, { href: "https://jane:pw@a.example/" }), [
    { field: "href", reason: "user name and password in an address" },
  ]);
  assert.deepEqual(explained({ href: "mailto:" }, { href: "mailto:jo@a.example" }), [
    { field: "href", reason: "what stands behind mailto:" },
  ]);
});

test("of a sensitive field no value is kept, of another one only on request", () => {
  const fields = [
    { name: "plan", type: "text", sensitive: false },
    { name: "note", type: "text", sensitive: false, value: "call [phone]" },
    { name: "pw", type: "password", sensitive: true },
  ];
  const facts = { fields: [{ value: "pro" }, { value: "call +49 30 123456" }, { value: "hunter2" }] };
  assert.deepEqual(explained({ fields }, facts), [
    { field: "fields[0].value", reason: "the field is not marked data-evothesis-keep" },
    { field: "fields[1].value", reason: "a telephone number" },
    { field: "fields[2].value", reason: "sensitive field: its value is never kept" },
  ]);
});

test("text that was cut says so, and what is unchanged says nothing", () => {
  assert.deepEqual(explained({ text: "abc" }, { text: "abcdef" }), [
    { field: "text", reason: "cut to 3 characters" },
  ]);
  assert.deepEqual(explained({ text: "a b" }, { text: " a \n b " }), []);
  assert.deepEqual(explained({ text: "abc", x: 1, list: [1, null] }, { text: "abc", x: 2 }), []);
});

test("a page is shown and compared with the event that it comes with", () => {
  const page = fakeConsole();
  const [said] = told("pageview", { navigation: "navigate" }, {}, "page", [
    inner({ url: "https://a.example/?email=", title: "Shop" }),
  ]);
  const before = `pageview\n"navigation":"navigate"\n${inner({ url: "https://a.example/?email=x", title: "Shop" })}`;
  show(said, before, page.out);
  assert.deepEqual(page.calls[1], [
    "table",
    { url: "https://a.example/?email=", title: "Shop", navigation: "navigate" },
  ]);
  assert.match(page.calls[3][1], /url\?email/);
});

test("a flat event is shown as a table, a nested one as an object", () => {
  const flat = fakeConsole();
  show(...told("scroll_depth", { milestone: 50, ms: 1200 }), flat.out);
  assert.deepEqual(
    flat.calls.map(([name]) => name),
    ["groupCollapsed", "table", "groupEnd"],
  );
  const [, title] = flat.calls[0];
  assert.match(title, /^%cscroll_depth%c \d\d:\d\d:\d\d\.120 {2}\+840 ms$/);
  assert.equal(flat.calls[0].length, 2 + title.split("%c").length - 1);

  const nested = fakeConsole();
  const [after, before] = [{ element: { text: "[email]" } }, { element: { text: "jo@a.example" } }];
  show(...told("click", after, before, "click"), nested.out);
  assert.deepEqual(nested.calls[1], ["log", after]);
  assert.match(nested.calls[2][1], /taken out/);
  assert.match(nested.calls[3][1], /element\.text.*an email address/);
  assert.deepEqual(nested.calls.at(-1), ["groupEnd"]);
});

test("what is no event is not shown, and what cannot be sent is", () => {
  const { calls, out } = fakeConsole();
  for (const said of ["beat 1 2 3\n\u001fstorage", 'mode 1 2 3\n"consent":"denied"\u001f', "dead 1 2 3\n"])
    show(said, "", out);
  assert.deepEqual(calls, []);
  show("track 1 2 3\n", "", out);
  assert.match(calls[0][1], /not sent/);
});

test("nothing is thrown, whatever comes, and every group is closed", () => {
  const odd = [
    "",
    "{",
    "null",
    "[]",
    "1",
    '{"data":null}',
    '{"data":[1]}',
    '{"type":{},"ts":"x","data":{"a":null}}',
  ];
  for (const text of odd) {
    for (const facts of odd) {
      const { calls, out } = fakeConsole();
      show(`track x y z\ncustom\n${text}`, `custom\n${facts}`, out);
      assert.ok(Array.isArray(explain(text, facts)));
      const count = (name) => calls.filter(([called]) => called === name).length;
      assert.equal(count("groupCollapsed"), count("groupEnd"), text);
      assert.ok(calls.length > 0, text);
    }
  }
  show(undefined, undefined, fakeConsole().out);
  const { calls, out } = fakeConsole();
  out.log = () => {
    throw new Error("a console of the page's own");
  };
  show(...told("custom", { nested: {} }), out);
  assert.deepEqual(calls.at(-1), ["groupEnd"]);
});
