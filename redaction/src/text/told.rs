//! What a number is by the words around it.

use std::ops::Range;

use crate::keys::vocabulary::list::{is_in, last_word, list, words as words_of};
use crate::keys::vocabulary::{Clue, flag};
use crate::keys::{clue, words};
use crate::kind::Kind;
use crate::patterns::number::Run;
use crate::patterns::{at_boundary, date, ends_at, national, phone, place};
use crate::rules;
use crate::span::Found;

/// As many digits as the numbers have that states give: 7 to 17.
const ANY_LENGTH: u32 = 0x3_ff80;

/// What was last said before a number, so that a row of numbers asks once.
#[derive(Clone, Copy, Default)]
pub(super) struct Said {
    at: usize,
    clue: Option<(Clue, usize)>,
    run: Option<Run>,
}

impl Said {
    /// The run of digits at `at`.
    pub(super) fn run(&mut self, text: &str, at: usize) -> Run {
        let run = self.run.as_ref().map_or_else(|| Run::read(text, at), |before| Run::read_after(before, text, at));
        self.run = Some(run);
        run
    }

    pub(super) fn before(&mut self, text: &str, at: usize) -> Option<(Clue, usize)> {
        let between = text.as_bytes().get(self.at..at).filter(|between| self.at > 0 && between.len() <= 24);
        let is_same = between.is_some_and(|between| {
            between.iter().all(|b| matches!(b, b'0'..=b'9' | b' ' | b'-' | b'/' | b'(' | b')' | b'+' | b','))
        });
        if !is_same {
            self.clue = clue::before(text, at);
        }
        self.at = at;
        self.clue.filter(|(_, end)| at - end <= clue::WINDOW)
    }
}

/// What a number is by the words around it.
pub(super) fn told(text: &str, run: &Run, digits: usize, said: &mut Said) -> Option<Found<'static>> {
    let at = run.start;
    if !at_boundary(text, at)
        && !text.get(..at)?.ends_with('_')
        && text.get(..at)?.chars().next_back().is_some_and(|c| c < '\u{2e80}')
    {
        return None;
    }
    // The fraction of a decimal begins no number.
    if let Some([b'0'..=b'9', b'.' | b',']) = at.checked_sub(2).and_then(|before| text.as_bytes().get(before..at)) {
        return None;
    }
    let is_amount = is_amount(text, run);
    let before = said.before(text, at).map(|(clue, end)| (clue, end, text.get(end..at).unwrap_or_default()));
    if let Some((clue, end, gap)) = before
        && speaks(text, run, clue, end, gap, is_amount)
        && let Some(found) = as_told(text, run, digits, clue, gap)
    {
        return Some(found);
    }
    if let Some(found) = born_behind(text, run, digits) {
        return Some(found);
    }
    if let Some(range) = lettered_phone(text, run, digits) {
        return Some((range, Kind::Phone, rules::PHONE));
    }
    let is_thing = before.is_some_and(|(clue, ..)| matches!(clue, Clue::Thing | Clue::Version));
    if (9..=14).contains(&digits)
        && !is_thing
        && let Some(range) = phone::national(text, run)
    {
        return Some((range, Kind::Phone, rules::PHONE));
    }
    if let Some(range) = code_behind(text, run, digits) {
        return Some((range, Kind::Password, rules::PASSWORD));
    }
    if digits < 9 || is_thing {
        return None;
    }
    // Some languages say it behind the number.
    let end = run.group(run.groups().checked_sub(1)?)?.end;
    let clue = clue::after(text, end).filter(|clue| matches!(clue, Clue::Phone | Clue::Id(_)))?;
    let is_one_number = (0..run.groups()).all(|place| run.group(place).is_some_and(|group| group.len() >= 2));
    if !is_one_number {
        return None;
    }
    if is_amount && !text.get(end..)?.starts_with(" (") {
        return None;
    }
    let is_written_so = run.groups() > 1 || text.get(end..)?.starts_with([' ', '(']) || !text.get(end..)?.is_ascii();
    if is_written_so { as_told(text, run, digits, clue, "") } else { None }
}

/// Whether the run is written as an amount is: groups of three digits behind one of up to three, no 0 before them and
/// no plus.
fn is_amount(text: &str, run: &Run) -> bool {
    let Some(first) = run.group(0).filter(|first| first.len() <= 3) else { return false };
    // The rest of one that nothing took: `1 000 000`.
    let before = text.get(..run.start).unwrap_or_default();
    let is_rest = || {
        matches!(
            before.as_bytes(),
            [.., b'0'..=b'9', b' ' | b'.'] | [.., b'0'..=b'9', 0xC2, 0xA0] | [.., b'0'..=b'9', 0xE2, 0x80, 0xAF]
        )
    };
    let is_plain = !matches!(before.as_bytes(), [.., b'+' | b'(']) && text.as_bytes().get(first.start) != Some(&b'0');
    let is_alike = |place| {
        run.group(place).is_some_and(|group| group.len() == 3)
            && matches!(run.separator(place), b' ' | b'.')
            && run.separator(place) == run.separator(1)
    };
    (is_plain && run.groups() > 1 || first.len() == 3 && is_rest()) && (1..run.groups()).all(is_alike)
}

