//! The bar, on a pseudo-terminal.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::thread;

use gupshup_groups::testing::FakeGroups;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::demo;
use crate::support::{Api, Gate};

/// The outer and the inner end of a pseudo-terminal.
fn pseudo_terminal() -> (File, OwnedFd) {
    let outside = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&outside).unwrap();
    unlockpt(&outside).unwrap();
    let name = ptsname(&outside, Vec::new()).unwrap();
    let inside = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    (outside.into(), inside.into())
}

/// What a command writes to a terminal as its stderr.
fn shown(command: &mut Command) -> thread::JoinHandle<String> {
    let (mut outside, inside) = pseudo_terminal();
    let mut child = command.env("TERM", "xterm").stdout(Stdio::null()).stderr(inside).spawn().unwrap();
    // The command holds a copy of the inner end; the outer one ends when all are closed.
    command.stderr(Stdio::null());
    thread::spawn(move || {
        let mut shown = Vec::new();
        let mut part = [0; 4096];
        // Once the other end is closed, reading is an error.
        while let Ok(read @ 1..) = outside.read(&mut part) {
            shown.extend_from_slice(&part[..read]);
        }
        assert!(child.wait().unwrap().success());
        String::from_utf8_lossy(&shown).into_owned()
    })
}

/// Scenario: a server that holds back the third page. Expected: the bar shows two pages meanwhile, and is gone at the end.
#[test]
fn a_slow_listing_shows_its_progress_on_a_terminal() {
    let (list, gate) = Gate::at(&FakeGroups::new(demo::groups(2_500)), 2);
    let api = Api::start(list);
    let shown = shown(&mut api.tool(&["list"]));
    gate.wait();
    // Two ticks of the bar.
    thread::sleep(std::time::Duration::from_millis(250));
    gate.open();
    let shown = shown.join().unwrap();
    assert!(shown.contains("1049 groups, 2 requests"), "{shown:?}");
    assert!(shown.contains("groups/s"), "{shown:?}");
    let (_, rest) = shown.rsplit_once("\u{1b}[2K").expect("the bar is erased");
    assert!(shown.contains("demo: 2500 groups in 4 requests") && !rest.contains("groups/s"), "{rest:?}");
}

#[test]
fn quiet_shows_no_bar() {
    let api = Api::start(FakeGroups::new(demo::groups(60)));
    assert_eq!(shown(&mut api.tool(&["list", "--quiet"])).join().unwrap(), "");
}
