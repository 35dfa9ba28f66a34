use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::walk::{Anchor, Gap, PageSize, hash};

/// A place that uses every field.
fn middle() -> Checkpoint {
    Checkpoint {
        list: Some(u64::MAX),
        heading: Direction::Backward,
        place: Place::Middle(Gap {
            position: Position::After("a&b\n\u{1f600}".into()),
            size: PageSize::clamped(100),
            offset: 17,
            anchor: Some(Anchor::After(hash("Z3JvdXA="))),
            next: Some(Position::Before("QVFI".into())),
            linked: true,
        }),
    }
}

fn at(heading: Direction, place: Place) -> Checkpoint {
    Checkpoint { list: None, heading, place }
}

/// The end of an empty list leads back to nothing.
fn empty() -> Gap {
    Gap::before(Position::Start, PageSize::DEFAULT)
}

fn start() -> Checkpoint {
    at(Direction::Forward, Place::Start)
}

/// The text of `json` in this version.
fn text(version: u32, json: &str) -> String {
    format!("gupshup-groups:{version}:{}", URL_SAFE_NO_PAD.encode(json))
}

fn json(checkpoint: &Checkpoint) -> String {
    let text = checkpoint.to_string();
    let body = text.strip_prefix("gupshup-groups:3:").unwrap();
    String::from_utf8(URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap()
}

#[test]
fn a_saved_place_reads_back_as_it_was() {
    let Place::Middle(gap) = middle().place else { unreachable!() };
    let passed = Gap { anchor: Some(Anchor::Before(0)), next: None, linked: false, ..gap.clone() };
    for checkpoint in [
        start(),
        start().reversed(),
        middle(),
        at(Direction::Forward, Place::End(empty())),
        at(Direction::Forward, Place::End(passed)),
        at(Direction::Forward, Place::Middle(Gap::before(Position::Before("x".into()), PageSize::MAX))),
    ] {
        assert_eq!(checkpoint.to_string().parse::<Checkpoint>().unwrap(), checkpoint);
        let json = serde_json::to_string(&checkpoint).unwrap();
        assert_eq!(serde_json::from_str::<Checkpoint>(&json).unwrap(), checkpoint);
    }
}

#[test]
fn the_text_is_one_line_of_url_safe_characters() {
    let text = middle().to_string();
    assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":_-".contains(&byte)), "{text}");
}

#[test]
fn white_space_around_the_text_does_not_matter() {
    assert_eq!(format!(" {}\n", middle()).parse::<Checkpoint>().unwrap(), middle());
}

#[test]
fn a_text_that_is_not_a_checkpoint_says_so() {
    for text in ["", "QVFI", "gupshup-groups", "gupshup-groups:3"] {
        let error = text.parse::<Checkpoint>().unwrap_err();
        assert!(error.is_config() && error.to_string().contains("not a checkpoint"), "{text}: {error}");
    }
}

#[track_caller]
fn assert_damaged(text: &str) {
    let error = text.parse::<Checkpoint>().unwrap_err();
    assert!(error.is_config() && error.to_string().contains("damaged"), "{error}");
}

#[test]
fn a_damaged_text_says_so_wherever_it_was_cut() {
    let text = middle().to_string();
    for end in "gupshup-groups:3:".len()..text.len() {
        assert_damaged(&text[..end]);
    }
}

#[test]
fn a_version_that_is_not_a_number_is_damaged() {
    assert_damaged("gupshup-groups:x:e30");
}

#[test]
fn a_text_with_an_unknown_field_is_damaged() {
    let json = json(&middle());
    for (field, with_more) in [("{\"list\"", "{\"more\":1,\"list\""), ("{\"page\"", "{\"more\":1,\"page\"")] {
        assert!(json.contains(field), "{json}");
        assert_damaged(&text(3, &json.replacen(field, with_more, 1)));
    }
}

#[test]
fn a_place_has_one_text() {
    let json = json(&middle());
    assert_damaged(&text(3, &format!(" {json}")));
    assert_damaged(&text(3, &json.replace("\"size\":100", "\"size\":0")));
    assert_damaged(&text(3, &json.replace("\"size\":100", "\"size\":2000")));
    assert_damaged(&format!("gupshup-groups:03:{}", URL_SAFE_NO_PAD.encode(json)));
}

#[test]
fn another_version_is_refused_with_what_to_do() {
    for (version, advice) in [(1, "list again from the start"), (2, "list again from the start"), (4, "update")] {
        let error = text(version, &json(&middle())).parse::<Checkpoint>().unwrap_err();
        assert!(error.is_config());
        let sentence = error.to_string();
        assert!(sentence.contains(&format!("version {version}")) && sentence.contains(advice), "{error}");
    }
}

#[test]
fn start_middle_and_end_are_told_apart_in_both_directions() {
    let tell = |checkpoint: &Checkpoint| (checkpoint.is_start(), checkpoint.is_end());
    let end = at(Direction::Forward, Place::End(empty()));
    assert_eq!(tell(&start()), (true, false));
    assert_eq!(tell(&start().reversed()), (false, true));
    assert_eq!(tell(&middle()), (false, false));
    assert_eq!(tell(&end), (false, true));
    assert_eq!(tell(&end.reversed()), (true, false));
}

#[test]
fn the_text_holds_no_id_and_debug_no_cursor() {
    assert!(!json(&middle()).contains("Z3Jv"));
    let debug = format!("{:?}", middle());
    assert!(debug.contains("between two groups") && debug.contains("Backward"), "{debug}");
    assert!(!debug.contains("QVFI") && !debug.contains(&hash("Z3JvdXA=").to_string()), "{debug}");
}

#[test]
fn a_cursor_that_must_not_be_sent_is_found_wherever_it_is() {
    let with = |position: &str, next: &str| {
        let next = Some(Position::After(next.into()));
        let gap = Gap { next, ..Gap::before(Position::After(position.into()), PageSize::MAX) };
        at(Direction::Forward, Place::Middle(gap))
    };
    let long = "x".repeat(4097);
    assert_eq!(with("a", "b").unusable_cursor(), None);
    for unusable in ["", "null", &long] {
        assert_eq!(with("a", unusable).unusable_cursor().map(Cursor::as_str), Some(unusable));
        assert_eq!(with(unusable, "b").unusable_cursor().map(Cursor::as_str), Some(unusable));
    }
}
