//! Files that are replaced as a whole, or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Fails if [`replace`] could not write to this path now.
pub(crate) fn check(path: &Path) -> io::Result<()> {
    Target::of(path)?.temporary().map(drop)
}

/// Replaces a file, or creates it. If the program ends at any moment, the file has either the old contents or the new
/// ones.
///
/// A new file is readable by its owner only; an old one keeps its permissions. Of a symbolic link, the target is
/// replaced.
pub(crate) fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let target = Target::of(path)?;
    let mut file = target.temporary()?;
    if let Some(old) = &target.old {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.write_all(contents)?;
    file.as_file().sync_all()?;
    file.persist(&target.path).map_err(|error| error.error)?;
    // The name is on the disk only after its directory is. Windows cannot open a directory, and does not need it.
    if cfg!(unix) {
        File::open(&target.directory)?.sync_all()?;
    }
    Ok(())
}

/// Removes a file, if it exists.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

struct Target {
    path: PathBuf,
    directory: PathBuf,
    old: Option<fs::Metadata>,
}

impl Target {
    fn of(path: &Path) -> io::Result<Self> {
        let (path, old) = match fs::canonicalize(path) {
            Ok(path) => {
                let old = fs::metadata(&path)?;
                (path, Some(old))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => (path.to_owned(), None),
            Err(error) => return Err(error),
        };
        if old.as_ref().is_some_and(|old| !old.is_file()) {
            return Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file"));
        }
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        Ok(Self { path, directory, old })
    }

    /// A file beside the target, because renaming is atomic only within one file system.
    fn temporary(&self) -> io::Result<NamedTempFile> {
        tempfile::Builder::new().prefix(".gupshup-groups.").suffix(".tmp").tempfile_in(&self.directory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn the_new_contents_replace_the_old_and_nothing_else_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        replace(&path, b"old").unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(directory.path()), ["state"]);
    }

    #[test]
    fn checking_leaves_no_file_behind() {
        let directory = tempfile::tempdir().unwrap();
        check(&directory.path().join("state")).unwrap();
        assert_eq!(names(directory.path()), [""; 0]);
        assert!(check(&directory.path().join("missing").join("state")).is_err());
        assert_eq!(check(directory.path()).unwrap_err().kind(), ErrorKind::InvalidInput);
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_private_and_an_old_one_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        replace(&path, b"old").unwrap();
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(mode(), 0o640);
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_stays_and_its_file_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("file"), directory.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        replace(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
    }
}
