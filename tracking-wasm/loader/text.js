// Texts as they may be sent, of whatever the page holds.

/**
 * @param {unknown} value
 * @param {number} [length] in UTF-16 units
 * @returns {string} on one line, at most so long
 */
export const text = (value, length = 128) =>
  String(value ?? "")
    .slice(0, 1000)
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, length);

/**
 * @template T
 * @param {() => T} read
 * @returns {T | undefined} what it reads; nothing where the page lets it throw
 */
export const tried = (read) => {
  try {
    return read();
  } catch {
    // somebody else's getter
  }
};

/**
 * @param {object} facts
 * @returns {string} the inside of a JSON object
 */
export const inner = (facts) => JSON.stringify(facts).slice(1, -1);

/**
 * @param {string} json
 * @returns {boolean} whether it is too much for an event's data; that may become longer when something is taken out of it
 */
export const isLong = (json) => new Blob([json]).size > 4000;
