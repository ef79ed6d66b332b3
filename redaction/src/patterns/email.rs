//! Mailboxes (RFC 5321, 6531), also where their marks are escaped or written out.

use std::ops::Range;

use super::{FILE_ENDINGS, is_one_of, next_char};

/// The top-level domains of more than two letters that mailboxes end in most. Only where something else is as likely must
/// a mailbox end in one of them.
#[rustfmt::skip]
const TOP_LEVEL: &[&str] = &[
    "com", "org", "net", "edu", "gov", "mil", "int", "info", "biz", "name", "pro", "mobi", "asia", "app", "dev", "cloud",
    "email", "online", "shop", "store", "site", "website", "tech", "xyz", "club", "live", "life", "world", "agency", "digital",
    "studio", "design", "media", "news", "blog", "group", "team", "work", "health", "care", "school", "academy", "london",
    "berlin", "hamburg", "koeln", "wien", "paris", "amsterdam", "tokyo",
];

/// The email address around the `@` at `at`. The marks in it may be escaped, as they are in a selector:
/// `#user-jane\@example\.com`.
pub(crate) fn find(text: &str, at: usize) -> Option<Range<usize>> {
    /// RFC 5321, 4.5.3.1, doubled.
    const LOCAL: usize = 128;
    const DOMAIN: usize = 255;
    let mark = mark_at(text, at)?;
    let before = text.get(..at)?;
    let is_mark = |c: char| matches!(c, '.' | '_' | '+' | '-' | '\'');
    let (scripts, mut after_it) = (&mut None, '@');
    let local = before.chars().rev().take(LOCAL).take_while(|c| {
        let escaped = std::mem::replace(&mut after_it, *c);
        is_mark(*c) || (*c == '\\' && (matches!(escaped, '@' | '\\') || is_mark(escaped))) || is_part(*c, scripts)
    });
    let mut start = at - local.map(char::len_utf8).sum::<usize>();
    // `%3Djohn@…` is an encoded `=` before the address.
    let is_escape = |hex: &str| hex.bytes().all(|b| b.is_ascii_hexdigit());
    if before.get(..start)?.ends_with('%') && before.get(start..start + 2).is_some_and(is_escape) {
        start += 2;
    }
    let local = before.get(start..)?;
    start = at - local.trim_start_matches(['.', '-', '\'', '+', '\\']).len();
    if start == at {
        start = quoted(before)?;
    }

    let scripts = &mut None;
    let after = text.get(at + mark..)?;
    let is_escape =
        |c: char, at: usize| c == '\\' && next_char(after, at).is_some_and(|c| matches!(c, '.' | '-' | '\\'));
    let domain = after.char_indices().take(DOMAIN).take_while(|(at, c)| {
        // Each label may have a script of its own.
        if *c == '.' {
            *scripts = None;
        }
        matches!(c, '.' | '-') || is_escape(*c, at + 1) || is_part(*c, scripts)
    });
    let length = domain.map(|(_, c)| c.len_utf8()).sum();
    let mut domain = after.get(..length)?.trim_end_matches(['.', '-', '\\']);
    let (mut is_file, mut is_document) = (false, false);
    while let Some((rest, last)) = domain.rsplit_once('.') {
        let can_end = (last.chars().count() >= 2
            && last.chars().all(|c| !c.is_ascii_digit() && !matches!(c, '-' | '\\')))
            || last.starts_with("xn--");
        // A selector's `\@tablet.active` is two classes: it escapes the marks within a name alone.
        let is_doubtful =
            is_file && !(is_document && is_label(rest)) || (before.ends_with('\\') && !rest.ends_with('\\'));
        let rest = rest.trim_end_matches('\\');
        if FILE_ENDINGS.iter().any(|ending| last.eq_ignore_ascii_case(ending)) {
            is_file = true;
            is_document = DOCUMENTS.iter().any(|ending| last.eq_ignore_ascii_case(ending));
        } else if can_end && (!is_doubtful || is_usual_host(rest, last)) {
            // `git@github.com:owner/repo` is where code lives.
            let is_remote = before.get(start..) == Some("git") && after.get(domain.len()..)?.starts_with([':', '/']);
            return (start < at && !rest.starts_with('.') && !is_remote).then_some(start..at + mark + domain.len());
        }
        domain = rest;
    }
    None
}

