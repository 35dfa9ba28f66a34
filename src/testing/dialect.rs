//! What a server does that the API's pages leave open, or say in two ways.

use std::ops::RangeInclusive;

use crate::cursor::Direction;
use crate::error::{Error, Result};
use crate::page::Page;

/// How a server answers: its links, cursors, page sizes and refusals.
///
/// Each setting is independent of the others. The default is what the Graph API documents. The other values were seen
/// on servers of this kind, and each of them breaks some client that does not expect it.
///
/// A dialect is plain data; give it to [`FakeGroups::dialect`](super::FakeGroups::dialect), before a walk or in the
/// middle of one.
///
/// # Examples
///
/// ```
/// use gupshup_groups::Group;
/// use gupshup_groups::testing::{CursorAnswer, Dialect, FakeGroups};
///
/// // A server that sends cursors but no links, and an error past the end.
/// let dialect = Dialect::default().next_links(false).previous_links(false).past_the_end(CursorAnswer::Invalid);
/// let fake = FakeGroups::new([Group::new("a", "Support", 1_700_000_000)]).dialect(dialect);
/// # drop(fake);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own, and no two must agree")]
pub struct Dialect {
    next_links: bool,
    previous_links: bool,
    links_at_the_clamp: bool,
    pub(super) cursors_at_the_ends: bool,
    pub(super) cursors: CursorKind,
    pub(super) expire_cursors_on_change: bool,
    pub(super) past_the_end: CursorAnswer,
    pub(super) stale_cursor: CursorAnswer,
    empty_page_every: Option<u32>,
    refuse_above: Option<u32>,
    clamp: Option<(u32, u32)>,
}

/// What a cursor points to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CursorKind {
    /// A group. The cursor is valid as long as the group exists, wherever in the list it stands.
    #[default]
    Items,
    /// An index. After a deletion, "after index 24" skips a group that still exists; after a creation at the front, it
    /// repeats one. Such a cursor never becomes stale, unless each change
    /// [expires all](Dialect::expire_cursors_on_change): then it belongs to a version of the list. Its text is base64 of
    /// `{"offset":24,"versionId":0}`, as in the sample of a sibling endpoint of the API.
    Offsets,
}

/// What a server answers to a cursor that leads to no group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CursorAnswer {
    /// A page without groups, cursors and links.
    EmptyPage,
    /// 400, code 2642, "Invalid cursors values".
    Invalid,
    /// 400, code 131059, "Start pagination from the beginning again".
    Expired,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            next_links: true,
            previous_links: true,
            links_at_the_clamp: true,
            cursors_at_the_ends: true,
            cursors: CursorKind::Items,
            expire_cursors_on_change: false,
            past_the_end: CursorAnswer::EmptyPage,
            stale_cursor: CursorAnswer::Expired,
            empty_page_every: None,
            refuse_above: None,
            clamp: None,
        }
    }
}

impl Dialect {
    /// Sends a link to the next page where there are more groups (`true`, the default: "only provided when more pages
    /// are available"), or never.
    #[must_use]
    pub fn next_links(mut self, sent: bool) -> Self {
        self.next_links = sent;
        self
    }

    /// Sends a link to the previous page where groups come before (`true`, the default: Meta lists `paging.previous`),
    /// or never: Gupshup's samples show none.
    #[must_use]
    pub fn previous_links(mut self, sent: bool) -> Self {
        self.previous_links = sent;
        self
    }

    /// Sends `after` on the list's last page and `before` on its first (`true`, the default: the API's last page "still
    /// has `cursors.after`, and no `next`"), or leaves them out there.
    #[must_use]
    pub fn cursors_at_the_ends(mut self, sent: bool) -> Self {
        self.cursors_at_the_ends = sent;
        self
    }

    /// What cursors point to.
    ///
    /// # Default
    ///
    /// [`CursorKind::Items`], as the Graph API documents.
    #[must_use]
    pub fn cursors(mut self, kind: CursorKind) -> Self {
        self.cursors = kind;
        self
    }

    /// Makes every cursor stale whenever a group is created or deleted.
    ///
    /// # Default
    ///
    /// `false`: only cursors that point at the deleted group become stale, as the Graph API documents. Error 131059
    /// reads as if more did.
    #[must_use]
    pub fn expire_cursors_on_change(mut self, expire: bool) -> Self {
        self.expire_cursors_on_change = expire;
        self
    }

