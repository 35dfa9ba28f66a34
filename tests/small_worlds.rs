//! The quick part of the small worlds (`tests/worlds`), and that their server answers as [`FakeGroups`] does.
//!
//! All of it: `cargo run --release --manifest-path tests/worlds/Cargo.toml`.

use futures::FutureExt;
use gupshup_groups::testing::{CursorAnswer, CursorKind, Dialect, FakeGroups};
use gupshup_groups::{Cursor, Direction, Group, Page, PageRequest, PageSize, PageSource, Position};
use small_worlds::names::Names;
use small_worlds::server::{Answer, Server};
use small_worlds::{Scope, cursor, dialect, server};

#[test]
fn each_group_comes_once_and_in_order_or_an_error_comes_in_every_small_world() {
    let report = small_worlds::run(Scope::Quick);
    assert_eq!(report.broken_promises(), 0, "{report}");
    assert!(report.walks >= 1_000_000, "{report}");
}

/// A request and its answer in both lists; the cursors are those of one list and of the other.
struct Both<'a> {
    fake: &'a FakeGroups,
    server: Server,
    dialect: &'a dialect::Dialect,
    names: &'a Names,
}

impl Both<'_> {
    /// Compares the answers at a position, and those at all positions that they lead to, this many requests deep.
    fn compare(&mut self, fake: &Position, model: &cursor::Position, depth: u32) {
        for limit in 1..=4 {
            let request = PageRequest::new(fake.clone(), PageSize::clamped(limit));
            let answer = self.fake.fetch(request).now_or_never().expect("answered at once");
            let modelled = self.server.answer(model, limit, self.dialect, self.names);
            self.server.answered(&modelled, self.dialect);
            match (answer, modelled) {
                (Ok(page), Answer::Page(modelled)) => self.compare_pages(&page, &modelled, depth),
                (Err(error), Answer::Invalid) => assert_eq!(error.api_code(), Some(2642)),
                (Err(error), Answer::Expired) => assert_eq!(error.api_code(), Some(131_059)),
                (Err(error), Answer::Unexplained) => assert_eq!((error.status(), error.api_code()), (Some(400), None)),
                (answer, modelled) => panic!("{:?}: {answer:?} is not {modelled:?}", self.dialect),
            }
        }
    }

    fn compare_pages(&mut self, page: &Page, modelled: &server::Page, depth: u32) {
        let ids: Vec<u8> = page.groups.iter().map(|group| group.id.parse().unwrap()).collect();
        assert_eq!(ids, modelled.groups.as_slice(), "{:?}", self.dialect);
        assert_eq!(
            (page.has_next, page.has_previous),
            (modelled.has_next, modelled.has_previous),
            "{:?}",
            self.dialect
        );
        let pairs = [(&page.cursors.after, &modelled.after), (&page.cursors.before, &modelled.before)];
        for (cursor, modelled) in pairs {
            assert_eq!(cursor.is_some(), modelled.is_some(), "{:?}", self.dialect);
            let (Some(cursor), Some(modelled)) = (cursor, modelled) else { continue };
            if depth > 0 {
                self.compare_at(cursor, modelled, depth - 1);
            }
        }
    }

    fn compare_at(&mut self, fake: &Cursor, model: &cursor::Cursor, depth: u32) {
        for direction in [Direction::Forward, Direction::Backward] {
            let (fake, model) = match direction {
                Direction::Forward => (Position::After(fake.clone()), cursor::Position::After(model.clone())),
                Direction::Backward => (Position::Before(fake.clone()), cursor::Position::Before(model.clone())),
            };
            self.compare(&fake, &model, depth);
        }
    }
}

#[test]
fn the_server_of_the_small_worlds_answers_as_the_fake_does() {
    let names = Names::default();
    let dialects = dialect::Dialect::all().into_iter().filter(|dialect| dialect.distance() <= 2);
    for dialect in dialects.filter(|dialect| !dialect.refuse_cursors) {
        let fake = FakeGroups::new((0..3).map(group)).dialect(translated(&dialect));
        let mut server = Server::new(3);
        let cursors: Vec<_> = (0..3)
            .map(|index| (fake.cursor_at(&index.to_string()).unwrap(), server.cursor_at(index, &dialect, &names)))
            .collect();
        // Each change may make the cursors of before stale, and move what they point to.
        for change in 0..5 {
            match change {
                1 => {
                    fake.insert(1, group(3));
                    server.create(1, &dialect);
                }
                2 => {
                    fake.delete("1");
                    server.delete(2, &dialect);
                }
                3 => {
                    fake.expire_cursors();
                    server.expire_cursors();
                }
                4 => {
                    fake.forget_cursors();
                    server.forget_cursors();
                }
                _ => {}
            }
            let mut both = Both { fake: &fake, server, dialect: &dialect, names: &names };
            both.compare(&Position::Start, &cursor::Position::Start, 2);
            for (fake, model) in &cursors {
                both.compare_at(fake, model, 0);
            }
        }
    }
}

fn group(serial: u8) -> Group {
    Group::new(serial.to_string(), "", 0)
}

fn translated(dialect: &dialect::Dialect) -> Dialect {
    let answer = |answer| match answer {
        dialect::CursorAnswer::EmptyPage => CursorAnswer::EmptyPage,
        dialect::CursorAnswer::Invalid => CursorAnswer::Invalid,
        dialect::CursorAnswer::Expired => CursorAnswer::Expired,
    };
    let mut translated = Dialect::default()
        .next_links(dialect.next_links)
        .previous_links(dialect.previous_links)
        .cursors_at_the_ends(dialect.cursors_at_the_ends)
        .past_the_end(answer(dialect.past_the_end))
        .stale_cursor(answer(dialect.stale_cursor))
        .cursors(match dialect.cursors {
            dialect::CursorKind::Items => CursorKind::Items,
            dialect::CursorKind::Offsets => CursorKind::Offsets,
        })
        .expire_cursors_on_change(dialect.expire_cursors_on_change)
        .inclusive_cursors(dialect.inclusive_cursors)
        .echo_cursors(dialect.echo_cursors)
        .ignore_cursors(dialect.ignore_cursors)
        .empty_page_every(dialect.empty_page_every.into())
        .links_at_the_clamp(dialect.links_at_the_clamp);
    if let Some((smallest, largest)) = dialect.clamp {
        translated = translated.clamp_page_size(smallest..=largest);
    }
    if let Some(max) = dialect.refuse_above {
        translated = translated.refuse_page_size_above(max);
    }
    translated
}
