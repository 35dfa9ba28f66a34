use super::answer::MAX_GROUPS;
use super::*;
use crate::cursor::MAX_CURSOR_BYTES;
use crate::page::Group;

/// The answer on the API's own page, with values for its placeholders.
const DOCUMENTED: &str = r#"{
    "data": [{"creation_timestamp": 1700000000, "id": "Z3JvdXA=", "subject": "Support"}],
    "paging": {
        "cursors": {"after": "AFTER", "before": "BEFORE"},
        "next": "https://graph.facebook.com/v20.0/105406242200849/groups?limit=25&after=LINK"
    },
    "status": "success"
}"#;

fn try_page(body: &str) -> Result<Page> {
    decode(body.as_bytes(), &[])
}

fn page(body: &str) -> Page {
    try_page(body).unwrap_or_else(|error| panic!("{body}: {error}"))
}

fn failure(body: &[u8]) -> String {
    let error = decode(body, &[]).unwrap_err();
    assert!(error.is_decode() && !error.is_retryable(), "{error}");
    assert_eq!(error.status(), Some(200));
    error
        .to_string()
        .trim_start_matches("the request failed: ")
        .replace("; check the base URL, and report this if it is right", "")
}

/// A body of one group with this in it besides `id` and `subject`.
fn with_time(time: &str) -> String {
    format!(r#"{{"data":[{{"id":"a","subject":"b",{time}}}]}}"#)
}

/// A body without groups and with this for `paging`.
fn with_paging(paging: &str) -> String {
    format!(r#"{{"data":[],"paging":{paging}}}"#)
}

#[test]
fn the_documented_answer_is_read_whole() {
    let mut expected =
        Page::new(vec![Group::new("Z3JvdXA=", "Support", 1_700_000_000)], Cursors::new(Some("AFTER"), Some("BEFORE")));
    expected.has_next = true;
    expected.bytes = DOCUMENTED.len() as u64;
    assert_eq!(page(DOCUMENTED), expected);
}

#[test]
fn a_byte_order_mark_is_stripped_and_counted() {
    let page = page(&format!("\u{feff}{DOCUMENTED}"));
    assert_eq!((page.groups.len(), page.bytes), (1, DOCUMENTED.len() as u64 + 3));
}

#[test]
fn both_shapes_of_data_give_the_same_groups() {
    let group = r#"{"id":"a","subject":"b","created_at":"7"}"#;
    for data in [format!("[{group}]"), format!(r#"{{"other":[],"groups":[{group}]}}"#)] {
        assert_eq!(page(&format!(r#"{{"data":{data}}}"#)).groups, [Group::new("a", "b", 7)]);
    }
    for data in ["[]", r#"{"groups":[]}"#] {
        assert!(page(&format!(r#"{{"data":{data}}}"#)).groups.is_empty());
    }
}

#[test]
fn a_time_is_read_in_every_form_that_holds_whole_seconds() {
    for (time, seconds) in [
        (r#""creation_timestamp":5"#, 5),
        (r#""creation_timestamp":-5"#, -5),
        (r#""creation_timestamp":"1700000000""#, 1_700_000_000),
        (r#""created_at":" -7 ""#, -7),
        (r#""created_at":1.9"#, 1),
        (r#""created_at":"1.9""#, 1),
        (r#""created_at":1.7e9"#, 1_700_000_000),
        (r#""creation_timestamp":9223372036854775807"#, i64::MAX),
        (r#""creation_timestamp":-9223372036854775808"#, i64::MIN),
        (r#""created_at":1,"creation_timestamp":2"#, 2),
        (r#""creation_timestamp":2,"created_at":1"#, 2),
    ] {
        assert_eq!(page(&with_time(time)).groups[0].creation_timestamp, seconds, "{time}");
    }
}

#[test]
fn an_invalid_time_is_an_error_that_names_its_place() {
    for (time, message) in [
        ("null", "found null"),
        ("true", "found a boolean"),
        ("{}", "found an object"),
        ("[1]", "found an array"),
        (r#""yesterday""#, "found a string"),
        (r#""""#, "found an empty string"),
        (r#""NaN""#, "found a string"),
        (r#""inf""#, "found a string"),
        ("9223372036854775808", "found a number"),
        ("1e300", "found a number"),
        ("-1e19", "found a number"),
    ] {
        let failure = failure(with_time(&format!(r#""creation_timestamp":{time}"#)).as_bytes());
        assert!(
            failure.starts_with("data[0].creation_timestamp: expected seconds since 1970 in 64 bits, ")
                && failure.contains(message),
            "{time}: {failure}"
        );
    }
}

#[test]
fn an_error_names_the_path_to_its_place_and_quotes_no_value() {
    let group = r#"{"id":"a","subject":"b","creation_timestamp":1}"#;
    let seventeen = format!("{group},").repeat(17);
    for (body, expected) in [
        (
            format!(r#"{{"data":[{seventeen}{{"id":"a","subject":"SECRET","creation_timestamp":"SECRET"}}]}}"#),
            "data[17].creation_timestamp: expected seconds since 1970 in 64 bits, found a string at line 1 column 883",
        ),
        (r#"{"data":"SECRET"}"#.into(), "data: expected an array of groups, found a string"),
        (r#"{"data":["SECRET"]}"#.into(), "data[0]: expected a group, found a string"),
        (r#"{"data":[["SECRET","b",1]]}"#.into(), "data[0]: expected a group, found an array"),
        (r#"{"data":[null]}"#.into(), "data[0]: expected a group, found null"),
        (r#"{"data":[{"id":true}]}"#.into(), "data[0].id: expected an id, found a boolean"),
        (r#"{"data":[{"id":null}]}"#.into(), "data[0].id: expected an id, found null"),
        (r#"{"data":[{"id":1.5}]}"#.into(), "data[0].id: expected an id, found a number"),
        (r#"{"data":[{"subject":5}]}"#.into(), "data[0].subject: expected a string, found a number"),
        (r#"{"data":[{"subject":"b"}]}"#.into(), "data[0]: missing field `id`"),
        (r#"{"data":[{"id":"a"}]}"#.into(), "data[0]: missing field `subject`"),
        (r#"{"data":[{"id":"a","subject":"b"}]}"#.into(), "data[0]: missing field `creation_timestamp`"),
        (r#"{"data":{"groups":{"groups":[]}}}"#.into(), "data.groups: expected an array of groups, found an object"),
        (with_paging(r#""SECRET""#), "paging: expected an object, found a string"),
        (with_paging(r#"["SECRET"]"#), "paging: expected an object, found an array"),
        (with_paging(r#"{"cursors":"SECRET"}"#), "paging.cursors: expected an object, found a string"),
        (with_paging(r#"{"cursors":["SECRET"]}"#), "paging.cursors: expected an object, found an array"),
        (with_paging(r#"{"cursors":{"after":["SECRET"]}}"#), "paging.cursors.after: expected a cursor, found an array"),
        (with_paging(r#"{"cursors":{"after":1e99}}"#), "paging.cursors.after: expected a cursor, found a number"),
        (with_paging(r#"{"next":{"SECRET":1}}"#), "paging.next: expected a link, found an object"),
        (r#"{"data":[{"SECRET":{"id":tru}}]}"#.into(), "expected ident at line 1 column 29"),
        (r#"{"data":[{"id":tru}]}"#.into(), "data[0].id: expected ident at line 1 column 19"),
        (with_paging(r#"{"next":5}"#), "paging.next: expected a link, found a number"),
    ] {
        let failure = failure(body.as_bytes());
        assert!(failure.starts_with(expected) && !failure.contains("SECRET"), "{body}: {failure}");
    }
}

#[test]
fn an_answer_without_data_is_an_error_and_never_zero_groups() {
    for (body, expected) in [
        ("{}", "missing field `data`"),
        (r#"{"status":"success"}"#, "missing field `data`"),
        (r#"{"groups":[]}"#, "missing field `data`"),
        (r#"{"data":null}"#, "data: expected an array of groups, found null"),
        (r#"{"data":{}}"#, "data: missing field `groups`"),
        (r#"{"data":{"groups":null}}"#, "data.groups: expected an array of groups, found null"),
        ("[]", "expected an object with `data`, found an array"),
        ("null", "expected an object with `data`, found null"),
        ("5", "expected an object with `data`, found a number"),
    ] {
        let failure = failure(body.as_bytes());
        assert!(failure.starts_with(expected), "{body}: {failure}");
    }
}

#[test]
fn an_empty_body_is_an_error_and_never_an_empty_list() {
    for body in ["", " \r\n\t", "\u{feff}"] {
        assert_eq!(failure(body.as_bytes()), "the response body is empty");
    }
}

#[test]
fn html_is_an_error_that_names_its_title_if_it_has_one() {
    assert_eq!(failure(b"\n<!DOCTYPE html><body>"), "the body looks like HTML, not JSON");
    let body = b"<html><title>Log in, KEY-1234</title>";
    let error = decode(body, &["KEY-1234"]).unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("the title \"Log in, ***\""), "{error}");
}

#[test]
fn a_body_cut_anywhere_is_truncated_and_retryable() {
    let body = DOCUMENTED.as_bytes();
    for end in 1..body.len() {
        let error = decode(&body[..end], &[]).unwrap_err();
        assert!(error.is_transport() && error.is_retryable(), "{end}: {error}");
    }
}

#[test]
fn a_body_cut_within_a_number_that_is_kept_is_truncated() {
    for number in ["-", "1", "1.", "1e", "1E+", "-1.5e-"] {
        let error = try_page(&format!("{{\"data\":\n[{{\"creation_timestamp\":{number}")).unwrap_err();
        assert!(error.is_transport(), "{number}: {error}");
    }
    for body in [r#"{"data":[],"x":1.}"#, r#"{"data":[]}e"#, r#"{"data":e"#, "-"] {
        failure(body.as_bytes());
    }
}

#[test]
fn what_follows_the_answer_is_an_error() {
    for tail in ["x", "{}", ",", "\0"] {
        let failure = failure(format!("{DOCUMENTED}{tail}").as_bytes());
        assert!(failure.contains("trailing characters at line 8 column "), "{tail}: {failure}");
    }
    assert_eq!(page(&format!("{DOCUMENTED} \r\n")).groups.len(), 1);
}

#[test]
fn a_known_key_that_comes_twice_is_an_error() {
    for (body, key) in [
        (r#"{"data":[],"data":[]}"#.to_owned(), "data"),
        (r#"{"data":[],"status":"success","status":"success"}"#.to_owned(), "status"),
        (r#"{"data":[],"error":null,"error":null}"#.to_owned(), "error"),
        (r#"{"data":[],"paging":{},"paging":{}}"#.to_owned(), "paging"),
        (r#"{"data":{"groups":[],"groups":[]}}"#.to_owned(), "groups"),
        (with_time(r#""id":"c""#), "id"),
        (with_time(r#""subject":"c""#), "subject"),
        (with_time(r#""created_at":1,"created_at":1"#), "created_at"),
        (with_paging(r#"{"next":null,"next":null}"#), "next"),
        (with_paging(r#"{"cursors":{"after":"a","after":"b"}}"#), "after"),
    ] {
        let failure = failure(body.as_bytes());
        assert!(failure.contains(&format!("duplicate field `{key}`")), "{body}: {failure}");
    }
}

#[test]
fn unknown_fields_are_ignored_anywhere_whatever_they_hold() {
    let extra = r#""x":{"data":[1,{"id":[]}]},"":null,"x":-1e999"#;
    let body = format!(
        r#"{{{extra},"data":[{{{extra},"id":"a","subject":"b","created_at":1}}],
            "paging":{{{extra},"cursors":{{{extra},"after":"A"}}}},"status":"SUCCESS"}}"#
    );
    let page = page(&body);
    assert_eq!((page.groups.len(), page.cursors), (1, Cursors::new(Some("A"), None)));
}

#[test]
fn invalid_utf8_is_an_error_in_what_is_kept_and_nothing_in_what_is_not() {
    let kept = b"{\"data\":[{\"id\":\"a\",\"subject\":\"\xff\",\"created_at\":1}]}";
    assert!(failure(kept).starts_with("data[0].subject: invalid unicode code point"), "{}", failure(kept));
    let ignored = b"{\"data\":[{\"id\":\"a\",\"subject\":\"b\",\"created_at\":1,\"x\":\"\xff\"}]}";
    assert_eq!(decode(ignored, &[]).unwrap().groups.len(), 1);
}

#[test]
fn a_lone_surrogate_in_a_subject_is_an_error() {
    let body = |subject: &str| format!(r#"{{"data":[{{"id":"a","subject":"{subject}","created_at":1}}]}}"#);
    assert!(failure(body("\\ud83d").as_bytes()).starts_with("data[0].subject: "));
    assert_eq!(page(&body("\\ud83d\\ude00")).groups[0].subject, "\u{1f600}");
}

#[test]
fn control_and_bidirectional_characters_of_a_subject_are_kept() {
    let body = r#"{"data":[{"id":"a","subject":"\u0000\u001b[31m\u202e\n","created_at":1}]}"#;
    assert_eq!(page(body).groups[0].subject, "\0\u{1b}[31m\u{202e}\n");
}

#[test]
fn a_numeric_id_is_taken_as_its_digits() {
    for id in ["0", "-5", "18446744073709551615"] {
        let body = format!(r#"{{"data":[{{"id":{id},"subject":"b","created_at":1}}]}}"#);
        assert_eq!(page(&body).groups[0].id, id);
    }
}

#[test]
fn escaped_ids_and_keys_are_read_as_what_they_mean() {
    let body = r#"{"d\u0061ta":[{"\u0069d":"a\/b","subject":"b","created_at":1}]}"#;
    assert_eq!(page(body).groups[0].id, "a/b");
}

#[test]
fn paging_and_cursors_may_be_missing_in_every_way() {
    for paging in ["null", "{}", "[]", r#"{"cursors":null}"#, r#"{"cursors":{}}"#, r#"{"cursors":[]}"#] {
        assert_eq!(page(&with_paging(paging)).cursors, Cursors::default(), "{paging}");
    }
    assert_eq!(page(r#"{"data":[]}"#).cursors, Cursors::default());
}

#[test]
fn null_in_every_spelling_is_no_cursor_and_a_number_is_one() {
    for (cursor, expected) in [
        ("null", None),
        (r#""""#, None),
        (r#""null""#, None),
        ("17", Some("17")),
        (r#""&=+% #?\/\n\u00e9""#, Some("&=+% #?/\n\u{e9}")),
    ] {
        let body = with_paging(&format!(r#"{{"cursors":{{"after":{cursor},"before":{cursor}}}}}"#));
        assert_eq!(page(&body).cursors, Cursors::new(expected, expected), "{cursor}");
    }
}

#[test]
fn a_link_is_a_text_that_does_not_stand_for_null() {
    for (link, expected) in [
        ("null", false),
        (r#""""#, false),
        (r#""null""#, false),
        (r#""garbage""#, true),
        (r#""https:\/\/graph.facebook.com\/""#, true),
    ] {
        let page = page(&with_paging(&format!(r#"{{"next":{link},"previous":{link}}}"#)));
        assert_eq!((page.has_next, page.has_previous), (expected, expected), "{link}");
        assert_eq!(page.cursors, Cursors::default(), "{link}");
    }
}

#[test]
fn a_cursor_that_is_not_sent_is_taken_from_the_link() {
    for (next, after) in [
        ("https://h/p?limit=25&after=a%26b%3D%2F%0A%C3%A9", Some("a&b=/\n\u{e9}")),
        ("https://h/p?after=a+b&access_token=T", Some("a+b")),
        ("?after=first&after=second", Some("first")),
        ("https://h/p?after=in#after=out", Some("in")),
        ("https://h/p?x=after=no&thereafter=no", None),
        ("https://h/p#?after=no", None),
        ("https://h/p?after=", None),
        ("https://h/p?after=null", None),
        ("https://h/p?after=%FF", None),
    ] {
        let page = page(&with_paging(&format!(r#"{{"next":"{next}"}}"#)));
        assert_eq!(page.cursors, Cursors::new(after, None), "{next}");
        assert!(page.has_next);
    }
    let backward = page(&with_paging(r#"{"previous":"?after=no&before=B","cursors":{"before":null}}"#));
    assert_eq!(backward.cursors, Cursors::new(None, Some("B")));
    assert_eq!(page(DOCUMENTED).cursors.after, Some("AFTER".into()));
}

#[test]
fn a_cursor_too_long_to_be_sent_is_an_error_that_does_not_show_it() {
    let long = "C".repeat(MAX_CURSOR_BYTES);
    assert!(try_page(&with_paging(&format!(r#"{{"cursors":{{"after":"{long}"}}}}"#))).is_ok());
    let longer = format!("{long}C");
    for paging in
        [format!(r#"{{"cursors":{{"before":"{longer}"}}}}"#), format!(r#"{{"next":"https://h/?after={longer}"}}"#)]
    {
        let error = try_page(&with_paging(&paging)).unwrap_err();
        assert!(error.is_too_large() && !error.is_retryable() && !error.to_string().contains("CC"), "{error}");
    }
    let link = format!(r#"{{"next":"https://h/?token={}","cursors":{{"after":"A"}}}}"#, "T".repeat(1_000_000));
    assert_eq!(page(&with_paging(&link)).cursors, Cursors::new(Some("A"), None));
}

#[test]
fn an_answer_with_an_error_or_another_status_is_the_apis_error() {
    for (body, message, code) in [
        (r#"{"status":"error","message":"App not found"}"#, Some("App not found"), None),
        (r#"{"status":"Failed","data":[]}"#, Some(r#"excerpt of the body: {"status":"Failed","data":[]}"#), None),
        (r#"{"status":"error","data":null,"message":"No"}"#, Some("No"), None),
        (r#"{"status":"error","data":"none","message":"No"}"#, Some("No"), None),
        (r#"{"error":{"message":"Invalid cursor","code":131059}}"#, Some("Invalid cursor"), Some(131_059)),
        (r#"{"data":[],"error":"Unauthorised"}"#, Some("Unauthorised"), None),
    ] {
        let error = try_page(body).unwrap_err();
        assert!(error.is_api(), "{body}: {error}");
        assert_eq!((error.status(), error.api_message(), error.api_code()), (Some(200), message, code), "{body}");
    }
}

#[test]
fn the_apis_error_with_status_200_masks_secrets() {
    let error = decode(br#"{"status":"error","message":"bad key KEY-1234"}"#, &["KEY-1234"]).unwrap_err();
    assert_eq!(error.api_message(), Some("bad key ***"));
}

#[test]
fn nesting_without_end_is_an_error_and_no_stack_overflow() {
    let deep = |depth: usize| format!(r#"{{"x":{}{},"data":[]}}"#, "[".repeat(depth), "]".repeat(depth));
    // What is ignored is not built, so its depth does not matter.
    assert!(page(&deep(1_000_000)).groups.is_empty());
    let open = "[".repeat(1_000_000);
    for body in [
        open.clone(),
        format!(r#"{{"data":{open}"#),
        format!(r#"{{"x":{open}"#),
        format!(r#"{{"error":{open}"#),
        r#"{"error":"#.repeat(100_000),
        r#"{"paging":{"cursors":"#.repeat(100_000),
    ] {
        let error = try_page(&body).unwrap_err();
        assert!(error.is_decode() || error.is_transport(), "{body:.20}: {error}");
    }
}

#[test]
fn a_status_is_success_or_null_and_any_other_is_an_error() {
    for status in [r#""success""#, r#""SUCCESS""#, "null"] {
        let body = format!(r#"{{"data":[],"status":{status}}}"#);
        assert!(page(&body).groups.is_empty(), "{status}");
    }
    for status in ["false", "true", "500", "200", "0", r#""""#, r#""ok""#, r#""error""#, r#""null""#, "[]", "{}"] {
        for body in [
            format!(r#"{{"status":{status},"data":[]}}"#),
            format!(r#"{{"data":[{{"id":"a","subject":"b","created_at":1}}],"status":{status}}}"#),
        ] {
            let error = try_page(&body).unwrap_err();
            assert!(error.is_api() && error.status() == Some(200), "{body}: {error}");
        }
    }
}

#[test]
fn a_group_without_an_id_is_an_error() {
    let body = r#"{"data":[{"id":"a","subject":"b","created_at":1},{"id":"","subject":"b","created_at":1}]}"#;
    let text = failure(body.as_bytes());
    assert!(text.starts_with("data[1].id: expected an id, found an empty string"), "{text}");
}

#[test]
fn an_error_is_short_whatever_the_body_holds() {
    for body in [
        format!(r#"{{"data":"{}"}}"#, "x".repeat(1_000_000)),
        format!(r#"{{"{}":tru}}"#, "k".repeat(1_000_000)),
        format!("<title>{}</title>", "t".repeat(1_000_000)),
    ] {
        assert!(failure(body.as_bytes()).len() < 250);
    }
}

#[test]
fn more_groups_than_a_page_holds_are_read_all() {
    let group = r#"{"id":"a","subject":"b","creation_timestamp":1}"#;
    let body = format!(r#"{{"data":[{group}{}]}}"#, format!(",{group}").repeat(2_999));
    assert_eq!(page(&body).groups.len(), 3_000);
    let not_utf8 = [&body.as_bytes()[..body.len() - 1], b",\"x\":\"\xff\"}"].concat();
    assert_eq!(decode(&not_utf8, &[]).unwrap().groups.len(), 3_000);
    let broken = body.replace("]}", ",5]}");
    assert!(failure(broken.as_bytes()).starts_with("data[3000]: expected a group, found a number"));
}

#[test]
fn a_page_has_three_times_as_many_groups_as_a_number_may_have_and_no_more() {
    let group = r#"{"id":1,"subject":"","created_at":1}"#;
    let body = |count: usize| format!(r#"{{"data":[{group}{}]}}"#, format!(",{group}").repeat(count - 1));
    assert_eq!(page(&body(MAX_GROUPS)).groups.len(), MAX_GROUPS);
    assert!(failure(body(MAX_GROUPS + 1).as_bytes()).starts_with("more than 32768 groups at line 1 column "));
}

#[test]
fn the_path_to_an_error_is_left_out_where_the_body_is_large() {
    let body = |spaces: usize| format!(r#"{{"data":[{}{{"id":null}}]}}"#, " ".repeat(spaces));
    assert!(
        failure(body(1_000_000).as_bytes()).starts_with("data[0].id: expected an id, found null at line 1 column ")
    );
    assert!(failure(body(1_100_000).as_bytes()).starts_with("expected an id, found null at line 1 column "));
}

#[test]
fn an_error_that_is_not_utf8_is_still_the_apis_error() {
    for (body, message) in [
        (&b"{\"status\":\"error\",\"error\":{\"message\":\"app not live\",\"me\xd9\":1}}"[..], Some("app not live")),
        (
            b"{\"status\":\"error\",\"message\":\"\xff\"}",
            Some("excerpt of the body: {\"status\":\"error\",\"message\":\"\u{fffd}\"}"),
        ),
    ] {
        let error = decode(body, &[]).unwrap_err();
        assert!(error.is_api(), "{error:?}");
        assert_eq!(error.api_message(), message);
    }
}
