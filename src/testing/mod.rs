//! What tests of code that uses this crate need: [`FakeGroups`], a list of groups in memory that answers as the API
//! does.
//!
//! It comes with the feature `test-util`, for `[dev-dependencies]`:
//!
//! ```toml
//! gupshup-groups = { version = "0.1", features = ["test-util"] }
//! ```
//!
//! # Examples
//!
//! Code that takes a [`ListGroups<S>`](crate::ListGroups) of any source runs on the fake as it runs on the API:
//!
//! ```
//! use futures::{StreamExt, TryStreamExt};
//! use gupshup_groups::testing::{FakeGroups, Fault};
//! use gupshup_groups::{Error, Group, ListGroups, PageSource, Result};
//!
//! /// The code under test.
//! async fn subjects<S: PageSource + Clone>(groups: &ListGroups<S>) -> Result<Vec<String>> {
//!     groups.stream().map_ok(|group| group.subject).try_collect().await
//! }
//!
//! # futures::executor::block_on(async {
//! let fake = FakeGroups::new([Group::new("b", "Sales", 1_700_000_060), Group::new("a", "Support", 1_700_000_000)]);
//! let groups = ListGroups::from_source(fake.clone());
//! assert_eq!(subjects(&groups).await?, ["Sales", "Support"]);
//!
//! // The handle that was kept changes the list, and tells what was asked.
//! fake.create(Group::new("c", "Night shift", 1_700_000_120));
//! fake.delete("b");
//! assert_eq!(subjects(&groups).await?, ["Night shift", "Support"]);
//! // Two listings, each of one page and a request that confirms that it is the last.
//! assert_eq!(fake.requests().len(), 4);
//!
//! // And the unhappy path: a part of a list is never taken for the list.
//! let broken = FakeGroups::new(fake.groups()).script([Fault::Error(Error::api(401, None, "Authentication Failed"))]);
//! let error = subjects(&ListGroups::from_source(broken)).await.unwrap_err();
//! assert!(error.is_auth());
//! # Ok::<(), Error>(())
//! # }).unwrap();
//! ```

mod dialect;
mod fault;
mod fetch;
mod list;
mod mark;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cursor::Cursor;
use crate::error::Result;
use crate::page::{Group, Page};
use crate::source::{PageRequest, PageSource};

use list::List;

pub use dialect::{CursorAnswer, CursorKind, Dialect};
pub use fault::Fault;
pub use fetch::FakeFetch;

/// Reads the body of an answer with status 200, as [`HttpSource`](crate::HttpSource) does: for this crate's benches and
/// fuzz targets, which see only what is public. Not part of the crate's contract.
///
/// # Errors
///
/// Those of a page that cannot be read.
#[doc(hidden)]
pub fn decode_page(body: &[u8]) -> Result<Page> {
    crate::wire::decode(body, &[])
}

/// A list of groups in memory: a [`PageSource`] with the API's cursor semantics, a script of faults, and a record of
/// what was asked.
///
/// It is a handle: clones share one list. Give one to [`ListGroups::from_source`](crate::ListGroups::from_source) and
/// keep the other, to change the list during a walk and to read the record.
///
/// # Settings
///
/// [`dialect`](Self::dialect), [`identified_as`](Self::identified_as), [`script`](Self::script),
/// [`fault_at`](Self::fault_at) and [`on_request`](Self::on_request) hold for all clones, from the next request on. They take `&self` and return the
/// handle, so that they are a statement in the middle of a test and an expression where the fake is made:
///
/// ```
/// # use gupshup_groups::testing::{Dialect, FakeGroups, Fault};
/// let fake = FakeGroups::new([]).dialect(Dialect::default().next_links(false)).script([Fault::Pending(1)]);
/// fake.fault_at(3, Fault::Hang);
/// ```
///
/// # What it does as the API does
///
/// - A cursor points *at* a group: `after` at the page's last, `before` at its first, so that on a page of one group
///   both are equal. "After" a cursor are the groups that follow; "before" it are those just before, and both come in
///   the list's order.
/// - A page has a link to the next page when there are more groups, and one to the previous page when some come
///   before. Past either end is an empty page.
/// - A cursor whose group was deleted is refused with 400, code 131059. A text that never was a cursor is refused with
///   400, code 2642.
/// - New groups come first ([`create`](Self::create)).
///
/// [`Dialect`] changes the first three.
///
/// Faults of the network, of the server and of its operator are [scripted](Self::script).
///
/// # Laziness
///
/// A fetch does nothing before its first poll. It is recorded then, and answered in the same poll unless a fault says
/// otherwise. No runtime is needed, except for [`Fault::Delay`].
///
/// # Examples
///
/// See the [module](self).
#[derive(Clone)]
pub struct FakeGroups {
    shared: Arc<Mutex<State>>,
}

/// What all clones share.
struct State {
    list: List,
    /// By the number of the request that each is for.
    faults: BTreeMap<usize, Fault>,
    on_request: Option<Arc<Hook>>,
    requests: Vec<PageRequest>,
    in_flight: usize,
    dropped: usize,
    identity: Option<u64>,
}

type Hook = dyn Fn(usize, &FakeGroups) + Send + Sync;

