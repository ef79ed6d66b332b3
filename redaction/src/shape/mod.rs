//! What a value looks like: whether it can be what its key says, and whether it looks random.

mod random;

use std::net::IpAddr;

use crate::keys::vocabulary::list::{is_in, list};
use crate::kind::{holds_placeholder, is_placeholder};
use crate::patterns::{network, number, secret};
pub(crate) use random::{RANDOM, is_loose, is_named, is_random, is_random_value, is_scrambled, is_token, is_uuid};

/// What a value must look like to be taken for what its key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Anything but an empty text and words such as `true`.
    Any,
    /// What may be the name of a mailbox: one word, or with an `@`. No number of JSON.
    Address,
    /// One word with small letters, as people choose what they log in by.
    Login,
    /// Any text, but no small number: `tokens` is a count more often than a secret.
    Key,
    /// With an `@`.
    Mail,
    /// At least so many digits.
    Digits(usize),
    /// Digits with letters among them, in one word or a few short ones.
    Lettered,
    /// At least 4 digits, or a day with the name of its month.
    BirthDate,
    /// 3 to 8 digits and nothing else.
    Pin,
    /// A code that is typed once: a few characters with a digit among them.
    Code,
    /// 6 to 18 digits and what people put between them.
    Phone,
    /// Letters.
    Letters,
    /// Two words or more as names are written.
    Person,
    /// Letters, as streets have them, or a number behind them.
    Street,
    /// Letters and a number, as addresses have them.
    Postal,
    /// The same, beginning with a capital or a digit.
    Titled,
    /// A number with perhaps a letter.
    HouseNumber,
    /// A few digits and letters.
    Postcode,
    /// A network address.
    Ip,
    /// A hardware address.
    Mac,
    /// A number with a fraction, or several.
    Decimal,
    /// The same with four places or more behind the point.
    Precise,
    /// A number with five places or more behind the point.
    Exact,
    /// No word, nor words with small numbers: six characters or more with digits, or mixed case.
    Loose,
    /// The same, or a digit and what words and names of things do not have.
    Pass,
    /// A scheme and what follows.
    Credentials,
    /// One that is not a list of pairs, which are judged one by one.
    Cookies,
    /// As good as random.
    Random,
}

/// Values that say whether something is there rather than what it is.
#[rustfmt::skip]
const BENIGN: &[u32] = list!("true,false,yes,no,on,off,0,1,null,none,undefined,nan,oauth2,saml2,auth0,email,password,text,tel,string,required,optional,[redacted],redacted,hidden\
    ,unknown,n/a,***,********,set,unset,missing,present,empty,invalid,valid,number,phone,object,verified,unverified,confirmed,pending,sent,subscribed\
    ,taken,optin,opt-in,opt_in,optout,default,available,granted,denied,enabled,disabled,checked,selected,clicked,failed,success,inactive,opened,delivered\
    ,bounced,incorrect,too_short,too short,duplicate,filled,blank,changed,touched,cleared,skipped,provided,entered,submitted,complete,completed,error\
    ,focus,blur,ok,autofilled,required field,mandatory,pflichtfeld,pflichtangabe,erforderlich,obligatoire,champ obligatoire,facultatif,obligatorio\
    ,campo obligatorio,obbligatorio,campo obbligatorio,obrigatorio,verplicht,verplicht veld,wymagane,pole wymagane,obligatoriskt,opcional,optionnel\
    ,optioneel");

/// The same in small letters alone: with a capital they are names.
const BENIGN_SMALL: &[u32] = list!(
    "weak,strong,medium,wrong,new,old,work,home,mobile,landline,private,business,other,active,billing,shipping,primary,secondary,never,daily,weekly,monthly"
);

const LONGEST_BENIGN: usize = 18;

fn is_benign(text: &str) -> bool {
    is_in(BENIGN, text) || text.starts_with(|c: char| c.is_ascii_lowercase()) && is_in(BENIGN_SMALL, text)
}

