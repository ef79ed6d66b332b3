// The pixel as a module, without a global: checks the options and hands everything else to the gate, which is also what
// `pixel.js` is made of. On a server it does nothing.
import { gate } from "./gate.js";

const MODES = ["storage", "memory", "cookieless"];
const CLICK_IDS = ["name", "value"];
const KNOWN = ["edge", "collect", "mode", "debug", "clickIds"];

/** @type {import("./index.js").Pixel | undefined} a page has one pixel, however often a component asks for it */
let started;

/**
 * @param {import("./index.js").Options} options
 * @returns {import("./index.js").Pixel}
 */
export function start(options) {
  const settings = read(options);
  if (typeof document === "undefined") return pixelOf(() => {});
  if (!started) {
    settings.ready = () => {
      started.ready = true;
    };
    started = pixelOf(gate(() => import("./page.js"), settings));
  }
  return started;
}

/**
 * @param {(command: string, ...rest: unknown[]) => void} run
 * @returns {import("./index.js").Pixel}
 */
function pixelOf(run) {
  return {
    ready: false,
    track: (name, data) => run("track", name, data),
    consent: (state) => run("consent", state),
    mode: (mode) => run("mode", mode),
    optOut: () => run("optout"),
    optIn: () => run("optin"),
  };
}

/**
 * @param {import("./index.js").Options} options
 * @returns {{to: string, mode: import("./index.js").Mode, debug: boolean, clickIds: string, ready?: () => void}} what the gate takes
 */
function read(options) {
  if (typeof options !== "object" || options === null) {
    throw wrong('start() takes an object, such as { edge: "https://e.example.com" }');
  }
  for (const name of Object.keys(options)) {
    if (!KNOWN.includes(name)) throw wrong(`there is no option "${name}"; there are ${KNOWN.join(", ")}`);
  }
  const { edge, collect, mode = "storage", debug = false, clickIds = "name" } = options;
  if (!MODES.includes(mode)) {
    throw wrong(`option "mode" is ${quoted(mode)}; give ${MODES.map(quoted).join(", ")}, or leave it out`);
  }
  if (!CLICK_IDS.includes(clickIds)) {
    throw wrong(
      `option "clickIds" is ${quoted(clickIds)}; give ${CLICK_IDS.map(quoted).join(", ")}, or leave it out`,
    );
  }
  if (typeof debug !== "boolean") throw wrong(`option "debug" is ${quoted(debug)}; give true or false`);
  if (edge === undefined && collect === undefined) {
    throw wrong('option "edge" is missing; give the address of your edge, such as "https://e.example.com"');
  }
  const base = edge === undefined ? undefined : address("edge", edge);
  const to =
    collect === undefined ? new URL("collect", base.replace(/\/*$/, "/")) : address("collect", collect);
  // whoever looks for a fault cannot always change the site
  const isAsked = typeof location !== "undefined" && location.search.includes("evothesis_debug");
  return { to: String(to), mode, debug: debug || isAsked, clickIds };
}

/**
 * @param {string} name of the option
 * @param {unknown} value
 * @returns {string} an absolute address without query and fragment
 */
function address(name, value) {
  const fault = `option "${name}" is ${quoted(value)}; give an absolute address such as "https://e.example.com"`;
  if (typeof value !== "string") throw wrong(fault);
  let url;
  try {
    url = new URL(value);
  } catch {
    throw wrong(fault);
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") throw wrong(fault);
  if (url.search || url.hash)
    throw wrong(`option "${name}" is ${quoted(value)}; leave out what follows ? or #`);
  return url.href;
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function quoted(value) {
  return typeof value === "string" ? `"${value}"` : String(value);
}

/**
 * @param {string} fault
 * @returns {TypeError}
 */
function wrong(fault) {
  return new TypeError(`evothesis: ${fault}`);
}