impl FakeGroups {
    /// A fake of these groups, in this order. The API lists the newest first.
    ///
    /// Ids should differ, as the API's do. Nothing enforces it: each group has cursors of its own even where ids are
    /// equal.
    #[must_use]
    pub fn new(groups: impl IntoIterator<Item = Group>) -> Self {
        let state = State {
            list: List::new(groups),
            faults: BTreeMap::new(),
            on_request: None,
            requests: Vec::new(),
            in_flight: 0,
            dropped: 0,
            identity: None,
        };
        Self { shared: Arc::new(Mutex::new(state)) }
    }
}

/// Settings: see [above](FakeGroups#settings).
#[expect(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "the handle is for those who need it")]
impl FakeGroups {
    /// Sets how the server answers.
    ///
    /// # Default
    ///
    /// [`Dialect::default`].
    pub fn dialect(&self, dialect: Dialect) -> Self {
        self.state().list.dialect = dialect;
        self.clone()
    }

    /// Sets what the list answers when a checkpoint asks which list it is ([`PageSource::list_identity`]): two fakes with
    /// different identities are two apps.
    ///
    /// # Default
    ///
    /// None: a checkpoint of this fake is accepted by every list, and this fake accepts every checkpoint.
    pub fn identified_as(&self, identity: u64) -> Self {
        self.state().identity = Some(identity);
        self.clone()
    }

    /// Answers the next requests with these faults, in order; those after them are answered normally.
    ///
    /// [`Fault::None`] leaves one out: `[Fault::None, Fault::Hang]` hangs the second.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) -> Self {
        let mut state = self.state();
        let next = state.requests.len();
        state.faults.extend(faults.into_iter().enumerate().map(|(offset, fault)| (next + offset, fault)));
        drop(state);
        self.clone()
    }

    /// Answers request number `index`, counted from 0 over all clones, with `fault`.
    pub fn fault_at(&self, index: usize, fault: Fault) -> Self {
        self.state().faults.insert(index, fault);
        self.clone()
    }

    /// Calls `hook` for each request before it is answered, with the request's number, counted from 0.
    ///
    /// Here a test changes the list, or the settings, in the middle of a walk. Use the handle that the hook is given;
    /// one that it captured would keep the list in memory for ever.
    ///
    /// ```
    /// use gupshup_groups::Group;
    /// use gupshup_groups::testing::FakeGroups;
    ///
    /// let fake = FakeGroups::new([Group::new("a", "Support", 1_700_000_000)]).on_request(|index, fake| {
    ///     if index == 1 {
    ///         fake.create(Group::new("b", "Sales", 1_700_000_060));
    ///     }
    /// });
    /// # assert_eq!(fake.groups().len(), 1);
    /// ```
    pub fn on_request(&self, hook: impl Fn(usize, &FakeGroups) + Send + Sync + 'static) -> Self {
        self.state().on_request = Some(Arc::new(hook));
        self.clone()
    }
}

/// The list, and the record of what was asked.
impl FakeGroups {
    /// Adds a group at the front, where the API lists the newest.
    pub fn create(&self, group: Group) {
        self.insert(0, group);
    }

    /// Adds a group at `index`, or at the end where the list is shorter.
    pub fn insert(&self, index: usize, group: Group) {
        self.state().list.insert(index, group);
    }

    /// Deletes the group of this id, and says whether there was one. Cursors that point at it become stale.
    #[expect(clippy::must_use_candidate, reason = "most tests know what they delete")]
    pub fn delete(&self, id: &str) -> bool {
        self.state().list.delete(id)
    }

    /// Gives the group of this id another subject, and says whether there is one. No cursor becomes stale.
    pub fn rename(&self, id: &str, subject: impl Into<String>) -> bool {
        self.state().list.rename(id, subject.into())
    }

    /// Makes every cursor stale that was handed out so far, and changes nothing else.
    pub fn expire_cursors(&self) {
        self.state().list.expire_cursors();
    }

    /// The groups as they are now, in the list's order.
    #[must_use]
    pub fn groups(&self) -> Vec<Group> {
        self.state().list.groups()
    }

    /// A cursor that points at the group of this id, as a page that ends with it would give.
    #[must_use]
    pub fn cursor_at(&self, id: &str) -> Option<Cursor> {
        self.state().list.cursor_at(id)
    }

    /// What was asked so far, by all clones, in order: faults and fetches still in flight included.
    #[must_use]
    pub fn requests(&self) -> Vec<PageRequest> {
        self.state().requests.clone()
    }

    /// How many fetches were polled and are neither answered nor dropped.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.state().in_flight
    }

    /// How many fetches were polled and then dropped without an answer. One that panicked counts too.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.state().dropped
    }

    /// What all clones share. A panic in a test's hook leaves nothing half done, so a poisoned lock is as good as any.
    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PageSource for FakeGroups {
    type Fetch = FakeFetch;

    fn fetch(&self, request: PageRequest) -> FakeFetch {
        FakeFetch::new(self.clone(), request)
    }

    fn list_identity(&self) -> Option<u64> {
        self.state().identity
    }
}

impl fmt::Debug for FakeGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("FakeGroups")
            .field("groups", &state.list.len())
            .field("requests", &state.requests.len())
            .field("in_flight", &state.in_flight)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
