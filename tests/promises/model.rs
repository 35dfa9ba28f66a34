//! Listings compared with a model: any list, page size, dialect, direction and start.

use std::collections::{HashMap, HashSet};

use gupshup_groups::testing::{CursorAnswer, Dialect, FakeGroups, Fault};
use gupshup_groups::{Checkpoint, Error, ListGroups};
use proptest::prelude::*;

use crate::support::{all, drain, groups, ids, numbered, take};

/// A server's dialect; see [`Dialect`].
#[expect(clippy::struct_excessive_bools, reason = "independent knobs")]
#[derive(Clone, Copy, Debug)]
struct Wording {
    next_links: bool,
    previous_links: bool,
    cursors_at_the_ends: bool,
    error_past_the_end: bool,
    empty_page_every: u32,
}

/// Where a walk begins; the numbers are indices of groups.
#[derive(Clone, Copy, Debug)]
enum Start {
    List,
    After(usize),
    Before(usize),
}

/// One listing and its model.
#[derive(Clone, Copy, Debug)]
struct Case {
    count: usize,
    page_size: Option<usize>,
    wording: Wording,
    start: Start,
}

impl Case {
    fn fake(&self) -> FakeGroups {
        let wording = self.wording;
        let dialect = Dialect::default()
            .next_links(wording.next_links)
            .previous_links(wording.previous_links)
            .cursors_at_the_ends(wording.cursors_at_the_ends)
            .past_the_end(if wording.error_past_the_end { CursorAnswer::Invalid } else { CursorAnswer::EmptyPage })
            .empty_page_every(wording.empty_page_every);
        FakeGroups::new(groups(self.count)).dialect(dialect)
    }

    fn list(&self, fake: &FakeGroups) -> ListGroups {
        let list = sized(ListGroups::from_source(fake.clone()), self.page_size);
        match self.start {
            Start::List => list,
            Start::After(index) => list.after(fake.cursor_at(&index.to_string()).unwrap()),
            Start::Before(index) => list.before(fake.cursor_at(&index.to_string()).unwrap()),
        }
    }

    fn is_forward(&self) -> bool {
        !matches!(self.start, Start::Before(_))
    }

    /// The groups before the start, nearest first: what a listing yields that is reversed at once.
    fn behind(&self) -> Vec<usize> {
        match self.start {
            Start::List => Vec::new(),
            Start::After(index) => (0..=index).rev().collect(),
            Start::Before(index) => (index..self.count).collect(),
        }
    }

    /// The groups after the start, in the order of the listing.
    fn ahead(&self) -> Vec<usize> {
        match self.start {
            Start::List => (0..self.count).collect(),
            Start::After(index) => (index + 1..self.count).collect(),
            Start::Before(index) => (0..index).rev().collect(),
        }
    }

    /// Whether the listing begins at the cursor of the only group, on a server that refuses it in both directions. Such
    /// a cursor looks invalid.
    fn begins_at_a_refused_cursor(&self) -> bool {
        !matches!(self.start, Start::List) && self.count == 1 && self.wording.error_past_the_end
    }

    /// Whether every page has a cursor for the other direction, except at the ends of the list. An empty page at an end
    /// hides that the page beside it is the last, so that one then has none.
    fn has_ways_back(&self) -> bool {
        self.wording.cursors_at_the_ends || self.wording.empty_page_every == 0
    }

    /// The number of requests of the whole listing, by the rules for the end of the list.
    fn requests(&self) -> usize {
        let Wording { next_links, previous_links, cursors_at_the_ends, error_past_the_end, empty_page_every } =
            self.wording;
        let links = if self.is_forward() { next_links } else { previous_links };
        let mut left = self.ahead().len();
        let mut link_seen = false;
        let mut pages = 0;
        let mut requests = 0;
        loop {
            requests += 1;
            if left == 0 {
                return match (error_past_the_end, self.start) {
                    (true, Start::List) if requests == 1 => requests,
                    // One group in the other direction.
                    (true, _) if requests == 1 => requests + 1,
                    // The page before, and the cursor once more.
                    (true, _) => requests + 2,
                    (false, _) => requests,
                };
            }
            // An empty page does not show that the size works.
            let limit = self.page_size.unwrap_or(if pages == 0 { 25 } else { 1024 });
            pages += 1;
            if links && empty_page_every > 0 && pages % empty_page_every == 0 {
                // An empty page stands before this one, and has a link.
                link_seen = true;
                requests += 1;
            }
            left -= left.min(limit);
            if left > 0 && links {
                link_seen = true;
                continue;
            }
            if link_seen || (left == 0 && !cursors_at_the_ends) {
                assert_eq!(left, 0, "the model itself must not lose groups");
                return requests;
            }
        }
    }
}

