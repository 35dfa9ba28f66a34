//! For tests of code that uses this crate: [`FakeGroups`], a list of groups in memory that answers as the API does.
//!
//! Part of the feature `test-util`.
//!
//! A struct stores a [`ListGroups`](crate::ListGroups): `client.groups(app_id)` in production, a fake in a test.
//!
//! ```
//! use futures::TryStreamExt;
//! use gupshup_groups::testing::{FakeGroups, Fault};
//! use gupshup_groups::{Error, Group, ListGroups, Result};
//!
//! struct Directory {
//!     groups: ListGroups,
//! }
//!
//! impl Directory {
//!     async fn subjects(&self) -> Result<Vec<String>> {
//!         self.groups.stream().map_ok(|group| group.subject).try_collect().await
//!     }
//! }
//!
//! # futures::executor::block_on(async {
//! let fake = FakeGroups::new([Group::new("b", "Sales", 1_700_000_060), Group::new("a", "Support", 1_700_000_000)]);
//! let directory = Directory { groups: ListGroups::from_source(fake.clone()) };
//! assert_eq!(directory.subjects().await?, ["Sales", "Support"]);
//!
//! fake.create(Group::new("c", "Night shift", 1_700_000_120));
//! fake.delete("b");
//! assert_eq!(directory.subjects().await?, ["Night shift", "Support"]);
//! // Two listings, each of one page and a request that confirms the end.
//! assert_eq!(fake.requests().len(), 4);
//!
//! // An error is not the end of the list.
//! fake.script([Fault::Error(Error::api(401, None, "Authentication Failed"))]);
//! let error = directory.subjects().await.unwrap_err();
//! assert!(error.is_auth());
//! # Ok::<(), Error>(())
//! # }).unwrap();
//! ```

mod credentials;
mod cursor_data;
mod dialect;
mod fault;
mod fetch;
mod list;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::credential::Credential;
use crate::cursor::Cursor;
use crate::error::Result;
use crate::page::{Group, Page};
use crate::source::{PageRequest, PageSource};

use list::List;

pub use dialect::{CursorAnswer, CursorKind, Dialect};
pub use fault::Fault;

/// A list of groups in memory: a [`PageSource`] with the API's cursors, scripted faults, and a record of the requests.
///
/// Clones share one list. Pass one to [`ListGroups::from_source`](crate::ListGroups::from_source), and use another to
/// change the list during a listing and to read the record. For an example, see the [module](self).
///
/// # Settings
///
/// [`dialect`](Self::dialect), [`script`](Self::script), [`fault_at`](Self::fault_at),
/// [`on_request`](Self::on_request) and [`demand`](Self::demand) apply to all clones, from the next request on.
/// They take `&self` and return a clone, so they can be called at once or later.
///
/// # How it answers
///
/// By default, as follows; [`Dialect`] changes it.
///
/// - A cursor is an offset in a version of the list, as in the sample of Gupshup's page. A page after (before) a cursor has
///   the groups that follow (precede) it, in the list's order.
/// - When a group is created or deleted, all cursors become stale: refused with 400, code 131059. A text that is not a cursor
///   is refused with 400, code 2642.
/// - A page has a link where more groups follow (precede). A page past either end is empty.
/// - New groups are first in the list.
///
/// # Laziness
///
/// A fetch is recorded and answered at its first poll, unless a [`Fault`] delays it. Only [`Fault::Delay`] needs a
/// runtime.
#[derive(Clone)]
pub struct FakeGroups {
    shared: Arc<Mutex<State>>,
}

struct State {
    list: List,
    faults: BTreeMap<usize, Fault>,
    on_request: Option<Arc<Hook>>,
    demand: Option<Arc<Demand>>,
    requests: Vec<PageRequest>,
    in_flight: usize,
    dropped: usize,
}

/// Whether a credential is accepted.
type Demand = dyn Fn(&Credential) -> bool + Send + Sync;
type Hook = dyn Fn(usize, &FakeGroups) + Send + Sync;

