// Minifies the script on standard input, with the names that pack best; the argument is what will stand before it. Which names those
// are nobody can tell beforehand, but to go without one changes all others, and how well the whole packs, by up to a hundredth.
// Coders differ in what packs best: the answer is an array of the best few.
import { readFileSync } from "node:fs";
import { argv, stdout } from "node:process";
import { brotliCompressSync } from "node:zlib";
import { minify } from "terser";

const FEW = 100;
const NAMES = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$";

const first = argv[2] ?? "";
const options = { module: true, ecma: 2022 };
const compress = { passes: 3, unsafe_arrows: true, unsafe_methods: true };
const { code } = await minify(readFileSync(0, "utf8"), { ...options, compress, mangle: false });

/** @param {string[]} reserved names that are not given */
const named = async (reserved) => {
  const text = first + (await minify(code, { ...options, compress: false, mangle: { reserved } })).code;
  return { reserved, text, bytes: brotliCompressSync(text).length };
};

const tried = [];
// which are found depends on where the search begins
for (const begin of ["", ..."etaonr"]) {
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
tried.sort((one, other) => one.bytes - other.bytes);
stdout.write(JSON.stringify(tried.slice(0, FEW).map(({ text }) => text)));
