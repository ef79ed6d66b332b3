import assert from "node:assert/strict";
import { test } from "node:test";

import { act, change, close, open, reach } from "./attention.js";

test("engaged is visible and active", () => {
  open(100);
  act(10_100);
  act(100_000);
  change("hidden", 105_000);
  change("visible", 165_000);
  act(166_000);
  // nobody was there most of the time
  assert.deepEqual(close(166_000), { ms: 165_900, engaged_ms: 46_000, depth: 0 });
  assert.equal(close(167_000), undefined, "a page is left once");
  open(170_000);
  assert.deepEqual(close(172_000), { ms: 2_000, engaged_ms: 2_000, depth: 0 });
});

test("a state says how long the one before was", () => {
  change("visible", 0);
  change("focus", 0);
  const told = [
    ["blur", 5_000],
    ["hidden", 6_000],
    ["visible", 66_000],
    ["focus", 66_010],
  ].map(([state, t]) => change(state, t));
  assert.deepEqual(
    told.map(({ state, ms }) => [state, ms]),
    [
      ["blur", 5_000],
      ["hidden", 6_000],
      ["visible", 60_000],
      ["focus", 61_010],
    ],
  );
});

const milestones = (...args) => reach(...args, 1_500).map(({ milestone }) => milestone);

test("each milestone comes once a page", () => {
  open(1_000);
  assert.deepEqual(milestones(1_000, 4_000, false), []);
  assert.deepEqual(reach(1_000, 4_000, true, 1_500), [{ milestone: 25, ms: 500 }]);
  assert.deepEqual(milestones(3_000, 4_000, true), [50, 75]);
  assert.deepEqual(milestones(2_000, 4_000, true), []);
  assert.deepEqual(milestones(3_999, 4_000, true), [100]);
  assert.deepEqual(milestones(4_000, 4_000, true), []);
  assert.equal(close(2_000).depth, 100);
  open(3_000);
  assert.deepEqual(milestones(1_000, 4_000, true), [25], "another page");
});

test("a page that does not scroll is seen whole, and nonsense is none", () => {
  for (const [bottom, height] of [
    [800, 600],
    [0, 0],
  ]) {
    open(0);
    assert.deepEqual(milestones(bottom, height, false), [25, 50, 75, 100]);
  }
  open(0);
  assert.deepEqual(milestones(NaN, 600, true), []);
  assert.equal(close(1).depth, 0);
});