fn sized(list: ListGroups, page_size: Option<usize>) -> ListGroups {
    match page_size {
        Some(size) => list.page_size(u32::try_from(size).unwrap()),
        None => list,
    }
}

fn wordings() -> impl Strategy<Value = Wording> {
    (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), prop_oneof![3 => Just(0), 1 => 1..4_u32]).prop_map(
        |(next_links, previous_links, cursors_at_the_ends, error_past_the_end, empty_page_every)| Wording {
            next_links,
            previous_links,
            cursors_at_the_ends,
            error_past_the_end,
            empty_page_every,
        },
    )
}

fn page_sizes() -> impl Strategy<Value = Option<usize>> {
    prop_oneof![Just(None), Just(Some(1)), (1..=40_usize).prop_map(Some), (1..=400_usize).prop_map(Some)]
}

fn cases(most: usize) -> impl Strategy<Value = Case> {
    (0..=most, page_sizes(), wordings(), 0..3_u8, any::<prop::sample::Index>()).prop_map(
        |(count, page_size, wording, start, index)| {
            let start = match start {
                _ if count == 0 => Start::List,
                0 => Start::List,
                1 => Start::After(index.index(count)),
                _ => Start::Before(index.index(count)),
            };
            Case { count, page_size, wording, start }
        },
    )
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(1_000))]

    #[test]
    fn every_walk_yields_the_exact_list_or_its_exact_mirror_with_the_exact_number_of_requests(case in cases(300)) {
        let fake = case.fake();
        let mut stream = case.list(&fake).stream();
        let (found, error) = drain(&mut stream);
        if case.begins_at_a_refused_cursor() {
            prop_assert!(error.is_some_and(|error| error.is_cursor_invalid()));
        } else {
            prop_assert!(error.is_none(), "{error:?}");
            prop_assert!(stream.checkpoint().is_end());
        }
        prop_assert_eq!(ids(&found), case.ahead());
        prop_assert_eq!(fake.requests().len(), case.requests());
        prop_assert_eq!(stream.progress().requests, case.requests() as u64);
    }

    #[test]
    fn pages_hold_the_same_groups_in_the_servers_order(case in cases(300)) {
        prop_assume!(!case.begins_at_a_refused_cursor() && case.has_ways_back());
        let fake = case.fake();
        let pages = all(case.list(&fake).pages());
        let mut expected = case.ahead();
        if !case.is_forward() {
            expected.reverse();
        }
        let in_order: Vec<_> = if case.is_forward() { pages.iter().collect() } else { pages.iter().rev().collect() };
        let found: Vec<_> = in_order.into_iter().flat_map(|page| ids(&page.groups)).collect();
        prop_assert_eq!(found, expected);
        prop_assert_eq!(fake.requests().len(), case.requests());
    }

    #[test]
    fn the_size_hint_is_never_wrong(case in cases(120), most in prop::option::of(0..150_usize)) {
        prop_assume!(!case.begins_at_a_refused_cursor() && case.has_ways_back());
        let fake = case.fake();
        let list = case.list(&fake);
        let mut stream = most.map_or(list.clone(), |most| list.max_groups(most)).stream();
        let mut left = case.ahead().len().min(most.unwrap_or(usize::MAX));
        loop {
            let (least, bound) = futures::Stream::size_hint(&stream);
            prop_assert!(least <= left && bound.is_none_or(|bound| left <= bound));
            if take(&mut stream, 1).0.is_empty() {
                break;
            }
            left -= 1;
        }
        prop_assert_eq!(left, 0);
        prop_assert_eq!(futures::Stream::size_hint(&stream), (0, Some(0)));
    }
}

