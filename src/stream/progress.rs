use std::time::Duration;

/// What a listing has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Groups yielded.
    pub groups: u64,
    /// Pages received.
    pub pages: u64,
    /// HTTP attempts made, retries included.
    pub requests: u64,
    /// Attempts beyond the first at a page.
    pub retries: u64,
    /// Restarts because a cursor had expired.
    pub restarts: u32,
    /// Decoded size of all pages, in bytes.
    pub bytes: u64,
    /// Time waited between attempts and for the rate limit.
    pub waited: Duration,
}

impl Progress {
    pub(crate) fn add(&mut self, other: Self) {
        self.groups += other.groups;
        self.pages += other.pages;
        self.requests += other.requests;
        self.retries += other.retries;
        self.restarts += other.restarts;
        self.bytes += other.bytes;
        self.waited += other.waited;
    }
}