/// Whether the word that ends at `end`, with `gap` behind it, speaks of the run at all.
fn speaks(text: &str, run: &Run, clue: Clue, end: usize, gap: &str, is_amount: bool) -> bool {
    let is_phone = match clue {
        Clue::Phone => true,
        Clue::Id(_) | Clue::Account | Clue::Birth => false,
        Clue::Number => return says_number(text, end, gap) && (!is_amount || gap.contains(':')),
        _ => return true,
    };
    let said = says(gap);
    let leads = said || is_phone && is_short(gap);
    // `Konto 2.0 ab 01.01.2025`
    if clue == Clue::Account && gap.bytes().any(|b| b.is_ascii_digit()) {
        return false;
    }
    if !is_amount || clue == Clue::Birth {
        return leads || !means_else(text, end, gap);
    }
    let zeros = |behind: usize| {
        let group = run.groups().checked_sub(behind).and_then(|place| run.group(place));
        group.and_then(|group| text.get(group)) == Some("000")
    };
    // No number that is given out ends with six of them, and those of telephones have nine digits where they look like
    // an amount.
    let can_be = if is_phone { run.digits(Run::GROUPS) == 9 } else { clue != Clue::Account && !zeros(1) };
    let introduces = || !gap.bytes().any(|b| b.is_ascii_digit()) && (is_short(gap) || gap.trim_end().ends_with(':'));
    !(zeros(1) && zeros(2)) && (said || can_be && introduces() && (leads || !means_else(text, end, gap)))
}

/// Whether the word of keys that ends at `end` says of what stands behind `gap` that it is a person's number. Short ones
/// mean something else as often, unless they are in capitals or a colon follows.
pub(super) fn says_number(text: &str, end: usize, gap: &str) -> bool {
    const SHORT: usize = 4;
    let word = word_at(text, end);
    let is_clear = word.chars().count() > SHORT || gap.contains(':') || !word.contains(char::is_lowercase);
    is_clear && says(gap)
}

/// Whether between a word and a number there are but prepositions and pronouns, which are short in most languages:
/// `call me on`.
fn is_short(gap: &str) -> bool {
    const LONGEST: usize = 4;
    let known = list!("number,nummer,numer,numero,unter,under,gratis,free,kostenlos");
    !gap.bytes().any(|b| b.is_ascii_digit())
        && words_of(gap).all(|word| word.chars().count() <= LONGEST || is_in(known, word))
}

/// Whether the word that ends at `end` means something else as often as what it is known for: the German `nie`, the
/// English `tin`. What is short for something is written in capitals.
fn means_else(text: &str, end: usize, gap: &str) -> bool {
    let word = word_at(text, end);
    if is_in(list!("nato,nata"), word) {
        // `nato a Roma il`
        let next = words_of(gap).find(|word| !word.is_empty()).unwrap_or_default();
        return !is_in(list!("a,ad,nel,nella,in,il"), next) && !gap.starts_with('/');
    }
    let is_abbreviation = word.bytes().all(|b| b.is_ascii_uppercase());
    !is_abbreviation && is_in(list!("nie,tin,sin,nas,pan,bel,liga,kom,nino"), word)
}

/// The word that ends at `end`, or the end of a long one.
pub(super) fn word_at(text: &str, end: usize) -> &str {
    const LONGEST: usize = 20;
    last_word(text.get(text.floor_char_boundary(end.saturating_sub(LONGEST))..end).unwrap_or_default())
}

/// The telephone number behind the one letter for it, as on a card: `T: 030 1234567`.
fn lettered_phone(text: &str, run: &Run, digits: usize) -> Option<Range<usize>> {
    let before = text.get(..run.start)?;
    let is_trunk = before.ends_with('(') || text.get(run.start..)?.starts_with('0');
    let before = before.trim_end_matches(['(', ' ']).strip_suffix([':', '.'])?;
    let letter = before.chars().next_back().filter(|c| matches!(c, 'T' | 'M' | 'P' | 'F' | 'H' | 'm' | 't' | 'p'))?;
    let fits = is_trunk
        && (9..=12).contains(&digits)
        && run.groups() >= 2
        && at_boundary(text, before.len() - letter.len_utf8());
    if fits { phone::told(text, run) } else { None }
}

