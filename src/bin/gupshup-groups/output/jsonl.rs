//! JSON lines that are one line for every reader.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// Compact, and without the line separators that JSON allows in a text: U+0085, U+2028 and U+2029.
struct OneLine;

impl Formatter for OneLine {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        const SEPARATORS: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];
        for part in fragment.split_inclusive(SEPARATORS) {
            match part.chars().next_back().filter(|c| SEPARATORS.contains(c)) {
                Some(c) => {
                    out.write_all(&part.as_bytes()[..part.len() - c.len_utf8()])?;
                    write!(out, "\\u{:04x}", u32::from(c))?;
                }
                None => out.write_all(part.as_bytes())?,
            }
        }
        Ok(())
    }
}

/// A record as a line, with its end.
pub(crate) fn line(record: &impl Serialize) -> io::Result<String> {
    let mut line = Vec::with_capacity(256);
    record.serialize(&mut Serializer::with_formatter(&mut line, OneLine))?;
    line.push(b'\n');
    String::from_utf8(line).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_of_lines_are_escaped_and_the_text_is_the_same() {
        let text = "a\u{2028}b\u{2029}\u{85}c\r\n\u{b}\u{1c}\u{feff}é\"\\";
        let line = line(&text).unwrap();
        assert_eq!(line, "\"a\\u2028b\\u2029\\u0085c\\r\\n\\u000b\\u001c\u{feff}é\\\"\\\\\"\n");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }
}
