use std::borrow::Cow;
use std::fmt;
use std::future::ready;
use std::sync::Arc;

use futures::{Stream as _, TryStreamExt as _};
use rapidhash::v3::rapidhash_v3;

use crate::checkpoint::Checkpoint;
use crate::credential::App;
use crate::cursor::{Cursor, Direction, MAX_CURSOR_BYTES, Position};
use crate::error::{Error, Result};
use crate::fetch::{Fetcher, Pace, RetryPolicy};
use crate::page::Page;
use crate::snapshot::RemovalLimit;
use crate::source::{AnySource, PageSource};
use crate::stream::{GroupStream, PageStream, Plan};
use crate::walk::{Gap, PageSize, Place, Rules, Sizes};

const MAX_RESTARTS: u32 = 3;

/// The API's limit.
const MAX_PARTICIPANTS: usize = 8;

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
pub struct ListGroups {
    app_id: Option<Arc<str>>,
    source: AnySource,
    /// Those of the source, if it is a client's.
    credentials: Option<Arc<App>>,
    pace: Pace,
    start: Option<Start>,
    page_size: Option<PageSize>,
    max_groups: Option<usize>,
    max_restarts: u32,
    confirm_end: bool,
    pub(crate) max_removed: RemovalLimit,
    read_ahead: bool,
    participants: Option<Arc<[String]>>,
    /// The first setting that is invalid: what is wrong, and what to do.
    problem: Option<Cow<'static, str>>,
}

/// Where a listing begins, and the setting that said so.
#[derive(Clone, Debug)]
struct Start {
    setting: &'static str,
    from: Checkpoint,
}

impl ListGroups {
    /// Lists the groups of any source: for tests and other transports.
    pub fn from_source(source: impl PageSource) -> Self {
        Self::at_pace(AnySource::new(source), Pace::without_client())
    }

    pub(crate) fn at_pace(source: AnySource, pace: Pace) -> Self {
        Self {
            app_id: None,
            source,
            credentials: None,
            pace,
            start: None,
            page_size: None,
            max_groups: None,
            max_restarts: MAX_RESTARTS,
            confirm_end: false,
            max_removed: RemovalLimit::default(),
            read_ahead: false,
            participants: None,
            problem: None,
        }
    }

    pub(crate) fn credentials(mut self, app: Arc<App>) -> Self {
        self.credentials = Some(app);
        self
    }

    /// A listing whose only item is the error of this problem.
    pub(crate) fn invalid(problem: &'static str) -> Self {
        let list = Self::from_source(move |_| async move { Err(Error::config(problem)) });
        Self { problem: Some(problem.into()), ..list }
    }

    /// Names the list, for errors ([`Error::app_id`]), spans and checkpoints: a checkpoint of a list with another name is
    /// refused. Default: the app id of [`Client::groups`](crate::Client::groups); none for a source of your own.
    pub fn app_id(mut self, app_id: impl Into<String>) -> Self {
        self.app_id = Some(app_id.into().into());
        self
    }

    /// Wraps the source: to log, count or cache requests, or to send them by another transport. All settings stay; retries
    /// and rate limit apply to the wrapped source. The client's credential is sent by the client's source only: for a fake, see
    /// `FakeGroups::with_credentials`. [`PageSource`] has an example.
    pub fn map_source<S: PageSource>(mut self, wrap: impl FnOnce(AnySource) -> S) -> Self {
        self.source = AnySource::new(wrap(self.source));
        self
    }

    /// Requests pages of `size` groups, clamped to 1..=1024, the API's range. A size that you set is never changed; its
    /// refusal is an error.
    ///
    /// Default: 25 for the first page (the API's default, so the first groups arrive early), then 1024 (few requests); 100 or
    /// 25 where the API refuses more, or requests for more keep failing.
    pub fn page_size(mut self, size: impl Into<PageSize>) -> Self {
        self.page_size = Some(size.into());
        self
    }

    /// Starts just after the group that `cursor` points to, and lists forward. Default: the start of the list.
    ///
    /// Code 2642 can mean the end of the list or an invalid cursor. So the group before it is requested: if it comes, the list
    /// ends here; else the error is [`is_cursor_invalid`](Error::is_cursor_invalid).
    ///
    /// At most one of `after`, [`before`](Self::before) and [`resume`](Self::resume) may be set, once.
    pub fn after(self, cursor: impl Into<Cursor>) -> Self {
        self.start_at_cursor("after", Position::After(cursor.into()))
    }

    /// Starts just before the group that `cursor` points to, and lists backward, in the exact mirror of the forward order.
    /// Otherwise as [`after`](Self::after).
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

