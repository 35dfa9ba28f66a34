use super::super::text::MAX_EXCERPT_BYTES;
use super::search::MAX_DEPTH;
use super::*;

fn read(body: &str) -> Error {
    refusal(400, body.as_bytes(), &[])
}

fn message(body: &str) -> Option<String> {
    read(body).api_message().map(str::to_owned)
}

/// The message of a body that is not understood.
fn shown(excerpt: &str) -> String {
    format!("excerpt of the body: {excerpt}")
}

#[test]
fn every_shape_of_the_api_gives_its_message_code_and_transience() {
    for (body, message, code, is_transient) in [
        (r#"{"status":"error","message":"App not found"}"#, "App not found", None, false),
        (r#"{"status":"error","error":{"message":"No","code":"100"}}"#, "No", Some(100), false),
        (r#"{"status":"error","error":"Unauthorised"}"#, "Unauthorised", None, false),
        (r#"{"error":{"message":"Later","code":99,"is_transient":true}}"#, "Later", Some(99), true),
        (r#"{"error":{"message":"","code":7},"message":"Outer"}"#, "Outer", Some(7), false),
        (r#"{"message":{"message":"Inner","code":7}}"#, "Inner", Some(7), false),
        (r#"{"message":"Flat","code":131059}"#, "Flat", Some(131_059), false),
        (r#"{"message":"Outer","code":5,"error":{"message":"Inner","code":6}}"#, "Inner", Some(6), false),
        (r#"{"error":{"code":{}},"message":"Outer","code":" 5 "}"#, "Outer", Some(5), false),
        (r#"{"error":{"code":1.5,"is_transient":"true"},"message":"No","is_transient":true}"#, "No", None, true),
        ("\u{feff} {\"message\":\"Marked\"}", "Marked", None, false),
    ] {
        let error = read(body);
        assert_eq!((error.api_message(), error.api_code()), (Some(message), code), "{body}");
        assert_eq!(error.is_retryable(), is_transient, "{body}");
    }
}

#[test]
fn the_shapes_of_gateways_and_frameworks_give_their_reason() {
    for (what, body, expected) in [
        (
            "WhatsApp On-Premises",
            r#"{"errors":[{"code":1006,"title":"Resource not found","details":"no such number"}],"meta":{"success":false}}"#,
            "Resource not found: no such number",
        ),
        (
            "360dialog",
            r#"{"meta":{"success":false,"http_code":400,"developer_message":"the channel is not active"}}"#,
            "the channel is not active",
        ),
        (
            "RFC 9457",
            r#"{"type":"about:blank","title":"Bad Request","detail":"limit exceeds 100"}"#,
            "Bad Request: limit exceeds 100",
        ),
        (
            "NestJS",
            r#"{"statusCode":400,"message":["limit must not be greater than 100"],"error":"Bad Request"}"#,
            "limit must not be greater than 100",
        ),
        ("FastAPI", r#"{"detail":"Not Found"}"#, "Not Found"),
        (
            "FastAPI's validation",
            r#"{"detail":[{"loc":["query","limit"],"msg":"ensure this value is less than 101"}]}"#,
            "ensure this value is less than 101",
        ),
        (
            "Apigee",
            r#"{"fault":{"faultstring":"Spike arrest violation","detail":{"errorcode":"policies.ratelimit"}}}"#,
            "Spike arrest violation",
        ),
        ("IIS", r#"{"Message":"The request is invalid."}"#, "The request is invalid."),
        ("Lambda", r#"{"errorMessage":"Task timed out","errorType":"Timeout"}"#, "Task timed out"),
        ("OAuth", r#"{"error":"invalid_token","error_description":"The token expired"}"#, "The token expired"),
        ("Spring", r#"{"timestamp":1,"status":404,"error":"Not Found","message":"No handler"}"#, "No handler"),
        ("Gupshup's SMS", r#"{"response":{"id":"106","details":"not valid","status":"error"}}"#, "not valid"),
        ("a JSON string", r#""limit exceeds 100""#, "limit exceeds 100"),
        ("an array", r#"[{"error":{"message":"No"}}]"#, "No"),
        ("several errors", r#"{"errors":["first","second"]}"#, "first"),
        ("HTML", "<!doctype html><head><TITLE lang=en> 502 Bad\nGateway </TITLE>", "502 Bad Gateway"),
        ("a load balancer", "no healthy upstream\n", "no healthy upstream"),
        ("a text in quotes", "\"limit\" exceeds 100", "\"limit\" exceeds 100"),
    ] {
        assert_eq!(message(body).as_deref(), Some(expected), "{what}");
    }
}

#[test]
fn a_code_counts_in_every_shape() {
    for body in [
        r#"{"errors":[{"code":131059,"title":"Invalid cursor","details":"expired or corrupted"}]}"#,
        r#"{"code":400,"errors":[{"code":"131059"}]}"#,
        r#"{"fault":{"faultstring":"No","detail":{"errorcode":"131059"}}}"#,
        r#"{"title":"Bad Request","detail":{"errorCode":131059}}"#,
        r#"{"errorMessage":"(#131059) Invalid cursor"}"#,
    ] {
        assert!(read(body).is_cursor_expired(), "{body}: {}", read(body));
    }
}

#[test]
fn metas_details_are_added_where_they_say_more_than_the_message() {
    let body = |message: &str, details: &str| {
        format!(r#"{{"error":{{"message":"{message}","code":131059,"error_data":{{"details":"{details}"}}}}}}"#)
    };
    assert_eq!(message(&body("Invalid cursor", "It expired")).unwrap(), "Invalid cursor: It expired");
    assert_eq!(message(&body("Invalid cursor: It expired", "It expired")).unwrap(), "Invalid cursor: It expired");
    assert_eq!(message(&body("", "It expired")).unwrap(), "It expired");
}

#[test]
fn a_code_at_the_head_of_the_message_counts_where_there_is_no_other() {
    assert_eq!(read(r#"{"message":"(#2642) Invalid cursors values"}"#).api_code(), Some(2642));
    assert_eq!(read("(#2642) Invalid cursors values").api_code(), Some(2642));
    assert_eq!(read(r#"{"message":"(#2642) Invalid","code":5}"#).api_code(), Some(5));
    for body in [r#"{"message":"(#) no"}"#, r#"{"message":"(#12"}"#, r#"{"message":"see (#12)"}"#] {
        assert_eq!(read(body).api_code(), None, "{body}");
    }
}

#[test]
fn the_trace_id_is_found_under_each_of_its_names() {
    let found = |body: &str, secrets: &[&str]| {
        let body = body.as_bytes();
        described(400, body, &Found::read(body), secrets)
    };
    for (body, expected) in [
        (r#"{"error":{"message":"No","fbtrace_id":"AbC/d+"},"request_id":"R"}"#, Some("AbC/d+")),
        (r#"{"message":"No","trace_id":"T"}"#, Some("T")),
        (r#"{"message":"No","requestId":"R-1"}"#, Some("R-1")),
        (r#"{"message":"No","x-request-id":17}"#, Some("17")),
        (r#"{"message":"No","fbtrace_id":null,"trace_id":""}"#, None),
        (r#"{"message":"No","other":{"trace_id":"T"}}"#, None),
    ] {
        assert_eq!(found(body, &[]).trace_id.as_deref(), expected, "{body}");
    }
    let long = format!(r#"{{"trace_id":"KEY-1234 {}"}}"#, "t ".repeat(1_000));
    let trace_id = found(&long, &["KEY-1234"]).trace_id.unwrap();
    assert!(trace_id.starts_with("*** t t") && trace_id.len() < MAX_TRACE_ID_BYTES + 4, "{trace_id}");
}

#[test]
fn a_body_that_is_not_understood_is_shown_in_part() {
    for body in [
        r#"{"ok":false,"why":17}"#,
        r#"{"error":null,"message":7}"#,
        r#"{"message":"cut off"#,
        r#"{"other":{"message":"of something else"}}"#,
        "<html><body>no title</body></html>",
        "<title>cut off",
        "[1]",
    ] {
        assert_eq!(message(body).unwrap(), shown(body), "{body}");
    }
    assert_eq!(message("{\r\n  \"ok\":\tfalse\n}").unwrap(), shown("{ \"ok\": false }"));
    let long = message(&format!(r#"{{"why":"{}"}}"#, "word ".repeat(1_000))).unwrap();
    assert!((200..240).contains(&long.len()) && long.ends_with("word…"), "{long}");
}

#[test]
fn an_excerpt_of_a_body_shows_no_secret_however_json_escapes_it() {
    let body = r#"{"after":"QV\/FI\u003d","link":"h?after=QV%2fFI%3D&access_token=EAAG","auth":"Bearer EAAG","key":"KEY-1234"}"#;
    let error = refusal(400, body.as_bytes(), &["KEY-1234", "QV/FI="]);
    assert_eq!(
        error.api_message().unwrap(),
        shown(r#"{"after":"***","link":"h?after=***&access_token=***","auth":"Bearer ***","key":"***"}"#)
    );
}

#[test]
fn a_body_that_says_nothing_has_no_message() {
    for body in ["", " \r\n", "{}", "[]", "\"\"", r#"{"":[{}]}"#, "---"] {
        assert_eq!(message(body), None, "{body}");
    }
}

#[test]
fn the_groups_of_an_answer_are_never_shown() {
    for body in [
        r#"{"status":"partial","data":[{"id":"15550783881","subject":"Support"}]}"#,
        r#"{"status":"partial","data":{"groups":[{"id":"15550783881","message":"Support"}]}}"#,
    ] {
        assert_eq!(super::super::decode(body.as_bytes(), &[]).unwrap_err().api_message(), None, "{body}");
        assert_eq!(message(body), None, "{body}");
    }
    for body in
        [r#"{"data":[{"id":"15550783881"#, r#"{"body":"[{\"id\":\"15550783881\"}]"}"#, "{'data':[{\"id\": 15550783881"]
    {
        assert_eq!(message(body), None, "{body}");
    }
    assert_eq!(message(r#"{"status":"fail","data":{"message":"No"}}"#).unwrap(), "No");
    assert_eq!(message(r#"{"ok":false,"data":{"why":1}}"#).unwrap(), shown(r#"{"ok":false,"data":{"why":1}}"#));
}

#[test]
fn a_binary_body_has_no_message() {
    for body in [&b"\x89PNG\r\n\x1a\n"[..], b"\xff\xfe\x00", b"text\0text"] {
        assert_eq!(refusal(400, body, &[]).api_message(), None);
    }
}

#[test]
fn a_message_with_bytes_or_surrogates_that_are_no_text_is_shown_in_part() {
    let error = refusal(400, b"{\"message\":\"ung\xfcltig\",\"code\":131059}", &[]);
    assert_eq!(error.api_message().unwrap(), shown("{\"message\":\"ung\u{fffd}ltig\",\"code\":131059}"));
    let body = r#"{"message":"cut \ud83d","code":131059}"#;
    assert_eq!(message(body).unwrap(), shown(body));
    assert_eq!(message(r#"{"message":"whole \ud83d\ude00"}"#).unwrap(), "whole \u{1f600}");
}

#[test]
fn nesting_without_end_does_not_overflow_the_stack() {
    for open in [r#"{"error":"#, r#"{"x":"#, "[", r#"{"detail":["#] {
        let message = message(&open.repeat(100_000));
        assert!(message.is_none_or(|message| message.starts_with("excerpt of the body: ")), "{open}");
    }
    let nested = |depth: usize| format!("{}\"deep\"{}", r#"{"error":"#.repeat(depth), "}".repeat(depth));
    assert_eq!(message(&nested(MAX_DEPTH)).unwrap(), "deep");
    assert_eq!(message(&nested(MAX_DEPTH + 1)).unwrap(), shown(&nested(MAX_DEPTH + 1)));
}

#[test]
fn a_message_is_one_line_of_at_most_two_kibibytes() {
    let line = message(r#"{"message":"a\nb\u001b[31m\u202ec"}"#).unwrap();
    assert_eq!(line, "a b\\u{1b}[31m\\u{202e}c");
    let long = message(&"é ".repeat(9_000)).unwrap();
    assert!(long.len() <= MAX_MESSAGE_BYTES + '…'.len_utf8() && long.ends_with("é…"));
    assert!(long.len() > MAX_MESSAGE_BYTES - 4, "{}", long.len());
}

#[test]
fn no_part_of_a_secret_is_left_where_a_text_is_cut() {
    let key = "K".repeat(64);
    for before in [200 - 32, MAX_MESSAGE_BYTES - 32, MAX_EXCERPT_BYTES - 32] {
        for body in [
            format!("{} {key}", "x ".repeat(before / 2)),
            format!(r#"{{"message":"{} {key} and more"}}"#, "x ".repeat(before / 2)),
            format!(r#"{{"other":"{} {key} and more"}}"#, "x ".repeat(before / 2)),
            format!("{}after={key}", "*** ".repeat(before / 4)),
            format!(r#"{{"message":"{}{key}"}}"#, format!("{key} ").repeat(before / 65)),
        ] {
            let error = refusal(400, body.as_bytes(), &[&key]);
            assert!(!error.api_message().unwrap_or_default().contains('K'), "{error}");
        }
    }
}

#[test]
fn what_could_be_read_of_a_cut_body_is_its_message() {
    let whole =
        r#"{"status":"error","error":{"message":"Busy","code":2,"error_data":{"details":"Later"},"x":[1]},"y":0}"#;
    let told = |end: usize| message(&whole[..end]).unwrap();
    assert_eq!(told(whole.find(r#","code"#).unwrap()), "Busy");
    assert_eq!(told(whole.find(r#","x"#).unwrap()), "Busy: Later");
    assert!(told(whole.find(r#"","code"#).unwrap()).starts_with("excerpt of the body: "));
    for end in 0..whole.len() {
        assert!(despite_success(&whole.as_bytes()[..end], &[]).is_none(), "{end}");
    }
    assert!(despite_success(whole.as_bytes(), &[]).is_some());
}

#[test]
fn an_array_of_errors_instead_of_a_page_is_the_apis_error() {
    let decode = |body: &str| super::super::decode(body.as_bytes(), &[]);
    assert!(decode(r#"{"errors":[{"code":131059,"title":"Invalid cursor"}]}"#).unwrap_err().is_cursor_expired());
    assert!(decode(r#"{"errors":[]}"#).unwrap_err().is_decode());
    assert!(decode(r#"{"data":[],"errors":[{"code":131059}]}"#).is_ok());
}

#[test]
fn the_error_keeps_its_status() {
    assert_eq!(refusal(502, b"", &[]).status(), Some(502));
    assert!(refusal(502, b"", &[]).is_api());
}
