//! Keys that tell what their value is, by their words: `resetToken` tells, `token_count` and `keyboard` do not.

use crate::kind::Kind;
use crate::shape::Shape;

/// What a key says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Telling {
    pub(crate) kind: Kind,
    /// What the value must look like to be taken.
    pub(crate) shape: Shape,
    /// Whether the key speaks of several.
    is_plural: bool,
}

impl Telling {
    /// Whether `text` can be what the key says.
    pub(crate) fn fits(self, text: &str) -> bool {
        self.shape.fits(text) && !self.counts(text)
    }

    /// Whether `number`, the text of a JSON number, can be what the key says.
    pub(crate) fn fits_number(self, number: &str) -> bool {
        self.shape.fits_number(number) && !self.counts(number)
    }

    /// Whether the JSON number beside a name can be what the name says. Metrics are written like that, too, so only what
    /// consists of digits is taken, and of a password only as many as make one.
    pub(crate) fn fits_number_beside(self, number: &str) -> bool {
        match (self.kind, self.shape) {
            (Kind::Password, Shape::Any) => Shape::Key.fits_number(number),
            (Kind::Email | Kind::Secret | Kind::Token, _) => false,
            _ => self.fits_number(number),
        }
    }

    /// Whether `text` is how many there are: `sessions=1234567`.
    fn counts(self, text: &str) -> bool {
        /// Longer numbers count nothing.
        const LONGEST: usize = 12;
        let is_counted = self.is_plural && matches!(self.kind, Kind::Email | Kind::Secret | Kind::Token);
        is_counted && text.len() <= LONGEST && text.bytes().all(|b| b.is_ascii_digit())
    }
}

