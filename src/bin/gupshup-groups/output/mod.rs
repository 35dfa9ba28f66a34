//! Standard output, in one of the formats.

mod csv;
mod records;
mod table;

use std::io::{self, BufWriter, Stdout, Write};

use serde::Serialize;

use crate::args::Format;

use csv::Cell;

pub(crate) use records::{ChangeRecord, CountRecord, GroupRecord};
pub(crate) use table::one_line;

/// One line of output.
pub(crate) trait Record: Serialize {
    /// The names of the cells.
    const COLUMNS: &'static [&'static str];
    /// In CSV, one cell for each column.
    fn cells(&self) -> Vec<Cell<'_>>;
    /// In a table. It is escaped when it is written.
    fn line(&self) -> String;
}

/// A buffered output. Call [`sync`](Self::sync) to be sure that records are written.
pub(crate) struct Output<W: Write> {
    out: BufWriter<W>,
    format: Format,
    /// Whether this run, or the one that it continues, has written something.
    begun: bool,
}

impl Output<Stdout> {
    /// Standard output. If it continues an earlier run's, it has no CSV header.
    pub(crate) fn stdout(format: Format, continues: bool) -> Self {
        Self::new(io::stdout(), format, continues)
    }

    /// Returns after everything has left the program; if standard output is a file, after it is on the disk, because
    /// some file systems report a full disk only then.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        #[cfg(unix)]
        {
            use std::os::fd::AsFd as _;
            let mut file = std::fs::File::from(io::stdout().as_fd().try_clone_to_owned()?);
            // `Stdout` discards what is written to a descriptor that is not open for writing.
            let _: usize = file.write(&[])?;
            if file.metadata()?.is_file() {
                file.sync_data()?;
            }
        }
        Ok(())
    }
}

impl<W: Write> Output<W> {
    fn new(out: W, format: Format, continues: bool) -> Self {
        Self { out: BufWriter::new(out), format, begun: continues }
    }

    /// Whether something is written, so that a later run must continue it.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun
    }

    pub(crate) fn write<R: Record>(&mut self, record: &R) -> io::Result<()> {
        self.begin::<R>()?;
        match self.format {
            Format::Table => writeln!(self.out, "{}", one_line(&record.line())),
            Format::Jsonl => {
                serde_json::to_writer(&mut self.out, record)?;
                self.out.write_all(b"\n")
            }
            Format::Csv => csv::write(&mut self.out, record.cells()),
        }
    }

    /// Writes the CSV header, if it is not written yet. Records do so too; an empty list needs this call.
    pub(crate) fn begin<R: Record>(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.begun, true) && self.format == Format::Csv {
            csv::write(&mut self.out, R::COLUMNS.iter().copied().map(Cell::from))?;
        }
        Ok(())
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use gupshup_groups::{Change, Group};

    use super::*;

    fn written<R: Record>(format: Format, records: &[R]) -> String {
        let mut out = Output::new(Vec::new(), format, false);
        for record in records {
            out.write(record).unwrap();
        }
        out.begin::<R>().unwrap();
        String::from_utf8(out.out.into_inner().unwrap()).unwrap()
    }

    fn group() -> Group {
        Group::new("Z3JvdXA/+==", "=1+1,\n\"two\" \u{202e}lines", 1_750_000_000)
    }

    #[test]
    fn a_table_has_one_group_a_line_and_no_control_characters() {
        let group = group();
        let records = [GroupRecord::new("app", &group, false), GroupRecord::new("app", &group, true)];
        assert_eq!(
            written(Format::Table, &records),
            "2025-06-15T15:06:40Z Z3JvdXA/+== =1+1,\\n\"two\" \\u{202e}lines\n\
             app 2025-06-15T15:06:40Z Z3JvdXA/+== =1+1,\\n\"two\" \\u{202e}lines\n"
        );
    }

    #[test]
    fn a_json_line_has_the_exact_text() {
        let line = written(Format::Jsonl, &[GroupRecord::new("app", &group(), false)]);
        assert_eq!(line.matches('\n').count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["app_id"], "app");
        assert_eq!(serde_json::from_value::<Group>(value).unwrap(), group());
    }

    #[test]
    fn csv_has_a_header_even_without_records_and_guards_against_formulas() {
        const HEADER: &str = "app_id,id,subject,creation_timestamp,created_at\n";
        assert_eq!(written::<GroupRecord<'_>>(Format::Csv, &[]), HEADER);
        assert_eq!(
            written(Format::Csv, &[GroupRecord::new("app", &group(), false)]),
            format!("{HEADER}app,Z3JvdXA/+==,\"'=1+1,\n\"\"two\"\" \u{202e}lines\",1750000000,2025-06-15T15:06:40Z\n")
        );
    }

    #[test]
    fn a_change_says_what_happened_in_every_format() {
        let (before, after) = (Group::new("a", "Sales", 0), Group::new("a", "Support", 0));
        let change = Change::Renamed { before, after };
        let record = [ChangeRecord::new("app", &change, false)];
        assert_eq!(written(Format::Table, &record), "~ 1970-01-01T00:00:00Z a Sales -> Support\n");
        assert_eq!(
            written(Format::Jsonl, &record),
            "{\"app_id\":\"app\",\"change\":\"renamed\",\"id\":\"a\",\"subject\":\"Support\",\
             \"creation_timestamp\":0,\"before\":{\"id\":\"a\",\"subject\":\"Sales\",\"creation_timestamp\":0}}\n"
        );
        assert_eq!(
            written(Format::Csv, &record),
            "app_id,change,id,subject,creation_timestamp,created_at,subject_before\n\
             app,renamed,a,Support,0,1970-01-01T00:00:00Z,Sales\n"
        );
    }

    #[test]
    fn a_created_and_a_removed_group_have_no_before() {
        for (change, sign, name) in [
            (Change::Created(Group::new("a", "Sales", 0)), "+", "created"),
            (Change::Removed(Group::new("a", "Sales", 0)), "-", "removed"),
        ] {
            let record = [ChangeRecord::new("app", &change, true)];
            assert_eq!(written(Format::Table, &record), format!("app {sign} 1970-01-01T00:00:00Z a Sales\n"));
            let line: serde_json::Value = serde_json::from_str(&written(Format::Jsonl, &record)).unwrap();
            assert_eq!(line["change"], name);
            assert!(line.get("before").is_none());
            assert!(written(Format::Csv, &record).ends_with(",Sales,0,1970-01-01T00:00:00Z,\n"));
        }
    }

    #[test]
    fn a_count_is_a_number_or_a_number_with_its_app() {
        let count = |several| [CountRecord::new("app", 7, several)];
        assert_eq!(written(Format::Table, &count(false)), "7\n");
        assert_eq!(written(Format::Table, &count(true)), "app 7\n");
        assert_eq!(written(Format::Jsonl, &count(false)), "{\"app_id\":\"app\",\"groups\":7}\n");
        assert_eq!(written(Format::Csv, &count(true)), "app_id,groups\napp,7\n");
    }
}
