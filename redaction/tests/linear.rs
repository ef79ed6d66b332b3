//! Twice the text takes twice the time, whatever it is made of: patterns are put together of what the rules look at, and
//! repeated. Whoever reads on to the end of a run from each of its words shows here.

use redaction::{Policy, key_value, text, url};
use rustix::time::{ClockId, clock_gettime};

#[rustfmt::skip]
const PARTS: &[&str] = &[
    "1", "12", "4111", "12345678", "2.35", "1.2.3.", "1985", "12. ", "00", "(0)", "a", "ab", "Abc", "aB3x", "A1B2C3", "x", "é", "さん", "月", "電話", "٣", "１２", "\u{feff}",
    "@", "@a.", "x@y.", "(at)", " at ", " dot ", "&#64;", "mailto:", "-", "--", ".", "..", ", ", ":", ": ", "::", "=", "==", "&", "&amp;", "?", "/", "//", "://", "http://", "#", ";", "|", "_",
    " ", "  ", "\n", "(", "[", "]", "{", "\"", "'", "\\", "\\\"", "<", "<input name=", "%", "%20", "%25", "%2540", "%7B%22", "+", "+49", "+1 ", "°", "′", " N ",
    "eyJ", "-eyJ", "eyJhbGciOi.", "AKIA", "sk-", "pat", "ghp_", "ghp_-", "key-", "xoxb-", "1//", "-----BEGIN ", "-----", "bearer ", "token+", "apikey+", "2001:db8:", "::ffff:", "aa:bb:", "aa-bb-",
    "tel. ", "phone", "iban ", "DE89", "SW1A 1AA", "password", "pwd is ", "token=", "api_key: ", "name=", "ssn ", "zip ", "birthday", "geboren", "12 de ", "May ", "is ", "/reset/", "data:", ";base64,", "_at_", " dot a", "☎", "T: ", "key=", "MT", ".atlasv1.", "0044 ", "0221 / ", "\"@", "x99", "sha256~", "{\"a\":", "[1,",
];

/// A way into the rules.
type Way = fn(&Policy, &str) -> usize;

const WAYS: [Way; 4] = [
    |policy, input| text(policy, input).0.len(),
    |policy, input| url(policy, input).0.len(),
    |policy, input| key_value(policy, "note", input).0.len(),
    |policy, input| key_value(policy, "phone", input).0.len(),
];

/// What this thread has worked until now, in nanoseconds.
fn worked() -> i64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// The shortest of a few tries, in nanoseconds: what else the machine does only adds to it.
fn time(way: Way, input: &str, tries: usize) -> i64 {
    let policy = Policy::default();
    let once = |_| {
        let begun = worked();
        std::hint::black_box(way(&policy, std::hint::black_box(input)));
        worked() - begun
    };
    (0..tries).map(once).min().unwrap_or_default()
}

/// How many times as long a text takes that is eight times as long.
fn growth(way: Way, pattern: &str, tries: usize) -> i64 {
    let long = |bytes: usize| pattern.repeat(bytes / pattern.len());
    time(way, &long(32_000), tries) / time(way, &long(4_000), tries).max(1)
}

#[test]
fn the_work_grows_with_the_length() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random >> 33).unwrap_or_default() % below
    };
    // Those of which each word once read all that follows.
    let known = [
        "12-34-",
        "----aB3x",
        "AKIAghp_",
        "AKIAsk-",
        "..eyJ",
        "2.35..pat",
        "[apikey+a1birthday",
        "-eyJ",
        "ghp_-",
        "token+",
        "T: 0",
        "key=",
        "a dot b at ",
        "0 0",
        "a-1-",
        "\"a\"@",
    ];
    let generated = (0..200).map(|_| (0..=next(3)).map(|_| PARTS[next(PARTS.len())]).collect::<String>());
    for pattern in known.map(str::to_owned).into_iter().chain(generated.collect::<Vec<_>>()) {
        for (place, way) in WAYS.into_iter().enumerate() {
            // Eight, and what a busy machine makes of it; a square would be sixty-four.
            let grows = |tries| growth(way, &pattern, tries) > 24;
            assert!(!grows(1) || !grows(3) || !grows(10), "{pattern:?} repeated, by way {place}");
        }
    }
}