impl FakeGroups {
    /// A fake of these groups, in this order. (The API lists the newest first.)
    #[must_use]
    pub fn new(groups: impl IntoIterator<Item = Group>) -> Self {
        let state = State {
            list: List::new(groups),
            faults: BTreeMap::new(),
            on_request: None,
            demand: None,
            requests: Vec::new(),
            in_flight: 0,
            dropped: 0,
        };
        Self { shared: Arc::new(Mutex::new(state)) }
    }
}

/// [Settings](FakeGroups#settings).
#[expect(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "the handle is for those who need it")]
impl FakeGroups {
    /// Sets how the server answers.
    pub fn dialect(&self, dialect: Dialect) -> Self {
        self.state().list.dialect = dialect;
        self.clone()
    }

    /// Applies these faults to the next requests, in order. [`Fault::None`] skips one.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) -> Self {
        let mut state = self.state();
        let next = state.requests.len();
        state.faults.extend(faults.into_iter().enumerate().map(|(offset, fault)| (next + offset, fault)));
        drop(state);
        self.clone()
    }

    /// Applies `fault` to request `index`, counted from 0 over all clones.
    pub fn fault_at(&self, index: usize, fault: Fault) -> Self {
        self.state().faults.insert(index, fault);
        self.clone()
    }

    /// Calls `hook` before each request is answered, with the request's number, counted from 0: to change the list or
    /// the settings during a listing. Use the handle that is passed to the hook; a captured one would never be freed.
    pub fn on_request(&self, hook: impl Fn(usize, &FakeGroups) + Send + Sync + 'static) -> Self {
        let replaced = self.state().on_request.replace(Arc::new(hook));
        // It may own a request of this fake, whose drop is recorded.
        drop(replaced);
        self.clone()
    }

    /// Answers 401, unless the request has a credential for which `accepts` returns true: see
    /// [`with_credentials`](Self::with_credentials). Default: any credential, or none. A scripted error or page goes first.
    ///
    /// It is called once for each request, so it can count requests, compare the time, and remember what it has seen.
    pub fn demand(&self, accepts: impl Fn(&Credential) -> bool + Send + Sync + 'static) -> Self {
        let replaced = self.state().demand.replace(Arc::new(accepts));
        drop(replaced);
        self.clone()
    }
}

/// The list, and the record of the requests.
impl FakeGroups {
    /// Adds a group at the front, as the API does.
    pub fn create(&self, group: Group) {
        self.insert(0, group);
    }

    /// Adds a group at `index`, or at the end if the list is shorter.
    pub fn insert(&self, index: usize, group: Group) {
        self.state().list.insert(index, group);
    }

    /// Deletes the group with this id. Returns whether there was one. Its cursors become stale.
    #[expect(clippy::must_use_candidate, reason = "most tests know what they delete")]
    pub fn delete(&self, id: &str) -> bool {
        self.state().list.delete(id)
    }

    /// Changes the subject of the group with this id. Returns whether there is one. No cursor becomes stale.
    pub fn rename(&self, id: &str, subject: impl Into<String>) -> bool {
        self.state().list.rename(id, subject.into())
    }

    /// Makes all cursors sent so far stale.
    pub fn expire_cursors(&self) {
        self.state().list.expire_cursors();
    }

    /// Refuses all cursors sent so far with 400, code 2642, until a page has them again.
    pub fn forget_cursors(&self) {
        self.state().list.forget_cursors();
    }

    /// The current groups, in order.
    #[must_use]
    pub fn groups(&self) -> Vec<Group> {
        self.state().list.groups()
    }

    /// The cursor at the end of a page that ends with this group.
    #[must_use]
    pub fn cursor_at(&self, id: &str) -> Option<Cursor> {
        self.state().list.cursor_at(id)
    }

    /// The requests of all clones in order, including those in flight and those with faults.
    #[must_use]
    pub fn requests(&self) -> Vec<PageRequest> {
        self.state().requests.clone()
    }

    /// The number of fetches in flight: polled, and neither answered nor dropped.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.state().in_flight
    }

    /// The number of fetches that were dropped in flight, or panicked.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.state().dropped
    }

    /// A panic in a hook cannot leave the state inconsistent, so poisoning is ignored.
    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without a credential.
impl PageSource for FakeGroups {
    fn fetch(&self, request: PageRequest) -> impl Future<Output = Result<Page>> + Send + 'static {
        self.clone().answer(request, None)
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
