//! The lines of output.

use gupshup_groups::{Change, Group};
use jiff::Timestamp;
use serde::Serialize;

use super::Record;
use super::csv::Cell;

/// A group of an app.
#[derive(Debug, Serialize)]
pub(crate) struct GroupRecord<'a> {
    app_id: &'a str,
    #[serde(flatten)]
    group: &'a Group,
    /// Whether several apps are listed, so that a table must name them.
    #[serde(skip)]
    several: bool,
}

impl<'a> GroupRecord<'a> {
    pub(crate) fn new(app_id: &'a str, group: &'a Group, several: bool) -> Self {
        Self { app_id, group, several }
    }
}

impl Record for GroupRecord<'_> {
    const COLUMNS: &'static [&'static str] = &["app_id", "id", "subject", "creation_timestamp", "created_at"];

    fn cells(&self) -> Vec<Cell<'_>> {
        let Group { id, subject, creation_timestamp, .. } = self.group;
        vec![
            self.app_id.into(),
            id.as_str().into(),
            subject.as_str().into(),
            (*creation_timestamp).into(),
            created_at(self.group).into(),
        ]
    }

    fn line(&self) -> String {
        let Group { id, subject, .. } = self.group;
        format!("{}{} {id} {subject}", prefix(self.app_id, self.several), created_at(self.group))
    }
}

/// A change to a group of an app.
#[derive(Debug, Serialize)]
pub(crate) struct ChangeRecord<'a> {
    app_id: &'a str,
    change: &'static str,
    /// The new state, or the last known one.
    #[serde(flatten)]
    group: &'a Group,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a Group>,
    #[serde(skip)]
    sign: char,
    #[serde(skip)]
    several: bool,
}

impl<'a> ChangeRecord<'a> {
    pub(crate) fn new(app_id: &'a str, change: &'a Change, several: bool) -> Self {
        let (sign, name, before) = match change {
            Change::Created(_) => ('+', "created", None),
            Change::Renamed { before, .. } => ('~', "renamed", Some(before)),
            Change::Removed(_) => ('-', "removed", None),
            // The library may add kinds.
            _ => ('?', "changed", None),
        };
        Self { app_id, change: name, group: change.group(), before, sign, several }
    }
}

impl Record for ChangeRecord<'_> {
    const COLUMNS: &'static [&'static str] =
        &["app_id", "change", "id", "subject", "creation_timestamp", "created_at", "subject_before"];

    fn cells(&self) -> Vec<Cell<'_>> {
        let Group { id, subject, creation_timestamp, .. } = self.group;
        vec![
            self.app_id.into(),
            self.change.into(),
            id.as_str().into(),
            subject.as_str().into(),
            (*creation_timestamp).into(),
            created_at(self.group).into(),
            self.before.map_or("", |before| &before.subject).into(),
        ]
    }

    fn line(&self) -> String {
        let Group { id, subject, .. } = self.group;
        let before = self.before.map(|before| format!("{} -> ", before.subject)).unwrap_or_default();
        let prefix = prefix(self.app_id, self.several);
        format!("{prefix}{} {} {id} {before}{subject}", self.sign, created_at(self.group))
    }
}

/// The number of groups of an app.
#[derive(Debug, Serialize)]
pub(crate) struct CountRecord<'a> {
    app_id: &'a str,
    groups: i64,
    #[serde(skip)]
    several: bool,
}

impl<'a> CountRecord<'a> {
    pub(crate) fn new(app_id: &'a str, groups: usize, several: bool) -> Self {
        Self { app_id, groups: i64::try_from(groups).unwrap_or(i64::MAX), several }
    }
}

impl Record for CountRecord<'_> {
    const COLUMNS: &'static [&'static str] = &["app_id", "groups"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![self.app_id.into(), self.groups.into()]
    }

    fn line(&self) -> String {
        format!("{}{}", prefix(self.app_id, self.several), self.groups)
    }
}

fn prefix(app_id: &str, several: bool) -> String {
    if several { format!("{app_id} ") } else { String::new() }
}

/// The creation time in UTC, or the number if it is outside the calendar's range.
fn created_at(group: &Group) -> String {
    let seconds = group.creation_timestamp;
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}
