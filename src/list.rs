//! One listing: what to list, from where, and how.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::pin;

use futures::StreamExt;

use crate::checkpoint::Checkpoint;
use crate::cursor::{Cursor, MAX_CURSOR_BYTES};
use crate::error::{Error, Result};
use crate::fetch::{Ahead, Pace, RetryPolicy};
use crate::http::HttpSource;
use crate::page::{Page, PageSize};
use crate::pages::{PageStream, ReadAhead};
use crate::source::{PageSource, Position};
use crate::stream::GroupStream;
use crate::traversal::{Rules, Sizing, Traversal};

/// How often a walk starts again by itself: enough for a few changes during a long listing, few enough that a server
/// which expires every cursor is noticed.
const MAX_RESTARTS: u32 = 3;

/// A listing of an app's active groups: a description that is cheap to clone. Nothing happens before a stream of it is
/// polled.
///
/// Made by [`Client::groups`](crate::Client::groups), or by [`from_source`](Self::from_source) on any [`PageSource`].
///
/// | setting | default | range |
/// |---|---|---|
/// | [`page_size`](Self::page_size) | 25, then 1024, fewer where the API refuses | 1 to 1024 |
/// | [`after`](Self::after), [`before`](Self::before), [`resume`](Self::resume) | the list's start, forward | at most one of them |
/// | [`max_groups`](Self::max_groups) | all | 0 and more |
/// | [`max_restarts`](Self::max_restarts) | 3 | 0 and more |
/// | [`retry`](Self::retry) | the client's: 3 attempts a page, 90 s | |
/// | [`read_ahead`](Self::read_ahead) | off | |
/// | [`participants`](ListGroups::participants) | no body | 1 to 8 users |
///
/// Bad input is an error that [`is_config`](Error::is_config), as the first item of the stream, before any request.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> gupshup_groups::Result<()> {
/// use futures::StreamExt;
/// use gupshup_groups::Client;
///
/// let mut newest = Client::from_env()?.groups("app-id").max_groups(10).stream();
/// while let Some(group) = newest.next().await {
///     println!("{}", group?.subject);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a listing does nothing until it is streamed"]
pub struct ListGroups<S = HttpSource> {
    source: S,
    start: Option<Checkpoint>,
    page_size: Option<PageSize>,
    max_groups: Option<usize>,
    max_restarts: u32,
    pace: Pace,
    /// The first setting by which this lists only a part of the list.
    partial: Option<&'static str>,
    read_ahead: Option<ReadAhead<S>>,
    /// The first thing that is wrong with the input.
    problem: Option<Cow<'static, str>>,
}

impl<S: PageSource> ListGroups<S> {
    /// A listing of the groups that `source` has: for tests, and for transports of your own.
    pub fn from_source(source: S) -> Self {
        Self::at_pace(source, Pace::new(RetryPolicy::default(), None))
    }

    pub(crate) fn at_pace(source: S, pace: Pace) -> Self {
        Self {
            source,
            start: None,
            page_size: None,
            max_groups: None,
            max_restarts: MAX_RESTARTS,
            pace,
            partial: None,
            read_ahead: None,
            problem: None,
        }
    }

    /// Asks for pages of `size` groups, clamped to 1..=1024, the range of the API's page.
    ///
    /// Without it the first page has 25 groups, so that they come fast, and the others 1024, so that they are few; where
    /// the API refuses that, 100 or 25. A size that you set is never changed: its refusal is an error.
    pub fn page_size(mut self, size: u32) -> Self {
        self.page_size = Some(PageSize::clamped(size));
        self
    }

    /// Begins just after the group that `cursor` points to, and walks forward.
    pub fn after(self, cursor: impl Into<Cursor>) -> Self {
        self.start("after", Checkpoint::given(Position::After(cursor.into())))
    }

    /// Begins just before the group that `cursor` points to, and walks backward: the exact mirror of the forward order.
    ///
    /// The API may say "invalid cursors" (code 2642) where nothing lies before a cursor. So that answer to the first
    /// request is taken for the end of the list.
    pub fn before(self, cursor: impl Into<Cursor>) -> Self {
        self.start("before", Checkpoint::given(Position::Before(cursor.into())))
    }

    /// Goes on at a saved place, in its direction.
    ///
    /// A checkpoint at the end yields nothing; turn it [round](Checkpoint::reversed) to walk back from there.
    pub fn resume(self, place: Checkpoint) -> Self {
        self.start("resume", place)
    }

    fn start(mut self, setting: &'static str, from: Checkpoint) -> Self {
        self.partial.get_or_insert(setting);
        if let Some(cursor) = from.unusable_cursor() {
            let length = cursor.as_str().len();
            self.complain(if length > MAX_CURSOR_BYTES {
                format!("the cursor has {length} bytes, and at most {MAX_CURSOR_BYTES} are sent").into()
            } else {
                "an empty cursor, or the literal \"null\", is no cursor: leave it out to begin at the start".into()
            });
        }
        if self.start.is_some() {
            self.complain(
                "a listing begins at one place: call only one of after, before and resume, and only once".into(),
            );
        }
        self.start = Some(from);
        self
    }

