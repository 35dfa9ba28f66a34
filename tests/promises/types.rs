//! The types of the streams: where they can be moved, what warns, and what `Debug` shows.

#![deny(unfulfilled_lint_expectations)]

use std::fmt::Debug;
use std::future::Future;

use futures::executor::block_on;
use futures::{FutureExt as _, StreamExt as _};
use gupshup_groups::testing::{CursorAnswer, CursorKind, Dialect, FakeGroups, Fault};
use gupshup_groups::{
    Ack, AnySource, Attempt, Change, Checkpoint, Client, ClientBuilder, Credential, Credentials, Cursor, Cursors,
    Direction, Error, ErrorKind, Group, GroupStream, ListGroups, Outcome, Page, PageRequest, PageSize, PageStream,
    Position, Processed, Progress, RemovalLimit, RetryPolicy, Snapshot, Tracked, TrackedStream, Update, Updates, Watch,
};

use crate::support::{all, drain, five_groups, groups, take};

#[test]
fn every_public_type_crosses_threads_shows_itself_and_can_be_moved_kept_and_named_without_parameters() {
    fn at_home_anywhere<T: Debug + Send + Sync + Unpin + 'static>() {}
    at_home_anywhere::<Ack>();
    at_home_anywhere::<AnySource>();
    at_home_anywhere::<Attempt<'static>>();
    at_home_anywhere::<Change>();
    at_home_anywhere::<Checkpoint>();
    at_home_anywhere::<Client>();
    at_home_anywhere::<ClientBuilder>();
    at_home_anywhere::<Credential>();
    at_home_anywhere::<Credentials>();
    at_home_anywhere::<Cursor>();
    at_home_anywhere::<CursorAnswer>();
    at_home_anywhere::<CursorKind>();
    at_home_anywhere::<Cursors>();
    at_home_anywhere::<Dialect>();
    at_home_anywhere::<Direction>();
    at_home_anywhere::<Error>();
    at_home_anywhere::<ErrorKind>();
    at_home_anywhere::<FakeGroups>();
    at_home_anywhere::<Fault>();
    at_home_anywhere::<Group>();
    at_home_anywhere::<GroupStream>();
    at_home_anywhere::<ListGroups>();
    at_home_anywhere::<Outcome>();
    at_home_anywhere::<Page>();
    at_home_anywhere::<PageRequest>();
    at_home_anywhere::<PageSize>();
    at_home_anywhere::<PageStream>();
    at_home_anywhere::<Position>();
    at_home_anywhere::<Processed>();
    at_home_anywhere::<Progress>();
    at_home_anywhere::<RemovalLimit>();
    at_home_anywhere::<RetryPolicy>();
    at_home_anywhere::<Snapshot>();
    at_home_anywhere::<Tracked>();
    at_home_anywhere::<TrackedStream>();
    at_home_anywhere::<Update>();
    at_home_anywhere::<Updates>();
    at_home_anywhere::<Watch>();
}

#[test]
fn the_future_of_a_page_can_move_to_a_task_with_its_listing() {
    fn may_be_spawned<F: Future + Send + 'static>(future: F) -> F {
        future
    }
    let (fake, list) = five_groups();
    let page = may_be_spawned(async move { list.page().await });
    assert_eq!(fake.requests().len(), 0);
    assert_eq!(block_on(page).unwrap().groups, groups(2));
}

/// Each `expect` is of a warning; a missing warning fails the build.
#[test]
fn an_unused_stream_is_a_warning() {
    let (fake, list) = five_groups();
    #[expect(unused_must_use, reason = "a listing that is dropped is the point")]
    {
        list.clone().page_size(3);
    }
    #[expect(unused_must_use, reason = "a stream that is dropped is the point")]
    {
        list.stream();
    }
    #[expect(unused_must_use, reason = "a stream that is dropped is the point")]
    {
        list.pages();
    }
    #[expect(unused_must_use, reason = "a stream that is dropped is the point")]
    {
        list.stream().reverse();
    }
    #[expect(unused_must_use, reason = "a future that is dropped is the point")]
    {
        list.page();
    }
    assert!(fake.requests().is_empty());
}

#[test]
fn no_debug_of_a_stream_shows_a_cursor_or_an_id() {
    let list: Vec<_> = (0..6).map(|n| Group::new(format!("SECRET{n}"), "SECRET", n)).collect();
    let secret = || Page::new(vec![list[0].clone()], Cursors::new(Some("SECRET"), Some("SECRET"))).with_next_link(true);
    let faults = [Fault::Page(secret()), Fault::Pending(1), Fault::Error(Error::other("scripted"))];
    let fake = FakeGroups::new(list.clone()).script(faults);
    let listing = ListGroups::from_source(fake.clone()).after("SECRET-given");
    let mut stream = listing.stream();
    let mut pages = listing.pages();
    let mut shown = vec![format!("{listing:?} {stream:?} {pages:?}")];

    assert!(stream.next().now_or_never().is_some());
    assert!(stream.next().now_or_never().is_none());
    shown.push(format!("{stream:?} {fake:?}"));
    let error = drain(&mut pages).1.expect("scripted");
    shown.push(format!("{pages:?} {error:?} {error}"));
    shown.push(format!("{:?} {:?}", stream.reverse(), fake.requests()));

    let mut ended = ListGroups::from_source(FakeGroups::new(list)).page_size(4).stream();
    take(&mut ended, 2);
    shown.push(format!("{ended:?}"));
    all(&mut ended);
    shown.push(format!("{ended:?} {:?}", ended.checkpoint()));
    for text in shown {
        assert!(!text.contains("SECRET"), "{text}");
    }
}
