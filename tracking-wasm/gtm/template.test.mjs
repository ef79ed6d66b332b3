import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const template = readFileSync(new URL("template.tpl", import.meta.url), "utf8");
const parts = template.split(/^___([A-Z_]+)___$/m);
/** @type {Record<string, string>} what stands under each heading */
const sections = Object.fromEntries(
  parts.flatMap((name, at) => (at % 2 ? [[name, parts[at + 1].trim()]] : [])),
);
const parameters = JSON.parse(sections.TEMPLATE_PARAMETERS);
const permissions = JSON.parse(sections.WEB_PERMISSIONS);
const code = sections.SANDBOXED_JS_FOR_WEB_TEMPLATE;

/** Which permission an API asks for; `null` for those that ask for none. */
const ASKS = {
  addConsentListener: "access_consent",
  createArgumentsQueue: "access_globals",
  encodeUriComponent: null,
  injectScript: "inject_script",
  isConsentGranted: "access_consent",
  logToConsole: "logging",
  makeTableMap: null,
  queryPermission: null,
};

/** The value of a permission's parameter, as plain JavaScript. */
function granted(permission, parameter) {
  const plain = ({ type, string, boolean, listItem, mapKey, mapValue }) => {
    if (type === 1) return string;
    if (type === 8) return boolean;
    if (type === 2) return listItem.map(plain);
    return Object.fromEntries(mapKey.map((key, at) => [plain(key), plain(mapValue[at])]));
  };
  const found = permissions.find(({ instance }) => instance.key.publicId === permission);
  return plain(found.instance.param.find(({ key }) => key === parameter).value);
}

/** Whether a script's address is among those that may be loaded; the pattern's host is `host`. */
function mayInject(url, host = "e.example.com") {
  const patterns = granted("inject_script", "urls").map((pattern) => pattern.replace("e.example.com", host));
  const escaped = (text) => text.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*");
  return patterns.some((pattern) => new RegExp(`^${escaped(pattern)}$`).test(url));
}

/**
 * Runs the code as Tag Manager does, every API asked for what the permissions grant.
 * @param {Record<string, unknown>} data what the tag was set to
 * @param {{mocks?: Record<string, unknown>, consented?: boolean, loads?: boolean, host?: string}} [world]
 */
function run(data, { mocks = {}, consented = false, loads = true, host } = {}) {
  const calls = [];
  const listeners = [];
  const done = (how) => () => calls.push([how]);
  const readable = (type) =>
    assert.ok(granted("access_consent", "consentTypes").some((it) => it.consentType === type && it.read));
  const apis = {
    addConsentListener: (type, listener) => {
      readable(type);
      listeners.push((state) => listener(type, state));
    },
    createArgumentsQueue: (functionPath, arrayPath) => {
      for (const path of [functionPath, arrayPath]) {
        const key = granted("access_globals", "keys").find((it) => it.key === path);
        assert.ok(key?.read && key.write, path);
      }
      return (...call) => calls.push(["evothesis", ...call]);
    },
    encodeUriComponent: encodeURIComponent,
    injectScript: (url, onSuccess, onFailure, token) => {
      assert.ok(mayInject(url, host), url);
      calls.push(["injectScript", url, token]);
      (loads ? onSuccess : onFailure)();
    },
    isConsentGranted: (type) => {
      readable(type);
      return consented;
    },
    logToConsole: (...said) => calls.push(["logToConsole", ...said]),
    makeTableMap: (rows, key, value) =>
      rows.length ? Object.fromEntries(rows.map((row) => [row[key], row[value]])) : undefined,
    queryPermission: (permission, url) => permission === "inject_script" && mayInject(url, host),
  };
  const required = (name) => {
    assert.ok(name in apis, `there is no API ${name}`);
    const api = name in mocks ? mocks[name] : apis[name];
    return typeof api === "function"
      ? (...args) => (name in mocks && calls.push([name, ...args]), api(...args))
      : () => api;
  };
  const given = { ...data, gtmOnSuccess: done("gtmOnSuccess"), gtmOnFailure: done("gtmOnFailure") };
  new Function("require", "data", `"use strict";${code}`)(required, given);
  return { calls, change: (state) => listeners.forEach((listener) => listener(state)) };
}

