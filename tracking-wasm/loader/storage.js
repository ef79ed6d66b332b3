// What the pixel keeps: in localStorage, and in memory where that is blocked, full or not wanted.
import { tried } from "./text.js";

/** Batches, the state that all tabs share, and who the visitor is, in the order of their keys: see queue.rs and edge_state.rs. */
const OURS = /^evothesis:[bst]/;
export const STATE = "evothesis:state";
export const TOKEN = "evothesis:token";

/** @type {Map<string, [value: string, isStored: boolean]>} what this page load has put there and not removed */
const own = new Map();
/** Until a mode is said: what an earlier page has kept is found and moved to where the mode wants it. */
let isPersistent = true;

/** @returns {Map<string, string>} keys and values */
export const entries = () => {
  const found = new Map();
  tried(() => {
    for (const key in isPersistent && localStorage) if (OURS.test(key)) found.set(key, localStorage[key]);
  });
  const isBare = !found.size;
  for (const [key, [value, isStored]] of own) {
    if (!isStored) found.set(key, value);
    // somebody cleared it: what was not sent is stored again, and who the visitor was stays forgotten
    else if (isBare && key < STATE) {
      store(key, value);
      found.set(key, value);
    } else if (!found.has(key)) own.delete(key);
  }
  return found;
};

/** @returns {unknown} whether something was kept on this device, which takes a consent to it */
export const isRemembered = () => tried(() => localStorage[STATE]);

/**
 * @param {string} key
 * @param {string} value empty to remove the key
 */
export const store = (key, value) => {
  let isStored = false;
  tried(() => {
    if (!value) delete localStorage[key];
    else if (isPersistent) {
      // what is as it was might be newer in another process
      if (localStorage[key] !== value) localStorage[key] = value;
      isStored = true;
    }
  });
  if (value) own.set(key, [value, isStored]);
  else own.delete(key);
};

/**
 * Keeps everything where the mode wants it, from now on.
 * @param {string} mode
 */
export const keepAs = (mode) => {
  const kept = entries();
  isPersistent = mode === "storage";
  for (const [key, value] of kept) {
    store(key, "");
    store(key, value);
  }
};

/** Forgets what is not stored. */
export const forget = () => own.clear();
