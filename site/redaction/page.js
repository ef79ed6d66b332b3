// The page on which a site owner tries the redaction out. All of it runs here.
import { Redaction, initSync, rules } from "redaction-bindings";
import wasm from "redaction-wasm";

/** Inputs to begin with, by context. */
const EXAMPLES = [
  [
    "an address",
    "url",
    "",
    "https://shop.example/thanks?order=A-1042&email=jane.doe%40example.org&utm_source=newsletter",
  ],
  ["a reset link", "url", "", "https://shop.example/reset/9f86d081884c7d659a2feaa0c55ad015?lang=en"],
  ["a text", "text", "", "Call +44 20 7946 0958 about order 10042, or write to jane.doe@example.org"],
  ["a form field", "key_value", "date_de_naissance", "12/03/1984"],
  [
    "properties",
    "json",
    "",
    '{"product": "Teapot", "price": 39.9, "customer": {"firstName": "Jane", "iban": "DE89 3704 0044 0532 0130 00"}}',
  ],
];

initSync({ module: wasm });
const of = (id) => document.getElementById(id);
const form = of("form");

/** @param {string} name @param {string} [text] @param {string} [kind] its class */
function element(name, text = "", kind = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

/** Shows what becomes of the input. */
function show() {
  const context = form.elements.context.value;
  of("key-field").hidden = context !== "key_value";
  const input = of("input").value;
  const trouble = of("trouble");
  try {
    const redaction = new Redaction(of("settings").value);
    // JSON goes in as it was written: the spans are those of that text
    const written = context === "json" ? input || "null" : JSON.stringify(input);
    const head = JSON.stringify({ id: 0, context, key: of("key").value }).slice(0, -1);
    const line = `${head},"input":${written}}`;
    const { output, findings, error } = JSON.parse(redaction.line(line, true, 1));
    if (error) throw new Error(error);
    of("output").textContent = context === "json" ? JSON.stringify(output, null, 2) : output;
    of("marked").replaceChildren(...marked(input, findings));
    of("findings").replaceChildren(...(findings.length ? findings.map(told) : [element("li", "Nothing.")]));
    trouble.hidden = true;
  } catch (error) {
    for (const id of ["output", "marked", "findings"]) of(id).replaceChildren();
    trouble.textContent = error.message;
    trouble.hidden = false;
  }
}

/** The input with the findings marked; their spans count bytes of UTF-8. */
function marked(input, findings) {
  const bytes = new TextEncoder().encode(input);
  const text = (from, to) => new TextDecoder().decode(bytes.subarray(from, to));
  const parts = [];
  let at = 0;
  for (const { span, kind } of findings) {
    // one may lie within another
    if (span.start < at) continue;
    const mark = element("mark", text(span.start, span.end));
    mark.title = kind;
    parts.push(text(at, span.start), mark);
    at = span.end;
  }
  return [...parts, text(at, bytes.length)];
}

/** A finding in words. */
function told({ kind, rule, path, why }) {
  const item = element("li");
  const where = path ? ` at ${path}` : "";
  item.append(element("strong", kind), `${where}, by the rule ${rule}. `, element("small", why));
  return item;
}

/** Shows the rules that have the words of the search in them. */
function showRules() {
  const wanted = of("search").value.toLowerCase();
  const fits = (rule) => JSON.stringify(rule).toLowerCase().includes(wanted);
  of("rules").replaceChildren(...JSON.parse(rules()).filter(fits).map(card));
}

function card({ name, explanation, redacted, kept }) {
  const made = element("article", "", "rule");
  const taken = element("details");
  taken.append(element("summary", `${redacted.length + kept.length} examples`));
  const list = element("ul");
  for (const [before, after] of redacted) {
    const item = element("li");
    item.append(element("code", before), " becomes ", element("code", after));
    list.append(item);
  }
  for (const same of kept) {
    const item = element("li");
    item.append(element("code", same), " stays");
    list.append(item);
  }
  taken.append(list);
  made.append(element("h3", name), element("p", explanation), taken);
  return made;
}

EXAMPLES.forEach(([name, context, key, input], index) => {
  const button = element("button", name);
  button.type = "button";
  button.addEventListener("click", () => {
    form.elements.context.value = context;
    of("key").value = key;
    of("input").value = input;
    show();
  });
  of("examples").append(index ? ", " : "", button);
});
form.addEventListener("input", show);
of("search").addEventListener("input", showRules);
of("examples").querySelector("button").click();
showRules();