    fn complain(&mut self, problem: Cow<'static, str>) {
        self.problem.get_or_insert(problem);
    }

    /// Yields at most `count` groups. The last request asks only for what is left; with 0 nothing is asked.
    ///
    /// It counts every group that the stream yields, also after it was turned round. Reaching it is not the end of the
    /// list: the [checkpoint](GroupStream::checkpoint) says so, and leads on.
    pub fn max_groups(mut self, count: usize) -> Self {
        self.partial.get_or_insert("max_groups");
        self.max_groups = Some(count);
        self
    }

    /// Sets how often the walk may start again by itself because its cursor has expired. Default: 3.
    ///
    /// Only a walk that begins at the start of the list can. It costs eight bytes of memory a group; with 0, none.
    pub fn max_restarts(mut self, count: u32) -> Self {
        self.max_restarts = count;
        self
    }

    /// Sets how failed attempts at a page of this listing are repeated. Default: as the client does
    /// ([`ClientBuilder::retry`](crate::ClientBuilder::retry)), or [`RetryPolicy::default`] on a source of your own.
    ///
    /// The budget of the client stays in force.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.pace = self.pace.with_policy(policy);
        self
    }
}

impl<S> ListGroups<S>
where
    S: PageSource + Clone + Send + 'static,
    S::Fetch: Send + 'static,
{
    /// Fetches one page ahead of demand: as soon as a page has arrived, and only if it leads on. Off by default.
    ///
    /// It pays where the consumer's work on a page takes about as long as a request, since both then happen at the same
    /// time. The page is fetched on a task of its own (tokio), so that it, its timeouts and its retries make progress
    /// while the consumer does not poll; dropping the stream ends the task.
    ///
    /// The price: a consumer that stops early has made up to one request too many, and two pages are in memory. An error
    /// of the page ahead comes after the groups before it, as always, and a checkpoint never points past what was
    /// yielded. A list of one page makes no task.
    ///
    /// On tokio's multi-threaded runtime, a consumer that blocks its thread gains by it too, as long as another worker
    /// thread is free. On the current-thread runtime there is none: work that blocks belongs into `spawn_blocking`.
    ///
    /// # Panics
    ///
    /// A stream with read-ahead panics when it is polled outside of a tokio runtime.
    pub fn read_ahead(mut self, ahead: bool) -> Self {
        self.read_ahead = ahead.then_some(Ahead::spawn::<S> as ReadAhead<S>);
        self
    }
}

impl<S: PageSource + Clone> ListGroups<S> {
    /// The groups, one by one.
    pub fn stream(&self) -> GroupStream<S> {
        GroupStream::new(self.pages())
    }

    /// The pages, one by one, each in the server's order.
    pub fn pages(&self) -> PageStream<S> {
        let rules = Rules {
            sizing: self.page_size.map_or_else(Sizing::adaptive, Sizing::Fixed),
            max_groups: self.max_groups,
            max_restarts: self.max_restarts,
        };
        let from = self.start.clone().unwrap_or_else(Checkpoint::start);
        let traversal = match &self.problem {
            None => Traversal::new(&from, rules),
            Some(problem) => Traversal::refused(Error::config(problem.clone()), rules),
        };
        PageStream::new(self.source.clone(), self.pace.clone(), self.read_ahead, from, traversal)
    }

    /// One page: the first of [`pages`](Self::pages), empty where there is none.
    ///
    /// # Errors
    ///
    /// Whatever the request for it brings.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the request. Calling again asks again.
    pub fn page(&self) -> impl Future<Output = Result<Page>> + use<S> {
        let pages = self.pages();
        async move {
            let mut pages = pin!(pages);
            pages.next().await.unwrap_or_else(|| Ok(Page::default()))
        }
    }

    /// This listing, unless it can only be a part of the list.
    pub(crate) fn whole(&self) -> Result<Self> {
        match self.partial {
            // What else is wrong comes first: the stream says so.
            Some(setting) if self.problem.is_none() => Err(Error::config(format!(
                "a snapshot begins at the start of the list and holds all of it: leave out {setting}"
            ))),
            _ => Ok(self.clone()),
        }
    }

    pub(crate) fn source(&self) -> &S {
        &self.source
    }
}

impl ListGroups<HttpSource> {
    /// Sends the request body that the API's page documents, naming 1 to 8 users by phone number or WhatsApp id.
    ///
    /// Off by default: the body seems to belong to the page about removing participants, and the API's own example of
    /// this request sends none. It is here in case a server insists.
    pub fn participants(mut self, users: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.source = self.source.with_participants(users.into_iter().map(Into::into).collect());
        self
    }
}

impl<S: fmt::Debug> fmt::Debug for ListGroups<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListGroups")
            .field("source", &self.source)
            .field("start", &self.start)
            .field("page_size", &self.page_size)
            .field("max_groups", &self.max_groups)
            .field("max_restarts", &self.max_restarts)
            .field("pace", &self.pace)
            .field("partial", &self.partial)
            .field("read_ahead", &self.read_ahead.is_some())
            .field("problem", &self.problem)
            .finish()
    }
}
