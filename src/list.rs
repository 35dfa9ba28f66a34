//! One listing: its settings, and their one validation.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::pin;

use futures::StreamExt;

use crate::checkpoint::Checkpoint;
use crate::cursor::{Cursor, Direction, MAX_CURSOR_BYTES, Position};
use crate::error::{Error, Result};
use crate::fetch::{Ahead, Pace, RetryPolicy};
use crate::groups::GroupStream;
use crate::http::HttpSource;
use crate::page::Page;
use crate::pages::{PageStream, ReadAhead};
use crate::source::PageSource;
use crate::walk::{Mark, PageSize, Place, Rules, Sizes};

/// How often a listing starts again by itself: enough for a few changes during a long listing, few enough that a server
/// which expires every cursor is noticed.
const MAX_RESTARTS: u32 = 3;

/// A listing of an app's active groups: a description that is cheap to clone. No request is made before a stream of it is
/// polled.
///
/// Made by [`Client::groups`](crate::Client::groups), or by [`from_source`](Self::from_source) on any [`PageSource`].
///
/// | setting | default | range |
/// |---|---|---|
/// | [`page_size`](Self::page_size) | 25, then 1024, fewer where the API refuses | 1 to 1024 groups |
/// | [`after`](Self::after), [`before`](Self::before), [`resume`](Self::resume) | the list's start, forward | at most one of them |
/// | [`max_groups`](Self::max_groups) | all | 0 groups and more |
/// | [`max_restarts`](Self::max_restarts) | 3 | 0 and more |
/// | [`confirm_end`](Self::confirm_end) | off; on for snapshots | |
/// | [`retry`](Self::retry) | the client's: 3 attempts a page, 90 s | |
/// | [`read_ahead`](Self::read_ahead) | off | |
/// | [`participants`](ListGroups::participants) | no request body | 1 to 8 users |
///
/// Invalid input is an error that [`is_config`](Error::is_config), as the first item of the stream, before any request.
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

/// Where a listing begins, validated.
#[derive(Clone, Debug)]
enum Start {
    /// At the start of the list.
    List,
    /// At a place that this setting named.
    Place(&'static str, Checkpoint),
    /// Nowhere: the input is invalid, for this reason.
    Invalid(Cow<'static, str>),
}

impl<S: PageSource> ListGroups<S> {
    /// A listing of the groups that `source` has: for tests, and for transports of your own.
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

    /// Requests pages of `size` groups, clamped to 1..=1024, the range of the API's page. Takes a number or a
    /// [`PageSize`].
    ///
    /// Default: the first page has 25 groups, the API's default, so that the first groups come fast; the others 1024, so
    /// that there are few requests; where the API refuses that, 100 or 25. A size that you set is never changed: its
    /// refusal is an error.
    pub fn page_size(mut self, size: impl Into<PageSize>) -> Self {
        self.page_size = Some(size.into());
        self
    }

    /// Begins just after the group that `cursor` points to, and lists forward.
    ///
    /// A cursor that the API refuses is an error that [`is_cursor_invalid`](Error::is_cursor_invalid). A server may also
    /// refuse a good cursor with nothing behind it (code 2642). So the refusal is checked by a request for one group in
    /// the other direction: if that is answered, the list ends at the cursor.
    pub fn after(self, cursor: impl Into<Cursor>) -> Self {
        self.start_at_cursor("after", Position::After(cursor.into()))
    }

    /// Begins just before the group that `cursor` points to, and lists backward: the exact mirror of the forward order.
    ///
    /// A refused cursor is handled as by [`after`](Self::after).
    pub fn before(self, cursor: impl Into<Cursor>) -> Self {
        self.start_at_cursor("before", Position::Before(cursor.into()))
    }

    fn start_at_cursor(self, setting: &'static str, position: Position) -> Self {
        let heading = position.direction();
        let place = Place::Middle(Mark::start_of(position, PageSize::DEFAULT));
        self.start(setting, Checkpoint { list: None, heading, place })
    }

    /// Continues at a saved place, in its direction.
    ///
    /// A checkpoint at the end yields nothing; [reverse](Checkpoint::reversed) it to list back from there. A checkpoint of
    /// another list is an error that [`is_config`](Error::is_config).
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

    /// What is wrong with a place to begin at.
    fn problem(&self, from: &Checkpoint) -> Option<Cow<'static, str>> {
        if let Some(cursor) = from.unusable_cursor() {
            let length = cursor.as_str().len();
            return Some(if cursor.is_too_long() {
                format!("the cursor has {length} bytes, and at most {MAX_CURSOR_BYTES} are sent").into()
            } else {
                "an empty cursor, or the literal \"null\", is not a cursor: leave it out to begin at the start".into()
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

    /// Yields at most `count` groups. The last request asks only for what is left; with 0 no request is made.
    ///
    /// It counts every group that the stream yields, also after it was reversed. Reaching it is not the end of the list:
    /// the [checkpoint](GroupStream::checkpoint) says so, and a listing resumed from it continues.
    pub fn max_groups(mut self, count: usize) -> Self {
        self.max_groups = Some(count);
        self
    }

    /// Sets how often the listing may start again by itself because its cursor has expired. Default: 3.
    ///
    /// Only a listing that begins at the start of the list can. It costs eight bytes of memory a group; with 0, none.
    pub fn max_restarts(mut self, count: u32) -> Self {
        self.max_restarts = count;
        self
    }

    /// Sets whether the end of the list is confirmed by one more request where a server that sends links leaves one out.
    /// Default: off for streams and pages, on for [`snapshot`](Self::snapshot) and [`watch`](Self::watch).
    ///
    /// By Meta's documented rule a missing link is the end. A server that breaks the rule cuts the list short; with
    /// `confirm_end(true)` it does not, at the price of one request a listing. See
    /// [the end of the list](GroupStream#the-end-of-the-list).
    pub fn confirm_end(mut self, confirm: bool) -> Self {
        self.confirm_end = confirm;
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
    /// Outside of a tokio runtime, the page ahead is an error that [`is_config`](Error::is_config).
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
        PageStream::new(self.source.clone(), self.pace.clone(), self.read_ahead, from, rules)
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
        // A page ahead would never be used.
        let pages = Self { read_ahead: None, ..self.clone() }.pages();
        async move {
            let mut pages = pin!(pages);
            pages.next().await.unwrap_or_else(|| Ok(Page::default()))
        }
    }

    /// This listing with its end confirmed, unless it can only be a part of the list.
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
            .field("confirm_end", &self.confirm_end)
            .field("pace", &self.pace)
            .field("read_ahead", &self.read_ahead.is_some())
            .finish()
    }
}
