use gupshup_groups::{Change, Group};

use super::*;

/// What a file of these records holds.
fn written<R: Record>(format: Format, names_apps: bool, records: &[R]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut out = Output::file(file.reopen().unwrap(), format, names_apps, false);
    for record in records {
        out.write(record).unwrap();
    }
    out.begin::<R>().unwrap();
    out.sync().unwrap();
    std::fs::read_to_string(file.path()).unwrap()
}

fn group() -> Group {
    Group::new("+Z3JvdXA/==", "=1+1,\n\"two\" \u{202e}lines", 1_750_000_000)
}

#[test]
fn a_table_has_one_group_a_line_and_no_control_characters() {
    let group = group();
    let records = [GroupRecord::new("app", &group)];
    let line = "2025-06-15T15:06:40Z +Z3JvdXA/== =1+1,\\n\"two\" \\u{202e}lines\n";
    assert_eq!(written(Format::Table, false, &records), line);
    assert_eq!(written(Format::Table, true, &records), format!("app {line}"));
}

#[test]
fn a_json_line_has_the_exact_text_and_the_time() {
    let line = written(Format::Jsonl, false, &[GroupRecord::new("app", &group())]);
    assert_eq!(line.matches('\n').count(), 1);
    let value: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&value["app_id"], &value["created_at"]), (&"app".into(), &"2025-06-15T15:06:40Z".into()));
    assert_eq!(serde_json::from_value::<Group>(value).unwrap(), group());
}

#[test]
fn csv_has_a_header_even_without_records_and_guards_against_formulas() {
    const HEADER: &str = "\"app_id\",\"id\",\"subject\",\"creation_timestamp\",\"created_at\"\n";
    assert_eq!(written::<GroupRecord<'_>>(Format::Csv, false, &[]), HEADER);
    assert_eq!(
        written(Format::Csv, false, &[GroupRecord::new("app", &group())]),
        format!(
            "{HEADER}\"app\",\"+Z3JvdXA/==\",\"'=1+1,\n\"\"two\"\" \u{202e}lines\",\"1750000000\",\"2025-06-15T15:06:40Z\"\n"
        )
    );
}

#[test]
fn a_change_says_what_happened_and_when_it_was_observed_in_every_format() {
    let (before, after) = (Group::new("a", "Sales", 0), Group::new("a", "Support", 0));
    let change = Change::Renamed { before, after };
    let record = [ChangeRecord::new("app", &change, "2026-01-01T00:00:00Z")];
    assert_eq!(written(Format::Table, false, &record), "~ 2026-01-01T00:00:00Z a Sales -> Support\n");
    assert_eq!(
        written(Format::Jsonl, false, &record),
        "{\"app_id\":\"app\",\"change\":\"renamed\",\"id\":\"a\",\"subject\":\"Support\",\
         \"creation_timestamp\":0,\"created_at\":\"1970-01-01T00:00:00Z\",\
         \"before\":{\"id\":\"a\",\"subject\":\"Sales\",\"creation_timestamp\":0},\"observed_at\":\"2026-01-01T00:00:00Z\"}\n"
    );
    assert_eq!(
        written(Format::Csv, false, &record).lines().nth(1).unwrap(),
        "\"app\",\"renamed\",\"a\",\"Support\",\"0\",\"1970-01-01T00:00:00Z\",\"Sales\",\"2026-01-01T00:00:00Z\""
    );
}

#[test]
fn a_created_and_a_removed_group_have_no_before() {
    for (change, sign, name) in [
        (Change::Created(Group::new("a", "Sales", 0)), "+", "created"),
        (Change::Removed(Group::new("a", "Sales", 0)), "-", "removed"),
    ] {
        let record = [ChangeRecord::new("app", &change, "now")];
        assert_eq!(written(Format::Table, true, &record), format!("app {sign} now a Sales\n"));
        let line: serde_json::Value = serde_json::from_str(&written(Format::Jsonl, false, &record)).unwrap();
        assert_eq!(line["change"], name);
        assert!(line.get("before").is_none());
    }
}

#[test]
fn a_count_is_a_number_or_a_number_with_its_app() {
    let count = [CountRecord::new("app", 7)];
    assert_eq!(written(Format::Table, false, &count), "7\n");
    assert_eq!(written(Format::Table, true, &count), "app 7\n");
    assert_eq!(written(Format::Jsonl, false, &count), "{\"app_id\":\"app\",\"groups\":7}\n");
    assert_eq!(written(Format::Csv, false, &count), "\"app_id\",\"groups\"\n\"app\",\"7\"\n");
}
