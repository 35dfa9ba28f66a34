//! CSV whose untrusted text a spreadsheet does not run as formulas.

use std::borrow::Cow;
use std::io::{self, Write};

use ::csv::{IntoInnerError, WriterBuilder};

/// The content of one cell.
#[derive(Clone, Debug)]
pub(crate) enum Cell<'a> {
    /// Untrusted text, whose formulas are escaped.
    Text(Cow<'a, str>),
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
            Self::Text(text) => escape_formula(&text),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// Writes a record.
pub(super) fn write<'a>(mut out: impl Write, cells: impl IntoIterator<Item = Cell<'a>>) -> io::Result<()> {
    // Its own buffer would flush `out` for each record.
    let mut csv = WriterBuilder::new().buffer_capacity(256).from_writer(Vec::new());
    csv.write_record(cells.into_iter().map(Cell::into_text)).map_err(io::Error::from)?;
    out.write_all(&csv.into_inner().map_err(IntoInnerError::into_error)?)
}

/// Puts an apostrophe in front of a text that a spreadsheet could run as a formula: it begins with one of the
/// characters in OWASP's page on CSV injection.
fn escape_formula(text: &str) -> String {
    const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    if text.starts_with(FORMULA) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_could_be_a_formula_gets_an_apostrophe() {
        for text in ["=1+1", "+49 30", "-5", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1"] {
            assert_eq!(Cell::from(text).into_text(), format!("'{text}"));
        }
        for text in ["", "a=1", "1-1", "'", "Support"] {
            assert_eq!(Cell::from(text).into_text(), text);
        }
        assert_eq!(Cell::from(-5).into_text(), "-5");
    }

    #[test]
    fn a_cell_with_separators_or_quotes_is_quoted() {
        let mut out = Vec::new();
        write(&mut out, ["a,b", "c\"d", "e\nf", "\r", ""].map(Cell::from)).unwrap();
        assert_eq!(out, b"\"a,b\",\"c\"\"d\",\"e\nf\",\"'\r\",\n");
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(&*out);
        let record = reader.records().next().unwrap().unwrap();
        assert_eq!(record.iter().collect::<Vec<_>>(), ["a,b", "c\"d", "e\nf", "'\r", ""]);
    }
}
