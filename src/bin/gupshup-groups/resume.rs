//! The resume file: the place of each app's listing.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use gupshup_groups::Checkpoint;
use serde::{Deserialize, Serialize};

use crate::exclusive::ExclusiveFile;
use crate::exit::{Exit, Failure, in_json};

const VERSION: u32 = 1;

/// The advice for a file that cannot be used.
const START_AGAIN: &str = "give another file, or delete this one to list from the start";

/// The places of a run. Without a file, nothing is saved.
#[derive(Debug)]
pub(crate) struct ResumeFile {
    file: Option<ExclusiveFile>,
    /// By app. An app without a place has not begun.
    places: BTreeMap<String, Checkpoint>,
    /// Whether the file has all places.
    is_saved: bool,
    continues: bool,
}

#[derive(Deserialize, Serialize)]
struct Saved {
    version: u32,
    /// The places, in the text form of a checkpoint.
    apps: BTreeMap<String, String>,
}

impl ResumeFile {
    /// Reads the file, if it exists. It must not name an app that is not listed now: its place would be lost.
    pub(crate) fn open(path: Option<&Path>, apps: &[String]) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self { file: None, places: BTreeMap::new(), is_saved: true, continues: false });
        };
        let file = ExclusiveFile::open(path).map_err(|error| Failure::file(path, &error))?;
        let text = file.read().map_err(|error| Failure::file(path, &error))?;
        let places = text.as_deref().map(parse).transpose().map_err(|error| Failure::file(path, &error))?;
        let continues = places.is_some();
        let places = places.unwrap_or_default();
        if let Some(other) = places.keys().find(|app| !apps.contains(app)) {
            let problem = format!("it belongs to the app {other}, which is not listed now; {START_AGAIN}");
            return Err(Failure::new(Exit::Usage, format!("{}: {problem}", path.display())));
        }
        Ok(Self { file: Some(file), places, is_saved: true, continues })
    }

    /// Whether this run continues the output of an earlier one.
    pub(crate) fn continues(&self) -> bool {
        self.continues
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(ExclusiveFile::path)
    }

    pub(crate) fn place(&self, app: &str) -> Option<&Checkpoint> {
        self.places.get(app)
    }

    /// Notes the place, to be saved.
    pub(crate) fn reached(&mut self, app: &str, place: Checkpoint) {
        if self.places.get(app) != Some(&place) {
            self.places.insert(app.to_owned(), place);
            self.is_saved = false;
        }
    }

    /// Saves the places. Everything before them must be written.
    pub(crate) fn save(&mut self) -> Result<(), Failure> {
        let Some(file) = self.file.as_ref().filter(|_| !self.is_saved) else { return Ok(()) };
        let apps = self.places.iter().map(|(app, place)| (app.clone(), place.to_string())).collect();
        let text = serde_json::to_string(&Saved { version: VERSION, apps });
        text.map_err(io::Error::from)
            .and_then(|text| file.replace(format!("{text}\n").as_bytes()))
            .map_err(|error| Failure::file(file.path(), &error))?;
        self.is_saved = true;
        Ok(())
    }

    /// Removes the file if all these listings have ended.
    pub(crate) fn finish(self, apps: &[String]) -> Result<(), Failure> {
        match self.file {
            Some(file) if apps.iter().all(|app| self.places.get(app).is_some_and(Checkpoint::is_end)) => {
                let path = file.path().to_owned();
                file.remove().map_err(|error| Failure::file(&path, &error))
            }
            _ => Ok(()),
        }
    }
}

fn parse(text: &str) -> Result<BTreeMap<String, Checkpoint>, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("it is not a resume file ({error}); {START_AGAIN}");
    let saved: Saved = serde_json::from_str(text).map_err(|error| wrong(&in_json(&error)))?;
    if saved.version != VERSION {
        return Err(format!("it was written by another version of this program; {START_AGAIN}"));
    }
    let place = |(app, text): (String, String)| text.parse().map(|place| (app, place)).map_err(|error| wrong(&error));
    saved.apps.into_iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_a_resume_file_is_refused() {
        for text in ["", "x", "{}", "[]", r#"{"version":1,"apps":{"a":"nowhere"}}"#] {
            assert!(parse(text).unwrap_err().contains("not a resume file"), "{text}");
        }
        assert!(parse(r#"{"version":2,"apps":{}}"#).unwrap_err().contains("another version"));
    }

    #[test]
    fn a_file_of_something_else_is_not_quoted() {
        for text in ["123456", "\"123456\"", r#"{"version":"123456"}"#, r#"{"version":1,"apps":{"a":"123456"}}"#] {
            assert!(!parse(text).unwrap_err().contains("123456"), "{text}");
        }
    }

    #[test]
    fn a_place_is_read_as_it_was_saved() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("place");
        let apps = ["a".to_owned(), "b".to_owned()];
        let list = gupshup_groups::ListGroups::from_source(gupshup_groups::testing::FakeGroups::new([]));
        let place = list.stream().checkpoint();

        let mut file = ResumeFile::open(Some(&path), &apps).unwrap();
        assert!(!file.continues());
        file.reached("a", place.clone());
        file.save().unwrap();
        drop(file);
        let file = ResumeFile::open(Some(&path), &apps).unwrap();
        assert!(file.continues());
        assert_eq!((file.place("a"), file.place("b")), (Some(&place), None));
        drop(file);

        let failure = ResumeFile::open(Some(&path), &apps[1..]).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.message.contains("belongs to the app a"), "{}", failure.message);
        assert!(path.exists());
    }
}
