//! The fake, asked page by page as a source is.

mod dialect;
mod handle;
mod pages;

use futures::FutureExt;

use super::*;
use crate::cursor::Position;
use crate::error::{Error, Result};
use crate::page::{Cursors, Page};
use crate::walk::PageSize;

fn groups(count: usize) -> Vec<Group> {
    let ages = (0..count).zip(0..);
    ages.map(|(n, age)| Group::new(format!("id{n}"), format!("Group {n}"), 1_700_000_000 - age)).collect()
}

fn ids(groups: &[Group]) -> Vec<&str> {
    groups.iter().map(|group| group.id.as_str()).collect()
}

fn ask(fake: &FakeGroups, position: Position, limit: u32) -> Result<Page> {
    fake.fetch(PageRequest::new(position, PageSize::clamped(limit))).now_or_never().expect("answered at once")
}

fn after(page: &Page) -> Position {
    Position::After(page.cursors.after.clone().expect("a page with an after cursor"))
}

fn before(page: &Page) -> Position {
    Position::Before(page.cursors.before.clone().expect("a page with a before cursor"))
}

/// Follows the links from the start; the groups, and the pages that held them.
fn walk_forward(fake: &FakeGroups, limit: u32) -> (Vec<Group>, Vec<Page>) {
    let mut pages = vec![ask(fake, Position::Start, limit).unwrap()];
    while let Some(last) = pages.last().filter(|page| page.has_next) {
        let next = ask(fake, after(last), limit).unwrap();
        pages.push(next);
    }
    (pages.iter().flat_map(|page| page.groups.clone()).collect(), pages)
}

/// Follows the links back from `last`; the groups before it, nearest page first, each in the list's order.
fn walk_backward(fake: &FakeGroups, last: &Page, limit: u32) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    while let Some(from) = pages.last().or(Some(last)).filter(|page| page.has_previous) {
        let previous = ask(fake, before(from), limit).unwrap();
        pages.push(previous);
    }
    pages
}
