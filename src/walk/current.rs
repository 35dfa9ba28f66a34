//! The page that the caller reads, and the place of the walk after each of its groups.

use std::mem;

use crate::cursor::{Direction, PageSize, Position};

use super::end::Next;
use super::place::{Anchor, Gap, Place};
use super::request::Request;
use super::view::{Kept, View};

/// The page that the caller reads, and the places on it. The only owner of the walk's place.
#[derive(Clone, Debug)]
pub(super) struct CurrentPage {
    /// The place before the groups that the caller gets.
    start: Place,
    view: View,
    /// The groups that the caller gets, in the order of the walk.
    kept: Kept,
    /// After the walk has gone back: the gap after the last group that was yielded before, as seen from this page. It is
    /// the place of the walk until the walk has passed that group, because groups that were yielded are still ahead.
    hold: Option<Gap>,
    /// The place after all of these groups.
    end: Place,
}

impl CurrentPage {
    /// No page yet: the walk is at `place`.
    pub(super) fn at(place: Place, heading: Direction) -> Self {
        let view = View::empty(Position::Start, PageSize::DEFAULT, heading);
        Self { start: place.clone(), view, kept: Kept::Run(0..0), hold: None, end: place }
    }

    /// The walk goes back to before this gap, the place after all groups that were yielded.
    fn go_back(&mut self, gap: Gap) {
        *self = Self { hold: Some(gap.clone()), ..Self::at(Place::Middle(gap), self.view.heading) };
    }

    /// The walk restarts with a page of this size, after it has yielded `count` groups.
    pub(super) fn restart(&mut self, size: PageSize, count: usize) {
        match &self.end {
            Place::Middle(Gap { anchor: anchor @ Some(_), .. }) => {
                self.go_back(Gap { anchor: *anchor, offset: count, ..Gap::before(Position::Start, size) });
            }
            Place::Start | Place::Middle(_) | Place::End(_) => *self = Self::at(Place::Start, self.view.heading),
        }
    }

    /// The walk reads the page of the gap again from its start. The gap is the place of the walk, unless the page was
    /// empty or an earlier place is held.
    pub(super) fn read_again(&mut self, gap: &Gap) {
        if gap.anchor.is_some() && self.held().is_none() {
            self.go_back(gap.clone());
        }
    }

    /// Moves to the page after this one, which leads to `next`. The caller gets the groups `kept`: all, or those up to
    /// index `cut`. Returns the hashes of this page, as a buffer.
    pub(super) fn advance(&mut self, view: View, kept: Kept, next: &Next, cut: Option<usize>) -> Vec<u64> {
        let len = view.len();
        let hold = self.held().map(|gap| {
            let index = view.hashes.iter().position(|hash| Some(*hash) == gap.hash());
            let offset = index.map_or(gap.offset.saturating_sub(self.view.len()), |index| index + 1);
            Gap { offset, position: view.position.clone(), size: view.size, ..gap.clone() }
        });
        let start = match self.end.clone() {
            Place::Middle(gap) => Place::Middle(Gap { linked: gap.next.is_some(), ..gap }),
            place => place,
        };
        let page = Self { start, view, kept, hold, end: Place::Start };
        let end = match (cut, next) {
            (Some(last), _) => Place::Middle(page.gap(last + 1)),
            (None, Ok(None)) => Place::the_end(page.view.gap(len), page.view.heading),
            (None, Ok(Some(request))) if page.held().is_none() => Place::Middle(page.view.gap(len).leading_to(request)),
            (None, _) => Place::Middle(page.gap(len)),
        };
        mem::replace(self, Self { end, ..page }).view.hashes
    }

    /// Moves the end past an empty page, which leads to `next`.
    pub(super) fn pass_over(&mut self, empty: &View, next: &Next) {
        if self.held().is_some() && !matches!(next, Ok(None)) {
            return;
        }
        let gap = match (&self.end, next) {
            (Place::Start, _) => Gap::before(Position::Start, empty.size),
            // Only a backward walk requests pages from the end of the list.
            (Place::Middle(gap), _) | (Place::End(gap), Ok(None)) => gap.clone(),
            (Place::End(_), _) => return,
        };
        self.end = match next {
            Ok(None) => Place::the_end(gap, empty.heading),
            Ok(Some(request)) => Place::Middle(gap.leading_to(request)),
            Err(_) => return,
        };
    }

    /// The place before the last `remaining` groups that the caller gets.
    pub(super) fn place(&self, remaining: usize) -> Place {
        if remaining == 0 {
            return self.end.clone();
        }
        let last = self.kept.len().checked_sub(remaining + 1).and_then(|last| self.kept.nth(last));
        match (last, self.held_after(0)) {
            (Some(last), _) => Place::Middle(self.gap(last + 1)),
            (None, Some(held)) => Place::Middle(held.clone()),
            (None, None) => self.start.clone(),
        }
    }

    /// The place after the first `count` groups of the page.
    fn gap(&self, count: usize) -> Gap {
        self.held_after(count).cloned().unwrap_or_else(|| self.view.gap(count))
    }

    /// The place that is held past this page.
    fn held(&self) -> Option<&Gap> {
        self.held_after(self.view.len())
    }

    /// The place that is held past the first `count` groups.
    fn held_after(&self, count: usize) -> Option<&Gap> {
        let mut passed = self.view.hashes.iter().take(count);
        self.hold.as_ref().filter(|gap| passed.all(|hash| Some(*hash) != gap.hash()))
    }

    /// How many groups at the start of the page after this one were yielded: those that are on this page, in the same order,
    /// or those up to the last one yielded, if that is all that is known. `end`: the end of this page.
    pub(super) fn repeated_by(&self, next: &View, end: &Gap) -> usize {
        if self.view.len() > 0 {
            // Counted, not searched, because the usual answer is none, and the compiler vectorizes a count.
            let is_known = |first: &u64| self.view.hashes.iter().filter(|known| *known == first).count() != 0;
            if !next.hashes.first().is_some_and(is_known) {
                return 0;
            }
            let mut known = self.view.hashes.iter();
            next.hashes.iter().take_while(|hash| known.any(|known| known == *hash)).count()
        } else {
            next.hashes.iter().position(|hash| Some(*hash) == end.hash()).map_or(0, |index| index + 1)
        }
    }

    /// The gap of a walk that was reversed on the page of `gap` and has read it, now that the page is `view`: before the
    /// groups that it has read and that are still there, or at the start of the page.
    pub(super) fn reversed_gap(&self, gap: Gap, view: &View) -> Gap {
        let mut read = self.read_at(&gap.position).iter().rev().copied().chain(gap.hash());
        let nearest = read.find(|hash| view.hashes.contains(hash));
        Gap { anchor: nearest.map(Anchor::After), ..gap }
    }

    /// The groups of the page at `position`, if this is that page.
    pub(super) fn read_at(&self, position: &Position) -> &[u64] {
        if self.view.position == *position { &self.view.hashes } else { &[] }
    }
}

impl Gap {
    /// The same gap, from which this request continues.
    fn leading_to(self, next: &Request) -> Self {
        Self { next: Some(next.position.clone()), linked: next.is_linked(), ..self }
    }
}
