use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::pin;

use futures::StreamExt;

use crate::any_source::AnySource;
use crate::checkpoint::Checkpoint;
use crate::cursor::{Cursor, Direction, MAX_CURSOR_BYTES, Position};
use crate::error::{Error, Result};
use crate::fetch::{Ahead, Pace, ReadAhead, RetryPolicy};
use crate::groups::GroupStream;
use crate::http::HttpSource;
use crate::page::Page;
use crate::pages::{Listing, PageStream};
use crate::source::PageSource;
use crate::walk::{Gap, PageSize, Place, Rules, Sizes};

const MAX_RESTARTS: u32 = 3;

/// The settings of one listing of an app's active groups. Cheap to clone. Makes no request until one of its streams is
/// polled.
///
/// Made by [`Client::groups`](crate::Client::groups), or by [`from_source`](Self::from_source) for any [`PageSource`].
/// Invalid input is an [`is_config`](Error::is_config) error: the stream's first item, before any request.
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
    start: Start,
    page_size: Option<PageSize>,
    max_groups: Option<usize>,
    max_restarts: u32,
    confirm_end: bool,
    pace: Pace,
    read_ahead: Option<ReadAhead<S>>,
}

#[derive(Clone, Debug)]
enum Start {
    List,
    /// At the checkpoint that this setting named.
    Place(&'static str, Checkpoint),
    /// The reason.
    Invalid(Cow<'static, str>),
}

impl<S: PageSource> ListGroups<S> {
    /// Lists the groups of any source: for tests and other transports.
    pub fn from_source(source: S) -> Self {
        Self::at_pace(source, Pace::new(RetryPolicy::default(), None))
    }

    pub(crate) fn at_pace(source: S, pace: Pace) -> Self {
        Self {
            source,
            start: Start::List,
            page_size: None,
            max_groups: None,
            max_restarts: MAX_RESTARTS,
            confirm_end: false,
            pace,
            read_ahead: None,
        }
    }

    /// Requests pages of `size` groups, clamped to 1..=1024, the API's range. A size that you set is never changed; its
    /// refusal is an error.
    ///
    /// Default: 25 for the first page (the API's default: the first groups arrive early), then 1024 (few requests), or
    /// 100 or 25 where the API refuses more.
    pub fn page_size(mut self, size: impl Into<PageSize>) -> Self {
        self.page_size = Some(size.into());
        self
    }

    /// Starts just after the group that `cursor` points to, and lists forward. Default: the start of the list.
    ///
    /// If the API refuses the cursor (code 2642), one group is requested in the other direction: an answer means that
    /// nothing follows the cursor, and the list ends; a refusal is an [`is_cursor_invalid`](Error::is_cursor_invalid)
    /// error.
    ///
    /// At most one of `after`, [`before`](Self::before) and [`resume`](Self::resume) may be set, once.
    pub fn after(self, cursor: impl Into<Cursor>) -> Self {
        self.start_at_cursor("after", Position::After(cursor.into()))
    }

    /// Starts just before the group that `cursor` points to, and lists backward: the exact mirror of the forward order.
    /// A refused cursor is handled as in [`after`](Self::after).
    pub fn before(self, cursor: impl Into<Cursor>) -> Self {
        self.start_at_cursor("before", Position::Before(cursor.into()))
    }

    fn start_at_cursor(self, setting: &'static str, position: Position) -> Self {
        let heading = position.direction();
        let place = Place::Middle(Gap::before(position, PageSize::DEFAULT));
        self.start(setting, Checkpoint { list: None, heading, place })
    }

    /// Resumes at `place`, in its direction.
    ///
    /// A checkpoint at the end yields nothing; [`reversed`](Checkpoint::reversed) lists back from there. A checkpoint
    /// of another list is an [`is_config`](Error::is_config) error.
    pub fn resume(self, place: Checkpoint) -> Self {
        self.start("resume", place)
    }

    fn start(mut self, setting: &'static str, from: Checkpoint) -> Self {
        let problem = self.problem(&from);
        self.start = match (self.start, problem) {
            (invalid @ Start::Invalid(_), _) => invalid,
            (Start::Place(..), _) => Start::Invalid(
                "a listing begins at one place: call only one of after, before and resume, and only once".into(),
            ),
            (Start::List, Some(problem)) => Start::Invalid(problem),
            (Start::List, None) => Start::Place(setting, from),
        };
        self
    }

    fn problem(&self, from: &Checkpoint) -> Option<Cow<'static, str>> {
        if let Some(cursor) = from.unusable_cursor() {
            let length = cursor.as_str().len();
            return Some(if cursor.is_too_long() {
                format!("the cursor has {length} bytes, more than the maximum of {MAX_CURSOR_BYTES}").into()
            } else {
                "the cursor is empty or the literal \"null\": leave it out to list from the start".into()
            });
        }
        match (from.list, self.source.list_identity()) {
            (Some(saved), Some(this)) if saved != this => Some(
                "the checkpoint belongs to another list: resume it with the app id that it was saved with, or list from \
                 the start"
                    .into(),
            ),
            _ => None,
        }
    }

    /// Yields at most `count` groups, counting those yielded before a reversal. Default: all. The last request is
    /// limited to the rest; 0 makes no request.
    ///
    /// The limit is not the end of the list: a listing resumed at the [checkpoint](GroupStream::checkpoint) continues.
    pub fn max_groups(mut self, count: usize) -> Self {
        self.max_groups = Some(count);
        self
    }

    /// Limits the [restarts](GroupStream#when-groups-change-meanwhile) after expired cursors. Default: 3, for a few
    /// changes during a long listing. 0 saves the eight bytes of memory a group.
    pub fn max_restarts(mut self, count: u32) -> Self {
        self.max_restarts = count;
        self
    }

    /// Makes one more request to confirm the [end of the list](GroupStream#the-end-of-the-list), where a server that
    /// has sent links sends none. Default: off, since by Meta's rule a missing link is the end; on for snapshots,
    /// [`updates`](Self::updates) and [`watch`](Self::watch), since a server may break the rule.
    pub fn confirm_end(mut self, confirm: bool) -> Self {
        self.confirm_end = confirm;
        self
    }

    /// Sets the retry policy of this listing. Default: the [client's](crate::ClientBuilder::retry), or
    /// [`RetryPolicy::default`] for other sources. The client's retry budget still applies.
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
    /// Fetches one page ahead: the next page is requested as soon as a page arrives. Default: off, since it makes up to
    /// one unneeded request and holds two pages in memory.
    ///
    /// The page is fetched on a tokio task, so requests, timeouts and retries proceed while the consumer does not poll.
    /// This helps most where processing a page takes about as long as a request. Dropping the stream aborts the task.
    /// Order, errors and checkpoints stay the same.
    ///
    /// On the current-thread runtime, blocking work also blocks the task: move it to `spawn_blocking`. Outside a tokio
    /// runtime, the page ahead is an [`is_config`](Error::is_config) error.
    pub fn read_ahead(mut self, ahead: bool) -> Self {
        self.read_ahead = ahead.then_some(Ahead::spawn::<S> as ReadAhead<S>);
        self
    }
}

impl<S> ListGroups<S> {
    /// Wraps the source: to log, count or cache requests. Settings, retries and rate limit stay.
    ///
    /// # Examples
    ///
    /// ```
    /// use gupshup_groups::{Client, HttpSource, Page, PageRequest, PageSource, Result};
    ///
    /// #[derive(Clone)]
    /// struct Logged(HttpSource);
    ///
    /// impl PageSource for Logged {
    ///     type Fetch = <HttpSource as PageSource>::Fetch;
    ///
    ///     fn fetch(&self, request: PageRequest) -> Self::Fetch {
    ///         eprintln!("at most {} groups", request.limit.get());
    ///         self.0.fetch(request)
    ///     }
    ///
    ///     fn list_identity(&self) -> Option<u64> {
    ///         self.0.list_identity()
    ///     }
    ///
    ///     fn app_id(&self) -> Option<&str> {
    ///         self.0.app_id()
    ///     }
    /// }
    ///
    /// let list = Client::new("key")?.groups("app-id").map_source(Logged);
    /// # Ok::<(), gupshup_groups::Error>(())
    /// ```
    pub fn map_source<T>(self, wrap: impl FnOnce(S) -> T) -> ListGroups<T>
    where
        T: PageSource + Clone + Send + 'static,
        T::Fetch: Send + 'static,
    {
        let Self { source, start, page_size, max_groups, max_restarts, confirm_end, pace, read_ahead } = self;
        let read_ahead = read_ahead.map(|_| Ahead::spawn::<T> as ReadAhead<T>);
        let source = wrap(source);
        ListGroups { source, start, page_size, max_groups, max_restarts, confirm_end, pace, read_ahead }
    }

