//! What each byte of a text may begin or mean.

pub(crate) const DIGIT: u16 = 1;
pub(crate) const UPPER: u16 = 2;
pub(crate) const LOWER: u16 = 4;
pub(crate) const AT: u16 = 8;
pub(crate) const COLON: u16 = 16;
pub(crate) const EQUALS: u16 = 32;
pub(crate) const ADDRESS: u16 = 64;
pub(crate) const PERCENT: u16 = 128;
pub(crate) const BRACKET: u16 = 256;
pub(crate) const BREAK: u16 = 512;
pub(crate) const HIGH: u16 = 1024;
/// What wide forms begin with.
pub(crate) const WIDE: u16 = 2048;

/// What is in `text`, in one pass.
pub(crate) fn seen(text: &str) -> u16 {
    text.bytes().fold(0, |seen, byte| seen | of(byte))
}

static CLASSES: [u16; 256] = classes();

/// What `byte` is.
pub(crate) fn of(byte: u8) -> u16 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or_default()
}

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "runs in the compiler, which checks it")]
const fn classes() -> [u16; 256] {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'A'..=b'Z' => UPPER,
            b'a'..=b'z' => LOWER,
            b'@' => AT,
            b':' => COLON,
            b'=' => EQUALS,
            b'/' | b'?' | b'#' | b'&' => ADDRESS,
            b'%' => PERCENT,
            b'[' | b'{' => BRACKET,
            b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'(' | b')' => BREAK,
            0xEF => HIGH | WIDE,
            128.. => HIGH,
            _ => 0,
        };
        byte += 1;
    }
    classes
}
