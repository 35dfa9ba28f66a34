//! Where the output goes.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write};
use std::mem;

/// Standard output or a file. It is not buffered.
pub(crate) struct Sink {
    out: Out,
    /// If it is a regular file: the length that is known to be whole lines.
    whole: Option<u64>,
    /// What follows the last line of a file that is appended to.
    tail: Vec<u8>,
    /// Whether a write has failed. Then nothing more is written, also not what a buffer still holds.
    is_broken: bool,
}

enum Out {
    Stdout(io::Stdout),
    File(File),
}

impl Sink {
    /// Not `io::stdout()`, whose buffer is written at the end of the program whatever has happened, and which discards what
    /// is written to a descriptor that is not open for writing.
    #[cfg(unix)]
    pub(super) fn stdout() -> Self {
        use std::os::fd::AsFd as _;
        match io::stdout().as_fd().try_clone_to_owned() {
            Ok(file) => {
                let file = File::from(file);
                let tail = tail(&file).unwrap_or_default();
                Self { tail, ..Self::file(file) }
            }
            Err(_) => Self::new(Out::Stdout(io::stdout()), None),
        }
    }

    #[cfg(not(unix))]
    pub(super) fn stdout() -> Self {
        Self::new(Out::Stdout(io::stdout()), None)
    }

    pub(super) fn file(file: File) -> Self {
        let whole = regular_length(&file);
        Self::new(Out::File(file), whole)
    }

    fn new(out: Out, whole: Option<u64>) -> Self {
        Self { out, whole, tail: Vec::new(), is_broken: false }
    }

    /// Returns after the data is on the disk, if it goes to a regular file.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        if let (Out::File(file), Some(whole)) = (&self.out, &mut self.whole) {
            file.sync_data()?;
            *whole = regular_length(file).unwrap_or(*whole);
        }
        Ok(())
    }

    /// After a failed write: removes what may be a part of a line.
    pub(super) fn cut_back(&mut self) {
        self.is_broken = true;
        if let (Out::File(file), Some(whole)) = (&mut self.out, self.whole) {
            // It is the best that can be done; the failed write is reported.
            let _ = file.set_len(whole).and_then(|()| file.seek(SeekFrom::End(0)));
        }
    }
}

/// Removes the part of a line that a run which was killed has left, if it is the start of one of these lines; else ends it.
fn mend(file: &mut File, tail: &[u8], lines: &[u8]) -> io::Result<()> {
    if lines.split(|byte| *byte == b'\n').any(|line| line.starts_with(tail)) {
        file.set_len(file.metadata()?.len().saturating_sub(tail.len() as u64))
    } else {
        file.write_all(b"\n")
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let (Out::File(file), false) = (&mut self.out, self.tail.is_empty()) {
            mend(file, &mem::take(&mut self.tail), bytes)?;
            self.whole = regular_length(file);
        }
        match &mut self.out {
            _ if self.is_broken => Ok(bytes.len()),
            Out::Stdout(out) => out.write(bytes),
            Out::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::Stdout(out) => out.flush(),
            Out::File(_) => Ok(()),
        }
    }
}

/// What follows the last line of a file that is opened for appending only, where the system lets it be read: on Linux. A kill
/// can cut a line where a page of the file ends.
#[cfg(unix)]
fn tail(file: &File) -> Option<Vec<u8>> {
    use std::io::Read as _;
    use std::os::fd::AsRawFd as _;

    const LONGEST: u64 = 64 * 1024;
    let appends = rustix::fs::fcntl_getfl(file).is_ok_and(|flags| flags.contains(rustix::fs::OFlags::APPEND));
    let length = regular_length(file).filter(|length| appends && *length > 0)?;
    let mut reader = File::open(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()?;
    reader.seek(SeekFrom::Start(length.saturating_sub(LONGEST))).ok()?;
    let mut end = Vec::new();
    reader.take(LONGEST).read_to_end(&mut end).ok()?;
    let start = end.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    Some(end.split_off(start))
}

fn regular_length(file: &File) -> Option<u64> {
    file.metadata().ok().filter(std::fs::Metadata::is_file).map(|metadata| metadata.len())
}

/// Whether standard output was closed when the program started (`>&-`): then Rust's runtime has opened the null device in its
/// place, for reading and writing. `> /dev/null` opens it for writing only.
#[cfg(unix)]
pub(crate) fn stdout_is_closed() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let stdout = io::stdout();
    let is_null = || {
        let device = |metadata: std::fs::Metadata| metadata.rdev();
        let null = std::fs::metadata("/dev/null").map(device);
        let own = rustix::fs::fstat(&stdout).map(|stat| stat.st_rdev);
        matches!((null, own), (Ok(null), Ok(own)) if null == own && own != 0)
    };
    let is_for_both = rustix::fs::fcntl_getfl(&stdout).is_ok_and(|flags| flags.contains(rustix::fs::OFlags::RDWR));
    is_for_both && is_null()
}

#[cfg(not(unix))]
pub(crate) fn stdout_is_closed() -> bool {
    false
}
