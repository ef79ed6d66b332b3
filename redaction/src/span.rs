//! Where personal data stands in a text. Rules only point; the one place that rewrites is [`Spans::apply`], so whatever
//! no rule points at comes out byte for byte as it went in.

use std::ops::Range;

use crate::kind::{Kind, is_placeholder};
use crate::policy::Policy;
use crate::report::Report;

/// One finding, in bytes of the text it was found in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span<'p> {
    pub(crate) range: Range<usize>,
    pub(crate) kind: Kind,
    /// The name of the rule that pointed.
    pub(crate) rule: &'p str,
    /// 0 where the placeholder stands within a text; for a JSON number it needs quotes, and one more level of escaping
    /// for each string that the JSON itself stands in.
    quotes: u32,
}

/// What a parser found: how far it reaches, what it is, and by which rule.
pub(crate) type Found<'p> = (Range<usize>, Kind, &'p str);

/// The findings in one text, in any order, overlapping or not, and the policy they are made under.
#[derive(Debug)]
pub(crate) struct Spans<'p> {
    pub(crate) policy: &'p Policy,
    found: Vec<Span<'p>>,
}

impl<'p> Spans<'p> {
    pub(crate) fn new(policy: &'p Policy) -> Self {
        Self { policy, found: Vec::new() }
    }

    /// Points at `range` of `text`, unless a placeholder is already there.
    pub(crate) fn push(&mut self, text: &str, (range, kind, rule): Found<'p>) {
        if text.get(range.clone()).is_some_and(|found| !found.is_empty() && !is_placeholder(found)) {
            self.found.push(Span { range, kind, rule, quotes: 0 });
        }
    }

    /// Points at a JSON number.
    pub(crate) fn push_number(&mut self, (range, kind, rule): Found<'p>) {
        self.found.push(Span { range, kind, rule, quotes: 1 });
    }

    /// How much was found until now.
    pub(crate) fn len(&self) -> usize {
        self.found.len()
    }

    /// Runs `find` on `range` of `text`; what it finds is moved to where it stands in `text`.
    pub(crate) fn within(&mut self, text: &str, range: Range<usize>, find: impl FnOnce(&str, &mut Self)) {
        let known = self.found.len();
        if let Some(part) = text.get(range.clone()) {
            find(part, self);
        }
        for span in self.found.iter_mut().skip(known) {
            span.range = span.range.start + range.start..span.range.end + range.start;
        }
    }

    /// Runs `find` on a decoded view; what it finds is moved to where it stands in the encoded text.
    pub(crate) fn within_view(&mut self, view: &View, find: impl FnOnce(&str, &mut Self)) {
        let known = self.found.len();
        find(&view.text, self);
        for span in self.found.iter_mut().skip(known) {
            span.range = view.origin(span.range.start)..view.origin(span.range.end);
            span.quotes += u32::from(span.quotes > 0 && view.is_json);
        }
    }

    /// The findings in order, those that overlap made one, of the kind of the longest.
    pub(crate) fn merged(mut self) -> Vec<Span<'p>> {
        self.found.sort_by_key(|span| (span.range.start, span.range.end));
        let mut merged: Vec<Span<'p>> = Vec::with_capacity(self.found.len());
        for span in self.found {
            match merged.last_mut() {
                Some(last) if span.range.start < last.range.end => {
                    if span.range.len() > last.range.len() {
                        (last.kind, last.quotes, last.rule) = (span.kind, span.quotes, span.rule);
                    }
                    last.range.end = last.range.end.max(span.range.end);
                }
                _ => merged.push(span),
            }
        }
        merged
    }
}

impl Span<'_> {
    /// How many bytes are written in place of the finding.
    pub(crate) fn written(&self) -> usize {
        self.kind.placeholder().len() + 2 * self.escapes().map_or(0, |slashes| slashes + 1)
    }

    /// How many backslashes go before each quote; `None` when there are no quotes.
    fn escapes(&self) -> Option<usize> {
        (self.quotes > 0).then(|| (1 << (self.quotes - 1).min(8)) - 1)
    }
}

/// `text` with every one of `spans`, in order and apart, replaced and counted.
pub(crate) fn apply(spans: &[Span<'_>], text: &str, report: &mut Report) -> Option<String> {
    let (mut out, mut copied) = (String::with_capacity(text.len() + 16), 0);
    for span in spans {
        out.push_str(text.get(copied..span.range.start)?);
        let quote = |out: &mut String| {
            if let Some(slashes) = span.escapes() {
                out.extend(std::iter::repeat_n('\\', slashes));
                out.push('"');
            }
        };
        quote(&mut out);
        out.push_str(span.kind.placeholder());
        quote(&mut out);
        copied = span.range.end;
        report.count(span.kind);
    }
    out.push_str(text.get(copied..)?);
    Some(out)
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
        Self { text: String::with_capacity(end), origins: Vec::with_capacity(end), end, is_json }
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