/// Key words and what they tell. The first that matches counts, so the longer ones of a kind come first.
#[rustfmt::skip]
const TELLING: &[(&[&str], Kind, Shape)] = &[
    (&["email"], Kind::Email, Shape::Text),
    (&["e", "mail"], Kind::Email, Shape::Text),
    (&["emailaddress"], Kind::Email, Shape::Text),
    (&["mail"], Kind::Email, Shape::Mail),
    (&["correo"], Kind::Email, Shape::Mail),
    (&["login", "hint"], Kind::Email, Shape::Text),

    (&["password"], Kind::Password, Shape::Any),
    (&["passwd"], Kind::Password, Shape::Any),
    (&["passphrase"], Kind::Password, Shape::Any),
    (&["passcode"], Kind::Password, Shape::Any),
    (&["pwd"], Kind::Password, Shape::Any),
    (&["passwort"], Kind::Password, Shape::Any),
    (&["kennwort"], Kind::Password, Shape::Any),
    (&["wachtwoord"], Kind::Password, Shape::Any),
    (&["senha"], Kind::Password, Shape::Any),
    (&["contraseña"], Kind::Password, Shape::Any),
    (&["contrasena"], Kind::Password, Shape::Any),
    (&["mot", "de", "passe"], Kind::Password, Shape::Any),
    (&["motdepasse"], Kind::Password, Shape::Any),
    (&["pass"], Kind::Password, Shape::Loose),
    (&["pincode"], Kind::Password, Shape::Pin),
    (&["pin"], Kind::Password, Shape::Pin),
    (&["otp"], Kind::Password, Shape::Code),
    (&["totp"], Kind::Password, Shape::Code),
    (&["mfa"], Kind::Password, Shape::Code),
    (&["verification", "code"], Kind::Password, Shape::Code),
    (&["security", "answer"], Kind::Password, Shape::Any),

    (&["cvv"], Kind::CardCode, Shape::Any),
    (&["cvc"], Kind::CardCode, Shape::Any),
    (&["csc"], Kind::CardCode, Shape::Pin),
    (&["security", "code"], Kind::CardCode, Shape::Any),
    (&["card"], Kind::Card, Shape::Digits(12)),
    (&["cardnumber"], Kind::Card, Shape::Digits(12)),
    (&["creditcard"], Kind::Card, Shape::Digits(12)),
    (&["cc"], Kind::Card, Shape::Digits(12)),
    (&["pan"], Kind::Card, Shape::Digits(12)),

    (&["ssn"], Kind::NationalId, Shape::Digits(4)),
    (&["social", "security"], Kind::NationalId, Shape::Digits(4)),
    (&["national", "id"], Kind::NationalId, Shape::Digits(4)),
    (&["tax", "id"], Kind::NationalId, Shape::Digits(4)),
    (&["passport"], Kind::NationalId, Shape::Digits(4)),
    (&["cpf"], Kind::NationalId, Shape::Digits(6)),
    (&["dni"], Kind::NationalId, Shape::Digits(6)),
    (&["bsn"], Kind::NationalId, Shape::Digits(6)),
    (&["iban"], Kind::Iban, Shape::Digits(4)),
    (&["account", "number"], Kind::Iban, Shape::Digits(4)),
    (&["routing", "number"], Kind::Iban, Shape::Digits(4)),
    (&["sort", "code"], Kind::Iban, Shape::Digits(4)),

    (&["phone"], Kind::Phone, Shape::Phone),
    (&["telephone"], Kind::Phone, Shape::Phone),
    (&["telefon"], Kind::Phone, Shape::Phone),
    (&["tel"], Kind::Phone, Shape::Phone),
    (&["mobile"], Kind::Phone, Shape::Phone),
    (&["phonenumber"], Kind::Phone, Shape::Phone),
    (&["mobilenumber"], Kind::Phone, Shape::Phone),
    (&["cellphone"], Kind::Phone, Shape::Phone),
    (&["msisdn"], Kind::Phone, Shape::Phone),
    (&["whatsapp"], Kind::Phone, Shape::Phone),
    (&["fax"], Kind::Phone, Shape::Phone),

    (&["dob"], Kind::BirthDate, Shape::Digits(4)),
    (&["birth"], Kind::BirthDate, Shape::Digits(4)),
    (&["birthday"], Kind::BirthDate, Shape::Digits(4)),
    (&["birthdate"], Kind::BirthDate, Shape::Digits(4)),
    (&["geburtsdatum"], Kind::BirthDate, Shape::Digits(4)),

    (&["username"], Kind::Name, Shape::Letters),
    (&["user", "name"], Kind::Name, Shape::Letters),
    (&["login", "name"], Kind::Name, Shape::Letters),
    (&["first", "name"], Kind::Name, Shape::Letters),
    (&["firstname"], Kind::Name, Shape::Letters),
    (&["last", "name"], Kind::Name, Shape::Letters),
    (&["lastname"], Kind::Name, Shape::Letters),
    (&["full", "name"], Kind::Name, Shape::Letters),
    (&["fullname"], Kind::Name, Shape::Letters),
    (&["middle", "name"], Kind::Name, Shape::Letters),
    (&["given", "name"], Kind::Name, Shape::Letters),
    (&["family", "name"], Kind::Name, Shape::Letters),
    (&["customer", "name"], Kind::Name, Shape::Letters),
    (&["surname"], Kind::Name, Shape::Letters),
    (&["vorname"], Kind::Name, Shape::Letters),
    (&["nachname"], Kind::Name, Shape::Letters),

    (&["ip"], Kind::Ip, Shape::Ip),
    (&["ipaddress"], Kind::Ip, Shape::Ip),
    (&["ipaddr"], Kind::Ip, Shape::Ip),
    (&["street"], Kind::Address, Shape::Letters),
    (&["address"], Kind::Address, Shape::Postal),
    (&["adresse"], Kind::Address, Shape::Postal),

    (&["authorization"], Kind::Token, Shape::Key),
    (&["api", "key"], Kind::Secret, Shape::Key),
    (&["apikey"], Kind::Secret, Shape::Key),
    (&["secret"], Kind::Secret, Shape::Key),
    (&["private", "key"], Kind::Secret, Shape::Key),
    (&["access", "key"], Kind::Secret, Shape::Key),
    (&["credential"], Kind::Secret, Shape::Key),
    (&["token"], Kind::Token, Shape::Key),
    (&["jwt"], Kind::Token, Shape::Key),
    (&["bearer"], Kind::Token, Shape::Key),
    (&["session"], Kind::Token, Shape::Loose),
    (&["sessionid"], Kind::Token, Shape::Loose),
    (&["phpsessid"], Kind::Token, Shape::Loose),
    (&["jsessionid"], Kind::Token, Shape::Loose),
    (&["sessid"], Kind::Token, Shape::Loose),
    (&["sid"], Kind::Token, Shape::Loose),
    (&["auth"], Kind::Token, Shape::Loose),
    (&["oauth"], Kind::Token, Shape::Loose),
    (&["csrf"], Kind::Token, Shape::Loose),
    (&["xsrf"], Kind::Token, Shape::Loose),
    (&["cookie"], Kind::Token, Shape::Loose),
    (&["reset"], Kind::Token, Shape::Loose),
    (&["invite"], Kind::Token, Shape::Loose),
    (&["invitation"], Kind::Token, Shape::Loose),
    (&["magic"], Kind::Token, Shape::Loose),
    (&["signature"], Kind::Token, Shape::Loose),
    (&["sig"], Kind::Token, Shape::Loose),
    (&["hmac"], Kind::Token, Shape::Loose),
    (&["nonce"], Kind::Token, Shape::Loose),
    (&["key"], Kind::Token, Shape::Random),
    (&["code"], Kind::Token, Shape::Random),
    (&["state"], Kind::Token, Shape::Random),
];