    fn start(self, setting: &'static str, from: Checkpoint) -> Self {
        if self.start.is_some() {
            return self.problem(
                "a listing begins at one place: call only one of `after`, `before` and `resume`, and only once",
            );
        }
        let list = match from.unusable_cursor() {
            None => self,
            Some(cursor) if cursor.is_too_long() => {
                let length = cursor.as_str().len();
                self.problem(format!("the cursor has {length} bytes, more than the maximum of {MAX_CURSOR_BYTES}"))
            }
            Some(_) => self.problem("the cursor is empty or the literal \"null\": leave it out to list from the start"),
        };
        Self { start: Some(Start { setting, from }), ..list }
    }

    /// Yields at most `count` groups, counting those yielded before a reversal. Default: all. The last request asks for no more
    /// than the rest; 0 makes no request.
    ///
    /// The limit is not the end of the list: a listing resumed at the [checkpoint](GroupStream::checkpoint) continues.
    pub fn max_groups(mut self, count: usize) -> Self {
        self.max_groups = Some(count);
        self
    }

    /// Limits the [restarts](GroupStream#when-groups-change-meanwhile) after expired cursors. Default: 3, for a few changes
    /// during a long listing. 0 saves eight bytes of memory a group.
    pub fn max_restarts(mut self, count: u32) -> Self {
        self.max_restarts = count;
        self
    }

    /// Confirms the [end of the list](GroupStream#the-end-of-the-list) also where a missing link is the end by Meta's rule: one
    /// more page is requested, and an empty one is the end. Default: off; on for snapshots and [updates](Self::update), since a
    /// server may break the rule. For one page, see [`page`](Self::page).
    pub fn confirm_end(mut self, confirm: bool) -> Self {
        self.confirm_end = confirm;
        self
    }

    /// Limits the groups that one [update](Self::update) removes, also in [`updates`](Self::updates) and
    /// [`watch`](Self::watch). Default: [`RemovalLimit::default`].
    pub fn max_removed(mut self, limit: RemovalLimit) -> Self {
        self.max_removed = limit;
        self
    }