    /// What a request past either end of the list is answered with.
    ///
    /// # Default
    ///
    /// [`CursorAnswer::EmptyPage`]. Code 2642 was reported for the Graph API too.
    #[must_use]
    pub fn past_the_end(mut self, answer: CursorAnswer) -> Self {
        self.past_the_end = answer;
        self
    }

    /// What a stale cursor is answered with. A text that never was a cursor is always answered with 2642.
    ///
    /// # Default
    ///
    /// [`CursorAnswer::Expired`], as Meta documents.
    #[must_use]
    pub fn stale_cursor(mut self, answer: CursorAnswer) -> Self {
        self.stale_cursor = answer;
        self
    }

    /// Answers every `n`-th page of a walk with an empty one first, whose cursor and link go on ("A page may be empty
    /// but contain a next paging link"). 1 is every page; 0, the default, is none.
    ///
    /// The empty page stands where a suspended group would be: its cursors work both ways. There is none at either end,
    /// and none in a direction whose links are not sent: without a link, an empty page is the end.
    #[must_use]
    pub fn empty_page_every(mut self, n: u32) -> Self {
        self.empty_page_every = (n > 0).then_some(n);
        self
    }

    /// Refuses requests for more than `groups` a page: 400, no code, "limit exceeds …".
    ///
    /// # Default
    ///
    /// 1024, which no [`PageSize`](crate::PageSize) exceeds, so nothing is refused. One of the API's pages says 100
    /// where the other says 1024; `refuse_page_size_above(100)` is a server that holds to the first.
    #[must_use]
    pub fn refuse_page_size_above(mut self, groups: u32) -> Self {
        self.refuse_above = Some(groups);
        self
    }

    /// Takes the nearest page size of this range, whatever is asked, and does not say so. 0 counts as 1.
    ///
    /// `1..=100` sends pages of at most 100 groups ("Do not depend on the number of results being fewer than the
    /// limit"); `50..=100` sends more than asked to those who ask for fewer than 50.
    ///
    /// # Default
    ///
    /// No range: the page size is the one that was asked for.
    #[must_use]
    pub fn clamp_page_size(mut self, groups: RangeInclusive<u32>) -> Self {
        let smallest = (*groups.start()).max(1);
        self.clamp = Some((smallest, (*groups.end()).max(smallest)));
        self
    }

    /// Sends the link also where the page is shorter than asked because its size was
    /// [clamped](Self::clamp_page_size) (`true`, the default), or leaves it out there, wrongly: a server that sends a
    /// link only with pages as long as was asked.
    ///
    /// It concerns the link in the request's direction. Cursors are sent all the same.
    #[must_use]
    pub fn links_at_the_clamp(mut self, sent: bool) -> Self {
        self.links_at_the_clamp = sent;
        self
    }

    /// How many groups a page holds that was asked to hold `limit`, or the refusal.
    pub(super) fn page_size(&self, limit: u32) -> Result<u32> {
        match (self.refuse_above, self.clamp) {
            (Some(max), _) if limit > max => Err(Error::api(400, None, format!("limit exceeds {max}"))),
            (_, Some((smallest, largest))) => Ok(limit.clamp(smallest, largest)),
            (_, None) => Ok(limit),
        }
    }

    /// Whether links in `direction` are sent at all.
    pub(super) fn sends_links(&self, direction: Direction) -> bool {
        match direction {
            Direction::Forward => self.next_links,
            Direction::Backward => self.previous_links,
        }
    }

    /// Whether the link in the request's direction is sent with a page that was clamped from `asked` to `sent`.
    pub(super) fn sends_the_link_of_a_page(&self, asked: u32, sent: u32) -> bool {
        sent >= asked || self.links_at_the_clamp
    }

    /// Whether an empty page comes before page number `page` of a walk in `direction`.
    pub(super) fn puts_an_empty_page_before(&self, page: u64, direction: Direction) -> bool {
        self.sends_links(direction) && self.empty_page_every.is_some_and(|n| page % u64::from(n) == 0)
    }

    /// Whether cursors have to count the pages of a walk.
    pub(super) fn counts_pages(&self) -> bool {
        self.empty_page_every.is_some()
    }
}

impl CursorAnswer {
    /// The answer, in Meta's words.
    pub(super) fn answer(self) -> Result<Page> {
        match self {
            Self::EmptyPage => Ok(Page::default()),
            Self::Invalid => Err(Error::api(400, Some(2642), "Invalid cursors values")),
            Self::Expired => {
                let message = "Invalid cursor: it is expired or corrupted. Start pagination from the beginning again";
                Err(Error::api(400, Some(131_059), message))
            }
        }
    }
}
