// Shows a developer, in the console, each event as it goes into a batch, and what was taken out of it and why. Loaded only in debug
// mode. It decides nothing: what was taken out is read from the difference between the page and the event.

/** What the placeholders of the redaction stand for; the names are those of `Kind` in redaction/src/kind.rs. */
const KINDS = {
  address: "a postal address",
  birth_date: "a date of birth",
  card: "the number of a payment card",
  card_code: "the check code of a payment card",
  coordinates: "where somebody is, to a few hundred metres",
  email: "an email address",
  iban: "a bank account number",
  ip: "a network address",
  mac: "the address of a device",
  name: "a person's name or login name",
  national_id: "a number that a state gave to a person",
  password: "a password, a PIN or a one-time code",
  phone: "a telephone number",
  postcode: "a postal code",
  secret: "a secret key",
  token: "something that admits whoever holds it",
  unlisted: "a parameter that the site does not list",
};

const PLACEHOLDER = new RegExp(`\\[(?:${Object.keys(KINDS).join("|")})\\]`, "g");

/** Parameters that stand for a click or a visitor; the rule is that of scrub.js. */
const CLICK_ID =
  /(clid|braid)$|^(li_fat_id|epik|igshid|srsltid|rdt_cid|mc_eid|mkt_tok|_hsenc|_hsmi|_kx|_ga|_gl|vero_id)$/;

const STYLE = {
  type: "background:#1f6b4f;color:#fff;border-radius:3px;padding:1px 6px;font-weight:600",
  quiet: "color:#767676;font-weight:400",
  taken: "color:#b3541e;font-weight:600",
};

/** What an event's data may have, less its braces; `DATA_BYTES` in wire/src/limits.rs. */
const MOST_BYTES = 4096 - 2;
/** What of all that the Wasm is told becomes an event. */
const EVENTS = ["page", "click", "track"];

/**
 * Prints what the Wasm is told, if it is an event.
 * @param {string} said as it is told: see `Tracker::tell`
 * @param {string} before its lines before anything was taken out of them
 * @param {Pick<Console, "groupCollapsed" | "groupEnd" | "table" | "log">} [out]
 */
export function show(said, before, out = console) {
  try {
    const [head, type, ...facts] = said.split("\n");
    const [what, ts, t] = head.split(" ");
    if (!EVENTS.includes(what)) return;
    if (!type || new Blob([facts[0]]).size > MOST_BYTES) {
      out.log("evothesis: an event is not sent, since its name or its data is not as it has to be");
      return;
    }
    out.groupCollapsed(`%c${type}%c ${clock(ts)}  +${Math.round(t)} ms`, STYLE.type, STYLE.quiet);
    try {
      const sent = together(facts);
      print(parse(sent), explain(sent, together(before.split("\n").slice(1))), out);
    } finally {
      out.groupEnd();
    }
  } catch {
    // a console that fails must not cost the page anything
  }
}

/**
 * @param {string[]} facts of an event, and of its page if that is new: insides of JSON objects
 * @returns {string} JSON
 */
function together(facts) {
  return `{${facts.reverse().filter(Boolean).join(",")}}`;
}

/**
 * @param {unknown} shown
 * @param {{field: string, reason: string}[]} taken
 * @param {Pick<Console, "table" | "log">} out
 */
function print(shown, taken, out) {
  const values = Object.values(shown ?? {});
  // a table shows no more than one level
  if (values.length && !values.some((value) => typeof value === "object")) out.table(shown);
  else out.log(shown);
  if (taken.length) {
    out.log("%ctaken out", STYLE.taken);
    for (const { field, reason } of taken) out.log(`%c${field}%c ${reason}`, "font-weight:600", STYLE.quiet);
  }
}

/**
 * What was taken out of an event, and why.
 * @param {string} sent the JSON of what is said of it and its page
 * @param {string} before the same before anything was taken out
 * @returns {{field: string, reason: string}[]} in the order of the event; a field is a path such as `element.href?email`
 */
