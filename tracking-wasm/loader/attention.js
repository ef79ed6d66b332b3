// How long a page was open, seen and used, and how far down it was seen. All times are whole milliseconds since the page load.

/** Who did nothing for longer is not there any more. */
const ACTIVE_MS = 30_000;
/** Zoomed pages end on fractions of a pixel. */
const ROUNDING_PX = 2;

/** Whether a page is open, since when, and when the visitor last did something. */
let isOpen = false;
let opened = 0;
let active = 0;
/** Visible and not long since the visitor did something: the sum of it. */
let engaged = 0;
export let isHidden = false;
/** When that changed, and when the page got or lost the focus. */
let since = { true: 0, false: 0 };
/** How much of the page's height was reached, and the last milestone told, in percent. */
let depth = 0;
let told = 0;

/**
 * The visitor does something.
 * @param {number} t
 */
export const act = (t) => {
  if (!isHidden) engaged += Math.min(t - active, ACTIVE_MS);
  active = t;
};

/**
 * A page is opened.
 * @param {number} t
 */
export const open = (t) => {
  active = opened = t;
  engaged = depth = told = 0;
  isOpen = true;
};

/**
 * The page is left.
 * @param {number} t
 * @returns {object | undefined} what is to be said of its visit, once
 */
export const close = (t) => {
  if (!isOpen) return;
  isOpen = false;
  act(t);
  return { ms: t - opened, engaged_ms: engaged, depth };
};

/**
 * The page is `hidden` or `visible`, or has `focus` or `blur`.
 * @param {string} state
 * @param {number} t
 * @returns {object} what is to be said of it: how long it was in the state before
 */
export const change = (state, t) => {
  act(t);
  const isSight = /i/.test(state);
  if (isSight) isHidden = state === "hidden";
  const ms = t - since[isSight];
  since[isSight] = t;
  return { state, ms };
};

/**
 * @param {number} part
 * @param {number} whole
 * @returns {number} its percentage, from 0 to 100: a page may have made something else of the numbers it is asked for
 */
export const percent = (part, whole) => Math.min(Math.max(Math.floor((part * 100) / whole) || 0, 0), 100);

/**
 * The page, `height` pixels high, is seen down to `bottom`. Of a page that scrolls, nothing counts before it was scrolled.
 * @param {number} bottom
 * @param {number} height
 * @param {boolean} isScrolled
 * @param {number} t
 * @returns {object[]} what is to be said of the quarters that are reached, each once
 */
export const reach = (bottom, height, isScrolled, t) => {
  const seen = bottom + ROUNDING_PX;
  if (isScrolled || seen >= height) depth = Math.max(depth, percent(seen, height));
  const milestones = [];
  while (told + 25 <= depth) milestones.push({ milestone: (told += 25), ms: t - opened });
  return milestones;
};