/// Where the local part in quotes begins that `before` ends with (RFC 5321, 4.1.2): `"jane..doe"@example.org`.
fn quoted(before: &str) -> Option<usize> {
    const LONGEST: usize = 64;
    let inside = before.strip_suffix('"')?;
    let window = inside.get(inside.floor_char_boundary(inside.len().saturating_sub(LONGEST))..)?;
    let local = window.rsplit_once('"')?.1;
    let is_word =
        !local.is_empty() && !local.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '=' | ','));
    is_word.then(|| inside.len() - local.len() - 1)
}

/// The length of the `@` at `at`, which may be written as a character of HTML.
fn mark_at(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    ["@", "&#64;", "&#x40;", "&commat;"].iter().find(|mark| rest.starts_with(**mark)).map(|mark| mark.len())
}

/// Files that are named after whom they are about, unlike those a page is made of.
const DOCUMENTS: &[&str] = &["pdf", "csv", "txt"];

/// Whether the last label of `host` is a word.
fn is_label(host: &str) -> bool {
    let label = host.rsplit('.').next().unwrap_or_default();
    label.len() >= 4 && label.chars().all(char::is_alphabetic)
}

/// Whether these are the last labels of a host as most mailboxes have them, so that `jane@example.com.png` is a file
/// named after one. `logo@2x.de.png` and `vue@3.es.js` have a density and a version there.
fn is_usual_host(rest: &str, top: &str) -> bool {
    let label = rest.rsplit('.').next().unwrap_or_default();
    let letters = label.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_name = if letters.is_empty() { label.len() >= 3 } else { letters != "x" || letters.len() == label.len() };
    let is_known = TOP_LEVEL.iter().any(|known| top.eq_ignore_ascii_case(known));
    is_name && (is_known || top.chars().count() == 2 || top.starts_with("xn--"))
}

/// Whether `c` may belong to a mailbox or a host of the script that began: text without spaces ends them by a change of
/// script.
fn is_part(c: char, script: &mut Option<bool>) -> bool {
    let is_latin = c < '\u{370}';
    let is_letter = if is_latin {
        c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c)
    } else {
        !c.is_whitespace()
            && !matches!(c, '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}' | '\u{fffd}')
    };
    is_letter && (c.is_ascii_digit() || *script.get_or_insert(is_latin) == is_latin)
}

