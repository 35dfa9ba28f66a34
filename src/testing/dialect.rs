//! What the API's documentation leaves open, or contradicts.

use std::ops::RangeInclusive;

use crate::cursor::Direction;
use crate::error::{Error, Result};
use crate::page::Page;

/// How a server answers: its links, cursors, page sizes and refusals.
///
/// The default is the sample of Gupshup's own page for this call: cursors are offsets in a version of the list, and the last
/// page has cursors and no link. The other values are documented for the Graph API, or were seen on servers of this kind.
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
    pub(super) inclusive_cursors: bool,
    pub(super) echo_cursors: bool,
    pub(super) ignore_cursors: bool,
    pub(super) past_the_end: CursorAnswer,
    pub(super) stale_cursor: CursorAnswer,
    empty_page_every: Option<u32>,
    refuse_above: Option<u32>,
    clamp: Option<(u32, u32)>,
}

/// What a cursor points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CursorKind {
    /// A group, wherever it is in the list. Valid while the group exists.
    Items,
    /// An index. After a deletion, "after index 24" skips a group; after a creation at the front, it repeats one. Never
    /// stale, unless each change [expires all cursors](Dialect::expire_cursors_on_change). The text is base64 of
    /// `{"offset":24,"versionId":0}`, as in the sample of a sibling endpoint.
    Offsets,
}

/// The answer to a cursor that leads to no group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CursorAnswer {
    /// A page without groups, cursors or links.
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
            cursors: CursorKind::Offsets,
            expire_cursors_on_change: true,
            inclusive_cursors: false,
            echo_cursors: false,
            ignore_cursors: false,
            past_the_end: CursorAnswer::EmptyPage,
            stale_cursor: CursorAnswer::Expired,
            empty_page_every: None,
            refuse_above: None,
            clamp: None,
        }
    }
}

impl Dialect {
    /// What the Graph API documents: cursors point to items, and only those of deleted items become stale.
    #[must_use]
    pub fn graph_api() -> Self {
        Self::default().cursors(CursorKind::Items).expire_cursors_on_change(false)
    }

    /// Whether links to the next page are sent.
    ///
    /// Default: true ("only provided when more pages are available").
    #[must_use]
    pub fn next_links(mut self, sent: bool) -> Self {
        self.next_links = sent;
        self
    }

    /// Whether links to the previous page are sent.
    ///
    /// Default: true, as Meta documents `paging.previous`. Gupshup's samples show none.
    #[must_use]
    pub fn previous_links(mut self, sent: bool) -> Self {
        self.previous_links = sent;
        self
    }

    /// Whether `after` is sent on the last page and `before` on the first.
    ///
    /// Default: true (the last page "still has `cursors.after`, and no `next`").
    #[must_use]
    pub fn cursors_at_the_ends(mut self, sent: bool) -> Self {
        self.cursors_at_the_ends = sent;
        self
    }

    /// What cursors point to. Default: [`CursorKind::Offsets`], as in Gupshup's sample. The Graph API documents items.
    #[must_use]
    pub fn cursors(mut self, kind: CursorKind) -> Self {
        self.cursors = kind;
        self
    }

    /// Whether all cursors become stale when a group is created or deleted.
    ///
    /// Default: true: the sample's cursors hold a version of the list, and error 131059 says that a cursor expires. If false,
    /// only the cursors of items that are deleted become stale, as the Graph API documents.
    #[must_use]
    pub fn expire_cursors_on_change(mut self, expire: bool) -> Self {
        self.expire_cursors_on_change = expire;
        self
    }

    /// Whether the page at a cursor begins (backward: ends) with the cursor's group.
    ///
    /// Default: false. With such cursors, pages of one group lead nowhere.
    #[must_use]
    pub fn inclusive_cursors(mut self, inclusive: bool) -> Self {
        self.inclusive_cursors = inclusive;
        self
    }

    /// Whether an empty page past either end has the cursor of the request on both sides.
    ///
    /// Default: false; it has none.
    #[must_use]
    pub fn echo_cursors(mut self, echo: bool) -> Self {
        self.echo_cursors = echo;
        self
    }

    /// Whether every request is answered by the first page, with a new cursor each time.
    ///
    /// Default: false. A listing of such a server would have no end.
    #[must_use]
    pub fn ignore_cursors(mut self, ignore: bool) -> Self {
        self.ignore_cursors = ignore;
        self
    }

    /// The answer past either end of the list.
    ///
    /// Default: [`CursorAnswer::EmptyPage`]. Code 2642 was reported for the Graph API too.
    #[must_use]
    pub fn past_the_end(mut self, answer: CursorAnswer) -> Self {
        self.past_the_end = answer;
        self
    }

    /// The answer to a stale cursor. Default: [`CursorAnswer::Expired`], as Meta documents.
    ///
    /// A text that never was a cursor is always answered with 2642.
    #[must_use]
    pub fn stale_cursor(mut self, answer: CursorAnswer) -> Self {
        self.stale_cursor = answer;
        self
    }

    /// Sends an empty page, with cursors and a link, before every `n`-th page, except at either end and in a direction
    /// without links ("A page may be empty but contain a next paging link"). Default: 0, none.
    #[must_use]
    pub fn empty_page_every(mut self, n: u32) -> Self {
        self.empty_page_every = (n > 0).then_some(n);
        self
    }

    /// Refuses page sizes above `groups`: 400, no code, "limit exceeds …".
    ///
    /// Default: none is refused. One of the API's pages documents a maximum of 100, another of 1024.
    #[must_use]
    pub fn refuse_page_size_above(mut self, groups: u32) -> Self {
        self.refuse_above = Some(groups);
        self
    }

    /// Silently takes the nearest page size in this range. 0 counts as 1.
    ///
    /// `1..=100` sends pages of at most 100 groups ("Do not depend on the number of results being fewer than the
    /// limit"); `50..=100` also sends at least 50. Default: no range.
    #[must_use]
    pub fn clamp_page_size(mut self, groups: RangeInclusive<u32>) -> Self {
        let smallest = (*groups.start()).max(1);
        self.clamp = Some((smallest, (*groups.end()).max(smallest)));
        self
    }

    /// Whether a page that is shorter than requested because of [`clamp_page_size`](Self::clamp_page_size) has its link
    /// in the direction of the request. Default: true. Some servers link only from full pages.
    #[must_use]
    pub fn links_at_the_clamp(mut self, sent: bool) -> Self {
        self.links_at_the_clamp = sent;
        self
    }

    pub(super) fn page_size(&self, limit: u32) -> Result<u32> {
        match (self.refuse_above, self.clamp) {
            (Some(max), _) if limit > max => Err(Error::api(400, None, format!("limit exceeds {max}"))),
            (_, Some((smallest, largest))) => Ok(limit.clamp(smallest, largest)),
            (_, None) => Ok(limit),
        }
    }

    pub(super) fn sends_links(&self, direction: Direction) -> bool {
        match direction {
            Direction::Forward => self.next_links,
            Direction::Backward => self.previous_links,
        }
    }

    pub(super) fn sends_the_link_of_a_page(&self, requested: u32, sent: u32) -> bool {
        sent >= requested || self.links_at_the_clamp
    }

    pub(super) fn puts_an_empty_page_before(&self, page: u64, direction: Direction) -> bool {
        self.sends_links(direction) && self.empty_page_every.is_some_and(|n| page % u64::from(n) == 0)
    }

    pub(super) fn counts_pages(&self) -> bool {
        self.empty_page_every.is_some()
    }
}

impl CursorAnswer {
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
