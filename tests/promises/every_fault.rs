//! All faults in one listing.

use crate::faults::{Fault, walk_impatiently};
use crate::server::{Event, Server, Step};
use crate::support::{all_of, groups};
use crate::{status, transport};

/// Every retryable failure on a connection.
fn faults() -> Vec<Fault> {
    [
        transport::closed_before_the_head(),
        transport::reset_before_or_in_the_head(),
        transport::reset_in_the_body(),
        transport::cut_head(),
        transport::cut_body(),
        transport::cut_without_a_length(),
        transport::silent_before_or_in_the_head(),
        transport::silent_in_the_body(),
        transport::dripping(),
        status::rate_limits(),
        status::outages(),
        status::temporary(),
    ]
    .concat()
}
#[tokio::test]
async fn a_listing_that_meets_every_fault_once_is_complete() {
    let faults = faults();
    let scripts = faults.iter().map(|fault| [vec![Step::Answer, Step::Request], fault.clone()].concat());
    // One page for each fault, and a last one.
    let pages = faults.len() + 1;
    let list = groups(3 * pages);
    let server = Server::start(&list, scripts).await;
    let (nobody, _bound) = transport::nobody();
    let client = transport::client_through(&server, [Some(nobody), None]);

    let listing = client.groups("app").page_size(3);
    assert_eq!(all_of(walk_impatiently(&server, listing).await), list);
    assert_eq!((server.requests(), server.connections()), (pages + faults.len(), faults.len() + 1));
    let slow = server.log().iter().filter(|event| matches!(event, Event::Silent(_) | Event::Dripping(_))).count();
    assert_eq!((faults.len(), slow), (27, 4));
}
