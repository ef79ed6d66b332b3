//! What the words around a number say of it.

use super::vocabulary::Clue;
use super::words;
use crate::patterns::last_char;

/// How far back a word still speaks of a number, in bytes.
pub(crate) const WINDOW: usize = 56;
/// How far ahead.
const AHEAD: usize = 40;

/// Words of scripts that put no spaces between them.
#[rustfmt::skip]
const UNSPACED: &[(&str, Clue)] = &[
    ("電話", Clue::Phone), ("携帯", Clue::Phone), ("お電話", Clue::Phone), ("连絡先", Clue::Phone), ("手机", Clue::Phone), ("手機", Clue::Phone), ("电话", Clue::Phone), ("拨打", Clue::Phone), ("致电", Clue::Phone),
    ("연락처", Clue::Phone), ("전화", Clue::Phone), ("휴대폰", Clue::Phone), ("โทร", Clue::Phone), ("連絡先", Clue::Phone), ("电话号码", Clue::Phone),
    ("生年月日", Clue::Birth), ("誕生日", Clue::Birth), ("出生", Clue::Birth), ("生日", Clue::Birth), ("생년월일", Clue::Birth), ("生まれ", Clue::Birth), ("วันเกิด", Clue::Birth),
    ("マイナンバー", Clue::Id(1 << 12)), ("個人番号", Clue::Id(1 << 12)), ("身份证", Clue::Id(1 << 15 | 1 << 17 | 1 << 18)), ("주민등록", Clue::Id(1 << 13)), ("パスポート", Clue::Id(0x3_ff80)), ("护照", Clue::Id(0x3_ff80)), ("บัตรประชาชน", Clue::Id(1 << 13)),
    ("パスワード", Clue::Password), ("暗証番号", Clue::Password), ("認証コード", Clue::Password), ("密码", Clue::Password), ("验证码", Clue::Password), ("비밀번호", Clue::Password), ("인증번호", Clue::Password),
    ("口座", Clue::Account), ("账号", Clue::Account), ("계좌", Clue::Account), ("カード番号", Clue::Card),
    ("注文", Clue::Thing), ("订单", Clue::Thing), ("주문", Clue::Thing), ("商品", Clue::Thing), ("価格", Clue::Thing), ("型番", Clue::Thing), ("バージョン", Clue::Version), ("版本", Clue::Version), ("버전", Clue::Version),
    ("位置", Clue::Place), ("座標", Clue::Place), ("緯度", Clue::Axis), ("経度", Clue::Axis), ("坐标", Clue::Place), ("現在地", Clue::Place),
];

/// What the last telling words before `at` say, and where they end. Another sentence says nothing.
pub(crate) fn before(text: &str, at: usize) -> Option<(Clue, usize)> {
    let start = text.floor_char_boundary(at.saturating_sub(WINDOW));
    // A word that is cut is none.
    let is_cut = last_char(text, start).is_some_and(words::is_word_char);
    let cut = if is_cut { text.get(start..at)?.find(|c| !words::is_word_char(c)).unwrap_or(at - start) } else { 0 };
    let start = start + cut;
    let window = text.get(start..at).filter(|window| has_words(window))?;
    let from = window.rfind(is_break).map_or(0, |found| found + 1);
    let from = window
        .get(from..)?
        .rmatch_indices(['.', '!', '?'])
        .find(|(dot, _)| ends_sentence(window.get(from..).unwrap_or_default(), *dot))
        .map_or(from, |(dot, _)| from + dot + 1);
    let window = window.get(from..)?;
    if !has_words(window) {
        return None;
    }
    let unspaced = last_unspaced(window);
    if let Some((clue, end)) = unspaced.filter(|(_, end)| *end == window.len()) {
        return Some((clue, start + from + end));
    }
    let mut nearest = None;
    words::each(window, false, |word| {
        let end = start + from + word.end;
        if let Some(clue) = word.phrase.clue().or_else(|| word.single.clue()) {
            nearest = Some((clue, end));
        }
    });
    let unspaced = unspaced.map(|(clue, end)| (clue, start + from + end));
    unspaced.into_iter().chain(nearest).max_by_key(|(_, end)| *end)
}

/// The last word in `window` of a script without spaces, and where it ends.
fn last_unspaced(window: &str) -> Option<(Clue, usize)> {
    let wide = window.char_indices().rev().filter(|(_, c)| *c >= '\u{e00}');
    wide.into_iter().find_map(|(at, c)| {
        let rest = window.get(at..)?;
        let (word, clue) = UNSPACED.iter().find(|(word, _)| word.starts_with(c) && rest.starts_with(word))?;
        Some((*clue, at + word.len()))
    })
}

/// What the first telling words after `at` say, in the same sentence.
pub(crate) fn after(text: &str, at: usize) -> Option<Clue> {
    let window = text.get(at..text.floor_char_boundary(at + AHEAD))?;
    let window = window.split(is_break).next()?;
    let window =
        window.get(..window.match_indices(['.', '!', '?', ',']).next().map_or(window.len(), |(dot, _)| dot))?;
    if !has_words(window) {
        return None;
    }
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

fn has_words(window: &str) -> bool {
    window.bytes().any(|b| b.is_ascii_alphabetic() || b >= 0xc3)
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | ';' | '|' | '•' | '。' | '&' | '{' | '}' | '[' | ']')
}

/// Whether the mark at `dot` ends a sentence rather than an abbreviation such as `Tel.`
fn ends_sentence(window: &str, dot: usize) -> bool {
    let Some((before, after)) = window.split_at_checked(dot) else { return false };
    let word = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    after.get(1..).is_some_and(|rest| rest.starts_with(' '))
        && (word.chars().count() > 4 && !word.ends_with("nr") || word.is_empty() || !after.starts_with('.'))
}
