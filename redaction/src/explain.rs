//! The same as the functions of the crate, with what went, where it stood and why. It costs more, so nothing on the way
//! of an event uses it.

use std::ops::Range;

use serde::Serialize;

use crate::kind::Kind;
use crate::policy::Policy;
use crate::redacted::{NotJson, check_json, find_in_text, find_in_url, find_under_key, redacted, redacted_json};
use crate::report::Report;
use crate::rules::RULES;
use crate::span::{Span, Spans};

/// One thing that was replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The name of the rule, of [`RULES`] or of the client's own.
    pub rule: String,
    /// What it was taken for.
    pub kind: Kind,
    /// Where it stood, in bytes of the input.
    pub span: Range<usize>,
    /// The value's or key's place as a JSON pointer (RFC 6901); only where the input is JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What the rule is for.
    pub why: String,
}

/// [`crate::text`] with reasons.
#[must_use]
pub fn text(policy: &Policy, text: &str) -> (String, Vec<Finding>) {
    explained(policy, text, find_in_text)
}

/// [`crate::url`] with reasons.
#[must_use]
pub fn url(policy: &Policy, url: &str) -> (String, Vec<Finding>) {
    explained(policy, url, find_in_url)
}

/// [`crate::key_value`] with reasons.
#[must_use]
pub fn key_value(policy: &Policy, key: &str, value: &str) -> (String, Vec<Finding>) {
    explained(policy, value, |value, out| find_under_key(key, value, out))
}

/// [`crate::json`] with reasons.
///
/// # Errors
/// When `json` is not valid JSON, or nested deeper than 128 levels.
pub fn json(policy: &Policy, json: &str) -> Result<(String, Vec<Finding>), NotJson> {
    check_json(json)?;
    let mut log = Log::default();
    let redacted = redacted_json(policy, json, &mut Report::default(), Some(&mut log));
    let mut findings = log.sorted();
    for finding in &mut findings {
        finding.path = Some(pointer(json, finding.span.start));
    }
    Ok((redacted.unwrap_or_else(|| json.to_owned()), findings))
}

fn explained(policy: &Policy, input: &str, find: impl Fn(&str, &mut Spans<'_>)) -> (String, Vec<Finding>) {
    let mut log = Log::default();
    let redacted = redacted(policy, input, &mut Report::default(), Some(&mut log), find);
    (redacted.unwrap_or_else(|| input.to_owned()), log.sorted())
}

/// What several passes found, in bytes of the text that the first one saw.
#[derive(Debug, Default)]
pub(crate) struct Log {
    findings: Vec<Finding>,
    /// For each pass until now, what it replaced and how long what it wrote is.
    passes: Vec<Vec<(Range<usize>, usize)>>,
}

impl Log {
    pub(crate) fn add(&mut self, found: &[Span<'_>]) {
        for span in found {
            self.findings.push(Finding {
                rule: span.rule.to_owned(),
                kind: span.kind,
                span: self.origin(span.range.start, false)..self.origin(span.range.end, true),
                path: None,
                why: String::new(),
            });
        }
        self.passes.push(found.iter().map(|span| (span.range.clone(), span.written())).collect());
    }

    /// The findings in order, with their reasons. Those are looked up here, so that what never asks for them, as the Worker,
    /// does not carry the rules' texts.
    fn sorted(mut self) -> Vec<Finding> {
        for finding in &mut self.findings {
            let rule = RULES.iter().find(|rule| rule.name == finding.rule);
            rule.map_or("a rule of the client's own", |rule| rule.explanation).clone_into(&mut finding.why);
        }
        self.findings.sort_by_key(|finding| (finding.span.start, finding.span.end));
        self.findings
    }

    /// Where `at` of the text as it is now was at first; within something replaced, its start or end.
    fn origin(&self, at: usize, is_end: bool) -> usize {
        self.passes.iter().rev().fold(at, |at, pass| {
            let (mut read, mut written) = (0, 0);
            for (range, length) in pass {
                let start = written + range.start - read;
                if at < start || (is_end && at == start) {
                    break;
                }
                if at < start + length {
                    return if is_end { range.end } else { range.start };
                }
                (read, written) = (range.end, start + length);
            }
            read + at - written
        })
    }
}

/// The JSON pointer of what stands at `at` of `json`.
fn pointer(json: &str, at: usize) -> String {
    let (mut path, mut index, mut is_object, mut place): (Vec<String>, Vec<usize>, Vec<bool>, usize) =
        Default::default();
    let bytes = json.as_bytes();
    let mut awaits_key = false;
    while let Some(byte) = bytes.get(place).copied().filter(|_| place <= at) {
        match byte {
            b'{' | b'[' => {
                is_object.push(byte == b'{');
                index.push(0);
                path.push(if byte == b'{' { String::new() } else { "0".to_owned() });
                awaits_key = byte == b'{';
            }
            b'}' | b']' => {
                is_object.pop();
                index.pop();
                path.pop();
                awaits_key = false;
            }
            b',' => {
                awaits_key = is_object.last() == Some(&true);
                if let (Some(index), Some(last), false) = (index.last_mut(), path.last_mut(), awaits_key) {
                    *index += 1;
                    *last = index.to_string();
                }
            }
            b'"' => {
                let (end, _) = crate::json::string_end(bytes, place);
                if let (Some(last), true) = (path.last_mut(), awaits_key) {
                    let name: String =
                        serde_json::from_str(json.get(place..end).unwrap_or_default()).unwrap_or_default();
                    *last = name.replace('~', "~0").replace('/', "~1");
                    awaits_key = false;
                }
                place = end;
                continue;
            }
            _ => {}
        }
        place += 1;
    }
    path.iter().flat_map(|part| ["/", part.as_str()]).collect()
}
