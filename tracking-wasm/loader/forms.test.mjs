import assert from "node:assert/strict";
import { test } from "node:test";

import { abandoned, edit, end, isInput, submission } from "./forms.js";
import { isSensitive } from "./scrub.js";

test("a field that asks for a secret or a person is sensitive, however that is written", () => {
  for (const words of [
    "a email",
    "a password",
    "a tel",
    "a file",
    "a text cc-number",
    "a text section-1 one-time-code",
    "a text current-password",
    "a text family-name",
    "card_number text",
    "user[email] text",
    "userEmail text",
    "resetToken text",
    "Passwort text",
    "strasse text",
    "mot_de_passe text",
    "PIN text",
  ]) {
    assert.ok(isSensitive(words), words);
  }
  for (const words of [
    "",
    "message textarea off",
    "topic select-one",
    "quantity number",
    "compass text",
    "éadd text",
  ]) {
    assert.ok(!isSensitive(words), words);
  }
});

test("people do not fill in buttons and hidden fields", () => {
  for (const type of ["", "hidden", "submit", "button", "reset", "image", "fieldset", "output", "object"]) {
    assert.ok(!isInput(type), type);
  }
  for (const type of ["text", "select-one", "textarea", "checkbox", "file", "password"])
    assert.ok(isInput(type), type);
});

const form = { form_id: "contact", action: "/send", method: "post" };
const field = (name, value) => ({
  position: 0,
  changes: 0,
  ms: 0,
  name,
  type: "text",
  filled: true,
  sensitive: false,
  value,
});
const parsed = (fields) => JSON.parse(`{${submission(form, fields)}}`);

test("a submission names the form and its fields", () => {
  const told = [field("message", "hello"), field("topic")];
  const topic = JSON.parse(JSON.stringify(told[1]));
  assert.deepEqual(parsed(told), { ...form, fields: [told[0], topic], field_count: 2 });
  assert.deepEqual(parsed([]), { ...form, fields: [], field_count: 0 });
});

test("of a very long form the fields that fit are named, and how many there are", () => {
  for (const [fields, atLeast, atMost] of [
    [Array(500).fill(field("some_topic")), 30, 40],
    [Array(20).fill(field("message", "ü".repeat(256))), 5, 7],
    [[field("topic"), field("message", "x".repeat(20_000)), field("topic")], 1, 1],
    [[field("message", "x".repeat(20_000))], 0, 0],
  ]) {
    const data = parsed(fields);
    assert.equal(data.field_count, fields.length);
    assert.ok(data.fields.length >= atLeast && data.fields.length <= atMost, String(data.fields.length));
    assert.ok(new TextEncoder().encode(JSON.stringify(data)).length <= 4096);
  }
});

test("forms are begun, submitted and abandoned each for itself", () => {
  const [one, two, three] = [{}, {}, {}];
  const begins = [
    [one, "query", 1_000],
    [two, "message", 2_000],
    [one, "page", 3_000],
    [three, "subject", 4_000],
    [two, "topic", 5_000],
    [one, "query", 6_000],
  ].map(([form, field, now]) => edit(form, { field }, now));
  assert.deepEqual(begins, [true, true, false, true, false, false]);
  end(two);
  end({});
  assert.ok(edit(two, { field: "message" }, 8_000), "again");
  assert.deepEqual(abandoned(8_500.4), [
    { field: "query", ms: 7_500 },
    { field: "subject", ms: 4_500 },
    { field: "message", ms: 500 },
  ]);
  assert.deepEqual(abandoned(9_000), [], "each once");
});

test("a page that changes arrays changes nothing of a form", () => {
  const { map } = Array.prototype;
  try {
    Array.prototype.map = Array.prototype.forEach;
    Array.prototype.toJSON = () => "no";
    const form = {};
    edit(form, { field: "topic" }, 0);
    assert.equal(abandoned(1)[0].ms, 1);
    assert.equal(submission({ form_id: "a" }, [{}]), '"form_id":"a","fields":[{}],"field_count":1');
  } finally {
    Array.prototype.map = map;
    delete Array.prototype.toJSON;
  }
});

test("a page that makes forms without end is remembered in part", () => {
  for (let nth = 0; nth < 10_000; nth++) assert.ok(edit({}, { field: String(nth) }, nth), "each begins");
  const told = abandoned(10_000);
  assert.equal(told.length, 50);
  assert.deepEqual([told[0].field, told[49].field], ["9950", "9999"], "the latest");
});
