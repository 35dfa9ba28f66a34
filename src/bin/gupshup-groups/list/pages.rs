//! The pages of one app, fetched by a task, so that several apps are listed at the same time.

use futures::{Stream as _, StreamExt as _};
use gupshup_groups::{Checkpoint, Error, Group, ListGroups, Progress};
use tokio::sync::mpsc;

/// How many pages of an app may wait to be written. The listing of an app whose turn has not come pauses there, so that
/// memory does not grow with the lists.
const AHEAD: usize = 2;

pub(super) enum Event {
    Page {
        groups: Vec<Group>,
        /// After these groups.
        place: Checkpoint,
    },
    /// The end of the list or of `--max`, or an error.
    End { result: Result<(), Error>, progress: Progress },
}

/// Begins a listing. It ends when the receiver is dropped.
pub(super) fn begin(list: &ListGroups) -> mpsc::Receiver<Event> {
    let (send, pages) = mpsc::channel(AHEAD);
    let mut stream = list.stream();
    tokio::spawn(async move {
        let mut groups = Vec::new();
        let result = loop {
            match stream.next().await {
                Some(Ok(group)) => groups.push(group),
                Some(Err(error)) => break Err(error),
                None => break Ok(()),
            }
            // The next group takes a request.
            if stream.size_hint().0 == 0 {
                let page = Event::Page { groups: std::mem::take(&mut groups), place: stream.checkpoint() };
                if send.send(page).await.is_err() {
                    return;
                }
            }
        };
        // Fails if nobody waits for it.
        let _ = send.send(Event::End { result, progress: stream.progress() }).await;
    });
    pages
}