export function explain(sent, before) {
  const [after, old] = [parse(sent), parse(before)];
  /** @type {{field: string, reason: string}[]} */
  const taken = [];
  if (isRecord(after)) compare("", after, isRecord(old) ? old : undefined, taken);
  return taken;
}

/**
 * @param {string} field
 * @param {unknown} after what is sent
 * @param {unknown} before what the page said
 * @param {{field: string, reason: string}[]} taken
 */
function compare(field, after, before, taken) {
  if (typeof after === "string") compareText(field, after, before, taken);
  if (typeof after !== "object" || after === null) return;
  if (isRecord(after) && after.sensitive === true) {
    taken.push({ field: field + ".value", reason: "sensitive field: its value is never kept" });
  }
  const old = typeof before === "object" && before !== null ? before : {};
  for (const key of Object.keys(after)) compare(join(field, key, after), after[key], old[key], taken);
  for (const [key, value] of Object.entries(old)) {
    if (key in after || !value || typeof value !== "string" || after.sensitive === true) continue;
    const reason = key === "value" ? "the field is not marked data-evothesis-keep" : "not part of the event";
    taken.push({ field: join(field, key, after), reason });
  }
}

/**
 * @param {string} field
 * @param {string} after
 * @param {unknown} before
 * @param {{field: string, reason: string}[]} taken
 */
function compareText(field, after, before, taken) {
  // white space is not told apart
  const old = typeof before === "string" ? before.replace(/\s+/g, " ").trim() : "";
  const written = old.match(PLACEHOLDER) ?? [];
  for (const placeholder of new Set(after.match(PLACEHOLDER))) {
    // the page itself may say "[email]"
    if (!written.includes(placeholder)) taken.push({ field, reason: KINDS[placeholder.slice(1, -1)] });
  }
  if (!old || old === after) return;
  const emptied = emptiedParameters(after, old);
  taken.push(...emptied.map((key) => ({ field: `${field}?${key}`, reason: reasonOf(key) })));
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(old)?.[0];
  if (scheme === after) taken.push({ field, reason: `what stands behind ${scheme}` });
  else if (/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/i.test(old) && !/^[^/]*\/\/[^/?#]*@/.test(after)) {
    taken.push({ field, reason: "user name and password in an address" });
  } else if (after && !emptied.length && old.startsWith(after)) {
    taken.push({ field, reason: `cut to ${after.length} characters` });
  }
}

/**
 * @param {string} after
 * @param {string} before
 * @returns {string[]} the parameters of an address that have lost their value, each once
 */
function emptiedParameters(after, before) {
  const kept = parameters(after);
  const lost = parameters(before).filter(
    ([key, value], at) => value && kept[at]?.[0] === key && !kept[at][1],
  );
  return [...new Set(lost.map(([key]) => key))];
}

/**
 * @param {string} address
 * @returns {[string, string][]} also of a fragment that has some
 */
function parameters(address) {
  const pairs = address.split(/[?#&;]/).slice(1);
  return pairs.map((pair) => [pair.split("=", 1)[0], pair.split("=").slice(1).join("=")]);
}

/**
 * @param {string} key
 * @returns {string} why the value of that parameter may have been taken out
 */
function reasonOf(key) {
  return CLICK_ID.test(key)
    ? "the id of a click or a visitor: that it was there is kept"
    : "its name tells that it is personal, or its value is shaped like a token or an email address";
}

/**
 * @param {string} field
 * @param {string} key
 * @param {object} owner
 * @returns {string}
 */
function join(field, key, owner) {
  if (Array.isArray(owner)) return `${field}[${key}]`;
  return field ? `${field}.${key}` : key;
}

/**
 * @param {unknown} ts Unix milliseconds
 * @returns {string} the visitor's clock, `14:03:59.120`
 */
function clock(ts) {
  const date = new Date(Number(ts));
  if (Number.isNaN(date.getTime())) return "--:--:--";
  const two = (number) => String(number).padStart(2, "0");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${time}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/**
 * @param {unknown} json
 * @returns {unknown} `undefined` when it is none
 */
function parse(json) {
  try {
    return JSON.parse(String(json));
  } catch {
    return undefined;
  }
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, any>}
 */
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
