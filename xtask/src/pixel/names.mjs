// Minifies the script on standard input, with the names and the order of functions that pack best; the argument is what will stand
// before it. Which those are nobody can tell beforehand, but to go without one name changes all others, and how well the whole packs,
// by up to a hundredth, and so does the order. Coders differ in what packs best: the answer is an array of the best few.
import { readFileSync } from "node:fs";
import { argv, stdout } from "node:process";
import { brotliCompressSync } from "node:zlib";
import { minify } from "terser";

const FEW = 100;
const NAMES = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$";
/** How often functions are moved. */
const MOVES = 1500;

const first = argv[2] ?? "";
const options = { module: true, ecma: 2022 };
const asItIs = { ...options, compress: false, mangle: false };
const compress = { passes: 3, unsafe_arrows: true, unsafe_methods: true };
const { code } = await minify(readFileSync(0, "utf8"), { ...asItIs, compress });
const bytesOf = (text) => brotliCompressSync(first + text).length;

/** @param {string[]} reserved names that are not given */
const named = async (reserved) => {
  const { code: text } = await minify(code, { ...asItIs, mangle: { reserved } });
  return { reserved, text, bytes: bytesOf(text) };
};

const tried = [];
// which are found depends on where the search begins
for (const begin of ["", ..."et"]) {
  let best = await named([...begin]);
  tried.push(best);
  // until a round finds nothing better
  for (let before = Infinity; best.bytes < before;) {
    before = best.bytes;
    for (const name of NAMES) {
      const others = best.reserved.filter((other) => other !== name);
      const isReserved = others.length < best.reserved.length;
      const other = await named(isReserved ? others : [...others, name]);
      tried.push(other);
      if (other.bytes < best.bytes) best = other;
    }
  }
}
const byBytes = (one, other) => one.bytes - other.bytes;
tried.sort(byBytes);

/**
 * @param {string} text
 * @returns {Promise<{text: string, isVariable?: boolean, isFree?: boolean}[]>} what stands at its top level. A function may stand
 * anywhere unless something names it that is done when the script is loaded
 */
const piecesOf = async (text) => {
  const { ast } = await minify(text, { ...asItIs, format: { ast: true, code: false } });
  const nodes = ast.body.flatMap((node) => (node.TYPE === "Var" ? node.definitions : [node]));
  const pieces = nodes.map((node, index) => {
    const isVariable = node.TYPE === "VarDef";
    const whole = text.slice(node.start.pos, nodes[index + 1]?.start.pos);
    // what stands between it and the next
    return { text: whole.replace(/(,|;(var )?)$/, ""), isVariable, isFunction: node.value?.TYPE === "Arrow" };
  });
  const done = pieces.filter(({ isFunction }) => !isFunction).map((piece) => piece.text);
  const names = new Set(done.join().match(/[\w$]+/g));
  return pieces.map(({ isFunction, ...piece }) => ({
    ...piece,
    isFree: isFunction && !names.has(piece.text.split("=", 1)[0]),
  }));
};

/** @param {Awaited<ReturnType<typeof piecesOf>>} pieces */
const joined = (pieces) =>
  pieces.reduce((text, piece, index) => {
    const between = piece.isVariable ? (pieces[index - 1]?.isVariable ? "," : ";var ") : ";";
    return text + (index ? between : between.slice(1)) + piece.text;
  }, "");

let pieces = await piecesOf(tried[0].text);
let least = bytesOf(joined(pieces));
// numbers that are the same each time, so that a build is (D. H. Lehmer's generator)
let number = 1;
const below = (end) => (number = (number * 48271) % 0x7fffffff) % end;
for (let move = 0; move < MOVES && pieces.some(({ isFree }) => isFree); move++) {
  const moved = [...pieces];
  const free = [...pieces.keys()].filter((at) => pieces[at].isFree);
  const from = free[below(free.length)];
  let end = from + 1 + below(3);
  while (!pieces.slice(from, end).every(({ isFree }) => isFree)) end--;
  const some = moved.splice(from, end - from);
  moved.splice(below(moved.length + 1), 0, ...some);
  const text = joined(moved);
  const bytes = bytesOf(text);
  tried.push({ text, bytes });
  if (bytes <= least) [pieces, least] = [moved, bytes];
}
tried.sort(byBytes);
stdout.write(JSON.stringify(tried.slice(0, FEW).map(({ text }) => first + text)));
