//! Lines for people.

use std::io::{self, Write};

/// The usual widths of the columns: of a UUID, of a group's id in the API's samples, of a time.
const WIDTHS: [(&str, usize); 4] = [("APP", 36), ("ID", 36), ("CREATED", 20), ("OBSERVED", 20)];

/// How the fields of a line are separated.
pub(crate) struct Columns {
    /// The widths so far, if the columns are aligned. The last column has none.
    widths: Option<Vec<usize>>,
}

impl Columns {
    /// For a terminal: a header, and columns that start below each other. A column widens when a longer field comes.
    pub(crate) fn aligned() -> Self {
        Self { widths: Some(Vec::new()) }
    }

    /// For other programs: fields are separated by one space, without a header.
    pub(crate) fn plain() -> Self {
        Self { widths: None }
    }

    pub(super) fn header<'a>(&mut self, out: impl Write, names: impl Iterator<Item = &'a str>) -> io::Result<()> {
        let Some(widths) = &mut self.widths else { return Ok(()) };
        let names: Vec<_> = names.collect();
        let usual =
            |name: &str| WIDTHS.iter().find(|(known, _)| *known == name).map_or(name.len(), |(_, width)| *width);
        *widths = names.iter().map(|name| usual(name)).collect();
        self.write(out, names.into_iter().map(str::to_owned))
    }

    pub(super) fn write(&mut self, mut out: impl Write, fields: impl Iterator<Item = String>) -> io::Result<()> {
        let fields: Vec<_> = fields.map(|field| one_line(&field)).collect();
        let Some(widths) = &mut self.widths else { return writeln!(out, "{}", fields.join(" ")) };
        widths.resize(fields.len().max(widths.len()), 0);
        let last = fields.len().saturating_sub(1);
        for (field, width) in fields[..last].iter().zip(widths) {
            // Ids and times are ASCII.
            *width = field.len().max(*width);
            write!(out, "{field:width$}  ", width = *width)?;
        }
        writeln!(out, "{}", fields.last().map_or("", String::as_str))
    }
}

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

    #[test]
    fn at_a_terminal_columns_are_aligned_below_a_header() {
        let mut columns = Columns::aligned();
        let mut out = Vec::new();
        let line = |id: &str, subject: &str| {
            ["2025-06-15T15:06:40Z".to_owned(), id.to_owned(), subject.to_owned()].into_iter()
        };
        columns.header(&mut out, ["CREATED", "ID", "SUBJECT"].into_iter()).unwrap();
        columns.write(&mut out, line("a", "One")).unwrap();
        columns.write(&mut out, line(&"b".repeat(40), "Two")).unwrap();
        columns.write(&mut out, line("c", "Three")).unwrap();
        let text = String::from_utf8(out).unwrap();
        let starts: Vec<_> =
            text.lines().zip(["SUBJ", "One", "Two", "Three"]).map(|(line, text)| line.find(text)).collect();
        assert_eq!(starts, [60, 60, 64, 64].map(Some), "{text}");
    }
}
