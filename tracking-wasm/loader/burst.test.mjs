import assert from "node:assert/strict";
import { test } from "node:test";

import { isRage } from "./burst.js";

test("the third click at one place is rage", () => {
  const click = (t, x) => isRage(t, x, 5);
  assert.deepEqual(
    [click(0, 10), click(200, 12), click(400, 11), click(600, 11)],
    [false, false, true, true],
  );
  assert.deepEqual([click(2_500, 11), click(2_600, 11), click(2_700, 11)], [false, false, true]);
  assert.ok(!click(2_800, 90));
});