proptest! {
    #![proptest_config(config(1_000))]

    #[test]
    fn a_checkpoint_at_any_index_resumes_with_the_next_group_whatever_the_page_size(
        case in cases(30),
        later_size in page_sizes(),
    ) {
        prop_assume!(!case.begins_at_a_refused_cursor() && case.has_ways_back());
        let fake = case.fake();
        let mut stream = case.list(&fake).stream();
        let ahead = case.ahead();
        for index in 0..=ahead.len() {
            let text = stream.checkpoint().to_string();
            let place: Checkpoint = text.parse().unwrap();
            let resumed = sized(ListGroups::from_source(fake.clone()), later_size).resume(place).stream();
            prop_assert_eq!(ids(&all(resumed)), &ahead[index..], "resumed at {}", index);
            take(&mut stream, 1);
        }
    }

    #[test]
    fn a_page_stream_resumes_a_place_in_the_middle_of_a_page(case in cases(40), index in any::<prop::sample::Index>()) {
        prop_assume!(!case.begins_at_a_refused_cursor() && case.has_ways_back());
        let fake = case.fake();
        let mut stream = case.list(&fake).stream();
        let ahead = case.ahead();
        let index = index.index(ahead.len() + 1);
        take(&mut stream, index);
        let pages = all(ListGroups::from_source(fake).resume(stream.checkpoint()).pages());
        let found: Vec<_> = pages
            .iter()
            .flat_map(|page| {
                let mut ids = ids(&page.groups);
                if !case.is_forward() {
                    ids.reverse();
                }
                ids
            })
            .collect();
        prop_assert_eq!(found, &ahead[index..]);
    }

    #[test]
    fn reversing_at_any_index_yields_the_yielded_groups_again_then_those_before_the_start(
        case in cases(30),
        later_size in page_sizes(),
    ) {
        prop_assume!(!case.begins_at_a_refused_cursor());
        prop_assume!(case.has_ways_back());
        let fake = case.fake();
        let ahead = case.ahead();
        for index in 0..=ahead.len() {
            let mut back: Vec<_> = ahead[..index].iter().rev().copied().collect();
            back.extend(case.behind());

            let mut stream = case.list(&fake).stream();
            take(&mut stream, index);
            let place = stream.checkpoint().reversed();
            let reversed = stream.reverse();
            prop_assert_eq!(ids(&all(reversed)), &back[..], "reversed at {}", index);

            let resumed = sized(ListGroups::from_source(fake.clone()), later_size).resume(place).stream();
            prop_assert_eq!(ids(&all(resumed)), &back[..], "saved, then reversed at {}", index);
        }
    }

    #[test]
    fn reversing_twice_continues_where_the_walk_was(
        case in cases(60),
        first in any::<prop::sample::Index>(),
        second in any::<prop::sample::Index>(),
    ) {
        prop_assume!(!case.ahead().is_empty());
        prop_assume!(!case.begins_at_a_refused_cursor() && case.has_ways_back());
        let fake = case.fake();
        let ahead = case.ahead();
        let first = first.index(ahead.len() + 1);
        let mut line: Vec<_> = case.behind().into_iter().rev().collect();
        let at = line.len() + first;
        line.extend(&ahead);
        let second = second.index(at + 1);

        let mut stream = case.list(&fake).stream();
        take(&mut stream, first);
        let mut back = stream.reverse();
        let (found, _) = take(&mut back, second);
        prop_assert_eq!(found.len(), second);
        let on = back.reverse();
        prop_assert_eq!(ids(&all(on)), &line[at - second..]);
    }

    #[test]
    fn resume_after_an_error_at_any_request_loses_nothing_and_repeats_nothing(case in cases(40)) {
        let ahead = case.ahead();
        prop_assume!(!case.begins_at_a_refused_cursor());
        for failing in 0..case.requests() {
            let fake = case.fake().fault_at(failing, Fault::Error(Error::other("scripted")));
            let mut stream = case.list(&fake).stream();
            let (mut found, error) = drain(&mut stream);
            let error = error.expect("the fault surfaces");
            prop_assert_eq!(error.checkpoint(), Some(&stream.checkpoint()));
            prop_assert_eq!(drain(&mut stream).0.len(), 0, "after an error comes nothing");

            let saved = ListGroups::from_source(case.fake()).resume(stream.checkpoint()).stream();
            prop_assert_eq!(ids(&all(saved)), &ahead[found.len()..], "from the error's checkpoint");
            let mut back: Vec<_> = ahead[..found.len()].iter().rev().copied().collect();
            back.extend(case.behind());
            if !ahead.is_empty() && case.has_ways_back() {
                let reversed = ListGroups::from_source(case.fake()).resume(stream.checkpoint().reversed()).stream();
                prop_assert_eq!(ids(&all(reversed)), back, "reversed at the error");
            }

            stream.resume();
            let (rest, error) = drain(&mut stream);
            prop_assert!(error.is_none(), "{error:?}");
            found.extend(rest);
            prop_assert_eq!(ids(&found), &ahead[..]);
            prop_assert_eq!(fake.requests().len(), case.requests() + 1, "only the failed request is made again");
        }
    }

    #[test]
    fn max_groups_yields_that_many_asks_for_no_more_and_is_not_the_end(case in cases(60), most in 0..80_usize) {
        prop_assume!(!case.begins_at_a_refused_cursor() && case.has_ways_back());
        let fake = case.fake();
        let mut stream = case.list(&fake).max_groups(most).stream();
        let (found, _) = drain(&mut stream);
        let ahead = case.ahead();
        let count = most.min(ahead.len());
        prop_assert_eq!(ids(&found), &ahead[..count]);
        let asked: usize = fake.requests().iter().map(|request| request.limit.get() as usize).sum();
        if case.wording.empty_page_every == 0 && most <= ahead.len() {
            prop_assert_eq!(asked, most, "the last request is trimmed");
        }
        if most < ahead.len() {
            prop_assert!(!stream.checkpoint().is_end());
        }
        let rest = ListGroups::from_source(fake).resume(stream.checkpoint()).stream();
        prop_assert_eq!(ids(&all(rest)), &ahead[count..]);
    }
}