/// The address whose `@` is written out in the chunk at `range`: `jane [at] example [dot] com`, `jane(at)example.com`, and
/// without brackets only where a `dot` follows as well.
pub(crate) fn written_out(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    /// No more than this on either side.
    const WINDOW: usize = 80;
    const AT: &[&str] = &["at", "ät", "arroba", "arobase", "chiocciola", "malpa", "snabel-a", "apestaartje"];
    /// `at the dot` is prose.
    const ARTICLES: &[&str] = &["the", "a", "an", "this", "our", "my", "your"];
    /// What stands around the words in place of brackets: `_at_`, `*dot*`.
    const MARKS: [char; 4] = ['_', '*', '-', '|'];
    const DOT: &[&str] = &["dot", "punkt", "point", "punto", "ponto", "punt", "kropka"];
    let chunk = text.get(range.clone())?;
    let plain = chunk.trim_matches(MARKS);
    let is_marked = plain.len() + 2 == chunk.len();
    if !chunk.contains(['[', '{']) && chunk != "@" && !AT.iter().any(|word| plain.eq_ignore_ascii_case(word)) {
        return None;
    }
    let bracketed = |word: &str| ['[', '{'].iter().any(|open| word.starts_with(*open));
    let (start, end) = match chunk.find(['[', '{']) {
        Some(open) => {
            let close = chunk.get(open..)?.find([']', '}'])?;
            (range.start + open, range.start + open + close + 1)
        }
        None => (range.start, range.end),
    };
    let marked = text.get(start..end)?;
    let mark = marked.trim_matches(['[', ']', '{', '}', ' ']).trim_matches(MARKS);
    let in_brackets = is_marked
        || bracketed(marked)
        || (text.get(..start)?.ends_with(['(', '<']) && text.get(end..)?.starts_with([')', '>']));
    if !(is_one_of(mark, AT) || in_brackets && mark == "@") {
        return None;
    }
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '+' | '-');
    let before = text.get(text.floor_char_boundary(start.saturating_sub(WINDOW))..start)?;
    let local_end = before.trim_end_matches([' ', '(', '<']);
    let local = local_end.get(
        local_end.rfind(|c| !is_part(c)).map_or(0, |cut| {
            cut + local_end.get(cut..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
        })..,
    )?;
    let mut begin = start - before.len() + local_end.len() - local.len();
    // `jane dot doe at example dot com`
    let mut is_dotted = false;
    for _ in 0..3 {
        let Some(head) = text.get(text.floor_char_boundary(begin.saturating_sub(WINDOW))..begin) else { break };
        let Some((rest, dot)) = head.strip_suffix(' ').and_then(|head| head.rsplit_once(' ')) else { break };
        let first = rest.rsplit(|c| !is_part(c)).next().unwrap_or_default();
        if first.is_empty() || !is_one_of(dot, DOT) {
            break;
        }
        (begin, is_dotted) = (begin - head.len() + rest.len() - first.len(), true);
    }
    // Labels, with dots or words for dots between them.
    let mut after = text.get(end..text.floor_char_boundary(end + WINDOW))?;
    let (whole, mut labels, mut said, mut found, mut is_host) = (after, 0, false, 0, false);
    after = after.trim_start_matches([' ', ')', '>']);
    loop {
        let length = after.find(|c: char| !(c.is_alphanumeric() || c == '-')).unwrap_or(after.len());
        let label = after.get(..length).filter(|label| !label.is_empty() && !is_one_of(label, DOT))?;
        labels += 1;
        after = after.get(length..)?;
        if labels > 1 && label.chars().count() >= 2 && label.chars().all(char::is_alphabetic) {
            found = whole.len() - after.len();
            is_host = label.chars().count() == 2 || TOP_LEVEL.iter().any(|known| label.eq_ignore_ascii_case(known));
        } else if labels == 1 && is_one_of(label, ARTICLES) && !in_brackets {
            return None;
        }
        if let Some(rest) = after.strip_prefix('.').filter(|rest| rest.starts_with(char::is_alphanumeric)) {
            after = rest;
            continue;
        }
        let rest = after.trim_start_matches([' ', '[', '(', '{', '<']).trim_start_matches(MARKS);
        let word = rest.split(|c: char| !c.is_alphabetic()).next()?;
        if rest.len() == after.len() || !is_one_of(word, DOT) {
            break;
        }
        let next = rest.get(word.len()..)?.trim_start_matches(MARKS).trim_start_matches([' ', ']', ')', '}', '>']);
        if !next.starts_with(char::is_alphanumeric) {
            break;
        }
        (after, said) = (next, true);
    }
    // `Shop at Zara dot com` is prose.
    let is_mailbox = || {
        let is_all = begin == 0 && end + found == text.len();
        is_all || is_dotted || local.contains(|c: char| !c.is_alphabetic()) || speaks_of_mail(before)
    };
    let fits = in_brackets || said && is_host && is_mailbox();
    (found > 0 && !local.is_empty() && fits).then_some(begin..end + found)
}

fn speaks_of_mail(text: &str) -> bool {
    const WORDS: &[&str] =
        &["mail", "contact", "kontakt", "contatt", "write", "schreib", "reach", "correo", "courriel", "posta", "epost"];
    let text: String = text.chars().flat_map(char::to_lowercase).collect();
    WORDS.iter().any(|word| text.contains(word))
}
