import assert from "node:assert/strict";
import { test } from "node:test";

import { isEventType, typed } from "./commerce.js";

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
