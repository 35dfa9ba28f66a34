//! A page as the walk sees it, and which of its groups the caller gets.

use super::support::*;
use crate::cursor::Cursor;
use crate::walk::{Kept, hash};

#[test]
fn the_hash_of_an_id_is_the_same_for_ever_because_checkpoints_hold_it() {
    assert_eq!(hash(""), 0x0338_dc4b_e2ce_cdae);
    assert_eq!(hash("120363025246125486@g.us"), 0x87a6_dcbd_8b54_89cf);
}

#[test]
fn a_page_is_seen_in_the_order_of_the_walk() {
    let page = page(0..3).next("a").before("b");
    let forward = view(&mut from_start(by(2)), &page);
    assert_eq!(forward.hashes, ["0", "1", "2"].map(hash));
    let ahead = forward.ahead.cursor.as_ref().unwrap();
    assert_eq!((ahead.as_str(), forward.ahead.link), ("a", true));

    let backward = view(&mut from(before("given"), by(2)), &page);
    assert_eq!(backward.hashes, ["2", "1", "0"].map(hash));
    let ahead = backward.ahead.cursor.as_ref().unwrap();
    assert_eq!((ahead.as_str(), backward.ahead.link), ("b", false));
}

#[test]
fn a_page_has_a_last_group_on_each_side() {
    for direction in DIRECTIONS {
        let view = view(&mut towards(direction, by(2)), &page(0..3).next("a").previous("b"));
        for (side, last, cursor) in [(Forward, "2", "a"), (Backward, "0", "b")] {
            let (group, lead) = view.side(side);
            assert_eq!(group, Some(hash(last)));
            assert_eq!(lead.cursor.as_ref().map(Cursor::as_str), Some(cursor));
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
