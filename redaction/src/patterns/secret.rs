//! Keys of known services, tokens and private keys.

use std::ops::Range;

use super::at_boundary;
use crate::shape;

/// How much of a long token decides whether it is one; what is taken is taken whole.
const JUDGED: usize = 256;

/// How the keys of well-known services begin, and how many characters follow at least.
#[rustfmt::skip]
const KEYS: &[(&str, usize)] = &[
    ("AKIA", 16), ("ASIA", 16), ("AGPA", 16), ("AIDA", 16), ("AROA", 16), ("ABIA", 16), ("ACCA", 16), ("AIza", 30), ("AC", 32), ("AP", 32), ("EAAC", 30), ("EAAA", 60), ("EAA", 80), ("GOCSPX-", 20), ("FLWSECK_TEST-", 12),
    ("LTAI", 16), ("NRAK-", 27), ("PMAK-", 24), ("SG.", 20), ("SK", 32), ("ATATT3", 60), ("ATCTT3", 60), ("CFPAT-", 40),
    ("dapi", 32), ("dckr_pat_", 20), ("dop_v1_", 30), ("doo_v1_", 30), ("dor_v1_", 30), ("dp.pt.", 30), ("duffel_", 30), ("eyJrIjoi", 30), ("figd_", 30), ("fio-u-", 30), ("fo1_", 30), ("gho_", 30), ("ghp_", 30), ("ghr_", 30),
    ("ghs_", 30), ("ghu_", 30), ("github_pat_", 22), ("glc_", 30), ("gldt-", 20), ("glft-", 16), ("glpat-", 20), ("glptt-", 20), ("glrt-", 20), ("glsa_", 30), ("gsk_", 40), ("hf_", 30), ("hvb.", 60), ("hvs.", 60),
    ("key-", 32), ("lin_api_", 30), ("live_", 30), ("nfp_", 30), ("npm_", 30), ("ntn_", 30), ("pat-na1-", 30), ("patt", 60), ("phc_", 30), ("phx_", 30), ("pk.eyJ", 40), ("pnu_", 30), ("pplx-", 40), ("pscale_", 30), ("pul-", 30), ("pypi-", 30), ("r8_", 30), ("re_", 30), ("rk_live_", 16),
    ("rk_test_", 16), ("rpa_", 30), ("rubygems_", 40), ("sbp_", 30), ("secret_", 30), ("sntrys_", 40), ("sntryu_", 40), ("shpat_", 30), ("shpca_", 30), ("shppa_", 30), ("shpss_", 30), ("sk-ant-", 20), ("sk-proj-", 20), ("sk-svcacct-", 20), ("sk-or-", 20), ("sk-", 32),
    ("sk.eyJ", 40), ("sk_live_", 16), ("sk_test_", 16), ("sq0atp-", 20), ("sq0csp-", 30), ("tfp_", 30), ("tskey-", 20), ("vercel_", 24), ("waka_", 30), ("whsec_", 24), ("xai-", 30), ("xapp-", 20), ("xoxa-", 16), ("xoxb-", 16), ("xoxc-", 16), ("xoxd-", 16), ("xoxe-", 16), ("xoxe.", 16), ("xoxo-", 16),
    ("xoxp-", 16), ("xoxr-", 16), ("xoxs-", 16), ("ya29.", 20), ("1//", 30),
    ("AGE-SECRET-KEY-1", 50), ("AKCp", 60), ("CLOJARS_", 40), ("EZAK", 50), ("EZTK", 50), ("FLWSECK-", 12), ("dt0c01.", 60), ("glagent-", 20), ("glcbt-", 20), ("glimt-", 20), ("gloas-", 20),
    ("lin_oauth_", 30), ("sgp_", 32), ("shippo_live_", 30), ("rzp_live_", 14), ("rzp_test_", 14), ("HRKU-", 36), ("AQVN", 35), ("nvapi-", 40), ("apify_api_", 30),
    ("ops_eyJ", 40), ("CCIPAT_", 30), ("bkua_", 30), ("rnd_", 28), ("sb_secret_", 24), ("dp.st.", 30), ("dp.sa.", 30), ("lsv2_", 30), ("pcsk_", 40), ("sl.", 60), ("tvly-", 20), ("xkeysib-", 60), ("xsmtpsib-", 60), ("oy2", 43),
    ("fm2_", 60), ("fm1r_", 60), ("csk-", 40), ("tgp_v1_", 30), ("jina_", 40), ("sk-lf-", 30), ("SCW", 17), ("dckr_oat_", 20), ("pat-eu1-", 30), ("pat-na2-", 30),
    ("access-production-", 36), ("access-sandbox-", 36), ("aio_", 28), ("rdme_", 60), ("sha256~", 43), ("glsoat-", 20), ("ATBB", 32), ("AKID", 32), ("pat", 79), ("sk_", 48), ("access_token$production$", 40), ("access_token$sandbox$", 40),
];

