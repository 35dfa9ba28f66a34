//! JSON strings: the length of their plain part, and their escapes.

/// An unescaped string with more capacity than this returns what it does not need.
const SHRUNK_BYTES: usize = 256;

/// The number of bytes before the first quote, backslash or control character. Checks eight at a time.
#[inline]
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    /// Sets the high bit of each byte below `limit`, and possibly of later bytes.
    const fn below(word: u64, limit: u8) -> u64 {
        word.wrapping_sub(ONES * limit as u64) & !word & HIGHS
    }
    let mut at = 0;
    while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let word = u64::from_le_bytes(*word);
        let special =
            below(word, b' ') | below(word ^ (ONES * u64::from(b'"')), 1) | below(word ^ (ONES * u64::from(b'\\')), 1);
        if special != 0 {
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let special = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(special).unwrap_or(rest.len())
}

/// The content of a string with well-formed escapes. `None` if a surrogate is unpaired.
pub(super) fn unescape(raw: &str) -> Option<String> {
    // No escape is shorter than its character.
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let (kind, after) = escape.split_at_checked(1)?;
        rest = after;
        text.push(match kind {
            "b" => '\x08',
            "f" => '\x0c',
            "n" => '\n',
            "r" => '\r',
            "t" => '\t',
            "u" => {
                let (unit, after) = unit(rest)?;
                rest = after;
                let low = if (0xd800..0xdc00).contains(&unit) {
                    let (low, after) = self::unit(rest.strip_prefix("\\u")?)?;
                    rest = after;
                    Some(low)
                } else {
                    None
                };
                char::decode_utf16([unit].into_iter().chain(low)).next()?.ok()?
            }
            // A quote, a backslash or a slash.
            other => other.chars().next()?,
        });
    }
    text.push_str(rest);
    if text.capacity() > SHRUNK_BYTES && text.len() < text.capacity() / 4 * 3 {
        text.shrink_to_fit();
    }
    Some(text)
}

fn unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_part_ends_at_the_first_quote_backslash_or_control_character() {
        for length in 0..40 {
            for special in ['"', '\\', '\0', '\n', '\u{1f}'] {
                let text =
                    format!("{}{special}{}", "é\u{7f} ~".repeat(9).chars().take(length).collect::<String>(), "\"\\\n");
                assert_eq!(plain_length(text.as_bytes()), text.find(special).unwrap(), "{text:?}");
            }
            assert_eq!(plain_length(&vec![0xff; length]), length);
        }
    }

    #[test]
    fn every_escape_stands_for_its_character() {
        assert_eq!(
            unescape(r#"a\"\\\/\b\f\n\r\tz\u0041\u00e9\u20ac\ud83d\ude00"#).unwrap(),
            "a\"\\/\x08\x0c\n\r\tzAé€\u{1f600}"
        );
        for half in [r"\ud83d", r"\ud83d\u0041", r"\ude00", r"\ud83d x", r"\ud83d\n"] {
            assert_eq!(unescape(half), None, "{half}");
        }
    }

    #[test]
    fn a_long_string_keeps_no_more_memory_than_it_needs() {
        for raw in [r"\u0041".repeat(10_000), format!("\\n{}", "a".repeat(10_000))] {
            let text = unescape(&raw).unwrap();
            assert!(text.capacity() < text.len() / 3 * 4, "{} of {}", text.len(), text.capacity());
        }
    }
}
