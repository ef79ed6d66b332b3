import assert from "node:assert/strict";
import { test } from "node:test";

import { bridge, isEventType, typed } from "./commerce.js";

test("event types are judged as by the edge", () => {
  for (const name of ["a", "purchase", "step_2", "a".repeat(64)]) assert.ok(isEventType(name), name);
  for (const name of ["", "A", "_a", "2a", "a-b", "a b", "a\n", "é", "a".repeat(65), {}]) {
    assert.ok(!isEventType(name), String(name));
  }
});

test("commerce events have our keys, and numbers as such", () => {
  const json = JSON.stringify({
    transaction_id: 7,
    value: "9.90",
    currency: "eur",
    items: [{ item_id: 1, price: "" }],
  });
  assert.deepEqual(JSON.parse(typed("purchase", json)), {
    order_id: "7",
    value: 9.9,
    currency: "EUR",
    items: [{ id: "1", price: "" }],
  });
  assert.equal(typed("custom", json), json);
});

test("what is the visitor's or the tag manager's in a data layer is left out, and nothing of the site's own calls", () => {
  const data = { event: "lead", user_id: "u-1", user: { email: "x" }, "gtm.uniqueEventId": 3, value: 5 };
  const told = [];
  bridge((name, json) => told.push([name, JSON.parse(typed(name, json))]))(data);
  assert.deepEqual(told, [["lead", { value: 5 }]]);
  const own = { user_type: "b2b", users: 3, event: "fair" };
  assert.deepEqual(JSON.parse(typed("lead", JSON.stringify(own))), own);
});
