//! Where personal data stands in a text. Rules only point; the one place that rewrites is [`Spans::apply`], so whatever
//! no rule points at comes out byte for byte as it went in.

use std::ops::Range;

use crate::kind::{Kind, is_placeholder};
use crate::report::Report;

/// One finding, in bytes of the text it was found in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    range: Range<usize>,
    kind: Kind,
    /// 0 where the placeholder stands within a text; for a JSON number it needs quotes, and one more level of escaping
    /// for each string that the JSON itself stands in.
    quotes: u32,
}

/// The findings in one text, in any order, overlapping or not.
#[derive(Debug, Default)]
pub(crate) struct Spans(Vec<Span>);

impl Spans {
    /// Points at `range` of `text`, unless a placeholder is already there.
    pub(crate) fn push(&mut self, text: &str, range: Range<usize>, kind: Kind) {
        if text.get(range.clone()).is_some_and(|found| !found.is_empty() && !is_placeholder(found)) {
            self.0.push(Span { range, kind, quotes: 0 });
        }
    }

    /// Points at a JSON number.
    pub(crate) fn push_number(&mut self, range: Range<usize>, kind: Kind) {
        self.0.push(Span { range, kind, quotes: 1 });
    }

    /// Runs `find` on `range` of `text`; what it finds is moved to where it stands in `text`.
    pub(crate) fn within(&mut self, text: &str, range: Range<usize>, find: impl FnOnce(&str, &mut Self)) {
        let known = self.0.len();
        if let Some(part) = text.get(range.clone()) {
            find(part, self);
        }
        for span in self.0.iter_mut().skip(known) {
            span.range = span.range.start + range.start..span.range.end + range.start;
        }
    }

    /// Runs `find` on a decoded view; what it finds is moved to where it stands in the encoded text.
    pub(crate) fn within_view(&mut self, view: &View, find: impl FnOnce(&str, &mut Self)) {
        let known = self.0.len();
        find(&view.text, self);
        for span in self.0.iter_mut().skip(known) {
            span.range = view.origin(span.range.start)..view.origin(span.range.end);
            span.quotes += u32::from(span.quotes > 0 && view.is_json);
        }
    }

    /// `text` with every finding replaced and counted; `None` when there is none. Findings that overlap become one, of
    /// the kind of the longest.
    pub(crate) fn apply(mut self, text: &str, report: &mut Report) -> Option<String> {
        self.0.sort_by_key(|span| (span.range.start, span.range.end));
        let mut merged: Vec<Span> = Vec::with_capacity(self.0.len());
        for span in self.0 {
            match merged.last_mut() {
                Some(last) if span.range.start < last.range.end => {
                    if span.range.len() > last.range.len() {
                        (last.kind, last.quotes) = (span.kind, span.quotes);
                    }
                    last.range.end = last.range.end.max(span.range.end);
                }
                _ => merged.push(span),
            }
        }
        if merged.is_empty() {
            return None;
        }
        let (mut out, mut copied) = (String::with_capacity(text.len()), 0);
        for span in merged {
            out.push_str(text.get(copied..span.range.start)?);
            let quote = match span.quotes {
                0 => String::new(),
                levels => format!("{}\"", "\\".repeat((1 << (levels - 1).min(8)) - 1)),
            };
            out.extend([quote.as_str(), span.kind.placeholder(), quote.as_str()]);
            copied = span.range.end;
            report.count(span.kind);
        }
        out.push_str(text.get(copied..)?);
        Some(out)
    }
}

/// A decoded text that knows where each of its bytes came from.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) text: String,
    /// For each byte of `text`, where the character it belongs to begins in the encoded text.
    origins: Vec<usize>,
    /// The length of the encoded text.
    end: usize,
    is_json: bool,
}

impl View {
    pub(crate) fn new(end: usize, is_json: bool) -> Self {
        Self { text: String::new(), origins: Vec::new(), end, is_json }
    }

    /// Adds a character that begins at `origin` in the encoded text.
    pub(crate) fn push(&mut self, character: char, origin: usize) {
        self.text.push(character);
        self.origins.resize(self.text.len(), origin);
    }

    fn origin(&self, at: usize) -> usize {
        self.origins.get(at).copied().unwrap_or(self.end)
    }
}