impl Shape {
    /// Whether `text` looks like this.
    pub(crate) fn fits(self, text: &str) -> bool {
        let text = text.trim();
        if text.is_empty() || is_placeholder(text) || text.len() <= LONGEST_BENIGN && is_benign(text) || is_masked(text)
        {
            return false;
        }
        let digits = number::digits_in(text);
        match self {
            Self::Any => !is_partly_done(text),
            Self::Key => !text.contains(' ') || is_loose(text),
            Self::Address => !text.contains(char::is_whitespace) && !is_partly_done(text),
            Self::Login => is_one_word(text) && text.contains(char::is_lowercase) && !is_partly_done(text),
            Self::Mail => text.contains('@'),
            Self::Digits(least) => digits >= least && text.len() <= 64 || least == 4 && is_document(text, digits),
            Self::Lettered => is_lettered(text, digits),
            Self::BirthDate => text.len() <= 64 && (digits >= 4 || digits >= 1 && has_month(text)),
            Self::Pin => (3..=8).contains(&digits) && digits == text.len(),
            Self::Code => (1..=12).contains(&digits) && (4..=16).contains(&text.len()) && is_one_word(text),
            Self::Phone => is_phone(text, digits),
            Self::Letters => is_name(text),
            Self::Person => is_person(text),
            Self::Street => {
                (text.chars().any(char::is_alphabetic) && text.chars().count() >= 3 && text.len() <= 120)
                    && !is_partly_done(text)
                    && !text.contains("://")
            }
            Self::Postal => {
                digits > 0
                    && text.len() >= 6
                    && (text.contains([' ', '+', '\n', ',']) || !text.is_ascii())
                    && text.chars().any(char::is_alphabetic)
                    && !text.contains("://")
                    && !text.contains('@')
                    && !is_partly_done(text)
            }
            Self::Titled => Self::Postal.fits(text) && !text.starts_with(char::is_lowercase),
            Self::HouseNumber => (1..=5).contains(&digits) && text.len() <= 12,
            Self::Postcode => is_postcode(text, digits) || is_postcode_and_place(text, digits),
            Self::Ip => {
                text.contains(['.', ':']) && text.split('%').next().is_some_and(|ip| ip.parse::<IpAddr>().is_ok())
            }
            Self::Mac => {
                network::is_mac(text) || text.len() == 12 && digits > 0 && text.bytes().all(|b| b.is_ascii_hexdigit())
            }
            Self::Decimal => is_place(text, 1),
            Self::Exact => is_place(text, 5),
            Self::Precise => is_place(text, 4) && is_pair(text),
            Self::Loose => is_token(text) && !holds_placeholder(text),
            Self::Pass => {
                let is_mark = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.' | '/');
                !holds_placeholder(text)
                    && (is_loose(text) || digits > 0 && text.len() >= 6 && is_one_word(text) && text.contains(is_mark))
            }
            Self::Credentials => {
                text.split_once(' ').map_or(is_loose(text), |(scheme, rest)| {
                    // A scheme that is known stays, since what is behind it is found by itself.
                    rest.len() >= 4 && !rest.contains(' ') && secret::after_scheme(text, scheme.len() + 1).is_none()
                }) && !holds_placeholder(text)
            }
            Self::Cookies => !text.contains('=') && is_loose(text) && !holds_placeholder(text),
            Self::Random => is_random_value(text),
        }
    }

    /// Whether prose would fit, too.
    pub(crate) fn is_vague(self) -> bool {
        matches!(self, Self::Any | Self::Address | Self::Login | Self::Key | Self::Letters | Self::Street)
    }

    /// Whether `number`, the text of a JSON number, looks like this. Small numbers are counts and flags.
    pub(crate) fn fits_number(self, number: &str) -> bool {
        let digits = number::digits_in(number);
        let is_whole = digits == number.len();
        match self {
            Self::Key => digits >= 6 && is_whole,
            Self::Any => digits >= 3 && is_whole,
            Self::Decimal => is_place(number, 1),
            Self::Exact => is_place(number, 5),
            Self::Postcode => is_whole && (4..=9).contains(&digits),
            // Limits are round.
            Self::Digits(5) => is_whole && self.fits(number) && !number.ends_with("00"),
            Self::Pin
            | Self::HouseNumber
            | Self::Digits(_)
            | Self::BirthDate
            | Self::Code
            | Self::Phone
            | Self::Loose => is_whole && self.fits(number),
            _ => false,
        }
    }
}

