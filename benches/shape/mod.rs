//! The documented shape of a page, as derived structs, and bodies to read.

#![allow(dead_code, reason = "what is read is what is measured, and not every bench uses all of it")]

use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct StrictPage {
    pub(crate) data: Vec<StrictGroup>,
    pub(crate) paging: StrictPaging,
    pub(crate) status: String,
}

#[derive(Deserialize)]
pub(crate) struct StrictGroup {
    pub(crate) creation_timestamp: i64,
    pub(crate) id: String,
    pub(crate) subject: String,
}

#[derive(Deserialize)]
pub(crate) struct StrictPaging {
    pub(crate) cursors: StrictCursors,
    pub(crate) next: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct StrictCursors {
    pub(crate) after: String,
    pub(crate) before: String,
}

/// The default subject of a group.
pub(crate) const NAME: &str = "Customer support, region";

/// The bodies to decode, each with its special property.
pub(crate) fn bodies() -> [(&'static str, String); 5] {
    [
        ("1024 groups", body(1024, NAME, ",", ":")),
        ("1024 groups, indented", body(1024, NAME, ",\n      ", ": ")),
        ("1024 groups, names in Hindi", body(1024, "ग्राहक सहायता", ",", ":")),
        ("1024 groups, names with an escape", body(1024, r"\ud83d\ude00 Support", ",", ":")),
        ("25 groups", body(25, NAME, ",", ":")),
    ]
}

/// A page of groups with ids as long as the API's and subjects of `name`, and with these separators.
fn body(groups: usize, name: &str, comma: &str, colon: &str) -> String {
    let data: Vec<_> = (0..groups).map(|n| group(n, name, comma, colon)).collect();
    format!(
        r#"{{"data"{colon}[{}]{comma}"paging"{colon}{{"cursors"{colon}{{"after"{colon}"{after}","before"{colon}"{after}"}}{comma}"next"{colon}"https://graph.facebook.com/v20.0/105406242200849/groups?limit=1024&after={after}"}}{comma}"status"{colon}"success"}}"#,
        data.join(comma),
        after = "QVFIUlJ".repeat(14),
    )
}

/// One group, with these separators. The end of its id looks random, as the API's do, so that it compresses like one.
pub(crate) fn group(n: usize, name: &str, comma: &str, colon: &str) -> String {
    const DIGITS: usize = 1_000_000_000_000;
    let time = 1_700_000_000 - n * 977;
    // No two of a trillion are the same, because the factor and the modulus have no common divisor.
    let end = n * 618_033_988_749 % DIGITS;
    let id = format!("Y2FwaV9ncm91cDoxNTU1MDc4MzgxMToxMjAzNjMwMTg{end:012}ZD");
    format!(r#"{{"creation_timestamp"{colon}{time}{comma}"id"{colon}"{id}"{comma}"subject"{colon}"{name} {n}"}}"#)
}
