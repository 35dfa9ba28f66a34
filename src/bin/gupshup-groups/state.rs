//! The state file: the lists as last reported, and the changes to report.
//!
//! Changes are saved before they are reported and removed afterwards. So every change is reported at least once, even
//! the removal of a group whose creation was reported just before a crash.

use std::collections::BTreeMap;
use std::path::Path;

use gupshup_groups::{Change, Snapshot};
use serde::{Deserialize, Serialize};

use crate::exclusive::ExclusiveFile;
use crate::exit::{Failure, in_json};

const VERSION: u32 = 1;

/// The consequence of an incomplete report.
pub(crate) const NOT_REPLACED: &str = "the state was not replaced, so the next run reports these changes again";

/// No other run uses the file meanwhile.
#[derive(Debug)]
pub(crate) struct StateFile {
    file: ExclusiveFile,
    saved: Saved,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Saved {
    version: u32,
    /// The groups are invented, and must not be compared with an account's.
    demo: bool,
    /// By app. Includes apps that are not listed now.
    apps: BTreeMap<String, App>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct App {
    /// The list as last reported.
    list: Option<Snapshot>,
    /// To be reported before the next listing.
    pending: Option<Pending>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Pending {
    changes: Vec<Change>,
    /// The list with these changes.
    list: Snapshot,
}

impl StateFile {
    /// Reads the file, if it exists.
    pub(crate) fn open(path: &Path, demo: bool) -> Result<Self, Failure> {
        let file = ExclusiveFile::open(path).map_err(|error| Failure::file(path, &error))?;
        let saved = match file.read().map_err(|error| Failure::file(path, &error))? {
            Some(text) => parse(&text, demo).map_err(|problem| {
                let next = "give another file, or delete this one to start again";
                Failure::file(path, &format_args!("{problem}; {next}"))
            })?,
            None => Saved { version: VERSION, demo, apps: BTreeMap::new() },
        };
        Ok(Self { file, saved })
    }

    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// The app's list as last reported.
    pub(crate) fn list(&self, app: &str) -> Option<&Snapshot> {
        self.saved.apps.get(app)?.list.as_ref()
    }

    /// The changes that the last run did not finish reporting.
    pub(crate) fn pending(&self, app: &str) -> Vec<Change> {
        let pending = self.saved.apps.get(app).and_then(|app| app.pending.as_ref());
        pending.map(|pending| pending.changes.clone()).unwrap_or_default()
    }

    /// Saves the changes to report, and the list that includes them.
    pub(crate) fn begin(&mut self, app: &str, changes: &[Change], list: Snapshot) -> Result<(), Failure> {
        let pending = Pending { changes: changes.to_vec(), list };
        self.update(|saved| saved.apps.entry(app.to_owned()).or_default().pending = Some(pending))
    }

    /// Replaces the list after its changes are reported.
    pub(crate) fn finish(&mut self, app: &str) -> Result<(), Failure> {
        if self.saved.apps.get(app).is_none_or(|app| app.pending.is_none()) {
            return Ok(());
        }
        self.update(|saved| {
            let app = saved.apps.entry(app.to_owned()).or_default();
            if let Some(pending) = app.pending.take() {
                app.list = Some(pending.list);
            }
        })
    }

    /// Replaces the file. If that fails, nothing has changed.
    fn update(&mut self, change: impl FnOnce(&mut Saved)) -> Result<(), Failure> {
        let mut saved = self.saved.clone();
        change(&mut saved);
        let text = serde_json::to_string(&saved).map_err(|error| Failure::file(self.path(), &error))?;
        self.file
            .replace(format!("{text}\n").as_bytes())
            .map_err(|error| Failure::file(self.path(), &error).and(NOT_REPLACED))?;
        self.saved = saved;
        Ok(())
    }
}

fn parse(text: &str, demo: bool) -> Result<Saved, String> {
    let saved: Saved =
        serde_json::from_str(text).map_err(|error| format!("it is not a state file ({})", in_json(&error)))?;
    match (saved.version, saved.demo, demo) {
        (VERSION, true, false) => Err("it holds the invented groups of the demo".to_owned()),
        (VERSION, false, true) => Err("it holds groups of an account, not of the demo".to_owned()),
        (VERSION, _, _) => Ok(saved),
        _ => Err("it was written by another version of this program".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_a_state_file_is_refused() {
        for text in ["", "x", "{}", r#"{"version":1,"demo":false,"apps":{"a":{"list":[]}}}"#] {
            assert!(parse(text, false).unwrap_err().contains("not a state file"), "{text}");
        }
        assert!(parse(r#"{"version":2,"demo":false,"apps":{}}"#, false).unwrap_err().contains("another version"));
    }

    #[test]
    fn a_file_of_something_else_is_not_quoted() {
        for text in ["123456", "\"123456\"", r#"{"version":"123456"}"#] {
            assert!(!parse(text, false).unwrap_err().contains("123456"), "{text}");
        }
    }

    #[test]
    fn a_state_of_the_demo_is_refused_with_an_account_and_the_reverse() {
        let text = |demo| format!(r#"{{"version":1,"demo":{demo},"apps":{{}}}}"#);
        assert!(parse(&text(true), true).is_ok() && parse(&text(false), false).is_ok());
        assert!(parse(&text(true), false).unwrap_err().contains("invented groups of the demo"));
        assert!(parse(&text(false), true).unwrap_err().contains("groups of an account"));
    }
}
