//! `--output`: the file that is written beside the old one, and takes its place when it is complete.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fs4::{FileExt, TryLockError};
use gupshup_groups::Checkpoint;

use super::record::{Listing, Place, Record};
use crate::args::Format;
use crate::exit::{Exit, Failure};
use crate::input;
use crate::output::{GroupRecord, Output};
use crate::say::{Console, count};

/// The place is saved at most this often: each time waits for the disk. A run that is killed lists again what came later.
const SAVE_EVERY: Duration = Duration::from_secs(1);

pub(super) struct Partial {
    pub(super) out: Output,
    /// The partial file once more, locked until the run ends.
    file: File,
    /// The file that will be replaced. Not a symbolic link: the link stays.
    target: PathBuf,
    path: PathBuf,
    record_path: PathBuf,
    record: Record,
    saved: Instant,
}

impl Partial {
    /// Begins the partial file of a listing, or continues it.
    pub(super) fn open(
        target: &Path,
        resume: bool,
        format: Format,
        listing: Listing,
        console: &Console,
    ) -> Result<Self, Failure> {
        let names_apps = listing.apps.len() > 1;
        let target = real(target)?;
        let (path, record_path) = (beside(&target, ".partial"), beside(&target, ".partial.json"));
        let mut file = locked(&path)?;
        let saved = if resume { Record::read(&record_path)? } else { None };
        let record = if let Some(record) = saved {
            record.check(&listing, &path)?;
            let length = file.metadata().map_err(|error| Failure::io(&path, &error))?.len();
            if length < record.length {
                let problem = format!("it has {length} bytes, and {} were written", record.length);
                return Err(Failure::file(&path, problem, "run again without --resume to list from the start"));
            }
            let groups = count(record.groups, "group");
            // Also with --quiet: the first part of the file is as old.
            console.always(format_args!("continues after {groups}, saved {} ago", record.age()));
            record
        } else {
            let discarded = Record::read(&record_path).ok().flatten().filter(|record| record.groups > 0);
            if resume {
                console.note("there is nothing to continue: lists from the start");
            } else if let Some(record) = discarded {
                let groups = count(record.groups, "group");
                console.note(format_args!(
                    "discards {groups} of a run that stopped {} ago: lists from the start",
                    record.age()
                ));
            }
            Record::new(listing)
        };
        file.set_len(record.length)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .and_then(|_| if record.length == 0 { remove(&record_path) } else { Ok(()) })
            .map_err(|error| Failure::io(&path, &error))?;
        let handle = file.try_clone().map_err(|error| Failure::io(&path, &error))?;
        let out = Output::file(handle, format, names_apps, record.length > 0);
        Ok(Self { out, file, target, path, record_path, record, saved: Instant::now() })
    }

    pub(super) fn places(&self) -> &[Place] {
        &self.record.places
    }

    /// Notes that the groups of a page are written, and saves the place now and then.
    pub(super) fn reached(&mut self, app: usize, place: Checkpoint, groups: u64) -> Result<(), Failure> {
        self.record.groups += groups;
        if let Some(at) = self.record.places.get_mut(app) {
            let before = if let Place::After { groups, .. } = at { *groups } else { 0 };
            *at = Place::After { groups: before + groups, place };
        }
        if self.saved.elapsed() < SAVE_EVERY { Ok(()) } else { self.save() }
    }

    /// Notes that an app is listed to the end.
    pub(super) fn ended(&mut self, app: usize) {
        if let Some(place) = self.record.places.get_mut(app) {
            *place = Place::End;
        }
    }

    /// Saves the place: first the groups before it.
    pub(super) fn save(&mut self) -> Result<(), Failure> {
        self.out.sync().map_err(|error| self.not_written(&error))?;
        let length = self.file.metadata().map_err(|error| Failure::io(&self.path, &error))?.len();
        self.record.length = length;
        self.record.write(&self.record_path).map_err(|error| Failure::io(&self.record_path, &error))?;
        self.saved = Instant::now();
        Ok(())
    }

    pub(super) fn not_written(&self, error: &io::Error) -> Failure {
        let advice = "the old file is unchanged; when the cause is removed, run again with --resume";
        Failure::file(&self.path, format_args!("it could not be written ({error})"), advice)
    }

    /// Puts the complete file in the place of the old one.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        let failed = |error: io::Error| Failure::io(&self.target, &error);
        if let Err(error) = self.out.begin::<GroupRecord<'_>>().and_then(|()| self.out.sync()) {
            return Err(self.not_written(&error));
        }
        if let Ok(old) = fs::metadata(&self.target) {
            self.file.set_permissions(old.permissions()).map_err(failed)?;
        }
        // Without its record, the partial file is not continued, whatever happens next.
        remove(&self.record_path).and_then(|()| fs::rename(&self.path, &self.target)).map_err(failed)?;
        sync_directory(&self.target);
        Ok(())
    }

    /// What a run says that stops before the end. `refused`: an app failed for a reason that only the user can correct.
    pub(super) fn how_to_continue(&self, refused: bool) -> String {
        let next = if refused {
            "correct the apps that failed and run again with --resume, or leave them out and run without it"
        } else {
            "to continue, run again with --resume"
        };
        format!("{} is unchanged; {next}", self.target.display())
    }
}

/// Opens the partial file for this run only.
fn locked(path: &Path) -> Result<File, Failure> {
    let failed = |error: io::Error| Failure::io(path, &error);
    loop {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        match FileExt::try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let problem = format!("{}: another run writes it", path.display());
                return Err(Failure::new(Exit::Locked, problem, "run again when it has ended"));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // The run that had the lock before may have renamed the file to the target.
        if is_at(&file, path).map_err(failed)? {
            return Ok(file);
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let own = file.metadata()?;
    match fs::metadata(path) {
        Ok(found) => Ok((own.dev(), own.ino()) == (found.dev(), found.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    // An open file cannot be renamed.
    Ok(true)
}

/// The file behind symbolic links, which need not exist.
fn real(path: &Path) -> Result<PathBuf, Failure> {
    if input::is_stdin(path) {
        let advice = "leave out --output to write to standard output";
        return Err(Failure::usage("- is not a file that can be replaced", advice));
    }
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => fs::canonicalize(path).map_err(|error| Failure::io(path, &error)),
        Ok(_) => Err(Failure::usage(
            format!("{} is not a file that can be replaced", path.display()),
            "give a file, or leave out --output and redirect standard output",
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(path.to_owned()),
        Err(error) => Err(Failure::io(path, &error)),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().map(OsString::from).unwrap_or_default();
    name.push(ending);
    path.with_file_name(name)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// So that the new name survives a power cut. The file is replaced whatever comes of it: some file systems cannot.
fn sync_directory(file: &Path) {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
}