/// For each first byte of [`KEYS`], a bit for the second ones, modulo 64: nearly every word is none with one look.
static BEGINNINGS: [u64; 128] = beginnings();

#[expect(clippy::indexing_slicing, reason = "runs in the compiler, which checks it")]
const fn beginnings() -> [u64; 128] {
    let (mut seconds, mut key) = ([0; 128], 0);
    while key < KEYS.len() {
        let bytes = KEYS[key].0.as_bytes();
        seconds[bytes[0] as usize] |= 1 << (bytes[1] % 64);
        key += 1;
    }
    seconds
}

fn may_begin(bytes: &[u8]) -> bool {
    let [first, second, ..] = bytes else { return false };
    BEGINNINGS.get(usize::from(*first)).is_some_and(|seconds| seconds & (1 << (second % 64)) != 0)
}

/// The key of a known shape that begins at `at`.
pub(crate) fn service_key(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let first = rest.as_bytes().first()?;
    // Shorter than any of them: most words.
    if rest.len() < 16
        || !may_begin(rest.as_bytes())
        || !at_boundary(text, at)
        || rest.bytes().take(16).any(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/' | b'$')))
    {
        return None;
    }
    let fits = |entry: &&(&str, usize)| entry.0.as_bytes().first() == Some(first) && rest.starts_with(entry.0);
    let (prefix, least) = KEYS.iter().find(fits)?;
    let tail = rest.get(prefix.len()..)?;
    // PayPal's have parts.
    let has_parts = prefix.ends_with('$');
    let in_alphabet = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.') || *b == b'$' && has_parts;
    let whole = tail.get(..run(tail, JUDGED, in_alphabet))?;
    let goes_on = tail.get(whole.len()..)?;
    let mut tail = whole.trim_end_matches(['.', '-']);
    // What ends in a dash is as long as it has to be.
    if tail.len() < *least && whole.len() >= *least {
        tail = whole.get(..*least)?;
    }
    // A key in a path may be a file's name.
    if !prefix.contains('.')
        && let Some((name, ending)) = tail.rsplit_once('.')
        && super::FILE_ENDINGS.contains(&ending)
    {
        tail = name;
    }
    let digits = tail.bytes().filter(u8::is_ascii_digit).count();
    let is_fixed = match *prefix {
        "AC" | "AP" | "SK" => {
            tail.len() == 32 && tail.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
        }
        "AKIA" | "ASIA" | "AGPA" | "AIDA" | "AROA" | "ABIA" | "ACCA" => {
            tail.len() == 16 && tail.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        }
        "key-" | "dapi" | "sk_" => tail.len() >= 32 && tail.bytes().take(32).all(|b| b.is_ascii_hexdigit()),
        "live_" | "secret_" | "re_" | "key_" => shape::is_random(tail),
        "SCW" => tail.len() == 17 && tail.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()),
        "oy2" => tail.len() == 43 && tail.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()),
        // Airtable's.
        "pat" => tail.len() == 79 && tail.as_bytes().get(14) == Some(&b'.'),
        "sk-" => !tail.contains('-') || digits >= 4,
        _ => true,
    };
    let capitals = tail.bytes().filter(u8::is_ascii_uppercase).count();
    let fits = (digits > 0 || tail.len() >= 30 && capitals > 0 || prefix.len() >= 5 && capitals >= 3)
        && tail.len() >= *least
        && is_fixed;
    if !fits {
        return None;
    }
    let more = if whole.len() < JUDGED { 0 } else { whole.len() - tail.len() + run(goes_on, usize::MAX, in_alphabet) };
    Some(at..at + prefix.len() + tail.len() + more)
}

/// How long the run is that `text` begins with, as far as `most` bytes.
fn run(text: &str, most: usize, in_alphabet: impl Fn(&u8) -> bool) -> usize {
    text.as_bytes().iter().take(most).take_while(|b| in_alphabet(b)).count()
}