/// Whether `text` is as the numbers of states with letters are: the Indian `ABCPD1234E`, the Italian `RSSMRA85T10A562S`.
fn is_lettered(text: &str, digits: usize) -> bool {
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    digits >= 4
        && letters >= 4
        && digits + letters + text.matches([' ', '+', '-']).count() == text.len()
        && text.len() <= 24
}

/// Whether `text` is as the numbers of passports are where letters and digits come in any order: `C4VPT1R7K`.
fn is_document(text: &str, digits: usize) -> bool {
    (8..=10).contains(&text.len()) && digits > 0 && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

/// Whether one of the words is a month's, in the languages that name them alike.
fn has_month(text: &str) -> bool {
    const MONTHS: [&str; 17] = [
        "jan", "feb", "fev", "mar", "apr", "avr", "abr", "may", "mai", "jun", "jul", "aug", "sep", "oct", "okt", "nov",
        "dec",
    ];
    text.split(|c: char| !c.is_alphabetic())
        .any(|word| word.get(..3).is_some_and(|start| MONTHS.iter().any(|month| start.eq_ignore_ascii_case(month))))
}

/// Whether something of `text` was replaced before, so that the rest is what surrounded it.
fn is_partly_done(text: &str) -> bool {
    holds_placeholder(text)
}

/// Whether `text` shows that something was there without saying what.
fn is_masked(text: &str) -> bool {
    text.len() >= 3 && text.chars().all(|c| matches!(c, '*' | '•' | '●' | 'x' | 'X' | '#' | '-' | ' ' | '.' | '_'))
        || (text.starts_with("${") || text.starts_with("{{") || text.starts_with('<') && text.ends_with('>'))
}

fn is_one_word(text: &str) -> bool {
    !text.bytes().any(|b| b.is_ascii_whitespace()) && (text.is_ascii() || !text.contains(char::is_whitespace))
}

fn is_phone(text: &str, digits: usize) -> bool {
    let without_extension = text.to_ascii_lowercase();
    let without_extension = without_extension.trim_start_matches("tel:");
    let number = without_extension.split(['e', 'x', '#', 'd', 'p', ',']).next().unwrap_or_default();
    let only = number
        .chars()
        .all(|c| c.is_ascii_digit() || c.is_whitespace() || "+-./()\u{2011}\u{2013}\u{2010}\u{2212}".contains(c));
    only && (6..=20).contains(&digits)
        && number::digits_in(number) >= 6
        && !number::is_date(text)
        && !number.starts_with('-')
        && number.matches('.').count() != 1
}

fn is_name(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    letters > 0
        && text.len() <= 120
        && letters * 2 >= text.chars().count()
        && !text.contains("://")
        && !is_partly_done(text)
}

/// Words in what programs, channels and offers are called, and in no person's name.
#[rustfmt::skip]
const NO_NAMES: &[u32] = list!("mobile,desktop,tablet,safari,chrome,firefox,edge,opera,browser,app,web,chat,support,team,service,center,centre,premium,basic,trial,tier,plan,user\
    ,users,returning,anonymous,admin,standard,platinum,plus,pro,online,store,shop,hotline,form,formular,formulaire,formulario,newsletter,signup,login\
    ,checkout,contact,kontakt,contacto,contatto,member,customer,business,office,account,default,email,phone,test,members,all,the,les,los,las,het");

fn has_no_names(text: &str) -> bool {
    text.split([' ', '+', '\u{a0}']).any(|word| is_in(NO_NAMES, word))
}

/// Whether `text` may be the name of somebody of whom the rest is known: a few words of letters, in small ones, too.
pub(crate) fn may_be_name(text: &str) -> bool {
    let is_small = !text.contains(char::is_uppercase);
    // What programs call something has such marks.
    let is_other = |b: u8| matches!(b, b'0'..=b'9' | b'_' | b'/' | b':') || b == b'-' && is_small;
    Shape::Letters.fits(text)
        && text.bytes().filter(|b| matches!(b, b' ' | b'+')).count() < 5
        && !text.bytes().any(is_other)
        && (!text.contains('.') || text.contains(". "))
        && !has_no_names(text)
}

/// Whether `text` is written as people's names are: two to five words that begin with capitals, particles apart, without digits.
pub(crate) fn is_person(text: &str) -> bool {
    let mut words = 0;
    let mut all = 0;
    for word in text.split([' ', '+', '\u{a0}']).filter(|word| !word.is_empty()) {
        all += 1;
        let is_particle = matches!(
            word,
            "de" | "da"
                | "do"
                | "dos"
                | "das"
                | "del"
                | "della"
                | "di"
                | "la"
                | "le"
                | "van"
                | "von"
                | "der"
                | "den"
                | "zu"
                | "y"
                | "e"
                | "af"
                | "al"
                | "bin"
                | "ten"
                | "ter"
                | "du"
                | "des"
        );
        let mut chars = word.chars();
        let begins = chars.next().is_some_and(|c| c.is_uppercase() || (c.is_alphabetic() && !c.is_lowercase()));
        let goes_on = chars.all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’' | '.'));
        if begins && goes_on {
            words += 1;
        } else if !is_particle {
            return false;
        }
    }
    let is_western = words >= 2 && all <= 6 && !has_no_names(text);
    is_western
        || (all == 1
            && !text.is_ascii()
            && text.chars().all(|c| c >= '\u{3040}')
            && (2..=6).contains(&text.chars().count()))
}

fn is_postcode(text: &str, digits: usize) -> bool {
    let count = text.chars().count();
    (3..=10).contains(&count)
        && digits >= 2
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '+' | '〒'))
        && text.split([' ', '-', '+']).all(|part| part.len() <= 9)
        && !number::is_date(text)
}