    /// The same listing with a boxed source: see [`AnySource`].
    pub fn boxed(self) -> ListGroups<AnySource>
    where
        S: PageSource + Send + Sync + 'static,
        S::Fetch: Send + 'static,
    {
        self.map_source(AnySource::new)
    }
}

impl<S: PageSource + Clone> ListGroups<S> {
    /// Streams the groups.
    pub fn stream(&self) -> GroupStream<S> {
        GroupStream::new(self.pages())
    }

    /// Streams the pages, each in the server's order.
    pub fn pages(&self) -> PageStream<S> {
        let rules = Rules {
            sizes: self.page_size.map_or_else(Sizes::adaptive, Sizes::Fixed),
            max_groups: self.max_groups,
            max_restarts: self.max_restarts,
            confirm_end: self.confirm_end,
        };
        let from = match &self.start {
            Start::List => Ok(Checkpoint { list: None, heading: Direction::Forward, place: Place::Start }),
            Start::Place(_, from) => Ok(from.clone()),
            Start::Invalid(problem) => Err(Error::config(problem.clone())),
        };
        PageStream::new(Listing::new(self.source.clone(), self.pace.clone(), self.read_ahead, from, rules))
    }

    /// Fetches one page: the first of [`pages`](Self::pages), or an empty page if there is none.
    ///
    /// # Errors
    ///
    /// The error of the request.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the request. Another call makes a new one.
    pub fn page(&self) -> impl Future<Output = Result<Page>> + use<S> {
        // The page ahead would be discarded.
        let pages = Self { read_ahead: None, ..self.clone() }.pages();
        async move {
            let mut pages = pin!(pages);
            pages.next().await.unwrap_or_else(|| Ok(Page::default()))
        }
    }

    /// This listing with the settings of a snapshot, or an error.
    pub(crate) fn whole(&self) -> Result<Self> {
        let setting = match (&self.start, self.max_groups) {
            (Start::Invalid(problem), _) => return Err(Error::config(problem.clone())),
            (Start::Place(setting, _), _) => *setting,
            (Start::List, Some(_)) => "max_groups",
            (Start::List, None) => return Ok(self.clone().confirm_end(true)),
        };
        Err(Error::config(format!(
            "a snapshot begins at the start of the list and holds all of it: leave out {setting}"
        )))
    }

    pub(crate) fn source(&self) -> &S {
        &self.source
    }
}

impl ListGroups<HttpSource> {
    /// Sends the request body that the API documents: 1 to 8 users, by phone number or WhatsApp id.
    ///
    /// Default: no body. It seems to belong to the endpoint that removes participants, and the API's own example sends
    /// none.
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
            .field("confirm_end", &self.confirm_end)
            .field("pace", &self.pace)
            .field("read_ahead", &self.read_ahead.is_some())
            .finish()
    }
}
