//! Numbers that states give to people: those whose form and check sum speak for themselves, and those that need a word.

mod formed;
mod lettered;

use std::ops::Range;

use super::number::Run;
use super::{at_boundary, ends_at, next_char};
pub(crate) use formed::{corsican, formed};
pub(crate) use lettered::lettered;

/// The number behind a word that says it is one: the first groups that have as many digits as `lengths` has bits at.
pub(crate) fn told(text: &str, run: &Run, lengths: u32) -> Option<Range<usize>> {
    if let Some(end) = formed::pension(text, run, false).filter(|end| ends_at(text, *end)) {
        return Some(run.start..end);
    }
    let mut found = None;
    for groups in 1..=run.groups() {
        let digits = run.digits(groups);
        let end = run.group(groups - 1)?.end;
        let is_length = digits < 32 && lengths & (1 << digits) != 0;
        if is_length
            && next_char(text, end)
                .is_none_or(|c| (!c.is_ascii_alphanumeric() || c > '\u{2e80}') && c != '_' || c.is_ascii_uppercase())
        {
            // Several lengths are possible only where nothing separates the rest.
            let one = lengths.count_ones() <= 2;
            found = Some(end);
            if one {
                break;
            }
        }
        if groups > 1
            && run.separator(groups) == b' '
            && lengths.count_ones() > 2
            && found.is_some()
            && run.group(groups).is_some_and(|group| group.len() == 4)
        {
            break;
        }
    }
    let end = whole(text, run, found?);
    // A check letter or two belong to the number.
    let tail = text.get(end..)?;
    let gap = usize::from(
        tail.starts_with(['-', '/', ' '])
            && tail.as_bytes().get(1).is_some_and(u8::is_ascii_uppercase)
            && tail.as_bytes().get(2).is_none_or(|b| !b.is_ascii_alphanumeric()),
    );
    let letters = tail.bytes().skip(gap).take(3).take_while(u8::is_ascii_alphanumeric).count();
    let end = match tail.as_bytes() {
        // The Portuguese `00000000 0 ZZ4`
        [b' ', b'A'..=b'Z', b'A'..=b'Z', b'0'..=b'9', ..] if ends_at(tail, 4) => end + 4,
        _ if (1..=2).contains(&letters) => end + gap + letters,
        _ => end,
    };
    (at_boundary(text, run.start) && ends_at(text, end)).then_some(run.start..end)
}

/// Where the groups end that go on as those up to `end` do: a number is taken whole.
fn whole(text: &str, run: &Run, end: usize) -> usize {
    let Some(last) = (1..run.groups()).find(|place| run.group(*place).is_some_and(|group| group.end == end)) else {
        return end;
    };
    let goes_on = |place: &usize| {
        run.separator(*place) == run.separator(last)
            && run.group(*place).is_some_and(|group| matches!(group.len(), 2 | 3) && ends_at(text, group.end))
    };
    (last + 1..run.groups())
        .take_while(goes_on)
        .last()
        .and_then(|place| run.group(place))
        .map_or(end, |group| group.end)
}
