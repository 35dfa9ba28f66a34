//! The lines of output.

use gupshup_groups::{Change, Group};
use serde::Serialize;

use super::csv::Cell;
use super::{Record, time};

/// A group of an app.
#[derive(Debug, Serialize)]
pub(crate) struct GroupRecord<'a> {
    app_id: &'a str,
    #[serde(flatten)]
    group: &'a Group,
    created_at: String,
}

impl<'a> GroupRecord<'a> {
    pub(crate) fn new(app_id: &'a str, group: &'a Group) -> Self {
        Self { app_id, group, created_at: time(group.creation_timestamp) }
    }
}

impl Record for GroupRecord<'_> {
    const COLUMNS: &'static [&'static str] = &["app_id", "id", "subject", "creation_timestamp", "created_at"];
    const HEADER: &'static [&'static str] = &["CREATED", "ID", "SUBJECT"];

    fn cells(&self) -> Vec<Cell<'_>> {
        let Group { id, subject, creation_timestamp, .. } = self.group;
        vec![
            Cell::Exact(self.app_id),
            Cell::Exact(id),
            subject.as_str().into(),
            (*creation_timestamp).into(),
            Cell::Exact(&self.created_at),
        ]
    }

    fn fields(&self) -> (&str, Vec<String>) {
        let Group { id, subject, .. } = self.group;
        (self.app_id, vec![self.created_at.clone(), id.clone(), subject.clone()])
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
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a Group>,
    observed_at: &'a str,
    #[serde(skip)]
    sign: char,
}

impl<'a> ChangeRecord<'a> {
    pub(crate) fn new(app_id: &'a str, change: &'a Change, observed_at: &'a str) -> Self {
        let (sign, name, before) = match change {
            Change::Created(_) => ('+', "created", None),
            Change::Renamed { before, .. } => ('~', "renamed", Some(before)),
            Change::Changed { before, .. } => ('~', "changed", Some(before)),
            Change::Removed(_) => ('-', "removed", None),
            // The library may add kinds.
            _ => ('?', "changed", None),
        };
        let group = change.group();
        let created_at = time(group.creation_timestamp);
        Self { app_id, change: name, group, created_at, before, observed_at, sign }
    }
}

impl Record for ChangeRecord<'_> {
    const COLUMNS: &'static [&'static str] =
        &["app_id", "change", "id", "subject", "creation_timestamp", "created_at", "subject_before", "observed_at"];
    const HEADER: &'static [&'static str] = &[" ", "OBSERVED", "ID", "SUBJECT"];

    fn cells(&self) -> Vec<Cell<'_>> {
        let Group { id, subject, creation_timestamp, .. } = self.group;
        vec![
            Cell::Exact(self.app_id),
            Cell::Exact(self.change),
            Cell::Exact(id),
            subject.as_str().into(),
            (*creation_timestamp).into(),
            Cell::Exact(&self.created_at),
            self.before.map_or("", |before| &before.subject).into(),
            Cell::Exact(self.observed_at),
        ]
    }

    fn fields(&self) -> (&str, Vec<String>) {
        let Group { id, subject, .. } = self.group;
        let before = self.before.map(|before| format!("{} -> ", before.subject)).unwrap_or_default();
        (
            self.app_id,
            vec![self.sign.to_string(), self.observed_at.to_owned(), id.clone(), format!("{before}{subject}")],
        )
    }
}

/// The number of groups of an app.
#[derive(Debug, Serialize)]
pub(crate) struct CountRecord<'a> {
    app_id: &'a str,
    groups: i64,
}

impl<'a> CountRecord<'a> {
    pub(crate) fn new(app_id: &'a str, groups: usize) -> Self {
        Self { app_id, groups: i64::try_from(groups).unwrap_or(i64::MAX) }
    }
}

impl Record for CountRecord<'_> {
    const COLUMNS: &'static [&'static str] = &["app_id", "groups"];
    const HEADER: &'static [&'static str] = &["GROUPS"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![Cell::Exact(self.app_id), self.groups.into()]
    }

    fn fields(&self) -> (&str, Vec<String>) {
        (self.app_id, vec![self.groups.to_string()])
    }
}
