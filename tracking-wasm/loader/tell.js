// Talks to the Wasm: what happened goes in as one text, and what is to be done comes out as another.
import { act } from "./attention.js";
import { scrub } from "./scrub.js";
import { takeTurn } from "./sending.js";
import { SETTINGS } from "./settings.js";
import { tried } from "./text.js";
import { STATE, TOKEN, entries, forget, store } from "./storage.js";

/** Separates records; must equal `RECORD` in queue.rs. */
const RECORD = "\u001e";
/** Begins a section; must equal `SECTION` in tracker/mod.rs. */
const SECTION = "\u001f";
/** Room for the answer of the Wasm, which lies before what it is told; must equal `LONG_ROOM` in text.rs. */
const OUTPUT_BYTES = 256 * 1024;

/** What is put off is done this much later at the latest, in ms. */
const SOON_MS = 100;

/** @returns {string} hexadecimal digits that nobody can guess, of which the Wasm uses fifteen; a number may have fewer, so more follow */
const digits = () => crypto.getRandomValues(new BigUint64Array(1))[0].toString(16) + 1e15;

/** Whether the pixel notices anything: from its start to an opt-out. */
let isOn = false;
/** @type {{memory: WebAssembly.Memory, input: () => number, run: (length: number) => number} | undefined}
 * absent until it is there */
let wasm;
/** @type {Parameters<typeof say>[]} what happened before it is */
let early = [];
/** @type {[t: number, action: () => void][]} what happened and is not told yet */
let notes = [];
let noting = 0;
/** When that happened which is being told, if it is not now. */
let noted = 0;
let timer = 0;
/** When the timer ends, by `performance.now()`. */
let due = Infinity;
/** @type {typeof import("./debug.js").show | undefined} */
let show;

/**
 * @param {string} text
 * @returns {[string, string]} what stands before and after its first line feed
 */
export const splitOnce = (text) => {
  const at = text.indexOf("\n");
  return [text.slice(0, at), text.slice(at + 1)];
};

/** @returns {string} all that is kept, as the Wasm reads it: the state and the token, then batches in order */
const storage = () => {
  const found = entries();
  let text = [found.get(STATE), found.get(TOKEN)].join(" ") + RECORD;
  for (const key of [...found.keys()].sort()) if (key < STATE) text += key + "\n" + found.get(key) + RECORD;
  return text;
};

/**
 * Does `action` when the page has had its turn, and before anything else is told: a listener must not keep a visitor waiting.
 * @param {() => void} action what it tells happened now
 */
export const later = (action) => {
  notes.push([performance.now(), action]);
  noting ||= setTimeout(settle, SOON_MS);
};

/** Does what was put off. */
const settle = () => {
  clearTimeout(noting);
  noting = 0;
  for (const [t, action] of notes.splice(0)) {
    noted = t;
    guarded(action)();
  }
  noted = 0;
};

/** @returns {number} when that happens which is told now, in whole milliseconds since the page load; what was put off is told before */
export const moment = () => {
  if (notes[0]) settle();
  return Math.round(noted || performance.now());
};

/**
 * Tells the Wasm of something, and does what it says.
 * @param {string} what see `Tracker::tell`, as for the lines
 * @param {unknown[]} [lines] without line feeds of their own
 * @param {string[]} [sections]
 * @returns {string[]} the records of its answer
 */
export const tell = (what, lines = [], sections = []) => {
  // what the pixel says of itself has sections, and makes nothing happen earlier that was put off
  const t = sections[0] ? performance.now() : moment();
  const head = [what, Date.now() - performance.now() + t, t, digits()].join(" ");
  const text = lines.join("\n");
  if (text && !sections[0]) act(t);
  if (wasm) return say(head, text, sections);
  early.push([head, text, sections]);
  return [];
};

/**
 * @param {string} head
 * @param {string} text
 * @param {string[]} sections
 * @returns {string[]} the records of the answer
 */
const say = (head, text, sections) => {
  const t = performance.now();
  const scrubbed = sections[0] ? text : scrub(text, SETTINGS.clickIds === "value");
  const said = [head + "\n" + scrubbed, ...sections].join(SECTION);
  show?.(said, text);
  const at = wasm.input();
  // what is too long for it ends in the Wasm's stack, where nothing is in between
  const { written } = new TextEncoder().encodeInto(said, new Uint8Array(wasm.memory.buffer, at));
  let answer;
  try {
    answer = new TextDecoder().decode(
      new Uint8Array(wasm.memory.buffer, at - OUTPUT_BYTES, wasm.run(written)),
    );
  } catch {
    // after a trap the Wasm's memory is not to be trusted
    stop();
    return [];
  }
  const records = answer.split(RECORD);
  const wait = records.pop();
  if (wait >= 0 && t + +wait < due) {
    clearTimeout(timer);
    due = t + +wait;
    timer = setTimeout(beat, wait);
  }
  for (const record of records) {
    const [key, value] = splitOnce(record);
    if (key === "turn") takeTurn();
    else store(key, value);
  }
  return records;
};

/**
 * Tells the Wasm of something that it needs storage for.
 * @param {string} what
 * @param {unknown[]} [lines]
 * @param {string[]} [sections]
 * @returns {string[]}
 */
export const tellStorage = (what, lines, ...sections) => {
  if (SETTINGS.isRefused()) stop();
  return wasm ? tell(what, lines, [storage(), ...sections]) : [];
};

/**
 * @template {unknown[]} A
 * @template R
 * @param {(...args: A) => R} action
 * @returns {(...args: A) => R | undefined} the same, silent and only while the pixel runs
 */
export const guarded =
  (action) =>
  (...args) =>
    isOn ? tried(() => action(...args)) : undefined;

/** Does what is due. */
export const beat = guarded(() => {
  due = Infinity;
  tellStorage("beat");
});

export const isRunning = () => isOn;

/**
 * A page load begins. What is told from now on waits for the Wasm, or the same as JavaScript where it is refused.
 * @param {() => void} change tells it the mode, before everything else
 */
export const begin = async (change) => {
  let exports;
  isOn = true;
  try {
    const response = fetch(new URL("./" + WASM_FILE, import.meta.url), { integrity: WASM_INTEGRITY });
    exports = (await WebAssembly.instantiateStreaming(response)).instance.exports;
  } catch {
    exports = (await import("./" + FALLBACK_FILE)).default();
  }
  if (SETTINGS.debug) ({ show } = await import("./" + DEBUG_FILE));
  if (wasm || !isOn) return;
  // what was put off waits with the rest
  moment();
  wasm = exports;
  change();
  for (const told of early.splice(0)) say(...told);
  // it was left before there was somebody to tell
  if (document.hidden) tellStorage("leave");
};

/** Forgets everything. */
export const stop = () => {
  clearTimeout(timer);
  due = Infinity;
  forget();
  isOn = false;
  wasm = undefined;
  early = [];
  notes = [];
};
