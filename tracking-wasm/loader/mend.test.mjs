import assert from "node:assert/strict";
import { test } from "node:test";

import { mend } from "./mend.js";

const THEN = 1_800_000_000_000;
const YEAR = 365 * 86_400_000;
const id = (time, end = "7001-8012-3456789abcde") =>
  time.toString(16).padStart(12, "0").replace(/.{8}/, "$&-") + "-" + end;
const event = (time, seq) => `{"id":"${id(time)}","seq":${seq},"page":0,"data":{"text":"a, }]"}}`;
const head = (time) =>
  `"batch_id":"${id(time, "7801-8012-000000000000")}","v":1,"pages":[{"url":"https://a.example/?$1"}],"events":[`;
const batch = (...events) => `{"token":"v1.a$&b","dropped":3,${head(THEN + YEAR)}\n${events.join(",\n")}\n]}`;
const mended = (count, ...events) =>
  `evothesis:b:${id(THEN, "7801-8012-000000000000")}\n0 ${count} 1\n${head(THEN)}\n${events.join(",\n")}\n]}\u001e`;

test("refused ids move by the error of the clock and keep their random part", () => {
  const sent = batch(event(THEN + YEAR, 4), event(THEN + YEAR + 1, 5), event(THEN + YEAR + 9, 6));
  const refused = (...seqs) => seqs.map((seq) => ({ seq, reason: "from_the_future" }));
  const moved = mend(
    sent,
    [...refused(5), { seq: 4, reason: "bad_type" }, { seq: 6, reason: "expired" }],
    THEN,
    THEN + YEAR + 20,
  );
  assert.equal(moved, mended(2, event(THEN - 19, 5), event(THEN - 11, 6)));
  // the last is not refused
  assert.equal(mend(sent, refused(4), THEN, THEN + YEAR), mended(1, event(THEN, 4)));
  // the clock was put right since
  assert.equal(mend(sent, refused(4, 5), THEN, THEN), mended(2, event(THEN, 4), event(THEN, 5)));
});

test("other refusals are final", () => {
  const sent = batch(event(THEN, 4));
  for (const refused of [
    [],
    [{ seq: 4, reason: "bad_type" }],
    [{ seq: 5, reason: "expired" }],
    [{ reason: "expired" }],
  ])
    assert.equal(mend(sent, refused, THEN, THEN), "");
});