/// The key that begins with digits and does not say whose it is, in the word from `at` to `end`: a bot's of Telegram,
/// `123456789:AA…`, and Mailchimp's, `….-us12`.
pub(crate) fn with_number(text: &str, at: usize, end: usize) -> Option<Range<usize>> {
    let rest = text.get(end..)?;
    let behind = rest.get(1..)?;
    // No further than it takes to know: there may be a number behind every dash.
    let tail = |most| run(behind, most, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) + 1;
    let tail = match end - at {
        // In an address `bot` stands before it.
        8..=13 if rest.starts_with(":AA") => Some(tail(36)).filter(|tail| *tail == 36),
        32 if rest.starts_with("-us") => Some(tail(5)).filter(|tail| (4..=5).contains(tail)),
        // Entra's, `abc8Q~…`
        5 if rest.starts_with('~') && text.get(at..end)?.ends_with('Q') => {
            Some(run(behind, 40, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'~')) + 1)
                .filter(|tail| (32..=36).contains(tail))
        }
        // Firebase's `AAAA…:APA91b…`, whose word may begin behind a dash.
        _ if rest.starts_with(":APA91b") => Some(tail(usize::MAX)).filter(|tail| *tail > 100),
        _ => None,
    }?;
    at_boundary(text, at).then_some(at..end + tail)
}

/// The key in three parts that begins with the word from `at` to `end`: a bot's of Discord, whose first part is its number
/// in base64, and Terraform's, `….atlasv1.…`.
pub(crate) fn in_parts(text: &str, at: usize, end: usize) -> Option<Range<usize>> {
    let rest = text.get(end..)?;
    let part = |from: usize, most| {
        run(rest.get(from..)?, most, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).checked_add(from)
    };
    let is_first = || text.get(at..end).is_some_and(shape::is_loose);
    let tail = match end - at {
        14 if rest.starts_with(".atlasv1.") => part(9, 90).filter(|tail| *tail >= 69),
        23..=28 if text.get(at..)?.starts_with(['M', 'N', 'O']) && rest.starts_with('.') && is_first() => {
            let second = part(1, 8).filter(|second| {
                (7..=8).contains(second) && rest.get(*second..).is_some_and(|rest| rest.starts_with('.'))
            })?;
            part(second + 1, 50).filter(|tail| tail - second > 27)
        }
        _ => None,
    }?;
    at_boundary(text, at).then_some(at..end + tail)
}

/// The JSON Web Token that begins at `at`: two parts or more in base64url, the first an object.
pub(crate) fn jwt(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    if !rest.starts_with("eyJ") || !at_boundary(text, at) {
        return None;
    }
    // No header goes on where another may begin, so that each is read once.
    let is_header = |four: &&[u8]| {
        matches!(four, [b, ..] if b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) && *four != b"-eyJ"
    };
    let header = rest.as_bytes().windows(4).take_while(is_header).count();
    if header < 10 || !rest.get(header..)?.trim_start_matches('=').starts_with('.') {
        return None;
    }
    let in_alphabet = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'=');
    let token = rest.get(..run(rest, usize::MAX, in_alphabet))?.trim_end_matches('.');
    let (_, payload) = token.split_once('.')?;
    (payload.len() >= 4).then_some(at..at + token.len())
}

/// The credentials that begin at `at`, behind `Bearer` or `Basic` and a space.
pub(crate) fn after_scheme(text: &str, at: usize) -> Option<Range<usize>> {
    let before = text.as_bytes().get(..at)?;
    if !matches!(before, [.., b'r' | b'R' | b'c' | b'C' | b'n' | b'N' | b'y' | b'Y', b' ' | b'+']) {
        return None;
    }
    let before = before.strip_suffix(b" ").or_else(|| before.strip_suffix(b"+"))?;
    let scheme = ["bearer", "basic", "token", "apikey"].into_iter().find(|scheme| {
        before
            .len()
            .checked_sub(scheme.len())
            .and_then(|start| before.get(start..))
            .is_some_and(|end| end.eq_ignore_ascii_case(scheme.as_bytes()))
    })?;
    let rest = text.get(at..)?;
    let in_alphabet = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'=' | b'/' | b'+' | b'~');
    let judged = rest.get(..run(rest, JUDGED, in_alphabet))?;
    let start = at - scheme.len() - 1;
    let is_random = matches!(scheme, "bearer" | "basic");
    let fits = judged.len() >= 8 && shape::is_loose(judged) && (is_random || judged.len() >= 16);
    let found = || rest.get(..run(rest, usize::MAX, in_alphabet)).map(|found| found.trim_end_matches('.').len());
    if fits && at_boundary(text, start) { Some(at..at + found()?) } else { None }
}

/// The private key in PEM form that begins at `at`; to the end of the text when it is not closed.
pub(crate) fn private_key(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let (label, body) = rest.strip_prefix("-----BEGIN ")?.split_once("-----")?;
    if !label.ends_with("PRIVATE KEY") || label.len() > 30 {
        return None;
    }
    let close = format!("-----END {label}-----");
    let end = body.find(&close).map_or(text.len(), |found| text.len() - body.len() + found + close.len());
    Some(at..end)
}