/// First words after which a key speaks about the data instead of holding it.
const BENIGN_HEADS: &[&str] = &[
    "is", "has", "can", "should", "show", "num", "total", "max", "min", "needs", "requires", "allow", "enable", "use",
];

/// Last words with the same effect.
#[rustfmt::skip]
const BENIGN_TAILS: &[&str] = &[
    "count", "length", "len", "type", "strength", "status", "sent", "valid", "verified", "enabled", "disabled", "required",
    "optional", "changed", "updated", "created", "at", "on", "ms", "seconds", "duration", "time", "timeout", "expires",
    "expiry", "expired", "ttl", "in", "out", "index", "position", "size", "limit", "error", "errors", "visible", "shown",
    "method", "provider", "brand", "format", "label", "placeholder", "field", "form", "page", "step", "policy", "rules",
    "version", "score", "start", "started", "end", "opened", "clicks", "domain", "last4", "filled", "present",
    "subject", "campaign", "template", "frequency", "preference", "preferences", "total", "totals", "sum", "average", "avg",
    "rate", "ratio", "percent", "revenue", "newsletter", "banner", "consent", "notice", "popup", "modal", "dialog", "variant",
];

/// Last words that name one of the things before them: `email_campaign_id` speaks of a campaign.
const NAMING_TAILS: &[&str] = &["id", "ids", "name", "slug"];

/// Last words that number emails and sessions. After `phone` and `card` they say the opposite.
const SERIAL_TAILS: &[&str] = &["number", "no", "nr", "seq", "sequence"];

/// What stands before `password` and its like in keys that are run together.
#[rustfmt::skip]
const RUN_TOGETHER_HEADS: &[&str] = &[
    "user", "customer", "client", "account", "admin", "my", "login", "contact", "new", "old", "current", "confirm", "repeat",
    "access", "auth", "oauth", "session", "refresh", "reset", "bearer", "id", "api", "app", "csrf", "xsrf", "shared",
];

/// What stands after them.
const RUN_TOGETHER_TAILS: &[&str] = &["password", "passwd", "email", "token", "secret"];

/// What a key says of its value, if it says anything.
pub(crate) fn telling(key: &str) -> Option<Telling> {
    let words = words(key);
    let is_benign = |word: Option<&String>, list: &[&str]| word.is_some_and(|word| list.contains(&word.as_str()));
    let named = words.iter().rev().find(|word| !NAMING_TAILS.contains(&word.as_str()));
    if is_benign(words.first(), BENIGN_HEADS) || is_benign(named, BENIGN_TAILS) {
        return None;
    }
    TELLING.iter().find_map(|(told, kind, shape)| {
        let found =
            words.windows(told.len()).find(|found| found.iter().zip(*told).all(|(word, told)| is_word(word, told)));
        let is_benign = match kind {
            Kind::Card => is_benign(words.last(), &["id", "ids"]),
            Kind::Email => is_benign(words.last(), SERIAL_TAILS),
            _ => *told == ["session"] && is_benign(words.last(), SERIAL_TAILS),
        };
        let is_plural = found?.iter().zip(*told).any(|(word, told)| word.len() > told.len());
        (!is_benign).then_some(Telling { kind: *kind, shape: *shape, is_plural })
    })
}