/// The code that is said to be one behind it: `482 913 is your verification code`.
fn code_behind(text: &str, run: &Run, digits: usize) -> Option<Range<usize>> {
    const IS: [&str; 7] = [" is ", " ist ", " est ", " es ", " \u{e9} ", " \u{e4}r ", " er "];
    let in_two = || run.is(&[3, 3], b"").filter(|_| run.groups() == 2);
    let end = if run.groups() == 1 { Some(run.start + digits) } else { in_two() }?;
    let rest = text.get(end..)?;
    ((4..=8).contains(&digits)
        && IS.iter().any(|is| rest.starts_with(is))
        && clue::after(text, end) == Some(Clue::Password))
    .then_some(run.start..end)
}

/// The date that a word for birth follows: `am 18.06.1944 geboren`.
fn born_behind(text: &str, run: &Run, digits: usize) -> Option<Found<'static>> {
    const BORN: &[&str] = &["geboren", "生まれ", "született", "출생"];
    let is_spaced = || run.group(0).and_then(|day| text.get(day.end..)).is_some_and(|rest| rest.starts_with(". "));
    if digits < 4 && !is_spaced() {
        return None;
    }
    let date = date::find(text, run)?;
    let rest = text.get(date.end..)?.trim_start_matches([' ', '-', 'á', 'é', 'n']);
    // `in Berlin geboren`
    let is_in = || {
        let clause = rest.get(..rest.floor_char_boundary(40)).unwrap_or_default();
        rest.starts_with("in ")
            && clause.split([',', '.', ';', '\n']).next().is_some_and(|clause| clause.contains(" geboren"))
    };
    (BORN.iter().any(|word| rest.starts_with(word)) || is_in()).then_some((date, Kind::BirthDate, rules::BIRTH_DATE))
}

fn as_told(text: &str, run: &Run, digits: usize, clue: Clue, gap: &str) -> Option<Found<'static>> {
    let at = run.start;
    let is_near = gap.len() <= 20;
    match clue {
        Clue::Phone if digits >= 7 && !counts(gap) && !are_years(text, run) && (says(gap) || !is_stamp(text, run)) => {
            let range = phone::north_american(text, run, true).or_else(|| phone::told(text, run))?;
            if is_unit(text, range.end) {
                return None;
            }
            // A number without a trunk prefix or groups may count anything, unless it stands right there.
            let is_shaped = digits >= 10 || run.groups() >= 3 || text.get(range.clone())?.starts_with(['0', '(']);
            if !is_shaped && gap.len() > 20 {
                return None;
            }
            Some((range, Kind::Phone, rules::PHONE))
        }
        // The Swedish `tfn` is a telephone, the Australian one never begins with 0.
        Clue::Id(lengths) if digits >= 8 && lengths == 1 << 8 | 1 << 9 && text.get(at..)?.starts_with('0') => {
            Some((phone::told(text, run)?, Kind::Phone, rules::PHONE))
        }
        Clue::Id(_) | Clue::Number if run.groups() >= 3 && date::find(text, run).is_some() => None,
        Clue::Id(lengths) if digits >= 7 && !are_years(text, run) => {
            Some((national::told(text, run, lengths)?, Kind::NationalId, rules::NATIONAL_ID))
        }
        Clue::Number if digits >= 7 && !are_years(text, run) => {
            Some((national::told(text, run, ANY_LENGTH)?, Kind::NationalId, rules::NATIONAL_ID))
        }
        Clue::Birth if is_limit(gap) => None,
        Clue::Birth if is_feast(text, at - gap.len()) && is_recent(text, run) && !gap.contains(':') => None,
        Clue::Birth if digits >= 5 => Some((date::find(text, run)?, Kind::BirthDate, rules::BIRTH_DATE)),
        Clue::Birth if is_near => {
            let range = date::find(text, run)?;
            Some((range, Kind::BirthDate, rules::BIRTH_DATE))
        }
        // The Turkish `cep` is a telephone.
        Clue::Postcode if digits >= 10 && says(gap) => Some((phone::told(text, run)?, Kind::Phone, rules::PHONE)),
        Clue::Postcode if says(gap) => Some((place::postcode(text, run)?, Kind::Postcode, rules::TELLING_KEY)),
        Clue::Place | Clue::Axis => {
            Some((place::decimals(text, at, clue == Clue::Axis, true)?, Kind::Coordinates, rules::COORDINATES))
        }
        Clue::Card if (12..=19).contains(&digits) && is_near && !gap.contains("end") => {
            let end = run.group(run.groups() - 1)?.end;
            ends_at(text, end).then_some((at..end, Kind::Card, rules::CARD)).filter(|_| {
                run.groups() > 3 && run.group(0).is_some_and(|group| group.len() == 4)
                    || run.groups() == 1 && digits >= 13
            })
        }
        Clue::Account if digits >= 6 && is_near => {
            let mut groups = run.groups();
            while groups > 1 && run.digits(groups) > 20 {
                groups -= 1;
            }
            let end = run.group(groups - 1)?.end;
            ends_at(text, end).then_some((at..end, Kind::Iban, rules::IBAN))
        }
        Clue::CardCode if is_near => {
            let group = run.group(0)?;
            ((3..=4).contains(&group.len()) && ends_at(text, group.end) && !is_unit(text, group.end)).then_some((
                group,
                Kind::CardCode,
                rules::PASSWORD,
            ))
        }
        Clue::Password if is_near && says(gap) => {
            // `482 913`
            let in_two = run.is(&[3, 3], b"").filter(|_| run.groups() == 2 && matches!(run.separator(1), b' ' | b'-'));
            let group = in_two.map_or_else(|| run.group(0), |end| Some(at..end))?;
            ((4..=8).contains(&group.len()) && ends_at(text, group.end) && !is_unit(text, group.end)).then_some((
                group,
                Kind::Password,
                rules::PASSWORD,
            ))
        }
        _ => None,
    }
}