    /// Sets the retry policy of this listing. Default: the [client's](crate::ClientBuilder::retry), or
    /// [`RetryPolicy::default`] for other sources. The client's retry budget still applies.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.pace = self.pace.with_policy(policy);
        self
    }

    /// Fetches one page ahead: the next page is requested as soon as a page arrives. Default: off, since it makes up to
    /// one unneeded request and holds two pages in memory.
    ///
    /// It helps most where processing a page takes about as long as a request. The page is fetched on a tokio task, which
    /// proceeds while the stream is not polled, and is aborted when the stream is dropped. It needs a free thread of the
    /// runtime: move work that blocks to [`spawn_blocking`](tokio::task::spawn_blocking). Order, errors and checkpoints stay
    /// the same.
    pub fn read_ahead(mut self, ahead: bool) -> Self {
        self.read_ahead = ahead;
        self
    }

    /// Sends the request body that the API documents: 1 to 8 users, by phone number or WhatsApp id. Sources other than the
    /// API's ignore it.
    ///
    /// Default: no body, as in the API's own example; the documented one seems to belong to another endpoint.
    pub fn participants(mut self, users: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let users: Arc<[String]> = users.into_iter().map(Into::into).collect();
        self.participants = Some(Arc::clone(&users));
        if !(1..=MAX_PARTICIPANTS).contains(&users.len()) {
            self.problem("the body needs 1 to 8 participants: leave it out to list all groups")
        } else if users.iter().any(|user| user.trim().is_empty()) {
            self.problem("a participant is empty: pass phone numbers or WhatsApp ids")
        } else {
            self
        }
    }

    fn problem(mut self, problem: impl Into<Cow<'static, str>>) -> Self {
        self.problem.get_or_insert(problem.into());
        self
    }

    /// Streams the groups.
    pub fn stream(&self) -> GroupStream {
        GroupStream::new(self.pages())
    }

    /// Streams the pages, each in the server's order.
    pub fn pages(&self) -> PageStream {
        PageStream::new(Plan {
            fetcher: Fetcher::new(
                self.source.clone(),
                self.credentials.clone(),
                self.pace.clone(),
                self.app_id.clone(),
            ),
            participants: self.participants.clone(),
            read_ahead: self.read_ahead,
            from: self.from(),
            rules: Rules {
                sizes: self.page_size.map_or_else(Sizes::adaptive, Sizes::Fixed),
                max_groups: self.max_groups,
                max_restarts: self.max_restarts,
                confirm_end: self.confirm_end,
            },
        })
    }

    /// Fetches one page: the first of [`pages`](Self::pages), or an empty page if there is none.
    ///
    /// [`has_next`](Page::has_next) and [`has_previous`](Page::has_previous) are the server's links.
    ///
    /// # Whether there is more
    ///
    /// With [`confirm_end(true)`](Self::confirm_end), they say whether there are groups on that side, and the
    /// [cursors](Page::cursors) are the places to continue. Where the server sends no link, a request for one group finds out.
    /// An empty page then means that there are no groups here.
    ///
    /// [`max_groups`](Self::max_groups) and [`resume`](Self::resume) may cut a page, and its cursors would skip the rest: they
    /// are then an [`is_config`](Error::is_config) error.
    ///
    /// # Errors
    ///
    /// The error of a request.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the request. Another call makes a new one.
    ///
    /// # Panics
    ///
    /// As [`GroupStream`](GroupStream#panics).
    pub async fn page(&self) -> Result<Page> {
        // The page ahead would be discarded.
        let list = Self { read_ahead: false, ..self.clone() };
        if list.confirm_end {
            list.confirmed_page().await
        } else {
            Ok(list.pages().try_next().await?.unwrap_or_default())
        }
    }

    async fn confirmed_page(self) -> Result<Page> {
        if self.max_groups.is_some() || self.start.as_ref().is_some_and(|start| start.setting == "resume") {
            return Err(self.config("a page ends at its cursors: leave out `max_groups` and `resume`, which cut it"));
        }
        let starts_in_the_middle = self.start.is_some();
        // After a restart, the page would not be the one at the cursor.
        let pages = Self { max_restarts: 0, ..self }.pages();
        let mut pages = pages.try_filter(|page| ready(!page.groups.is_empty()));
        let Some(mut page) = pages.try_next().await? else { return Ok(Page::default()) };
        let (ahead, behind) = match pages.get_ref().direction() {
            Direction::Forward => (&mut page.has_next, &mut page.has_previous),
            Direction::Backward => (&mut page.has_previous, &mut page.has_next),
        };
        *behind = starts_in_the_middle;
        // A link that cannot be followed is an error, which the stream yields next.
        let link_is_usable = *ahead && pages.get_ref().size_hint().0 == 0;
        if !link_is_usable {
            pages.get_mut().limit(1);
            *ahead = pages.try_next().await?.is_some();
        }
        Ok(page)
    }

    /// Where the listing begins, or what is wrong with its settings.
    fn from(&self) -> Result<Checkpoint> {
        // `rapidhash` version 3, which never changes: checkpoints hold it.
        let list = self.app_id.as_deref().map(|app_id| rapidhash_v3(app_id.as_bytes()));
        let from = self.start.as_ref().map(|start| &start.from);
        let is_of_another_list = from.and_then(|from| from.list).zip(list).is_some_and(|(saved, this)| saved != this);
        match (&self.problem, from) {
            (Some(problem), _) => Err(self.config(problem.clone())),
            (None, _) if is_of_another_list => Err(self.config(
                "the checkpoint belongs to another list: resume it with the app id that it was saved with, or list from the \
                 start",
            )),
            (None, Some(from)) => Ok(Checkpoint { list, ..from.clone() }),
            (None, None) => Ok(Checkpoint { list, heading: Direction::Forward, place: Place::Start }),
        }
    }

    /// This listing with the settings of a snapshot, or an error.
    pub(crate) fn whole(&self) -> Result<Self> {
        let setting = match (&self.problem, &self.start, self.max_groups) {
            (Some(problem), _, _) => return Err(self.config(problem.clone())),
            (None, Some(start), _) => start.setting,
            (None, None, Some(_)) => "max_groups",
            (None, None, None) => return Ok(self.clone().confirm_end(true)),
        };
        Err(self
            .config(format!("a snapshot begins at the start of the list and holds all of it: leave out `{setting}`")))
    }

    pub(crate) fn config(&self, reason: impl Into<Cow<'static, str>>) -> Error {
        self.name(Error::config(reason))
    }

    /// The error of this listing, with its app id.
    pub(crate) fn name(&self, error: Error) -> Error {
        error.with_app_id(self.app_id.clone())
    }
}

impl fmt::Debug for ListGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListGroups")
            .field("app_id", &self.app_id)
            .field("start", &self.start)
            .field("page_size", &self.page_size)
            .field("max_groups", &self.max_groups)
            .finish_non_exhaustive()
    }
}
