//! JSON strings: the length of their plain part, and their escapes.

/// An unescaped string with more capacity than this is shrunk.
const SHRUNK_BYTES: usize = 256;

/// The number of bytes before the first quote, backslash or control character. Checks 32 at a time.
#[inline]
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<32>()) {
        let mut marks = [0; 4];
        for (marks, word) in marks.iter_mut().zip(chunk.chunks_exact(8)) {
            *marks = word.first_chunk().map_or(0, |word| marks_of(u64::from_le_bytes(*word)));
        }
        if marks[0] | marks[1] | marks[2] | marks[3] != 0 {
            let plain_words = marks.iter().take_while(|marks| **marks == 0).count();
            return at + plain_words * 8 + marks[plain_words].trailing_zeros() as usize / 8;
        }
        at += 32;
    }
    let special = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(special).unwrap_or(rest.len())
}

/// Marks the high bit of the first byte that is a quote, a backslash or a control character, and possibly those of later
/// bytes, whatever they are.
#[inline]
fn marks_of(word: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    // With one bit flipped, quotes and control characters are all bytes below 0x21.
    let below_0x21 = (word ^ (ONES * 2)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
    (below_0x21 | backslash) & !word & HIGHS
}

/// The content of a string with well-formed escapes. `None` if a surrogate is unpaired.
pub(super) fn unescape(raw: &str) -> Option<String> {
    // No escape is shorter than its character.
    let mut text = String::with_capacity(raw.len());
    unescape_into(&mut text, raw, plain_length(raw.as_bytes()), usize::MAX)?;
    if text.capacity() > SHRUNK_BYTES && text.len() < text.capacity() / 4 * 3 {
        text.shrink_to_fit();
    }
    Some(text)
}

/// Appends to `text` the content of `raw`, up to a quote or its end. Its plain part ends at `at`. Returns where the content
/// ends. `None` if an escape is malformed, a surrogate is unpaired, or `text` gets longer than `max` bytes.
pub(super) fn unescape_into(text: &mut String, raw: &str, mut at: usize, max: usize) -> Option<usize> {
    let bytes = raw.as_bytes();
    let mut start = 0;
    loop {
        let plain = raw.get(start..at)?;
        (text.len() + plain.len() <= max).then_some(())?;
        text.push_str(plain);
        if matches!(bytes.get(at), None | Some(b'"')) {
            return Some(at);
        }
        let (char, length) = escape(&bytes[at..])?;
        text.push(char);
        start = at + length;
        at = start + plain_length(&bytes[start..]);
    }
}

/// Decodes the escape at the beginning. Returns its character and its length. `None` if it is malformed, or a surrogate is
/// unpaired.
#[inline]
fn escape(bytes: &[u8]) -> Option<(char, usize)> {
    let [b'\\', kind, ..] = bytes else { return None };
    let char = match *kind {
        quoted @ (b'"' | b'\\' | b'/') => char::from(quoted),
        b'b' => '\x08',
        b'f' => '\x0c',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let high = unit(bytes)?;
            if !(0xd800..0xdc00).contains(&high) {
                return Some((char::from_u32(high)?, 6));
            }
            let low = unit(bytes.get(6..)?).filter(|low| (0xdc00..0xe000).contains(low))?;
            return Some((char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))?, 12));
        }
        _ => return None,
    };
    Some((char, 2))
}

/// Decodes `\u` and four digits to a UTF-16 code unit.
#[inline]
fn unit(bytes: &[u8]) -> Option<u32> {
    let [b'\\', b'u', digits @ ..] = bytes.first_chunk::<6>()? else { return None };
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
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