test("the sections are those of a web template, and the JSON ones are JSON", () => {
  assert.deepEqual(Object.keys(sections), [
    "TERMS_OF_SERVICE",
    "INFO",
    "TEMPLATE_PARAMETERS",
    "SANDBOXED_JS_FOR_WEB_TEMPLATE",
    "WEB_PERMISSIONS",
    "TESTS",
    "NOTES",
  ]);
  const info = JSON.parse(sections.INFO);
  assert.deepEqual([info.type, info.containerContexts, info.displayName], ["TAG", ["WEB"], "Evothesis"]);
});

test("the pixel is loaded once, from the edge, with its settings in the query", () => {
  const load = {
    kind: "load",
    edge: "https://e.example.com",
    path: "pixel.js",
    mode: "storage",
    debug: false,
  };
  for (const [change, url] of [
    [{}, "https://e.example.com/pixel.js?mode=storage"],
    [{ edge: "https://e.example.com/" }, "https://e.example.com/pixel.js?mode=storage"],
    [{ path: undefined, mode: undefined }, "https://e.example.com/pixel.js?mode=storage"],
    [{ path: "w8/m.js", mode: "cookieless" }, "https://e.example.com/w8/m.js?mode=cookieless"],
    [{ mode: "memory", debug: true }, "https://e.example.com/pixel.js?mode=memory&debug"],
  ]) {
    assert.deepEqual(run({ ...load, ...change }).calls, [
      ["injectScript", url, "evothesis"],
      ["gtmOnSuccess"],
    ]);
  }
  assert.deepEqual(run(load, { loads: false }).calls.at(-1), ["gtmOnFailure"]);
});

test("an edge that the permission does not name is not loaded from, and the console says what to do", () => {
  const { calls } = run({ kind: "load", edge: "https://evil.example" });
  assert.deepEqual(
    calls.map(([name]) => name),
    ["logToConsole", "gtmOnFailure"],
  );
  assert.match(calls[0][1], /add https:\/\/evil\.example\/\* under Permissions, Injects scripts/);
  const own = run({ kind: "load", edge: "https://e.shop.example" }, { host: "e.shop.example" });
  assert.deepEqual(own.calls.at(-1), ["gtmOnSuccess"]);
});

test("an event is sent with its properties as they are", () => {
  const items = [{ id: "p-1", price: 24.5 }];
  const eventData = [
    { key: "order_id", value: "1001" },
    { key: "items", value: items },
  ];
  assert.deepEqual(run({ kind: "event", eventName: "purchase", eventData }).calls, [
    ["evothesis", "track", "purchase", { order_id: "1001", items }],
    ["gtmOnSuccess"],
  ]);
  for (const none of [undefined, []]) {
    const { calls } = run({ kind: "event", eventName: "opened", eventData: none });
    assert.deepEqual(calls[0], ["evothesis", "track", "opened", {}]);
  }
});

test("consent is said as it is set", () => {
  for (const consent of ["granted", "denied", "unknown"]) {
    const { calls } = run({ kind: "consent", consent });
    assert.deepEqual(calls, [["evothesis", "consent", consent], ["gtmOnSuccess"]]);
  }
});

test("consent follows Consent Mode, and every change of it", () => {
  const said = (data, consented) => {
    const { calls, change } = run({ kind: "consent", consent: "follow", ...data }, { consented });
    change(true);
    change(false);
    assert.deepEqual(calls[1], ["gtmOnSuccess"]);
    return calls.filter(([name]) => name === "evothesis").map((call) => call.slice(1));
  };
  const then = [
    ["consent", "granted"],
    ["consent", "denied"],
  ];
  assert.deepEqual(said({ notGranted: "unknown" }, true), [["consent", "granted"], ...then]);
  assert.deepEqual(said({ notGranted: "unknown" }, false), [["consent", "unknown"], ...then]);
  assert.deepEqual(said({ notGranted: "denied" }, false), [["consent", "denied"], ...then]);
  assert.deepEqual(said({}, false), [["consent", "unknown"], ...then]);
});

test("a kind that there is not fails", () => {
  assert.deepEqual(run({ kind: "other" }).calls, [["gtmOnFailure"]]);
});

