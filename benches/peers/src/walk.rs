//! The cost of a stream for each group: one million groups in memory, in pages of 1024, on a current-thread runtime.
//!
//! All contestants take the same prebuilt pages from the same queue, and pass each group to the same consumer, which
//! puts it into a tray. Full trays are the pages of the next round, so that no round creates or drops groups. The
//! baseline is a loop over pages with a loop over groups inside.
//!
//! Groups in memory are not in the processor's cache, and the first to read one waits for it. So there are two
//! consumers: one reads each id, as a real one does, and one reads nothing.

use std::collections::VecDeque;
use std::future::{Future, Ready, ready};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{self, Context, Poll};

use futures::{Stream, StreamExt, TryStreamExt, stream};
use gupshup_groups::{Cursor, Cursors, Error, Group, ListGroups, Page, PageRequest, PageSource, Result};

use crate::rounds::{Contestant, Cost, least};

const GROUPS: usize = 1_000_000;
const PAGE: usize = 1024;
const ROUNDS: usize = 31;

/// The groups of a page, and the cursor of the next one.
type Stored = (Vec<Group>, Option<Cursor>);

/// The remaining pages.
#[derive(Clone)]
struct Depot(Arc<Mutex<VecDeque<Stored>>>);

impl Depot {
    fn new(count: usize) -> Self {
        let groups: Vec<_> = (0..count)
            .map(|n| {
                Group::new(
                    format!("Y2FwaV9ncm91cDoxNTU1MDc4MzgxMToxMjAzNjMwMTg{n:012}ZD"),
                    format!("Support {n}"),
                    1_700_000_000,
                )
            })
            .collect();
        let depot = Self(Arc::default());
        depot.fill(groups.chunks(PAGE).map(<[Group]>::to_vec).collect());
        depot
    }

    fn fill(&self, pages: Vec<Vec<Group>>) {
        let last = pages.len() - 1;
        let cursor = |n| (n < last).then(|| Cursor::from(format!("QVFIUlJ{n}")));
        *self.0.lock().unwrap() = pages.into_iter().enumerate().map(|(n, page)| (page, cursor(n))).collect();
    }

    fn page(&self) -> Stored {
        self.0.lock().unwrap().pop_front().expect("no request after the last page")
    }
}

/// Collects groups as the pages of the next round.
struct Tray<const READ: bool> {
    open: Vec<Group>,
    full: Vec<Vec<Group>>,
    empty: Vec<Vec<Group>>,
    /// The bytes read of the ids.
    read: u8,
}

impl<const READ: bool> Tray<READ> {
    fn new(groups: usize) -> Self {
        let pages = groups.div_ceil(PAGE);
        let empty = (0..pages).map(|_| Vec::with_capacity(PAGE)).collect();
        Self { open: Vec::with_capacity(PAGE), full: Vec::with_capacity(pages), empty, read: 0 }
    }

    #[inline(always)]
    fn put(&mut self, group: Group) {
        if let (true, [first, .., last]) = (READ, group.id.as_bytes()) {
            self.read ^= first ^ last;
        }
        if self.open.len() == PAGE {
            let next = self.empty.pop().expect("there is a tray for each page");
            self.full.push(std::mem::replace(&mut self.open, next));
        }
        self.open.push(group);
    }

    fn into_pages(mut self) -> Vec<Vec<Group>> {
        std::hint::black_box(self.read);
        self.full.push(self.open);
        self.full
    }
}

impl PageSource for Depot {
    fn fetch(&self, _: PageRequest) -> impl Future<Output = Result<Page>> + Send + 'static {
        let (groups, after) = self.page();
        let mut cursors = Cursors::default();
        cursors.after = after;
        let has_next = cursors.after.is_some();
        ready(Ok(Page::new(groups, cursors).with_next_link(has_next)))
    }
}

/// One page, asynchronously.
async fn fetch(depot: &Depot) -> Result<Stored> {
    Ok(depot.page())
}

