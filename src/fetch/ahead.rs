//! A page that is fetched ahead of demand, on a task of its own.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::{JoinError, JoinHandle};

use crate::error::{Error, Result};
use crate::page::Page;
use crate::source::{PageRequest, PageSource};
use crate::trace::in_current_span;

use super::{Effort, Fetch, Pace};

/// A page that is fetched on a task of its own, whoever polls meanwhile. Dropping it ends the task.
pub(crate) struct Ahead {
    /// `None` where there is no runtime for it.
    task: Option<JoinHandle<Result<Page>>>,
    /// What the page has cost, also while it is on its way, and where its source panicked.
    effort: Arc<Mutex<Effort>>,
}

impl Ahead {
    /// Begins to fetch a page, in the tracing span of the caller. Outside of a tokio runtime, the page is an error.
    pub(crate) fn spawn<S>(source: &S, pace: Pace, request: PageRequest) -> Self
    where
        S: PageSource + Clone + Send + 'static,
        S::Fetch: Send + 'static,
    {
        let source = source.clone();
        let effort = Arc::new(Mutex::new(Effort::default()));
        let told = Arc::clone(&effort);
        let fetch = async move {
            let mut fetch = pin!(Fetch::new(request));
            poll_fn(move |cx| Tell { fetch: fetch.as_mut(), to: &told }.fetch.as_mut().poll(&source, &pace, cx)).await
        };
        let task = Handle::try_current().ok().map(|runtime| {
            let task = runtime.spawn(in_current_span(fetch));
            if runtime.runtime_flavor() != RuntimeFlavor::CurrentThread {
                // What a worker has spawned last waits in a slot from which no other worker takes it, and this one may soon
                // be blocked by its consumer. What it spawns next pushes that out, into the queue that they share.
                drop(runtime.spawn(async {}));
            }
            task
        });
        Self { task, effort }
    }

    pub(crate) fn effort(&self) -> Effort {
        *self.effort.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page, or the panic of its source.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<thread::Result<Result<Page>>> {
        let Some(task) = &mut self.task else {
            return Poll::Ready(Ok(Err(Error::config(
                "reading ahead needs a tokio runtime: poll the stream in one, or leave out `read_ahead`",
            ))));
        };
        Pin::new(task).poll(cx).map(|fetched| match fetched.map_err(JoinError::try_into_panic) {
            Ok(fetched) => Ok(fetched),
            Err(Ok(panic)) => Err(panic),
            Err(Err(_)) => Ok(Err(Error::broken("the runtime was shut down"))),
        })
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// Tells the effort of a poll when the poll ends, however it ends.
struct Tell<'a, F: Future<Output = Result<Page>>> {
    fetch: Pin<&'a mut Fetch<F>>,
    to: &'a Mutex<Effort>,
}

impl<F: Future<Output = Result<Page>>> Drop for Tell<'_, F> {
    fn drop(&mut self) {
        *self.to.lock().unwrap_or_else(PoisonError::into_inner) = self.fetch.effort();
    }
}
