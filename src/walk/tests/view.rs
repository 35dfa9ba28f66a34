//! A page as the walk sees it, and which of its groups the caller gets.

use super::support::*;
use crate::cursor::{Cursor, Direction};
use crate::walk::view::View;
use crate::walk::{Kept, PageSize, Side, hash};

#[test]
fn the_hash_of_an_id_is_the_same_for_ever_because_checkpoints_hold_it() {
    assert_eq!(hash(""), 0x0338_dc4b_e2ce_cdae);
    assert_eq!(hash("120363025246125486@g.us"), 0x87a6_dcbd_8b54_89cf);
}

/// A page of three groups as a walk in this direction sees it.
fn view(heading: Direction) -> View {
    let side = |link, cursor: &str| Side { link, cursor: Some(cursor.into()) };
    let ids = ["0", "1", "2"].into_iter();
    View::empty(START, PageSize::MAX, heading).filled(vec![7], ids, side(true, "a"), side(false, "b"))
}

#[test]
fn a_page_is_seen_in_the_order_of_the_walk() {
    for (heading, hashes, cursor, link) in
        [(Forward, ["0", "1", "2"], "a", true), (Backward, ["2", "1", "0"], "b", false)]
    {
        let view = view(heading);
        assert_eq!(view.hashes, hashes.map(hash));
        let ahead = view.ahead.cursor.as_ref().unwrap();
        assert_eq!((ahead.as_str(), view.ahead.link), (cursor, link));
    }
}

#[test]
fn a_page_has_a_last_group_on_each_side() {
    for heading in DIRECTIONS {
        let view = view(heading);
        for (side, last, cursor) in [(Forward, "2", "a"), (Backward, "0", "b")] {
            assert_eq!(view.last(side), Some(hash(last)));
            assert_eq!(view.side(side).cursor.as_ref().map(Cursor::as_str), Some(cursor));
        }
    }
}

/// Three of six groups.
fn each() -> Kept {
    Kept::Each(vec![false, true, true, false, true, false])
}

#[test]
fn the_kept_groups_of_a_page_are_counted_and_found() {
    for (kept, indices) in [(Kept::Run(2..5), [2, 3, 4]), (each(), [1, 2, 4])] {
        assert_eq!(kept.len(), 3);
        assert_eq!([0, 1, 2, 3].map(|n| kept.nth(n)), [Some(indices[0]), Some(indices[1]), Some(indices[2]), None]);
        assert_eq!(kept.last(), Some(indices[2]));
    }
    assert_eq!((Kept::Run(3..3).last(), Kept::Each(vec![false]).last()), (None, None));
}

#[test]
fn the_first_of_the_kept_groups_stay_where_fewer_are_wanted() {
    for (count, run, kept) in [
        (0, 2..2, [false, false, false, false, false, false]),
        (2, 2..4, [false, true, true, false, false, false]),
        (3, 2..5, [false, true, true, false, true, false]),
        (usize::MAX, 2..5, [false, true, true, false, true, false]),
    ] {
        let mut cut = Kept::Run(2..5);
        cut.truncate(count);
        assert_eq!(cut, Kept::Run(run));
        let mut cut = each();
        cut.truncate(count);
        assert_eq!(cut, Kept::Each(kept.to_vec()));
    }
}

#[test]
fn the_servers_order_is_the_mirror_of_the_order_of_a_walk_backward() {
    assert_eq!(Kept::Run(1..3).in_server_order(Forward, 7), Kept::Run(1..3));
    assert_eq!(Kept::Run(1..3).in_server_order(Backward, 7), Kept::Run(4..6));
    assert_eq!(each().in_server_order(Forward, 6), each());
    assert_eq!(each().in_server_order(Backward, 6), Kept::Each(vec![false, true, false, true, true, false]));
}
