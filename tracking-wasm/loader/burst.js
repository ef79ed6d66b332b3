// Whether a click is one of a burst.

/** Clicks that follow one another within this time, in ms … */
const RAGE_MS = 500;
/** … and this distance, added up over both axes, in CSS pixels, are clicks in rage from the third on. */
const RAGE_PX = 30;

/** The last click, and how many there were. */
let last = [];
let count = 0;

/**
 * @param {number} t
 * @param {number} x
 * @param {number} y
 * @returns {boolean} whether the click at `t` is the third or a later one of a burst
 */
export const isRage = (t, x, y) => {
  const [lastT, lastX, lastY] = last;
  const isNext = t - lastT <= RAGE_MS && Math.abs(x - lastX) + Math.abs(y - lastY) <= RAGE_PX;
  last = [t, x, y];
  count = isNext ? count + 1 : 1;
  return count > 2;
};
