//! A file that one run at a time uses, and that is replaced as a whole or not at all.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};

/// While `groups.json` is used, `.groups.json.lock` is beside it, and `.groups.json.tmp` while it is written. A killed run
/// may leave them; the next run uses and removes them.
#[derive(Debug)]
pub(crate) struct ExclusiveFile {
    path: PathBuf,
    /// The target of symbolic links.
    target: PathBuf,
    directory: PathBuf,
    temporary: PathBuf,
    /// Unlocked when this is dropped.
    _lock: Lock,
}

impl ExclusiveFile {
    /// Fails if another run uses the file, or if [`Self::replace`] could not write it now. It need not exist.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let target = target(path)?;
        if metadata(&target)?.is_some_and(|old| !old.is_file()) {
            return Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file"));
        }
        let directory = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let lock = Lock::acquire(beside(&target, ".lock"))?;
        let temporary = beside(&target, ".tmp");
        remove(&temporary)?;
        Ok(Self { path: path.to_owned(), target, directory, temporary, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The contents, if the file exists.
    pub(crate) fn read(&self) -> io::Result<Option<String>> {
        match fs::read_to_string(&self.target) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    /// Replaces the file, or creates it. If the program ends at any moment, the file has either the old contents or the new
    /// ones.
    ///
    /// A new file is readable by its owner only; an old one keeps its permissions. Of a symbolic link, the target is
    /// replaced.
    pub(crate) fn replace(&self, contents: &[u8]) -> io::Result<()> {
        let replaced = self.write(contents).and_then(|()| fs::rename(&self.temporary, &self.target));
        if replaced.is_err() {
            // The first error is reported.
            let _ = remove(&self.temporary);
        }
        replaced?;
        // The name is on the disk only after its directory is. Windows cannot open a directory, and does not need it.
        if cfg!(unix) {
            File::open(&self.directory)?.sync_all()?;
        }
        Ok(())
    }

    /// Writes a file beside the target, because renaming is atomic only within one file system.
    fn write(&self, contents: &[u8]) -> io::Result<()> {
        let mut file = private().write(true).create_new(true).open(&self.temporary)?;
        if let Some(old) = metadata(&self.target)? {
            file.set_permissions(old.permissions())?;
        }
        file.write_all(contents)?;
        file.sync_all()
    }

    /// Removes the file, if it exists. Of a symbolic link, the target is removed.
    pub(crate) fn remove(self) -> io::Result<()> {
        remove(&self.target)
    }
}

/// A locked file. The system unlocks it when the process ends.
#[derive(Debug)]
struct Lock {
    _file: File,
    path: PathBuf,
}

impl Lock {
    fn acquire(path: PathBuf) -> io::Result<Self> {
        loop {
            let file = private().write(true).create(true).truncate(false).open(&path)?;
            match FileExt::try_lock(&file) {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let problem = "another run uses it: wait until that run has ended, or give another file";
                    return Err(io::Error::new(ErrorKind::ResourceBusy, problem));
                }
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // The run that held the lock before may have removed the file.
            if is_at(&file, &path)? {
                return Ok(Self { _file: file, path });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Elsewhere, `is_at` does not notice that a file was removed.
        if cfg!(unix) {
            // A remaining file does no harm.
            let _ = remove(&self.path);
        }
    }
}

/// Whether `file` is at `path`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let id = |metadata: &Metadata| (metadata.dev(), metadata.ino());
    let held = file.metadata()?;
    Ok(metadata(path)?.is_some_and(|there| id(&there) == id(&held)))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the shape of the other one")]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

/// Options that create a file which only its owner can read.
fn private() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut))]
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The target of symbolic links. It need not exist.
fn target(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    loop {
        match fs::canonicalize(&target) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            found => return found,
        }
        let Ok(next) = fs::read_link(&target) else { return Ok(target) };
        target = target.with_file_name(next);
    }
}

/// The hidden file beside this one.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(suffix);
    path.with_file_name(name)
}