/// Whether a word between the clue and the number says that it counts or measures something.
fn counts(gap: &str) -> bool {
    // `SMS sent to`
    if gap.trim_end().ends_with(" to") {
        return false;
    }
    // Shorter ones stand before anything: `call me on`.
    words_of(gap).filter(|word| word.len() > 3).any(|word| {
        let mut counts = false;
        words::each(word, false, |word| counts |= word.single.has(flag::TAIL) && !word.single.has(flag::HOLDS));
        counts
    })
}

/// Whether the run begins with two years: `2022-2023`.
fn are_years(text: &str, run: &Run) -> bool {
    let is_year = |place: usize| {
        let group = run.group(place).and_then(|group| text.get(group));
        group.is_some_and(|group| group.len() == 4 && (group.starts_with("19") || group.starts_with("20")))
    };
    is_year(0) && is_year(1)
}

/// Whether the word that ends at `end` is that of the day which is kept each year, of whatever began on it.
fn is_feast(text: &str, end: usize) -> bool {
    is_in(list!("anniversaire,birthday,geburtstag,cumpleanos,compleanno,verjaardag"), word_at(text, end))
}

/// Whether a year of the run is one that hardly anybody who visits a site was born in.
fn is_recent(text: &str, run: &Run) -> bool {
    let year = |place: usize| run.group(place).and_then(|group| text.get(group)).filter(|year| year.len() == 4);
    (0..3).filter_map(year).any(|year| ("2016".."2100").contains(&year))
}

/// Whether the run is a date as files have it: `20240512`.
fn is_stamp(text: &str, run: &Run) -> bool {
    let stamp = run.group(0).and_then(|group| text.as_bytes().get(group)).unwrap_or_default();
    run.groups() == 1
        && matches!(
            stamp,
            [b'1', b'9', _, _, b'0' | b'1', _, b'0'..=b'3', _] | [b'2', b'0', _, _, b'0' | b'1', _, b'0'..=b'3', _]
        )
}

/// Whether a date behind `gap` is when something ends.
fn is_limit(gap: &str) -> bool {
    words_of(gap).any(|word| {
        is_in(list!("until,till,til,through,ends,end,before,expires,valid,bis,gultig,hasta,jusqu,fino,ate,tot,do,asti,offer,deals,sale,party,gift,rabatt,feier,angebot,fete\
                ,fiesta,festa,special,cake,discount,promo,event"), word)
    })
}

/// Whether a unit follows the number that ends at `at`, so that it measures something.
fn is_unit(text: &str, at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    let word = rest.trim_start_matches(' ').split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    rest.starts_with(['%', '.', ',', '-', '/', ':'])
        && rest.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
        || is_in(
            list!(
                "characters,chars,digits,times,minutes,days,hours,seconds,zeichen,caracteres,more,attempts,users,ms,ml,mm,cm,mg,mb,gb,kb,tb,mhz,ghz,km,kg,px,euro,euros\
            ,eur,usd,people,kunden"
            ),
            word,
        )
}

/// Whether nothing stands between a word and its value but what says that it is it: `is`, `:`, `lautet`.
pub(super) fn says(gap: &str) -> bool {
    words_of(gap).filter(|word| !word.is_empty()).all(|word| {
        is_in(list!("is,was,are,ist,war,lautet,est,es,e,era,jest,to,ar,er,on,code,number,no,nr,numero,num,new,the,my,your,for,of,using,with,and,hier,here,now,temporary\
                ,temp,current,equals,set,as,changed,va,je,sao,ειναι,वरड,है,は,是,为,為,는,은"), word)
    })
}
