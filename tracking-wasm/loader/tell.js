// Talks to the Wasm: what happened goes in as one text, and what is to be done comes out as another.
import { __wbg_set_wasm as setWasm, input, output, run } from "tracking-wasm-bindings";

import { takeTurn } from "./sending.js";
import { SETTINGS } from "./settings.js";
import { entries, forget, isOptedOut, store } from "./storage.js";

/** Separates records; must equal `RECORD` in queue.rs. */
const RECORD = "\u001e";
/** Begins a section; must equal `SECTION` in tracker/mod.rs. */
const SECTION = "\u001f";
/** The longest text the Wasm takes; must equal lib.rs. */
const INPUT_BYTES = 128 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Random numbers, many at a time: asking for them costs more than they do. */
const numbers = new BigUint64Array(64);
let used = numbers.length;

/** @returns {string} fifteen hexadecimal digits that nobody can guess */
function digits() {
  if (used === numbers.length) {
    crypto.getRandomValues(numbers);
    used = 0;
  }
  return numbers[used++].toString(16).padStart(16, "0").slice(1);
}

/** @type {WebAssembly.Memory | undefined} absent before the start and after an opt-out */
let memory;
let timer = 0;
/** When the timer ends, by `performance.now()`. */
let due = Infinity;
/** @type {((event: string, facts: string) => void) | undefined} */
let show;

/**
 * @param {string} text
 * @returns {[string, string]} what stands before and after its first line feed
 */
export function splitOnce(text) {
  const at = text.indexOf("\n");
  return [text.slice(0, at), text.slice(at + 1)];
}

/** @returns {string} all that is kept, as the Wasm reads it */
function storage() {
  let text = "";
  for (const [key, value] of entries()) text += key + "\n" + value + RECORD;
  return text;
}

/**
 * Tells the Wasm of something, and does what it says.
 * @param {string} what see `Tracker::tell`, as for the lines
 * @param {unknown[]} [lines] without line feeds of their own
 * @param {string[]} [sections]
 * @returns {string[]} the records of its answer
 */
export function tell(what, lines = [], sections = []) {
  const t = performance.now();
  const text = [[what, Date.now(), Math.round(t), digits()].join(" "), ...lines].join("\n");
  const said = new Uint8Array(memory.buffer, input());
  const { written } = encoder.encodeInto([text, ...sections].join(SECTION), said.subarray(0, INPUT_BYTES));
  let answer;
  try {
    answer = decoder.decode(new Uint8Array(memory.buffer, output(), run(written)));
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
    timer = setTimeout(guarded(beat), wait);
  }
  for (const record of records) {
    const [key, value] = splitOnce(record);
    if (key === "turn") takeTurn();
    else if (key === "log") show?.(value, `{${lines.at(-1)}}`);
    else store(key, value);
  }
  return records;
}

/** Does what is due. */
export function beat() {
  due = Infinity;
  tellStorage("beat");
}

/**
 * Tells the Wasm of something that it needs storage for.
 * @param {string} what
 * @param {unknown[]} [lines]
 * @param {string[]} [sections]
 * @returns {string[]}
 */
export function tellStorage(what, lines, ...sections) {
  if (isOptedOut()) stop();
  return memory ? tell(what, lines, [storage(), ...sections]) : [];
}

/**
 * @template {unknown[]} A
 * @template R
 * @param {(...args: A) => R} action
 * @returns {(...args: A) => R | undefined} the same, silent and only while the pixel runs
 */
export function guarded(action) {
  return (...args) => {
    if (!memory) return;
    try {
      return action(...args);
    } catch {
      // the page's own objects may throw
    }
  };
}

export const isRunning = () => Boolean(memory);

/** A page load begins: the Wasm, or the same as JavaScript where it is refused. */
export async function begin() {
  let exports;
  try {
    const response = await fetch(new URL("./" + WASM_FILE, import.meta.url), { integrity: WASM_INTEGRITY });
    exports = (await WebAssembly.instantiate(await response.arrayBuffer(), {})).instance.exports;
  } catch {
    exports = (await import("./" + FALLBACK_FILE)).default();
  }
  if (SETTINGS.debug) ({ show } = await import("./" + DEBUG_FILE));
  if (memory || isOptedOut()) return false;
  setWasm(exports);
  memory = exports.memory;
  return true;
}

/** Forgets everything; what is stored is the gate's to wipe. */
export function stop() {
  clearTimeout(timer);
  due = Infinity;
  forget();
  memory = undefined;
}
