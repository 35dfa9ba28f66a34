//! Escapes untrusted text for a terminal.

/// Escapes control characters, and those that change the direction of text or break lines (Unicode's `Bidi_Control`,
/// and the line and paragraph separators).
pub(crate) fn one_line(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if must_be_escaped(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

fn must_be_escaped(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_control_a_terminal_are_escaped() {
        assert_eq!(one_line("a\u{1b}[2Jb\r\nc\t\u{7f}\u{9b}"), r"a\u{1b}[2Jb\r\nc\t\u{7f}\u{9b}");
        assert_eq!(
            one_line("\u{202e}abc\u{2066}\u{200f}\u{61c}\u{2029}"),
            r"\u{202e}abc\u{2066}\u{200f}\u{61c}\u{2029}"
        );
    }

    #[test]
    fn other_text_is_unchanged() {
        // The zero-width joiner makes one emoji of several, and the virama belongs to the script.
        for text in ["Équipe", "बिक्री टीम", "👩\u{200d}🔧", "شحن"] {
            assert_eq!(one_line(text), text);
        }
    }
}