fn metadata(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn the_new_contents_replace_the_old_and_no_other_file_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        let file = ExclusiveFile::open(&path).unwrap();
        assert_eq!(file.read().unwrap(), None);
        file.replace(b"old").unwrap();
        file.replace(b"new").unwrap();
        assert_eq!(file.read().unwrap().as_deref(), Some("new"));
        drop(file);
        assert_eq!(names(directory.path()), ["state"]);
        ExclusiveFile::open(&path).unwrap().remove().unwrap();
        assert_eq!(names(directory.path()), [""; 0]);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_an_error_at_the_start() {
        let directory = tempfile::tempdir().unwrap();
        assert!(ExclusiveFile::open(&directory.path().join("missing").join("state")).is_err());
        assert_eq!(ExclusiveFile::open(directory.path()).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(names(directory.path()), [""; 0]);
    }

    #[test]
    fn a_file_in_use_is_refused_until_it_is_free() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        let held = ExclusiveFile::open(&path).unwrap();
        for _ in 0..2 {
            assert_eq!(ExclusiveFile::open(&path).unwrap_err().kind(), ErrorKind::ResourceBusy);
        }
        let other = ExclusiveFile::open(&directory.path().join("other")).unwrap();
        drop(held);
        ExclusiveFile::open(&path).unwrap();
        drop(other);
    }

    /// Scenario: a run was killed while it wrote. Expected: the next run is not blocked, and removes the files.
    #[test]
    fn the_files_of_a_killed_run_block_no_other_and_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        for name in [".state.lock", ".state.tmp"] {
            fs::write(directory.path().join(name), "half").unwrap();
        }
        let file = ExclusiveFile::open(&path).unwrap();
        file.replace(b"new").unwrap();
        drop(file);
        assert_eq!((names(directory.path()), fs::read(&path).unwrap()), (vec!["state".to_owned()], b"new".to_vec()));
    }

    /// Many threads take the file in turn: each removes the lock file that others have opened and wait to lock.
    #[cfg(unix)]
    #[test]
    fn at_most_one_run_uses_the_file() {
        use std::sync::atomic::{AtomicU32, Ordering};
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        let (inside, times) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while times.load(Ordering::SeqCst) < 500 {
                        let file = match ExclusiveFile::open(&path) {
                            Err(error) if error.kind() == ErrorKind::ResourceBusy => continue,
                            file => file.unwrap(),
                        };
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        times.fetch_add(1, Ordering::SeqCst);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(file);
                    }
                });
            }
        });
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_private_and_an_old_one_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        let file = ExclusiveFile::open(&path).unwrap();
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        file.replace(b"old").unwrap();
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        file.replace(b"new").unwrap();
        assert_eq!(mode(), 0o640);
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_stays_and_its_file_is_locked_and_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("file"), directory.path().join("link"));
        fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let file = ExclusiveFile::open(&link).unwrap();
        assert_eq!(ExclusiveFile::open(&path).unwrap_err().kind(), ErrorKind::ResourceBusy);
        file.replace(b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    /// Scenario: links to links, the last to a file that does not exist yet. Expected: the file is created and later removed,
    /// the links stay.
    #[cfg(unix)]
    #[test]
    fn the_target_of_a_symbolic_link_is_created_and_removed_and_the_link_stays() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("data")).unwrap();
        std::os::unix::fs::symlink("data/link", at("link")).unwrap();
        std::os::unix::fs::symlink("file", at("data/link")).unwrap();
        for _ in 0..2 {
            let file = ExclusiveFile::open(&at("link")).unwrap();
            assert_eq!(ExclusiveFile::open(&at("data/file")).unwrap_err().kind(), ErrorKind::ResourceBusy);
            file.replace(b"new").unwrap();
            assert_eq!(fs::read(at("data/file")).unwrap(), b"new");
            file.remove().unwrap();
            assert_eq!(names(&at("data")), ["link"]);
            assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
        }
    }
}
