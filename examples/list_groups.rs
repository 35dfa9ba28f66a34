//! Lists all groups of an app. The program `gupshup-groups` does more; this is the loop that it is made of.
//!
//! ```sh
//! cargo run --example list_groups -- --demo
//! GUPSHUP_API_KEY=… GUPSHUP_APP_ID=… cargo run --example list_groups
//! ```
//!
//! Of the demo it prints:
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
        // The subject is text of others, so `{:?}`: escaped, it cannot steer the terminal.
        println!("{:?}", group?.subject);
    }
    Ok(())
}
