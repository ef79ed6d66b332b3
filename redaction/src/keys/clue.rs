//! What the words around a number say of it.

use super::vocabulary::Clue;
use super::words;
use crate::patterns::last_char;

/// How far back a word still speaks of a number, in bytes.
pub(crate) const WINDOW: usize = 56;
/// How far ahead.
const AHEAD: usize = 40;

/// Words of scripts that put no spaces between them, and pictures.
#[rustfmt::skip]
const UNSPACED: &[(&str, Clue)] = &[
    ("☎", Clue::Phone), ("✆", Clue::Phone), ("📞", Clue::Phone), ("📱", Clue::Phone),
    ("電話", Clue::Phone), ("携帯", Clue::Phone), ("お電話", Clue::Phone), ("连絡先", Clue::Phone), ("手机", Clue::Phone), ("手機", Clue::Phone), ("电话", Clue::Phone), ("拨打", Clue::Phone), ("致电", Clue::Phone),
    ("연락처", Clue::Phone), ("전화", Clue::Phone), ("고객센터", Clue::Phone), ("热线", Clue::Phone), ("휴대폰", Clue::Phone), ("โทร", Clue::Phone), ("連絡先", Clue::Phone), ("电话号码", Clue::Phone),
    ("生年月日", Clue::Birth), ("誕生日", Clue::Birth), ("出生", Clue::Birth), ("生日", Clue::Birth), ("생년월일", Clue::Birth), ("生まれ", Clue::Birth), ("출생일", Clue::Birth), ("วันเกิด", Clue::Birth),
    ("マイナンバー", Clue::Id(1 << 12)), ("個人番号", Clue::Id(1 << 12)), ("身份证", Clue::Id(1 << 15 | 1 << 17 | 1 << 18)), ("주민등록", Clue::Id(1 << 13)), ("パスポート", Clue::Id(0x3_ff80)), ("护照", Clue::Id(0x3_ff80)), ("บัตรประชาชน", Clue::Id(1 << 13)),
    ("パスワード", Clue::Password), ("暗証番号", Clue::Password), ("認証コード", Clue::Password), ("密码", Clue::Password), ("验证码", Clue::Password), ("비밀번호", Clue::Password), ("인증번호", Clue::Password),
    ("口座", Clue::Account), ("账号", Clue::Account), ("계좌", Clue::Account), ("カード番号", Clue::Card),
    ("注文", Clue::Thing), ("订单", Clue::Thing), ("주문", Clue::Thing), ("商品", Clue::Thing), ("価格", Clue::Thing), ("型番", Clue::Thing), ("バージョン", Clue::Version), ("版本", Clue::Version), ("버전", Clue::Version),
    ("位置", Clue::Place), ("座標", Clue::Place), ("緯度", Clue::Axis), ("経度", Clue::Axis), ("위도", Clue::Axis), ("경도", Clue::Axis), ("坐标", Clue::Place), ("現在地", Clue::Place),
];

/// For each lowest six bits of a character, the places in [`UNSPACED`] of the words that begin with such a one.
static BEGINNINGS: [u64; 64] = beginnings();

#[expect(clippy::indexing_slicing, reason = "runs in the compiler, which checks it")]
const fn beginnings() -> [u64; 64] {
    let (mut places, mut at) = ([0; 64], 0);
    while at < UNSPACED.len() {
        // All of them begin with three bytes or more, of which the third has these bits.
        places[(UNSPACED[at].0.as_bytes()[2] & 63) as usize] |= 1 << at;
        at += 1;
    }
    places
}

/// What the last telling words before `at` say, and where they end. Another sentence says nothing.
pub(crate) fn before(text: &str, at: usize) -> Option<(Clue, usize)> {
    let start = text.floor_char_boundary(at.saturating_sub(WINDOW));
    // A word that is cut is none.
    let is_cut = last_char(text, start).is_some_and(words::is_word_char);
    let cut = if is_cut { text.get(start..at)?.find(|c| !words::is_word_char(c)).unwrap_or(at - start) } else { 0 };
    let start = start + cut;
    let window = text.get(start..at).filter(|window| has_words(window))?;
    let mut marks = window.bytes().enumerate().rev().filter(|(_, byte)| mark(*byte) & (BREAK | END | WIDE) != 0);
    let from = marks.find(|(at, _)| is_part(window, at + 1)).map_or(0, |(at, _)| at + 1);
    let window = window.get(from..).filter(|window| has_words(window))?;
    let unspaced = last_unspaced(window);
    if let Some((clue, end)) = unspaced.filter(|(_, end)| *end == window.len()) {
        return Some((clue, start + from + end));
    }
    let mut nearest = None;
    words::each(window, false, |word| {
        let end = start + from + word.end;
        // What has a clue of its own is known better by that: `medicare number`.
        let of_key = || {
            let has_own = matches!(nearest, Some((Clue::Id(_), _)));
            if has_own { None } else { word.phrase.clue_of_key().or_else(|| word.single.clue_of_key()) }
        };
        if let Some(clue) = word.phrase.clue().or_else(|| word.single.clue()).or_else(of_key) {
            nearest = Some((clue, end));
        }
    });
    let unspaced = unspaced.map(|(clue, end)| (clue, start + from + end));
    unspaced.into_iter().chain(nearest).max_by_key(|(_, end)| *end)
}

