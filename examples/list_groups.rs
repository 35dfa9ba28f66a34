//! Lists all groups of an app in a loop. The program `gupshup-groups` does more.
//!
//! ```sh
//! cargo run --example list_groups -- --demo
//! GUPSHUP_API_KEY=… GUPSHUP_APP_ID=… cargo run --example list_groups
//! ```
//!
//! With `--demo` it prints:
//!
//! ```text
//! "Support 3"
//! "Équipe livraison 2"
//! "बिक\u{94d}री टीम 1"
//! ```

mod demo;

use std::error::Error;

use futures::StreamExt;
use gupshup_groups::testing::FakeGroups;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (app, _demo) = demo::app_or_demo(FakeGroups::new(demo::groups(3)))?;
    let mut groups = app.stream();
    while let Some(group) = groups.next().await {
        // The subject is untrusted text, so `{:?}` escapes it for the terminal.
        println!("{:?}", group?.subject);
    }
    Ok(())
}
