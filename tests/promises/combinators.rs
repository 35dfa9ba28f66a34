//! Streams in combinators and tasks.

use futures::executor::block_on;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, select};
use gupshup_groups::testing::Fault;
use gupshup_groups::{Error, Group, Result};

use crate::support::{five_groups, groups};

#[test]
fn select_with_complete_sees_all_groups_of_all_streams() {
    // The last page has two groups, so that one is buffered when nothing more is to be asked.
    let (fake, list) = five_groups();
    let list = list.page_size(3);
    fake.script([Fault::Pending(3), Fault::None, Fault::Pending(1)]);
    let (mut one, mut other, mut pages) = (list.stream(), list.stream(), list.pages());
    let (mut from_one, mut from_other, mut from_pages) = (Vec::new(), Vec::new(), Vec::new());
    block_on(async {
        loop {
            select! {
                group = one.select_next_some() => from_one.push(group.unwrap()),
                group = other.select_next_some() => from_other.push(group.unwrap()),
                page = pages.select_next_some() => from_pages.extend(page.unwrap().groups),
                complete => break,
            }
        }
    });
    assert_eq!(from_one, groups(5));
    assert_eq!(from_other, groups(5));
    assert_eq!(from_pages, groups(5));
}

#[test]
fn filter_and_take_ask_for_no_more_than_they_use() {
    let (fake, list) = five_groups();
    let odd = |group: &Result<Group>| {
        let is_odd = group.as_ref().is_ok_and(|group| group.creation_timestamp % 2 != 0);
        std::future::ready(is_odd)
    };
    let found: Vec<_> = block_on(list.stream().filter(odd).take(1).try_collect()).unwrap();
    assert_eq!(found, groups(2)[1..]);
    assert_eq!(fake.requests().len(), 1);
}

#[test]
fn a_fold_ends_at_the_first_error() {
    let (fake, list) = five_groups();
    fake.fault_at(1, Fault::Error(Error::transport("reset")));
    let mut seen = 0;
    let folded = block_on(list.stream().try_fold((), |(), _| {
        seen += 1;
        std::future::ready(Ok(()))
    }));
    assert!(folded.unwrap_err().is_retryable());
    assert_eq!(seen, 2);
    assert_eq!(fake.requests().len(), 2);
}

#[test]
fn a_collection_of_a_part_of_the_list_is_an_error() {
    let (fake, list) = five_groups();
    assert_eq!(block_on(list.stream().try_collect::<Vec<_>>()).unwrap(), groups(5));
    fake.fault_at(5, Fault::Error(Error::transport("reset")));
    assert!(block_on(list.stream().try_collect::<Vec<_>>()).unwrap_err().is_retryable());
}

#[test]
fn ready_chunks_hold_buffered_groups_and_wait_for_no_page() {
    let (fake, list) = five_groups();
    fake.script([Fault::None, Fault::Pending(1), Fault::Pending(1)]);
    let chunks: Vec<_> = block_on(list.stream().map(Result::unwrap).ready_chunks(10).collect());
    assert_eq!(chunks.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(chunks.concat(), groups(5));
}

#[test]
fn two_streams_of_one_listing_walk_independently() {
    let (fake, list) = five_groups();
    fake.script([Fault::Pending(3), Fault::None, Fault::Pending(1)]);
    let pairs: Vec<_> = block_on(list.stream().zip(list.clone().page_size(3).stream()).collect());
    assert_eq!(pairs.len(), 5);
    for (one, other) in pairs {
        assert_eq!(one.unwrap(), other.unwrap());
    }
    assert_eq!(fake.requests().len(), 3 + 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_read_stream_continues_in_another_task() {
    let (fake, list) = five_groups();
    fake.fault_at(1, Fault::Pending(1));
    let mut stream = list.stream();
    let mut found = vec![stream.next().await.unwrap().unwrap(), stream.next().await.unwrap().unwrap()];
    // The request for the second page is under way while the stream moves.
    assert!(stream.next().now_or_never().is_none());
    let rest = tokio::spawn(async move { stream.try_collect::<Vec<_>>().await });
    found.extend(rest.await.unwrap().unwrap());
    assert_eq!(found, groups(5));
    assert_eq!(fake.requests().len(), 3);
}