async fn nested_loop<const READ: bool>(depot: Depot, tray: &mut Tray<READ>) -> Result<()> {
    loop {
        let (groups, after) = fetch(&depot).await?;
        for group in groups {
            tray.put(group);
        }
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn ours<const READ: bool>(depot: Depot, tray: &mut Tray<READ>, restarts: u32) -> Result<()> {
    consume(ListGroups::from_source(depot).page_size(PAGE as u32).max_restarts(restarts).stream(), tray).await
}

/// The loop over any `Stream`.
async fn consume<E, const READ: bool>(
    groups: impl Stream<Item = std::result::Result<Group, E>>,
    tray: &mut Tray<READ>,
) -> std::result::Result<(), E> {
    let mut groups = pin!(groups);
    while let Some(group) = groups.next().await {
        tray.put(group?);
    }
    Ok(())
}

/// The least that a `Stream` of groups does: the buffer of a page, and one page in flight.
async fn by_hand<const READ: bool>(depot: Depot, tray: &mut Tray<READ>) -> Result<()> {
    struct Groups {
        depot: Depot,
        fetch: Option<Ready<Result<Stored>>>,
        buffer: std::vec::IntoIter<Group>,
        is_last: bool,
    }

    impl Groups {
        #[cold]
        #[inline(never)]
        fn next_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<()>>> {
            if self.is_last {
                return Poll::Ready(None);
            }
            let fetch = self.fetch.get_or_insert_with(|| ready(Ok(self.depot.page())));
            let page = task::ready!(Pin::new(fetch).poll(cx));
            self.fetch = None;
            Poll::Ready(Some(page.map(|(groups, after)| {
                self.buffer = groups.into_iter();
                self.is_last = after.is_none();
            })))
        }
    }

    impl Stream for Groups {
        type Item = Result<Group>;

        #[inline]
        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            loop {
                if let Some(group) = self.buffer.next() {
                    return Poll::Ready(Some(Ok(group)));
                }
                match task::ready!(self.next_page(cx)) {
                    Some(Ok(())) => {}
                    Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                    None => return Poll::Ready(None),
                }
            }
        }
    }

    consume(Groups { depot, fetch: None, buffer: Vec::new().into_iter(), is_last: false }, tray).await
}

async fn try_unfold<const READ: bool>(depot: Depot, tray: &mut Tray<READ>) -> Result<()> {
    let pages = stream::try_unfold(Some(depot), |depot| async move {
        let Some(depot) = depot else { return Ok::<_, Error>(None) };
        let (groups, after) = fetch(&depot).await?;
        Ok(Some((stream::iter(groups.into_iter().map(Ok)), after.map(|_| depot))))
    });
    consume(pages.try_flatten(), tray).await
}

async fn async_stream<const READ: bool>(depot: Depot, tray: &mut Tray<READ>) -> Result<()> {
    let groups = async_stream::try_stream! {
        loop {
            let (groups, after) = fetch(&depot).await?;
            for group in groups {
                yield group;
            }
            if after.is_none() {
                break;
            }
        }
    };
    consume::<Error, READ>(groups, tray).await
}

async fn page_turner<const READ: bool>(depot: Depot, tray: &mut Tray<READ>) -> Result<()> {
    use page_turner::mt::{PageTurner, PagesStream, TurnedPage, TurnedPageResult};

    struct Turner(Depot);

    struct Request;

    impl PageTurner<Request> for Turner {
        type PageItems = Vec<Group>;
        type PageError = Error;

        async fn turn_page(&self, _: Request) -> TurnedPageResult<Self, Request> {
            let (groups, after) = fetch(&self.0).await?;
            Ok(match after {
                Some(_) => TurnedPage::next(groups, Request),
                None => TurnedPage::last(groups),
            })
        }
    }

    consume(Turner(depot).into_pages(Request).items(), tray).await
}

/// A page in the form of the larger clients.
struct PeerPage(Vec<Group>, Option<Cursor>);

#[async_trait::async_trait]
impl azure_core::http::pager::Page for PeerPage {
    type Item = Group;
    type IntoIter = std::vec::IntoIter<Group>;

    async fn into_items(self) -> azure_core::Result<Self::IntoIter> {
        Ok(self.0.into_iter())
    }
}

impl google_cloud_gax::paginator::internal::PageableResponse for PeerPage {
    type PageItem = Group;

    fn items(self) -> Vec<Group> {
        self.0
    }

    fn next_page_token(&self) -> String {
        self.1.as_ref().map(|after| after.as_str().to_owned()).unwrap_or_default()
    }
}

async fn azure<const READ: bool>(depot: Depot, tray: &mut Tray<READ>) -> Result<()> {
    use azure_core::http::pager::{ItemIterator, PagerContinuation, PagerResult};

    let groups = ItemIterator::new(
        move |_, _| {
            let depot = depot.clone();
            Box::pin(async move {
                let (groups, after) = depot.page();
                let token = after.as_ref().map(|after| PagerContinuation::Token(after.as_str().to_owned()));
                let response = PeerPage(groups, after);
                Ok(match token {
                    Some(continuation) => PagerResult::More { response, continuation },
                    None => PagerResult::Done { response },
                })
            })
        },
        None,
    );
    consume(groups, tray).await.map_err(Error::other)
}

async fn gax<const READ: bool>(depot: Depot, tray: &mut Tray<READ>) -> Result<()> {
    use google_cloud_gax::paginator::internal::new_paginator;
    use google_cloud_gax::paginator::{ItemPaginator, Paginator};

    let pages = new_paginator(String::new(), move |_| {
        let depot = depot.clone();
        async move { fetch(&depot).await.map(|(groups, after)| PeerPage(groups, after)) }
    });
    let mut groups = pages.items();
    while let Some(group) = groups.next().await {
        tray.put(group?);
    }
    Ok(())
}

async fn aws<const READ: bool>(depot: Depot, tray: &mut Tray<READ>) -> Result<()> {
    use aws_smithy_async::future::pagination_stream::fn_stream::FnStream;
    use aws_smithy_async::future::pagination_stream::{PaginationStream, TryFlatMap};

    let pages = PaginationStream::new(FnStream::new(move |tx| {
        Box::pin(async move {
            loop {
                let page = fetch(&depot).await;
                let more = matches!(page, Ok((_, Some(_))));
                if tx.send(page).await.is_err() || !more {
                    return;
                }
            }
        })
    }));
    let mut groups = TryFlatMap::new(pages).flat_map(|(groups, _)| groups);
    while let Some(group) = groups.next().await {
        tray.put(group?);
    }
    Ok(())
}

/// A contestant, which lists a depot of so many groups until it has seen `GROUPS`.
macro_rules! contestant {
    ($name:expr, $runtime:expr, $depot:expr, $groups:expr, $walk:expr $(, $setting:expr)?) => {{
        let (runtime, depot) = (&$runtime, &$depot);
        let run = Box::new(move || {
            let mut cost = Cost::default();
            for _ in 0..GROUPS / $groups {
                let mut tray = Tray::<READ>::new($groups);
                let walk = || runtime.block_on($walk(depot.clone(), &mut tray $(, $setting)?));
                let (result, of_walk) = Cost::of(walk);
                result.expect("no walk fails");
                cost += of_walk;
                let pages = tray.into_pages();
                assert_eq!(pages.iter().map(Vec::len).sum::<usize>(), $groups);
                depot.fill(pages);
            }
            cost
        });
        ($name, run as Box<dyn FnMut() -> Cost>)
    }};
}

/// The cost of each group in nanoseconds, the baseline first.
fn measure<const READ: bool>(groups: usize) -> Vec<(&'static str, f64)> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let depot = Depot::new(groups);
    let mut contestants: Vec<Contestant<'_>> = vec![
        contestant!("nested loop", runtime, depot, groups, nested_loop),
        contestant!("gupshup-groups, `max_restarts(0)`", runtime, depot, groups, ours, 0),
        contestant!("gupshup-groups", runtime, depot, groups, ours, 3),
        contestant!("hand-written `Stream`", runtime, depot, groups, by_hand),
        contestant!("google-cloud-gax `items()`", runtime, depot, groups, gax),
        contestant!("page-turner", runtime, depot, groups, page_turner),
        contestant!("`try_unfold` + `try_flatten`", runtime, depot, groups, try_unfold),
        contestant!("azure_core `ItemIterator`", runtime, depot, groups, azure),
        contestant!("async-stream `try_stream!`", runtime, depot, groups, async_stream),
        contestant!("aws-smithy-async `items()`", runtime, depot, groups, aws),
    ];
    let costs = least(ROUNDS, &mut contestants);
    let count = (GROUPS / groups * groups) as f64;
    let ns = |cost: Cost| cost.processor.as_nanos() as f64 / count;
    contestants.iter().zip(costs).map(|((name, _), cost)| (*name, ns(cost))).collect()
}

/// Contestants that are not a `Stream`.
const NO_STREAM: [&str; 3] = ["nested loop", "google-cloud-gax `items()`", "aws-smithy-async `items()`"];

pub fn table() {
    let columns = [measure::<true>(GROUPS), measure::<false>(GROUPS), measure::<true>(8 * PAGE)];
    println!(
        "| walk, pages of {PAGE}: ns a group over the loop | a `Stream` | {GROUPS} groups in memory, each id read | nothing read | 8 pages that stay in the cache, each id read |"
    );
    println!("|---|---|---|---|---|");
    let floor = columns.each_ref().map(|column| column[0].1);
    let over = |row: usize, column: usize| columns[column][row].1 - floor[column];
    println!("| nested loop | no | ({:.1} in all) | ({:.1} in all) | ({:.1} in all) |", floor[0], floor[1], floor[2]);
    for (row, (name, _)) in columns[0].iter().enumerate().skip(1) {
        let stream = if NO_STREAM.contains(name) { "no" } else { "yes" };
        println!("| {name} | {stream} | {:+.1} | {:+.1} | {:+.1} |", over(row, 0), over(row, 1), over(row, 2));
    }
    println!();
}
