//! Letters as the vocabulary writes them: Greek without its accents, and with one small sigma.

/// The bytes that stand for `c` in hashes: lower-case, and without its mark if it is Latin.
pub(crate) fn folded(c: char, buffer: &mut [u8; 4]) -> &[u8] {
    let plain: &[u8] = match c {
        'a'..='z' | 'A'..='Z' | '\0'..='\u{7f}' => {
            let [first, ..] = buffer;
            *first = u8::try_from(c).unwrap_or_default().to_ascii_lowercase();
            return buffer.get(..1).unwrap_or_default();
        }
        'à'..='å' | 'À'..='Å' | 'ā'..='ą' => b"a",
        'æ' | 'Æ' => b"ae",
        'ç' | 'Ç' | 'ć'..='č' => b"c",
        'ď' | 'đ' | 'Ď' | 'Đ' | 'ð' => b"d",
        'è'..='ë' | 'È'..='Ë' | 'ē'..='ě' => b"e",
        'ğ' | 'Ğ' => b"g",
        'ì'..='ï' | 'Ì'..='Ï' | 'ī' | 'į' | 'ı' | 'İ' => b"i",
        'ł' | 'Ł' => b"l",
        'ñ' | 'Ñ' | 'ń' | 'Ń' | 'ň' | 'Ň' => b"n",
        'ò'..='ö' | 'Ò'..='Ö' | 'ø' | 'Ø' | 'ő' | 'Ő' | 'ō' => b"o",
        'œ' | 'Œ' => b"oe",
        'ř' | 'Ř' => b"r",
        'ß' => b"ss",
        'ś' | 'Ś' | 'š' | 'Š' | 'ş' | 'Ş' | 'ș' | 'Ș' => b"s",
        'ť' | 'Ť' | 'ț' | 'Ț' => b"t",
        'ù'..='ü' | 'Ù'..='Ü' | 'ū' | 'ů' | 'ű' | 'ų' => b"u",
        'ý' | 'ÿ' | 'Ý' => b"y",
        'ź' | 'ż' | 'ž' | 'Ź' | 'Ż' | 'Ž' => b"z",
        '\u{300}'..='\u{36f}' => b"",
        'ά' | 'Ά' => "α".as_bytes(),
        'έ' | 'Έ' => "ε".as_bytes(),
        'ή' | 'Ή' => "η".as_bytes(),
        'ί' | 'Ί' | 'ϊ' | 'ΐ' => "ι".as_bytes(),
        'ό' | 'Ό' => "ο".as_bytes(),
        'ύ' | 'Ύ' | 'ϋ' | 'ΰ' => "υ".as_bytes(),
        'ώ' | 'Ώ' => "ω".as_bytes(),
        'ς' => "σ".as_bytes(),
        _ => {
            let lower = c.to_lowercase().next().unwrap_or(c);
            return lower.encode_utf8(buffer).as_bytes();
        }
    };
    plain
}