test("every API has its permission, and every permission an API", () => {
  const used = [...code.matchAll(/require\('(\w+)'\)/g)].map(([, name]) => name);
  assert.deepEqual(used, Object.keys(ASKS));
  for (const name of used)
    assert.ok(code.match(new RegExp(`\\b${name}\\b`, "g")).length > 2, `${name} is not used`);
  const asked = new Set(Object.values(ASKS).filter(Boolean));
  assert.deepEqual(permissions.map(({ instance }) => instance.key.publicId).sort(), [...asked].sort());
});

test("no permission is wider than it must be", () => {
  assert.deepEqual(granted("access_globals", "keys"), [
    { key: "evothesis", read: true, write: true, execute: false },
    { key: "evothesis.q", read: true, write: true, execute: false },
  ]);
  assert.deepEqual(granted("access_consent", "consentTypes"), [
    { consentType: "analytics_storage", read: true, write: false },
  ]);
  assert.deepEqual(granted("inject_script", "urls"), ["https://e.example.com/*"]);
  assert.equal(granted("logging", "environments"), "debug");
});

test("the code is of the language that the sandbox speaks", () => {
  const bare = code.replace(/'[^']*'/g, "''").replace(/\/\/.*/g, "");
  assert.doesNotMatch(
    bare,
    /\b(new|this|class|async|await|import|export|window|document|Object|JSON|setTimeout)\b/,
  );
  assert.doesNotMatch(bare, /[`]|\.\.\.|\?\.|\?\?|=>|[=(,]\s*\//);
});

test("the code knows the parameters, and the parameters one another", () => {
  const all = parameters.flatMap((it) => [it, ...(it.subParams ?? [])]);
  const byName = Object.fromEntries(all.map((it) => [it.name, it]));
  const used = new Set([...code.matchAll(/\bdata\.(\w+)/g)].map(([, name]) => name));
  const inputs = all.filter(({ type }) => type !== "GROUP").map(({ name }) => name);
  assert.deepEqual([...used].filter((name) => !name.startsWith("gtmOn")).sort(), inputs.sort());
  for (const { paramName, paramValue } of all.flatMap((it) => it.enablingConditions ?? [])) {
    assert.ok(
      byName[paramName].selectItems.some(({ value }) => value === paramValue),
      paramName,
    );
  }
  for (const { name, selectItems, defaultValue } of all) {
    if (selectItems)
      assert.ok(
        selectItems.some(({ value }) => value === defaultValue),
        name,
      );
  }
});

test("what is typed in is checked; variables are let through", () => {
  const pattern = (name) => {
    const all = parameters.flatMap((it) => it.subParams ?? []);
    const rules = all.find((it) => it.name === name).valueValidators;
    return new RegExp(rules.find(({ type }) => type === "REGEX").args[0]);
  };
  for (const [name, good, bad] of [
    [
      "edge",
      ["https://e.example.com", "https://e.example.com:8443/"],
      ["e.example.com", "https://a.example/x", "http://a.example"],
    ],
    ["path", ["pixel.js", "w8/m.js"], ["/pixel.js", "pixel.js?x", "a b"]],
    ["eventName", ["signup", "a1_b"], ["Sign Up", "1a", "a".repeat(65)]],
  ]) {
    for (const text of [...good, "{{Variable}}"]) assert.match(text, pattern(name));
    for (const text of bad) assert.doesNotMatch(text, pattern(name));
  }
});

// The tests inside the template run in Tag Manager's editor; here they run on a small copy of its test API.
const scenarios = sections.TESTS.split(/^- name: /m).slice(1);

for (const scenario of scenarios) {
  const [name, ...lines] = scenario.split("\n");
  test(`in the editor: ${name}`, () => {
    const mocks = {};
    let calls = [];
    const api = {
      mock: (name, value) => (mocks[name] = value),
      runCode: (data) => ({ calls } = run(data, { mocks })),
      assertApi: (name) => {
        const isCalled = () => calls.some(([called]) => called === name);
        return {
          wasCalled: () => assert.ok(isCalled(), `${name} was not called`),
          wasNotCalled: () => assert.ok(!isCalled(), `${name} was called`),
        };
      },
      assertThat: (actual) => ({ isEqualTo: (expected) => assert.deepEqual(actual, expected) }),
    };
    assert.match(lines[0], /^ {2}code: \|-$/);
    const body = lines.slice(1).join("\n");
    assert.match(body, /assertApi/);
    new Function(...Object.keys(api), body)(...Object.values(api));
  });
}

test("there are scenarios for the editor", () => assert.equal(scenarios.length, 4));
