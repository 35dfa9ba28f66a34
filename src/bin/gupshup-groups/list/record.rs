//! What is recorded beside a partial file: which listing it belongs to, and how far it has come.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use gupshup_groups::Checkpoint;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::exit::Failure;
use crate::span::span;

const VERSION: u32 = 1;

/// The advice for a partial file that cannot be continued.
const START_AGAIN: &str = "run again without --resume to list from the start";

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Record {
    version: u32,
    listing: Listing,
    /// The length of the partial file that belongs to these places.
    pub(super) length: u64,
    /// The number of groups in it.
    pub(super) groups: u64,
    saved_at: Timestamp,
    /// In the order of the apps.
    pub(super) places: Vec<Place>,
}

/// What must be the same when a listing is continued.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Listing {
    pub(super) apps: Vec<String>,
    pub(super) format: String,
    pub(super) address: String,
    pub(super) max: Option<usize>,
    pub(super) backward_from: Option<String>,
}

/// How far an app is listed.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    Start,
    After { groups: u64, place: Checkpoint },
    End,
}

impl Record {
    pub(super) fn new(listing: Listing) -> Self {
        let places = vec![Place::Start; listing.apps.len()];
        Self { version: VERSION, listing, length: 0, groups: 0, saved_at: Timestamp::now(), places }
    }

    /// Reads the record, if there is one.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::io(path, &error)),
        };
        let damaged = |problem: &dyn std::fmt::Display| {
            Failure::file(path, format_args!("it does not say where the listing stopped ({problem})"), START_AGAIN)
        };
        // The error's own text quotes values, and a file of something else may hold a key.
        let record: Self = serde_json::from_str(&text)
            .map_err(|error| damaged(&format_args!("line {}, column {}", error.line(), error.column())))?;
        if record.version != VERSION || record.places.len() != record.listing.apps.len() {
            return Err(damaged(&"another version of this program wrote it"));
        }
        Ok(Some(record))
    }

    /// Replaces the record. What it describes must be on the disk.
    pub(super) fn write(&mut self, path: &Path) -> io::Result<()> {
        self.saved_at = Timestamp::now();
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".gupshup-groups-").tempfile_in(directory)?;
        file.write_all(serde_json::to_string(self)?.as_bytes())?;
        file.as_file().sync_data()?;
        file.persist(path).map(drop).map_err(|error| error.error)
    }

    /// An error if the record is of another listing.
    pub(super) fn check(&self, listing: &Listing, path: &Path) -> Result<(), Failure> {
        let Some(difference) = self.listing.difference(listing) else { return Ok(()) };
        let problem = format!("{}: it belongs to another listing: {difference}", path.display());
        Err(Failure::usage(problem, format!("give the same options, or {START_AGAIN}")))
    }

    /// How long ago it was saved.
    pub(super) fn age(&self) -> String {
        let seconds = Timestamp::now().as_second().saturating_sub(self.saved_at.as_second());
        span(Duration::from_secs(seconds.try_into().unwrap_or(0)))
    }
}

impl Listing {
    fn difference(&self, other: &Self) -> Option<String> {
        let differs = |what: &str, this: &str, other: &str| format!("its {what} is {this}, not {other}");
        let option = |value: &Option<String>| value.clone().unwrap_or_else(|| "not given".to_owned());
        let max = |value: Option<usize>| value.map_or_else(|| "not given".to_owned(), |max| max.to_string());
        if self.apps != other.apps {
            let (own, others) = (BTreeSet::from_iter(&self.apps), BTreeSet::from_iter(&other.apps));
            Some(match (own.difference(&others).next(), others.difference(&own).next()) {
                (Some(app), _) => format!("it has the app {app}, which is not listed now"),
                (None, Some(app)) => format!("it does not have the app {app}"),
                (None, None) => "its apps are in another order".to_owned(),
            })
        } else if self.format != other.format {
            Some(differs("--format", &self.format, &other.format))
        } else if self.address != other.address {
            Some(differs("address", &self.address, &other.address))
        } else if self.max != other.max {
            Some(differs("--max", &max(self.max), &max(other.max)))
        } else if self.backward_from != other.backward_from {
            Some(differs("--backward-from", &option(&self.backward_from), &option(&other.backward_from)))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(apps: &[&str]) -> Listing {
        let apps = apps.iter().map(|app| (*app).to_owned()).collect();
        Listing { apps, format: "csv".to_owned(), address: "a".to_owned(), max: None, backward_from: None }
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("record");
        assert!(Record::read(&path).unwrap().is_none());
        let mut record = Record::new(listing(&["a", "b"]));
        record.length = 5;
        record.places[0] = Place::End;
        record.write(&path).unwrap();
        let read = Record::read(&path).unwrap().unwrap();
        assert_eq!((read.length, read.places), (5, vec![Place::End, Place::Start]));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_record_of_another_listing_says_what_differs() {
        let record = Record::new(listing(&["a", "b"]));
        let problem = |other: &Listing| record.check(other, Path::new("x")).unwrap_err().to_string();
        assert!(record.check(&listing(&["a", "b"]), Path::new("x")).is_ok());
        assert!(problem(&listing(&["a"])).contains("it has the app b, which is not listed now"));
        assert!(problem(&listing(&["a", "b", "c"])).contains("it does not have the app c"));
        assert!(problem(&listing(&["b", "a"])).contains("in another order"));
        let jsonl = Listing { format: "jsonl".to_owned(), ..listing(&["a", "b"]) };
        assert!(problem(&jsonl).contains("its --format is csv, not jsonl"));
    }

    #[test]
    fn a_file_of_something_else_is_not_quoted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("record");
        for text in ["", "x", "\"123456\"", r#"{"version":"123456"}"#] {
            std::fs::write(&path, text).unwrap();
            let problem = Record::read(&path).unwrap_err().to_string();
            assert!(problem.contains("it does not say where the listing stopped"), "{problem}");
            assert!(!problem.contains("123456"), "{problem}");
        }
    }
}
