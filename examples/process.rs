//! Processes an app's groups, sixteen at a time. If it is killed, no group is left out.
//!
//! ```sh
//! cargo run --example process -- --demo
//! GUPSHUP_API_KEY=… GUPSHUP_APP_ID=… cargo run --example process -- place handled
//! ```
//!
//! Processing a group means to wait a little and to append its id to the file `handled`. The file `place` holds the
//! checkpoint of what is processed. After a failure or a kill, the next run resumes there. The file is removed at the
//! end of the list. A group that was being processed at a kill is processed again, so doing it twice must be harmless.
//!
//! With `--demo` it processes the groups of a demo server, with temporary files. The first run stops half-way. It
//! prints:
//!
//! ```text
//! stopped: 1000 groups are handled
//! resumed: 2500 groups are handled
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

mod demo;

use std::cell::Cell;
use std::collections::HashSet;
use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::TryStreamExt;
use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Checkpoint, Group, ListGroups, Tracked};

const AT_ONCE: usize = 16;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<PathBuf> = env::args_os().skip(1).filter(|path| path != "--demo").map(Into::into).collect();
    let (groups, demo) = demo::app_or_demo(FakeGroups::new(demo::groups(2500)))?;
    match (demo, &*paths) {
        (Some(_demo), []) => demonstrate(&groups).await,
        (None, [place, handled]) => process(&groups, place, &Work::open(handled)?).await,
        _ => Err("give the two files: process place handled".into()),
    }
}

/// Processes every group of the list, from the saved place onward.
async fn process(groups: &ListGroups, place: &Path, work: &Work) -> Result<(), Box<dyn Error>> {
    let list = match load(place)? {
        Some(checkpoint) => groups.clone().resume(checkpoint),
        None => groups.clone(),
    };
    let stream = list.stream().tracked();
    let processed = &stream.processed();
    let result = stream
        .map_err(Box::<dyn Error>::from)
        .try_for_each_concurrent(AT_ONCE, |Tracked { group, ack, .. }| async move {
            work.handle(&group).await?;
            // Until here, the checkpoint stays before the group.
            ack.done();
            if work.done.get() % AT_ONCE == 0 {
                save(place, &processed.checkpoint())?;
            }
            Ok(())
        })
        .await;
    match result {
        Ok(()) => remove(place)?,
        // Cursors expire. The next run processes all groups again.
        Err(error) if is_expired(&*error) => {
            remove(place)?;
            return Err(error);
        }
        Err(error) => {
            save(place, &processed.checkpoint())?;
            return Err(error);
        }
    }
    Ok(())
}

fn is_expired(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<gupshup_groups::Error>().is_some_and(gupshup_groups::Error::is_cursor_expired)
}

/// The work on each group.
struct Work {
    handled: File,
    /// Groups processed in this run.
    done: Cell<usize>,
    /// Fails after this many groups, for the demonstration.
    fails_after: Option<usize>,
}

impl Work {
    fn open(handled: &Path) -> io::Result<Self> {
        let handled = File::options().create(true).append(true).open(handled)?;
        Ok(Self { handled, done: Cell::new(0), fails_after: None })
    }

    /// Waits as long as a request takes, longer for some groups than for others, and appends the id.
    async fn handle(&self, group: &Group) -> Result<(), Box<dyn Error>> {
        tokio::time::sleep(Duration::from_millis(1 + group.creation_timestamp.unsigned_abs() % 7)).await;
        if self.fails_after == Some(self.done.get()) {
            return Err("the first run of the demo stops here".into());
        }
        // One write a line, so that no line is written in part.
        (&self.handled).write_all(format!("{}\n", group.id).as_bytes())?;
        self.done.set(self.done.get() + 1);
        Ok(())
    }
}

/// The place that an earlier run saved.
fn load(place: &Path) -> Result<Option<Checkpoint>, Box<dyn Error>> {
    match fs::read_to_string(place) {
        Ok(text) => Ok(Some(text.parse()?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Replaces the whole file, or nothing.
fn save(place: &Path, checkpoint: &Checkpoint) -> io::Result<()> {
    let new = place.with_extension("new");
    fs::write(&new, checkpoint.to_string())?;
    fs::rename(new, place)
}

fn remove(place: &Path) -> io::Result<()> {
    match fs::remove_file(place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// A run that stops half-way, and one that resumes it.
async fn demonstrate(groups: &ListGroups) -> Result<(), Box<dyn Error>> {
    let file = |name: &str| env::temp_dir().join(format!("gupshup-groups-process-{}-{name}", std::process::id()));
    let (place, handled) = (file("place"), file("handled"));

    let work = Work { fails_after: Some(1000), ..Work::open(&handled)? };
    if process(groups, &place, &work).await.is_ok() {
        return Err("the first run should have stopped".into());
    }
    println!("stopped: {} groups are handled", distinct_lines(&handled)?);

    process(groups, &place, &Work::open(&handled)?).await?;
    println!("resumed: {} groups are handled", distinct_lines(&handled)?);
    fs::remove_file(handled)?;
    Ok(())
}

fn distinct_lines(file: &Path) -> io::Result<usize> {
    Ok(fs::read_to_string(file)?.lines().collect::<HashSet<_>>().len())
}
