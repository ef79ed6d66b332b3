// What is said of a form: that it was begun, submitted or abandoned.
import { inner, isLong } from "./text.js";

/** A page may make new forms for as long as it is open: only so many are remembered. */
const MOST_FORMS = 50;
/** @type {Map<object, {since: number, facts: object}>} forms that were begun and not submitted */
const begun = new Map();

/**
 * Somebody changed a field.
 * @param {object} form
 * @param {object} facts what is said of the form if it is abandoned now
 * @param {number} now in ms
 * @returns {boolean} whether the form is begun by that
 */
export const edit = (form, facts, now) => {
  const since = begun.get(form)?.since;
  begun.set(form, { since: since ?? now, facts });
  if (begun.size > MOST_FORMS) begun.delete(begun.keys().next().value);
  return since == null;
};

/**
 * A form was submitted.
 * @param {object} form
 */
export const end = (form) => begun.delete(form);

/**
 * The page is left.
 * @param {number} now in ms
 * @returns {object[]} what is to be said of the forms that are abandoned, each once
 */
export const abandoned = (now) => {
  const told = [];
  // without `map`, which some pages replace
  for (const { since, facts } of begun.values()) told.push({ ...facts, ms: Math.round(now - since) });
  begun.clear();
  return told;
};

/**
 * @param {string} type of a field
 * @returns {boolean} whether people fill it in
 */
export const isInput = (type) => !/^(|hidden|submit|button|reset|image|fieldset|output|object)$/.test(type);

/**
 * @param {object} form what it is called
 * @param {object[]} fields
 * @returns {string} what is said of its submission, as the inside of a JSON object. Of a very long one the first fields are named, and how
 * many there are
 */
export const submission = (form, fields) => {
  // arrays are written by hand: some pages give them a `toJSON`
  const facts = (named) => `${inner(form)},"fields":[${named}],"field_count":${fields.length}`;
  let told = facts("");
  let named = "";
  for (const field of fields) {
    named += (named && ",") + JSON.stringify(field);
    const longer = facts(named);
    if (isLong(longer)) break;
    told = longer;
  }
  return told;
};
