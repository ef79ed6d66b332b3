// Redaction at the source: one function for the JSON of an event or a page, whatever its keys. It takes out what is worth its bytes in
// the page: the values of telling parameters, click ids and token-like values in addresses, and email addresses. The edge has the full
// rules.

/**
 * @param {string} words as a regular expression
 * @param {string} end what follows them
 * @returns {(name: string) => boolean} whether one of the words is in a name. Words end at a change of case and at every sign of ASCII
 * that is no letter or digit
 */
export const telling = (words, end) => {
  // to ignore case by a flag takes a browser half a millisecond, because of all the letters beyond ASCII
  const pattern = new RegExp(`(^|[^a-z\\d\\x80-\\uffff])(${words})${end}`);
  return (name) => pattern.test(name.replace(/[a-z](?=[A-Z])/g, "$& ").toLowerCase());
};

/** Words that tell of a secret or of a way to reach a person. The list is short, since it is paid for by the byte. */
const WORDS =
  "pass(word|wd|wort|phrase|code)?|pwd|pin|otp|secret|\\w*token|jwt|(api|access).?key|auth|\\w*mail|phone|tel|mobile|card(number)?|cv[cv]|iban|ssn|birthday|dob|\\w*sid|\\w*session|sig(nature)?|[cx]srf|nonce";
const isTelling = telling(WORDS, "(?![a-z\\d\\x80-\\uffff])");

/**
 * Whether a field's name, type and marks tell that its value is personal: those words, and beginnings of others that tell of a person.
 * A word too many costs nothing: a value is kept only on request.
 */
export const isSensitive = telling(
  WORDS +
    "|api|code|corre|courr|fon|mobil|hand|cart|tarj|kart|kaar|cc|bic|kont|accou|cuent|compt|nif|nie|dni|cpf|cnpj|pese|bsn|nino|steu|tax|fisc|birth|geb|naiss|nac|nasc|nom|nam|vorn|surn|firs|last|str|rue|calle|via|add|adr|ind|dir|zip|plz|post|senh|clav|contras|has|hes|wach|los|ident|user|logi|soc|voor|achter|apel|cogn|pren|ender|file",
  "",
);

const CLICK_ID =
  /(clid|braid)$|^(li_fat_id|epik|igshid|srsltid|rdt_cid|mc_eid|mkt_tok|_hsenc|_hsmi|_kx|_ga|_gl|vero_id)$/i;

/**
 * @param {string} value
 * @returns {boolean} whether it looks like a key to something: long hexadecimal digits, or long and changing between letters and
 * digits, small letters and capitals at two of five places, which words written together do not
 */
const isToken = (value) => {
  const [text] = value.split("%");
  return (
    /^[\da-f]{32,}$/i.test(text) ||
    (/^(?=.*\d)(?=.*[a-z]).{20}/.test(text) && text.match(/\d+|[a-z]+|[A-Z]+/g).length * 5 >= text.length * 2)
  );
};

/**
 * @param {string} before what ends with the sign behind the name of a parameter
 * @param {string} value
 * @param {boolean} keepsClickIds
 * @returns {boolean} whether the value is to go
 */
const isPersonal = (before, value, keepsClickIds) => {
  // in an address inside an address signs are written as `%` and two digits
  const [, key, inner] = /[?&#;]([\w.[\]%-]+)=$|%\w\w([^%"\\]*)%3[Dd]$/.exec(before) ?? [];
  if (inner) return isTelling(inner);
  if (!key) return false;
  if (CLICK_ID.test(key)) return !keepsClickIds;
  // OAuth's codes are long, those of vouchers are not (RFC 6749, 4.1.2)
  if (key === "code" && value.length > 15) return true;
  return isTelling(key) || (isToken(value) && !key.startsWith("utm_"));
};

/** Signs that end a value. */
const ENDS = /["&#\\ ]/g;

/**
 * @param {string} json parts of JSON texts that `JSON.stringify` wrote
 * @param {boolean} keepsClickIds
 * @returns {string} the same without what must not leave the page. NUL and halves of surrogate pairs, which no database takes, become
 * U+FFFD
 */
export const scrub = (json, keepsClickIds) => {
  // `logo@2x.png` and `package@1.2.3` are no addresses; an escape is no part of one
  const text = json.replace(
    /\\(?:(u0000|ud...)|u....|.)|[\w%.+\x80-\uffff-]{1,99}?(?:@|%40)(?!\d)[\w.+\x80-\uffff-]*\.[\w+\x80-\uffff-]+/g,
    (found, unfit) => (unfit ? "\\ufffd" : found[0] === "\\" ? found : "[email]"),
  );
  const signs = /=|%3d/gi;
  let scrubbed = "";
  let told = 0;
  while (signs.test(text)) {
    const end = signs.lastIndex;
    // what is beyond does not change the judgement, and would be read again at each sign
    const value = text.slice(end, end + 300).split(ENDS, 1)[0];
    if (!isPersonal(text.slice(Math.max(end - 300, told), end), value, keepsClickIds)) continue;
    scrubbed += text.slice(told, end);
    ENDS.lastIndex = end;
    told = signs.lastIndex = ENDS.test(text) ? ENDS.lastIndex - 1 : text.length;
  }
  return scrubbed + text.slice(told);
};

/**
 * @param {string} json
 * @returns {boolean} whether objects and arrays in it stay within eight levels: indented by a space a level, none of the ninth ends a line
 */
export const isFlat = (json) => !/\n {8}.*[\]}],?\n/.test(JSON.stringify(JSON.parse(json), null, 1));
