import assert from "node:assert/strict";
import { registerHooks } from "node:module";
import { afterEach, beforeEach, test } from "node:test";

// The package's other files come from the build: here a gate that keeps what it is told takes their place.
registerHooks({
  resolve(specifier, context, next) {
    if (specifier === "./gate.js" || specifier === "./page.js") {
      return { url: `stand-in:${specifier}`, shortCircuit: true };
    }
    return next(specifier, context);
  },
  load(url, context, next) {
    if (!url.startsWith("stand-in:")) return next(url, context);
    const source = url.endsWith("gate.js")
      ? "export const gate = (load, settings) => globalThis.standIn(load, settings);"
      : "export const isPage = true;";
    return { format: "module", source, shortCircuit: true };
  },
});

let count = 0;
/** The module as a page loads it: afresh. */
const fresh = () => import(`./index.js?${(count += 1)}`);

let gates;
beforeEach(() => {
  gates = [];
  globalThis.document = {};
  globalThis.standIn = (load, settings) => {
    const calls = [];
    gates.push({ load, settings, calls });
    return (...call) => calls.push(call);
  };
});
afterEach(() => {
  delete globalThis.document;
  delete globalThis.standIn;
});

test("events go to collect below the edge, or where they are told to", async () => {
  for (const [options, to] of [
    [{ edge: "https://e.example.com" }, "https://e.example.com/collect"],
    [{ edge: "https://e.example.com/" }, "https://e.example.com/collect"],
    [{ edge: "https://example.com/w8" }, "https://example.com/w8/collect"],
    [{ edge: "https://example.com/w8//" }, "https://example.com/w8/collect"],
    [{ edge: "http://localhost:8787" }, "http://localhost:8787/collect"],
    [{ collect: "https://example.com/w8/m.js" }, "https://example.com/w8/m.js"],
    [{ edge: "https://e.example.com", collect: "https://example.com/w8" }, "https://example.com/w8"],
  ]) {
    const { start } = await fresh();
    start(options);
    assert.equal(gates.at(-1).settings.to, to);
  }
});

test("mode and debug are handed on, with what holds unless they are set", async () => {
  (await fresh()).start({ edge: "https://e.example.com", mode: "memory", debug: true });
  (await fresh()).start({ edge: "https://e.example.com" });
  assert.deepEqual(
    gates.map(({ settings: { mode, debug } }) => [mode, debug]),
    [
      ["memory", true],
      ["storage", false],
    ],
  );
});

test("click ids are told by name, unless their values are asked for", async () => {
  (await fresh()).start({ edge: "https://e.example.com", clickIds: "value" });
  (await fresh()).start({ edge: "https://e.example.com" });
  const told = gates.map(({ settings }) => settings.clickIds);
  assert.deepEqual(told, ["value", "name"]);
});

test("the address of a page can ask for the console", async () => {
  globalThis.location = { search: "?a=b&evothesis_debug" };
  try {
    (await fresh()).start({ edge: "https://e.example.com" });
  } finally {
    delete globalThis.location;
  }
  assert.equal(gates[0].settings.debug, true);
});

test("a pixel says when it runs", async () => {
  const pixel = (await fresh()).start({ edge: "https://e.example.com" });
  assert.equal(pixel.ready, false);
  gates[0].settings.ready();
  assert.equal(pixel.ready, true);
});

test("each method is a call of the gate", async () => {
  const pixel = (await fresh()).start({ edge: "https://e.example.com" });
  pixel.track("signup", { plan: "pro" });
  pixel.track("opened");
  pixel.consent("granted");
  pixel.mode("memory");
  pixel.optOut();
  pixel.optIn();
  assert.deepEqual(gates[0].calls, [
    ["track", "signup", { plan: "pro" }],
    ["track", "opened", undefined],
    ["consent", "granted"],
    ["mode", "memory"],
    ["optout"],
    ["optin"],
  ]);
  const { track } = pixel;
  track("taken_apart");
  assert.deepEqual(gates[0].calls.at(-1), ["track", "taken_apart", undefined]);
});

test("the rest is fetched when the gate asks for it, not before", async () => {
  (await fresh()).start({ edge: "https://e.example.com" });
  assert.equal((await gates[0].load()).isPage, true);
});

test("a page has one pixel, however often it is started", async () => {
  const { start } = await fresh();
  const pixel = start({ edge: "https://e.example.com" });
  assert.equal(start({ edge: "https://e.example.com" }), pixel);
  assert.equal(gates.length, 1);
});

test("no global is made", async () => {
  const before = Object.keys(globalThis);
  (await fresh()).start({ edge: "https://e.example.com" });
  assert.deepEqual(Object.keys(globalThis), before);
});

test("on a server nothing happens, and a later start in a page is not spoiled", async () => {
  delete globalThis.document;
  const { start } = await fresh();
  const pixel = start({ edge: "https://e.example.com" });
  pixel.track("signup");
  pixel.consent("denied");
  pixel.mode("cookieless");
  pixel.optOut();
  pixel.optIn();
  assert.equal(gates.length, 0);
  globalThis.document = {};
  start({ edge: "https://e.example.com" });
  assert.equal(gates.length, 1);
});

test("a wrong option is named, with what to do, on a server too", async () => {
  const { start } = await fresh();
  const edge = "https://e.example.com";
  const check = () => {
    for (const [options, message] of [
      [undefined, /start\(\) takes an object/],
      [null, /start\(\) takes an object/],
      ["https://e.example.com", /start\(\) takes an object/],
      [{}, /"edge" is missing/],
      [{ edge: undefined }, /"edge" is missing/],
      [{ edge: "" }, /"edge" is ""; give an absolute address/],
      [{ edge: "e.example.com" }, /"edge" is "e\.example\.com"; give an absolute address/],
      [{ edge: "/w8" }, /"edge" is "\/w8"; give an absolute address/],
      [{ edge: "ftp://e.example.com" }, /give an absolute address/],
      [{ edge: 7 }, /"edge" is 7/],
      [{ edge: "https://e.example.com/?x=1" }, /"edge".*leave out what follows/],
      [{ edge, collect: "/collect" }, /"collect" is "\/collect"; give an absolute address/],
      [{ edge: "x", collect: "https://example.com/w8" }, /"edge" is "x"/],
      [{ edge, mode: "cookies" }, /"mode" is "cookies"; give "storage", "memory", "cookieless"/],
      [{ edge, mode: null }, /"mode" is null/],
      [{ edge, debug: "yes" }, /"debug" is "yes"; give true or false/],
      [{ edge, endpoint: "x" }, /no option "endpoint"; there are edge, collect, mode, debug/],
    ]) {
      assert.throws(
        () => start(options),
        (error) =>
          error instanceof TypeError && /^evothesis: /.test(error.message) && message.test(error.message),
        JSON.stringify(options),
      );
    }
  };
  check();
  delete globalThis.document;
  check();
  assert.equal(gates.length, 0);
});