/// Whether `text` is a postcode and the name of the place: `10115 Berlin`, `1017 AB Amsterdam`.
fn is_postcode_and_place(text: &str, digits: usize) -> bool {
    let code = text.bytes().take_while(|b| b.is_ascii_digit() || *b == b'-').count();
    let place = text.get(code..).unwrap_or_default();
    (4..=7).contains(&digits)
        && text.len() <= 48
        && digits + text.matches('-').count() >= code
        && number::digits_in(place) == 0
        && place.starts_with([' ', '+'])
        && place.get(1..).is_some_and(|place| place.starts_with(char::is_uppercase))
}

/// Whether `text` is a decimal, or two or three in a row, with at least so many places behind the point.
fn is_place(text: &str, places: usize) -> bool {
    let text = text.strip_prefix("geo:").unwrap_or(text);
    let mut decimals = 0;
    let numbers = text.split([',', ' ', ';', '/', '+', '|', '[', ']', '(', ')']).filter(|part| !part.is_empty());
    for part in numbers {
        let part = part.strip_prefix(['-', '+']).unwrap_or(part);
        let part = part.strip_suffix(['N', 'S', 'E', 'W', '°']).unwrap_or(part);
        let Some((whole, fraction)) = part.split_once('.') else {
            if part.ends_with('z') || part.ends_with('m') || part.bytes().all(|b| b.is_ascii_digit()) && part.len() <= 4
            {
                continue;
            }
            return text.contains('°') && text.contains(['\'', '′']);
        };
        if whole.parse::<u16>().is_ok_and(|degrees| degrees > 180)
            || whole.len() > 3
            || whole.is_empty()
            || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())
            || fraction.len() < places
        {
            return false;
        }
        decimals += 1;
    }
    (1..=3).contains(&decimals)
}

/// Whether `text` is a place to a hundred metres, as measurements seldom are.
pub(crate) fn is_precise(text: &str) -> bool {
    is_place(text, 3)
}

/// Whether `text` is one of the two numbers of a place, as addresses of maps have them: `#12/50.8503/4.3517`.
pub(crate) fn is_half_of_place(text: &str) -> bool {
    is_decimal(text) && is_place(text, 4)
}

/// Whether `text` is one number with a fraction.
pub(crate) fn is_decimal(text: &str) -> bool {
    let number = text.trim_start_matches(['-', '+']);
    number.matches('.').count() == 1 && number.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// Whether two numbers of `text` can be degrees of latitude and longitude.
fn is_pair(text: &str) -> bool {
    let degrees =
        |part: &str| part.trim_start_matches(['-', '+']).split('.').next().and_then(|whole| whole.parse::<u16>().ok());
    let mut parts = text.split([',', ' ', ';', '/', '|', '[', ']', '(', ')']).filter_map(degrees);
    match (parts.next(), parts.next()) {
        (Some(first), Some(second)) => first <= 180 && second <= 180 && (first <= 90 || second <= 90),
        _ => false,
    }
}
