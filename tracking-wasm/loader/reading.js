// Reads elements, whatever the page has made of them: a form may have fields named `closest` or `getAttribute`.

import { isSensitive } from "./scrub.js";
import { text, tried } from "./text.js";

const { closest: closestIn, getAttribute } = Element.prototype;

/**
 * @param {Element} element
 * @param {string} name
 * @returns {string}
 */
export const attribute = (element, name) => getAttribute.call(element, name) ?? "";

/**
 * @param {Element} element
 * @param {string} name
 * @returns {boolean}
 */
export const has = (element, name) => getAttribute.call(element, name) != null;

/**
 * @param {Node | null | undefined} node
 * @param {string} selector
 * @returns {Element | undefined} the nearest that matches, out of open shadow trees too
 */
export const closest = (node, selector) => {
  let element = node?.nodeType === 1 ? node : node?.parentElement;
  while (element) {
    const found = closestIn.call(element, selector);
    if (found) return found;
    element = element.getRootNode().host;
  }
};

/**
 * @param {Node | null | undefined} node
 * @returns {boolean} whether the site wants nothing of it
 */
export const isIgnored = (node) => closest(node, "[data-evothesis-ignore]");

const ROLES = "button,link,tab,menuitem,menuitemcheckbox,menuitemradio,option,checkbox,radio,switch";
/** What people mean to click. Landmarks also have a role, and a body may have a handler. */
export const MEANT =
  "a,area,button,input,select,textarea,label,summary,option,[onclick]:not(body)," +
  ROLES.replace(/\w+/g, "[role=$& i]");
/** What a visitor may have written, or the site wants nothing of, and has as text in the page. */
export const UNREAD = "[contenteditable],[data-evothesis-ignore]";
const WRITABLE = "input,select,textarea,option";
/** What reacts in its own way: nothing on the page changes. */
const SELF_CONTAINED = WRITABLE + ",[contenteditable],label,video,audio,summary";
const PRIVATE = WRITABLE + "," + UNREAD;

/**
 * @param {Node | null | undefined} node
 * @returns {boolean} whether a visitor writes there, or the site wants nothing of it
 */
export const isPrivate = (node) => closest(node, PRIVATE);

/**
 * @param {Element} clicked
 * @returns {boolean} whether something on the page should change
 */
export const isReactive = (clicked) => !closest(clicked, SELF_CONTAINED);

/**
 * @param {Element} element
 * @param {boolean} isMeant whether all that is in it belongs to it
 * @returns {string} its name for people, as it stands there; nothing that a visitor may have written
 */
export const nameOf = (element, isMeant) => {
  let label = "";
  for (const id of attribute(element, "aria-labelledby").split(/\s+/)) {
    const other = id && element.getRootNode().getElementById?.(id);
    if (other) label += " " + readable(other);
  }
  for (const name of ["aria-label", "title"]) label ||= attribute(element, name);
  const isNamed = isMeant || !element.childElementCount;
  return label.trim() || (isNamed ? readable(element) : "");
};

/**
 * @param {Element} element
 * @returns {string} its text or what stands for it, unless there is something in it that must not be read
 */
const readable = (element) =>
  isPrivate(element) || element.querySelector(PRIVATE)
    ? ""
    : element.textContent.trim() || (element.alt ?? element.querySelector("[alt]")?.alt ?? "");

/**
 * @param {Element} element
 * @returns {Parameters<typeof import("./addresses.js").linkTo>} where a click on it leads, as it stands there: to make it out takes as
 * long as all else that is read of a click
 */
export const linkOf = (element) => {
  const link = closest(element, "a,area");
  if (!link) return [""];
  const address = attribute(link, "href") || attribute(link, "xlink:href");
  return [address, link.baseURI, link.ownerDocument.URL, has(link, "download")];
};

/** An id that was given by hand: escaped signs or many digits may hide whom or what it stands for. */
const GIVEN_ID = /^(?!(.*\d){4})[a-z][\w-]{0,31}$/i;

/**
 * @param {Element} element
 * @returns {string} a short selector: up to the next id, four steps at most
 */
export const selectorOf = (element) => {
  const steps = [];
  for (let step = element; step && steps.length < 4; step = step.parentElement) {
    const id = attribute(step, "id");
    const isGiven = GIVEN_ID.test(id);
    steps.unshift(isGiven ? "#" + id : step.localName + place(step));
    if (isGiven) break;
  }
  return steps.join(">");
};

/**
 * @param {Element} element
 * @returns {string} which of its kind it is, if there are others
 */
const place = (element) => {
  const tag = element.localName;
  const next = element.nextElementSibling;
  let nth = 1;
  for (let other = element; nth < 100 && (other = other.previousElementSibling);)
    nth += other.localName === tag;
  return nth > 1 || (next && next.localName === tag) ? `:nth-of-type(${nth})` : "";
};

/**
 * @param {HTMLFormElement} form
 * @returns {object} what it is called
 */
export const formFacts = (form) => ({
  form_id: text(attribute(form, "id")),
  form_name: text(attribute(form, "name")),
  action: tried(() => new URL(attribute(form, "action"), document.baseURI).pathname.slice(0, 500)),
  method: text(attribute(form, "method"), 16).toLowerCase() || "get",
});

/**
 * @param {HTMLFormElement} form
 * @returns {HTMLInputElement[]}
 */
export const fieldsOf = (form) => [...Reflect.get(HTMLFormElement.prototype, "elements", form)];

/**
 * @param {HTMLInputElement} field
 * @returns {boolean} all that is asked of its value, unless the site keeps it
 */
export const isFilled = (field) =>
  /^(checkbox|radio)$/.test(field.type) ? field.checked : Boolean(field.value);

// disc, circle or square: neither letter is in none, nor in undefined
const isMasked = (field) => /[cq]/.test(getComputedStyle(field).webkitTextSecurity);

/**
 * @param {HTMLInputElement} field
 * @returns {object} what is said of it: its value only if the site keeps it, and never if it is sensitive
 */
export const fieldFacts = (field) => {
  const name = text(attribute(field, "name"));
  const type = text(field.type, 32);
  const filled = isFilled(field);
  const isKept = filled && has(field, "data-evothesis-keep");
  let words = isKept && isMasked(field) ? "password" : "";
  for (const hint of ["autocomplete", "id", "aria-label", "placeholder"])
    words += " " + attribute(field, hint);
  const sensitive = isSensitive([name, type, text(words, 256)].join(" "));
  return { name, type, filled, sensitive, value: isKept && !sensitive ? text(field.value, 256) : undefined };
};

/**
 * @param {HTMLElement} element
 * @returns {object} what the site has written about it for its own event
 */
export const declared = (element) => {
  const data = {};
  for (const { name, value } of element.attributes) {
    const [, key] = /^data-evothesis-(?!event$|keep$|ignore$)(.+)/.exec(name) ?? [];
    if (key) data[key.replaceAll("-", "_")] = value;
  }
  return data;
};
