//! CSV whose untrusted text a spreadsheet does not run as formulas.

use std::borrow::Cow;
use std::io::{self, Write};

use ::csv::{IntoInnerError, QuoteStyle, WriterBuilder};

/// The content of one cell. All are quoted.
#[derive(Clone, Debug)]
pub(crate) enum Cell<'a> {
    /// Untrusted text, whose formulas are guarded.
    Text(Cow<'a, str>),
    /// Text that must not change, such as an id.
    Exact(&'a str),
    Number(i64),
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl Cell<'_> {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => guard(&text),
            Self::Exact(text) => text.to_owned(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// Writes a record.
pub(super) fn write<'a>(mut out: impl Write, cells: impl IntoIterator<Item = Cell<'a>>) -> io::Result<()> {
    // Its own buffer would flush `out` for each record.
    let mut csv = WriterBuilder::new().quote_style(QuoteStyle::Always).buffer_capacity(256).from_writer(Vec::new());
    csv.write_record(cells.into_iter().map(Cell::into_text)).map_err(io::Error::from)?;
    out.write_all(&csv.into_inner().map_err(IntoInnerError::into_error)?)
}

/// Puts an apostrophe in front of what a spreadsheet could run as a formula: one of the characters of OWASP's page on CSV
/// injection, at the start of the text, or after a character at which a spreadsheet may split it into cells.
fn guard(text: &str) -> String {
    const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    const SPLIT: [char; 5] = [';', '\t', '\r', '\n', '|'];
    let mut guarded = String::with_capacity(text.len() + 1);
    // A quote or a space may be skipped by the spreadsheet.
    let is_formula = |rest: &str| rest.trim_start_matches(['"', ' ']).starts_with(FORMULA);
    if is_formula(text) {
        guarded.push('\'');
    }
    for (at, c) in text.char_indices() {
        guarded.push(c);
        let rest = &text[at + c.len_utf8()..];
        if SPLIT.contains(&c) && is_formula(rest) {
            guarded.push('\'');
        }
    }
    guarded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_could_be_a_formula_gets_an_apostrophe() {
        for text in ["=1+1", "+49 30", "-5", "@SUM(A1)", "\t=1", "＝1+1", "\"=1", " =1"] {
            assert!(Cell::from(text).into_text().starts_with('\''), "{text}");
        }
        for text in ["", "a=1", "1-1", "'", "Support", "a; b"] {
            assert_eq!(Cell::from(text).into_text(), text);
        }
        assert_eq!(Cell::from(-5).into_text(), "-5");
    }

    #[test]
    fn a_formula_after_a_separator_gets_an_apostrophe_too() {
        assert_eq!(guard("x;=1+1"), "x;'=1+1");
        assert_eq!(guard("x; =1+1"), "x;' =1+1");
        assert_eq!(guard("x;\"=1+1\""), "x;'\"=1+1\"");
        assert_eq!(guard("x\n=1"), "x\n'=1");
        assert_eq!(guard("a;b;c"), "a;b;c");
    }

    #[test]
    fn an_id_is_exact() {
        assert_eq!(Cell::Exact("+aWQ=").into_text(), "+aWQ=");
    }

    #[test]
    fn every_cell_is_quoted() {
        let mut out = Vec::new();
        write(&mut out, ["a,b", "c\"d", "e\nf", "1e5", ""].map(Cell::from)).unwrap();
        assert_eq!(out, b"\"a,b\",\"c\"\"d\",\"e\nf\",\"1e5\",\"\"\n");
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(&*out);
        let record = reader.records().next().unwrap().unwrap();
        assert_eq!(record.iter().collect::<Vec<_>>(), ["a,b", "c\"d", "e\nf", "1e5", ""]);
    }
}
