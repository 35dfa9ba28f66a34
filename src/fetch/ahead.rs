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

/// [`Ahead::spawn`], whose bounds (`Send`, `'static`) apply only where reading ahead is on.
pub(crate) type ReadAhead<S> = fn(&S, Pace, PageRequest) -> Ahead;

/// A page fetched on its own task, which dropping it aborts.
pub(crate) struct Ahead {
    /// `None` if there is no runtime.
    task: Option<JoinHandle<Result<Page>>>,
    /// Kept also if the source panics.
    effort: Arc<Mutex<Effort>>,
}

impl Ahead {
    /// Starts to fetch a page, in the caller's tracing span.
    pub(crate) fn spawn<S>(source: &S, pace: Pace, request: PageRequest) -> Self
    where
        S: PageSource + Clone + Send + 'static,
        S::Fetch: Send + 'static,
    {
        let source = source.clone();
        let effort = Arc::new(Mutex::new(Effort::default()));
        let stored = Arc::clone(&effort);
        let fetch = async move {
            let mut fetch = pin!(Fetch::new(request));
            poll_fn(move |cx| {
                StoreEffort { fetch: fetch.as_mut(), to: &stored }.fetch.as_mut().poll(&source, &pace, cx)
            })
            .await
        };
        let task = Handle::try_current().ok().map(|runtime| {
            let task = runtime.spawn(in_current_span(fetch));
            if runtime.runtime_flavor() != RuntimeFlavor::CurrentThread {
                // A worker keeps the task that it spawned last for itself, and the consumer may block that worker. A
                // second task moves the first to the shared queue.
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

/// Stores the effort after each poll, also if it panics.
struct StoreEffort<'a, F: Future<Output = Result<Page>>> {
    fetch: Pin<&'a mut Fetch<F>>,
    to: &'a Mutex<Effort>,
}

impl<F: Future<Output = Result<Page>>> Drop for StoreEffort<'_, F> {
    fn drop(&mut self) {
        *self.to.lock().unwrap_or_else(PoisonError::into_inner) = self.fetch.effort();
    }
}
