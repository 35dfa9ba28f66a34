//! The output, in one of the formats.

mod csv;
mod jsonl;
mod records;
mod sink;
mod table;

use std::io::{self, BufWriter, IsTerminal as _, Write};

use jiff::Timestamp;
use serde::Serialize;

use crate::args::Format;

use csv::Cell;
use sink::Sink;
use table::Columns;

pub(crate) use jsonl::line as json_line;
pub(crate) use records::{ChangeRecord, CountRecord, GroupRecord};
pub(crate) use sink::stdout_is_closed;
pub(crate) use table::one_line;

/// Room for a batch of changes.
const BUFFER: usize = 64 * 1024;

/// One line of output.
pub(crate) trait Record: Serialize {
    /// The names of the cells.
    const COLUMNS: &'static [&'static str];
    /// The names of the fields of a table's line.
    const HEADER: &'static [&'static str];
    /// In CSV, one cell for each column.
    fn cells(&self) -> Vec<Cell<'_>>;
    /// In a table: the app, and the other fields. They are escaped when they are written.
    fn fields(&self) -> (&str, Vec<String>);
}

/// A buffered output. Call [`sync`](Self::sync) to be sure that records are written.
pub(crate) struct Output {
    out: BufWriter<Sink>,
    format: Format,
    /// Whether a table's line names its app.
    names_apps: bool,
    columns: Columns,
    /// Whether this run, or the one that it continues, has written something.
    begun: bool,
}

impl Output {
    /// Standard output.
    pub(crate) fn stdout(format: Format, names_apps: bool) -> Self {
        let columns = if io::stdout().is_terminal() { Columns::aligned() } else { Columns::plain() };
        Self::new(Sink::stdout(), format, names_apps, columns, false)
    }

    /// A file. If it has content, it has its CSV header too.
    pub(crate) fn file(file: std::fs::File, format: Format, names_apps: bool, has_content: bool) -> Self {
        Self::new(Sink::file(file), format, names_apps, Columns::plain(), has_content)
    }

    fn new(sink: Sink, format: Format, names_apps: bool, columns: Columns, begun: bool) -> Self {
        Self { out: BufWriter::with_capacity(BUFFER, sink), format, names_apps, columns, begun }
    }

    /// Returns after everything has left the program; if it goes to a file, after it is on the disk, because some file
    /// systems report a full disk only then.
    ///
    /// If that fails, a file is cut back to what was written before, so that it ends with a whole line.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        let written = self.out.flush().and_then(|()| self.out.get_mut().sync());
        self.checked(written)
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    pub(crate) fn write<R: Record>(&mut self, record: &R) -> io::Result<()> {
        self.begin::<R>()?;
        let written = match self.format {
            Format::Table => {
                let (app, fields) = record.fields();
                let app = self.names_apps.then(|| app.to_owned());
                self.columns.write(&mut self.out, app.into_iter().chain(fields))
            }
            Format::Jsonl => json_line(record).and_then(|line| self.out.write_all(line.as_bytes())),
            Format::Csv => csv::write(&mut self.out, record.cells()),
        };
        self.checked(written)
    }

    fn checked(&mut self, written: io::Result<()>) -> io::Result<()> {
        if written.is_err() {
            self.out.get_mut().cut_back();
        }
        written
    }

    /// Writes the header, if it is not written yet. Records do so too; an empty list needs this call.
    pub(crate) fn begin<R: Record>(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        match self.format {
            Format::Csv => csv::write(&mut self.out, R::COLUMNS.iter().copied().map(Cell::Exact)),
            Format::Table => {
                let app = self.names_apps.then_some("APP");
                self.columns.header(&mut self.out, app.into_iter().chain(R::HEADER.iter().copied()))
            }
            Format::Jsonl => Ok(()),
        }
    }
}

/// The present time in UTC, to the second.
pub(crate) fn now() -> String {
    time(Timestamp::now().as_second())
}

/// A time in UTC, or the number if it is outside the calendar's range.
pub(crate) fn time(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests;
