// Events whose ids the edge refused for the time in them, because the visitor's clock is wrong.

/** Ids of this time before the edge's are taken, even if they wait for as long: half of `WINDOW_MS` in wire/src/limits.rs, in ms. */
const NEAR_MS = 15 * 24 * 60 * 60 * 1000;

/**
 * @param {string} body of a batch as it was sent, an event a line
 * @param {{seq: number, reason: string}[]} refused
 * @param {number} now by the edge's clock
 * @param {number} clock by the visitor's
 * @returns {string} the record of another batch, with those events of it that were refused for their time, moved by the error of
 * the clock, and to `now` where that does not bring them near it; empty when there are none. See batch.rs
 */
export const mend = (body, refused, now, clock) => {
  let count = 0;
  // the time of a UUIDv7 is its first twelve digits
  const at = (id, time) => time.toString(16).padStart(12, "0").replace(/.{8}/, "$&-") + id.slice(13);
  const record = body
    .replace(/^{"id":"([^"]+)","seq":(\d+).*\n/gm, (line, id, seq) => {
      // expired or from_the_future: no other reason begins so
      if (!refused.some((it) => it.seq === +seq && /^(ex|fr)/.test(it.reason))) return "";
      count++;
      const moved = parseInt(id.replace("-", ""), 16) + now - clock;
      return line.replace(id, at(id, moved > now - NEAR_MS && moved <= now ? moved : now));
    })
    .replace(/,(\n..)$/, "$1")
    .replace(/.*?"batch_id":"([^"]+)/, (_, id) => {
      const other = at(id, now);
      return `evothesis:b:${other}\n0 ${count} 1\n"batch_id":"${other}`;
    });
  return count ? record + "\u001e" : "";
};
