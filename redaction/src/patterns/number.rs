//! Runs of digits with what people put between them.

use std::ops::Range;

/// Groups of digits, a separator or two apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) start: usize,
    groups: [(u32, u32, u8); Self::GROUPS],
    length: usize,
}

impl Run {
    /// More than any number is written in.
    pub(crate) const GROUPS: usize = 10;
    const DIGITS: usize = 32;

    /// Reads the run that begins with the digit at `at`.
    pub(crate) fn read(text: &str, at: usize) -> Self {
        let mut run = Self { start: at, groups: [(0, 0, 0); Self::GROUPS], length: 0 };
        run.read_on(text, at, 0);
        run
    }

    /// The same, where `before` may have begun with the number before: a long row of numbers is read once.
    pub(crate) fn read_after(before: &Self, text: &str, at: usize) -> Self {
        if before.group(1).is_none_or(|second| second.start != at) {
            return Self::read(text, at);
        }
        let mut run = *before;
        run.start = at;
        run.groups.copy_within(1.., 0);
        run.length -= 1;
        if let Some(stale) = run.groups.get_mut(run.length) {
            *stale = (0, 0, 0);
        }
        if let Some(first) = run.groups.first_mut() {
            first.2 = 0;
        }
        let end = run.group(run.length - 1).map_or(at, |last| last.end);
        if let Some((mark, width)) = separator_at(text, end) {
            run.read_on(text, end + width, mark);
        }
        run
    }

    /// Reads further groups, the first behind `separator`.
    fn read_on(&mut self, text: &str, at: usize, separator: u8) {
        let (mut end, mut separator, mut digits) = (at, separator, self.digits(self.length));
        for group in self.groups.iter_mut().skip(self.length) {
            let rest = text.as_bytes().get(end..).unwrap_or_default();
            let length = rest.iter().take(Self::DIGITS).take_while(|b| b.is_ascii_digit()).count();
            digits += length;
            if length == 0 || digits > Self::DIGITS {
                break;
            }
            *group =
                (u32::try_from(end).unwrap_or_default(), u32::try_from(end + length).unwrap_or_default(), separator);
            self.length += 1;
            end += length;
            let Some((mark, width)) = separator_at(text, end) else { break };
            (separator, end) = (mark, end + width);
        }
    }

    pub(crate) fn groups(&self) -> usize {
        self.length
    }

    /// Where a group stands.
    pub(crate) fn group(&self, place: usize) -> Option<Range<usize>> {
        self.groups.get(..self.length)?.get(place).map(|(start, end, _)| *start as usize..*end as usize)
    }

    /// What stands before a group: one character for all that mean the same, `0` where several are mixed.
    pub(crate) fn separator(&self, place: usize) -> u8 {
        self.groups.get(place).map_or(0, |group| group.2)
    }

    /// How many digits the first `groups` groups have.
    pub(crate) fn digits(&self, groups: usize) -> usize {
        self.groups.iter().take(groups.min(self.length)).map(|(start, end, _)| (end - start) as usize).sum()
    }

    /// Whether the groups have these lengths, all with `separator` between them.
    pub(crate) fn is(&self, lengths: &[usize], separators: &[u8]) -> Option<usize> {
        let fits = |(place, length): (usize, &usize)| {
            self.group(place).is_some_and(|group| group.len() == *length)
                && (place == 0 || separators.get(place - 1).is_none_or(|separator| *separator == self.separator(place)))
        };
        (lengths.iter().enumerate().all(fits)).then(|| self.group(lengths.len() - 1).map(|group| group.end)).flatten()
    }

    /// The values of the digits of the first `groups` groups.
    pub(crate) fn values(&self, text: &str, groups: usize) -> ([u8; Self::DIGITS], usize) {
        let (mut values, mut length) = ([0; Self::DIGITS], 0);
        for place in 0..groups.min(self.length) {
            for byte in self.group(place).and_then(|group| text.get(group)).unwrap_or_default().bytes() {
                if let Some(value) = values.get_mut(length) {
                    *value = byte.wrapping_sub(b'0');
                    length += 1;
                }
            }
        }
        (values, length)
    }
}

/// What separates two groups at `at`, and its width; only where a digit or an opening bracket follows.
fn separator_at(text: &str, at: usize) -> Option<(u8, usize)> {
    let rest = text.get(at..)?;
    let (mut mark, mut width) = (0, 0);
    for (count, c) in rest.chars().take(4).enumerate() {
        let meaning = match c {
            '0'..='9' => return (count > 0).then_some((mark, width)),
            ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}' | '\u{2007}' | '+' | '\u{3000}' => b' ',
            '-' | '\u{2010}' | '\u{2011}' | '\u{2012}' | '\u{2013}' | '\u{2212}' => b'-',
            '.' => b'.',
            '/' => b'/',
            '(' => b'(',
            ')' => b')',
            _ => return None,
        };
        if count == 3 {
            return None;
        }
        mark = match mark {
            0 => meaning,
            b' ' if matches!(meaning, b'-' | b'/' | b'(') => meaning,
            b'-' | b'/' | b')' if matches!(meaning, b' ' | b'-') => mark,
            _ => return None,
        };
        width += c.len_utf8();
    }
    None
}

/// How many digits `text` has.
pub(crate) fn digits_in(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// Whether `text` is a date and nothing else.
pub(crate) fn is_date(text: &str) -> bool {
    // `2024-05-12T10:00:00Z`
    let (text, time) = text.split_once('T').unwrap_or((text, ""));
    let run = Run::read(text, 0);
    let date =
        super::date::find(text, &run).filter(|_| run.groups() >= 3 && matches!(run.separator(1), b'-' | b'.' | b'/'));
    date.is_some_and(|range| {
        let rest = text.get(range.end..).unwrap_or_default();
        let is_plausible = |place: usize, most: u32| {
            run.group(place)
                .and_then(|group| text.get(group))
                .and_then(|part| part.parse::<u32>().ok())
                .is_some_and(|value| (1..=most).contains(&value))
        };
        let year_first = run.group(0).is_some_and(|group| group.len() == 4);
        let in_calendar = if year_first {
            is_plausible(1, 12) && is_plausible(2, 31)
        } else {
            is_plausible(0, 31) && is_plausible(1, 31)
        };
        in_calendar && (rest.is_empty() || rest.starts_with([' ', '+'])) && digits_in(rest) + digits_in(time) <= 14
    })
}