/// A change to the list just before a request is answered.
#[derive(Clone, Copy, Debug)]
enum Edit {
    Create,
    Delete(usize),
}

fn edits() -> impl Strategy<Value = HashMap<usize, Edit>> {
    let edit = prop_oneof![Just(Edit::Create), (0..300_usize).prop_map(Edit::Delete)];
    prop::collection::hash_map(1..12_usize, edit, 1..4)
}

proptest! {
    #![proptest_config(config(1_000))]

    #[test]
    fn groups_that_were_there_throughout_come_exactly_once_though_cursors_expire(
        count in 0..300_usize,
        page_size in page_sizes(),
        edits in edits(),
    ) {
        let restarts = u32::try_from(edits.len()).unwrap();
        let deleted: HashSet<usize> =
            edits.values().filter_map(|edit| if let Edit::Delete(n) = edit { Some(*n) } else { None }).collect();
        let fake = FakeGroups::new(groups(count)).dialect(Dialect::default().expire_cursors_on_change(true)).on_request(move |index, fake| {
            match edits.get(&index) {
                Some(Edit::Create) => fake.create(numbered(1_000 + index)),
                Some(Edit::Delete(n)) => {
                    fake.delete(&n.to_string());
                }
                None => {}
            }
        });
        let list = sized(ListGroups::from_source(fake.clone()), page_size).max_restarts(restarts);
        let mut stream = list.stream();
        let found = ids(&all(&mut stream));
        let unique: HashSet<_> = found.iter().copied().collect();
        prop_assert_eq!(unique.len(), found.len(), "none comes twice");
        for n in (0..count).filter(|n| !deleted.contains(n)) {
            prop_assert!(unique.contains(&n), "{} is missing", n);
        }

        let fake = FakeGroups::new(groups(count)).dialect(Dialect::default().expire_cursors_on_change(true)).on_request(|index, fake| {
            if index == 1 {
                fake.create(numbered(1_000));
            }
        });
        let pages = all(sized(ListGroups::from_source(fake), page_size).pages());
        let found: Vec<_> = pages.iter().flat_map(|page| ids(&page.groups)).collect();
        let unique: HashSet<_> = found.iter().copied().collect();
        prop_assert_eq!(unique.len(), found.len(), "after a restart, pages hold only new groups");
        prop_assert!((0..count).all(|n| unique.contains(&n)));
    }
}