/// Whether `word` is `told`, or its plural.
fn is_word(word: &str, told: &str) -> bool {
    word.strip_prefix(told).is_some_and(|rest| rest.is_empty() || rest == "s")
}

/// The words of a key in camel, kebab, snake or any other case, lower-cased. Digits only separate, except in `last4`.
pub(crate) fn words(key: &str) -> Vec<String> {
    /// Nobody writes longer keys; whoever does says the telling part first or last.
    const LONGEST: usize = 24;
    let mut words: Vec<String> = Vec::new();
    let (mut word, mut previous) = (String::new(), ' ');
    let mut rest = key.chars().peekable();
    while let Some(c) = rest.next() {
        let next_is_lower = rest.peek().is_some_and(|next| next.is_lowercase());
        let begins_word = c.is_uppercase() && (previous.is_lowercase() || (previous.is_uppercase() && next_is_lower));
        if begins_word || !c.is_alphabetic() {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        }
        if c.is_alphabetic() {
            word.extend(c.to_lowercase());
        } else if c == '4' && words.last().is_some_and(|word| word == "last") {
            words.pop();
            words.push("last4".to_owned());
        }
        previous = c;
    }
    words.extend((!word.is_empty()).then_some(word));
    let mut words: Vec<String> = words.into_iter().flat_map(parted).collect();
    if words.len() > LONGEST {
        words.drain(LONGEST / 2..words.len() - LONGEST / 2);
    }
    words
}

/// The words of a word that is run together, such as `useremail`.
fn parted(mut word: String) -> impl Iterator<Item = String> {
    let single = word.strip_suffix('s').unwrap_or(&word);
    let head = RUN_TOGETHER_TAILS.iter().find_map(|tail| single.strip_suffix(tail));
    let tail = head.filter(|head| RUN_TOGETHER_HEADS.contains(head)).map(str::len).map(|cut| word.split_off(cut));
    [Some(word), tail].into_iter().flatten()
}

/// Keys that name the field whose value stands beside them: `{"name": "password", "value": "x"}`.
pub(crate) fn names_a_field(key: &str) -> bool {
    ["name", "field", "key", "id", "label", "param", "property", "attribute"]
        .iter()
        .any(|name| key.eq_ignore_ascii_case(name))
}

/// Keys that hold the value of the field named beside them.
pub(crate) fn holds_the_value(key: &str) -> bool {
    ["value", "val", "raw", "content", "text", "input", "answer", "plain"]
        .iter()
        .any(|name| key.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_split_at_every_case() {
        for (key, expected) in [
            ("resetPasswordToken", "reset password token"),
            ("userSSN", "user ssn"),
            ("SSNValue", "ssn value"),
            ("user[e-mail]", "user e mail"),
            ("oauth2Token", "oauth token"),
            ("card_last4", "card last4"),
            ("contraseña.nueva", "contraseña nueva"),
            ("useremail", "user email"),
            ("data[ACCESSTOKENS]", "data access tokens"),
            ("voicemail", "voicemail"),
            ("", ""),
        ] {
            assert_eq!(words(key).join(" "), expected, "{key}");
        }
    }

    #[test]
    fn a_key_tells_by_word() {
        for key in [
            "password",
            "newPassword2",
            "user-password",
            "passwords",
            "billing.email",
            "EMAILS",
            "auth_token",
            "userpassword",
            "useremail",
            "emailaddress",
            "accesstoken",
            "authtoken",
            "sessiontoken",
            "clientsecret",
            "pincode",
            "session_id",
            "email_id",
            "card_number",
            "phone_number",
            "mobileNo",
            "passport_nr",
            "first_name",
        ] {
            assert!(telling(key).is_some(), "{key}");
        }
        for key in [
            "keyword",
            "keyboard",
            "compass",
            "passenger_count",
            "author",
            "password_strength",
            "is_password_visible",
            "token_count",
            "max_tokens",
            "emailOptIn",
            "session_duration",
            "page",
            "message",
            "tokenizer",
            "cardboard",
            "voicemail",
            "session_number",
            "sessionNo",
            "emails_total",
            "email_campaign_id",
            "emailTemplateName",
            "gift_card_id",
            "cookie_banner",
            "cookieConsentId",
        ] {
            assert!(telling(key).is_none_or(|told| told.shape == Shape::Random), "{key}");
        }
    }
}