/// The last word in `window` of a script without spaces, and where it ends.
fn last_unspaced(window: &str) -> Option<(Clue, usize)> {
    let bytes = window.as_bytes();
    (0..bytes.len()).rev().find_map(|at| {
        let rest = bytes.get(at..)?;
        let [0xe0..=0xf4, _, last, ..] = rest else { return None };
        let mut places = *BEGINNINGS.get(usize::from(last & 63))?;
        while let Some((word, clue)) = UNSPACED.get(places.trailing_zeros() as usize) {
            if rest.starts_with(word.as_bytes()) {
                return Some((*clue, at + word.len()));
            }
            places &= places - 1;
        }
        None
    })
}

/// What the first telling words after `at` say, in the same sentence.
pub(crate) fn after(text: &str, at: usize) -> Option<Clue> {
    let window = text.get(at..text.floor_char_boundary(at + AHEAD))?;
    // Mostly nothing but numbers follows, which is seen with one look.
    let first = window.bytes().map(mark).find(|mark| *mark != 0)?;
    if first & WORD == 0 {
        return None;
    }
    let ends = |c: char| u8::try_from(c).is_ok_and(|b| mark(b) & (BREAK | END | COMMA) != 0) || matches!(c, '•' | '。');
    let window = window.split(ends).next()?;
    let (mut first, mut words) = (None, 0);
    words::each(window, false, |word| {
        words += 1;
        if words <= 4 {
            first = first.or(word.phrase.clue()).or_else(|| word.single.clue());
        }
    });
    first.or_else(|| {
        let found =
            UNSPACED.iter().filter(|_| !window.is_ascii()).filter_map(|(word, clue)| Some((window.find(word)?, *clue)));
        found.min_by_key(|(place, _)| *place).map(|(_, clue)| clue)
    })
}

/// A letter, or what may be one.
const WORD: u8 = 1;
/// What stands between two sayings.
const BREAK: u8 = 2;
/// What may end a sentence.
const END: u8 = 4;
const COMMA: u8 = 8;
/// The last byte of `•` or `。`, or of another character.
const WIDE: u8 = 16;

/// What each byte may be. Bytes from 0xc3 on begin letters, or what the words around it tell.
static MARKS: [u8; 256] = marks();

#[expect(clippy::indexing_slicing, reason = "runs in the compiler, which checks it")]
const fn marks() -> [u8; 256] {
    let (mut marks, mut byte) = ([0; 256], 0_u8);
    loop {
        marks[byte as usize] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | 0xc3..=0xff => WORD,
            b'\n' | b'\r' | b';' | b'|' | b'&' | b'{' | b'}' | b'[' | b']' => BREAK,
            b'.' | b'!' | b'?' => END,
            b',' => COMMA,
            0xa2 | 0x82 => WIDE,
            _ => 0,
        };
        if byte == 0xff {
            return marks;
        }
        byte += 1;
    }
}

fn mark(byte: u8) -> u8 {
    MARKS.get(usize::from(byte)).copied().unwrap_or_default()
}

fn has_words(window: &str) -> bool {
    window.bytes().any(|byte| mark(byte) & WORD != 0)
}

/// Whether another saying begins at `end`, behind a mark.
fn is_part(window: &str, end: usize) -> bool {
    let Some((head, tail)) = window.as_bytes().split_at_checked(end) else { return false };
    match head {
        [.., b'!' | b'?'] => tail.starts_with(b" "),
        [.., b'.'] => tail.starts_with(b" ") && window.get(..end - 1).is_some_and(ends_sentence),
        // `•` and `。`
        [.., 0xe2, 0x80, 0xa2] | [.., 0xe3, 0x80, 0x82] => true,
        [.., last] => mark(*last) & BREAK != 0,
        [] => false,
    }
}

/// Whether a dot behind `before` ends a sentence rather than an abbreviation such as `Tel.`
fn ends_sentence(before: &str) -> bool {
    let word = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    word.is_empty() || (word.chars().count() > 4 && !word.ends_with("nr"))
}
