//! The database: how it is opened, and what it holds.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::problem;
use crate::exit::Failure;

/// `PRAGMA user_version` of this schema.
const VERSION: i64 = 1;

/// `PRAGMA application_id`: `GGrp`.
const APPLICATION: i64 = 0x4747_7270;

/// How long a writer waits for another.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// What an operator may query is described in the help: `groups`, `active_groups`, `changes` and `apps`.
///
/// A group that is listed again and again is not written again: the time of the last listing is its app's. So a listing
/// without changes costs one row.
const SCHEMA: &str = "
    CREATE TABLE apps (
        app_id       TEXT NOT NULL PRIMARY KEY,
        first_listed TEXT NOT NULL,
        last_listed  TEXT NOT NULL,
        revision     INTEGER NOT NULL   -- counts the listings that were saved
    ) WITHOUT ROWID, STRICT;

    CREATE TABLE group_rows (
        app_id     TEXT NOT NULL,
        id         TEXT NOT NULL,
        subject    TEXT NOT NULL,
        created    INTEGER NOT NULL,    -- seconds since 1970, as the API says
        first_seen TEXT NOT NULL,
        last_seen  TEXT,                -- of a removed group
        removed    TEXT,                -- NULL while it is listed
        PRIMARY KEY (app_id, id)
    ) WITHOUT ROWID, STRICT;

    CREATE VIEW groups AS
        SELECT app_id, id, subject, created, first_seen, coalesce(last_seen, last_listed) AS last_seen, removed
        FROM group_rows JOIN apps USING (app_id);

    CREATE VIEW active_groups AS
        SELECT app_id, id, subject, created, first_seen, last_seen FROM groups WHERE removed IS NULL;

    CREATE TABLE changes (
        number         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        app_id         TEXT NOT NULL,
        change         TEXT NOT NULL CHECK (change IN ('created', 'renamed', 'changed', 'removed')),
        id             TEXT NOT NULL,
        subject        TEXT NOT NULL,   -- now, or when it was last listed
        created        INTEGER NOT NULL,
        subject_before TEXT,
        created_before INTEGER,
        observed       TEXT NOT NULL,
        reported       TEXT             -- NULL until it is
    ) STRICT;
    CREATE INDEX unreported ON changes (app_id, number) WHERE reported IS NULL;
";

/// Opens the database, or creates it.
pub(super) fn open(path: &Path, must_exist: bool) -> Result<Connection, Failure> {
    match File::open(path) {
        Ok(file) => check_header(path, file)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound && must_exist => {
            return Err(Failure::file(
                path,
                "the state does not exist, and --require-state is given",
                "restore the file, or leave the option out once to start with the present lists",
            ));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(path)?,
        Err(error) => return Err(Failure::io(path, &error)),
    }
    let failed = |error: rusqlite::Error| problem(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(failed)?;
    db.busy_timeout(PATIENCE).map_err(failed)?;
    prepare(&db, path)?;
    Ok(db)
}

/// Only its owner can read the groups' names and ids. SQLite gives its other files the same permissions.
fn create(path: &Path) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|error| Failure::io(path, &error))
}

/// Tells other files apart before SQLite does, whose message names no cause.
fn check_header(path: &Path, file: File) -> Result<(), Failure> {
    let mut start = Vec::new();
    file.take(16).read_to_end(&mut start).map_err(|error| Failure::io(path, &error))?;
    if start.is_empty() || start == *b"SQLite format 3\0" {
        return Ok(());
    }
    let what = if start.trim_ascii_start().starts_with(b"{") {
        "it is JSON, as the state was before it became a database"
    } else {
        "it is not a database"
    };
    Err(Failure::file(path, what, "give another file, or move this one away: the first run saves the lists again"))
}

fn prepare(db: &Connection, path: &Path) -> Result<(), Failure> {
    let failed = |error: rusqlite::Error| problem(path, &error);
    let number = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(failed);
    match (number("application_id")?, number("user_version")?) {
        (APPLICATION, VERSION) => {}
        (0, 0) => create_schema(db, path)?,
        (APPLICATION, version) => {
            return Err(Failure::file(
                path,
                format_args!("another version of this program wrote it (schema {version}, this one has {VERSION})"),
                "use that version, or give another file",
            ));
        }
        _ => return Err(not_ours(path)),
    }
    // So that it can be read while it is written. A file system without shared memory keeps the old mode, which is slower.
    db.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).map_err(failed)
}

fn not_ours(path: &Path) -> Failure {
    Failure::file(path, "it is the database of another program", "give another file")
}

fn create_schema(db: &Connection, path: &Path) -> Result<(), Failure> {
    let failed = |error: rusqlite::Error| problem(path, &error);
    db.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    // Another run may have been faster.
    let (tables, version): (i64, i64) = db
        .query_row(
            "SELECT (SELECT count(*) FROM sqlite_schema), (SELECT user_version FROM pragma_user_version)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .map_err(failed)?;
    if tables > 0 && version == 0 {
        // It stays as it was: the connection is dropped.
        return Err(not_ours(path));
    }
    if tables == 0 {
        db.execute_batch(SCHEMA).map_err(failed)?;
        db.pragma_update(None, "application_id", APPLICATION).map_err(failed)?;
        db.pragma_update(None, "user_version", VERSION).map_err(failed)?;
    }
    db.execute_batch("COMMIT").map_err(failed)
}
