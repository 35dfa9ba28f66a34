//! `gupshup-groups completions` and `gupshup-groups man`: what clap knows of the options, in other forms.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::args::Options;
use crate::exit::{Exit, Failure};
use crate::help::{self, Notes};

/// Writes the completion script of a shell.
pub(crate) fn completions(shell: Shell) -> Result<Exit, Failure> {
    // clap_complete panics where it cannot write.
    let mut script = Vec::new();
    if shell == Shell::Bash {
        script = bash();
    } else {
        clap_complete::generate(shell, &mut Options::command(), "gupshup-groups", &mut script);
    }
    print(&script)
}

/// The script for bash completes nothing after a subcommand if the program's name has a hyphen (clap-rs/clap#6421). So it is
/// made for another name, and then registered for the program's.
fn bash() -> Vec<u8> {
    const NAME: &str = "gupshup_groups";
    let mut command = Options::command().name(NAME).bin_name(NAME);
    let mut script = Vec::new();
    clap_complete::generate(Shell::Bash, &mut command, NAME, &mut script);
    let registered = format!(" {NAME}\n");
    String::from_utf8_lossy(&script).replace(&registered, " gupshup-groups\n").into_bytes()
}

/// Writes the manual page of the program, or those of all commands into a directory.
pub(crate) fn man(directory: Option<&Path>) -> Result<Exit, Failure> {
    let pages = pages().map_err(|error| Failure::output(&error))?;
    let Some(directory) = directory else {
        return pages.first().map_or(Ok(Exit::Done), |(_, page)| print(page));
    };
    for (name, page) in pages {
        let path = directory.join(name);
        fs::write(&path, page).map_err(|error| Failure::io(&path, &error))?;
    }
    Ok(Exit::Done)
}

fn print(bytes: &[u8]) -> Result<Exit, Failure> {
    let mut out = io::stdout();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| Failure::output(&error))?;
    Ok(Exit::Done)
}

/// The names of the manual pages and their text, that of the program first.
fn pages() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut tool = Options::command().disable_help_subcommand(true);
    tool.build();
    let mut pages = vec![page(tool.clone(), &help::TOOL)?];
    for command in tool.get_subcommands() {
        pages.push(page(command.clone(), help::of(command.get_name()))?);
    }
    Ok(pages)
}

fn page(command: Command, notes: &Notes) -> io::Result<(String, Vec<u8>)> {
    let has_subcommands = command.has_subcommands();
    let man = Man::new(command.version(env!("CARGO_PKG_VERSION"))).manual("User Commands");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if has_subcommands {
        man.render_subcommands_section(&mut text)?;
    }
    sections(notes).to_writer(&mut text)?;
    Ok((man.get_filename(), text))
}

/// What clap has no section for.
fn sections(notes: &Notes) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXAMPLES"]);
    for (command, what) in notes.examples {
        roff.control("TP", []);
        roff.text([roman(*what)]);
        roff.text([bold(*command)]);
    }
    if notes.uses_api {
        roff.control("SH", ["ENVIRONMENT"]);
        for (name, what) in help::ENVIRONMENT {
            roff.control("TP", []);
            roff.text([bold(name)]);
            roff.text([roman(what)]);
        }
        roff.control("SH", ["EXIT STATUS"]);
        for (exit, what) in Exit::ALL {
            roff.control("TP", []);
            roff.text([bold(exit.code().to_string())]);
            roff.text([roman(what)]);
        }
        roff.control("SH", ["SIGNALS"]);
        roff.text([roman(help::SIGNALS)]);
    }
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_with_its_examples_and_exit_codes() {
        let pages = pages().unwrap();
        let names: Vec<_> = pages.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "gupshup-groups.1",
                "gupshup-groups-list.1",
                "gupshup-groups-count.1",
                "gupshup-groups-diff.1",
                "gupshup-groups-watch.1",
                "gupshup-groups-completions.1",
                "gupshup-groups-man.1"
            ]
        );
        for (name, text) in &pages[..5] {
            let text = String::from_utf8(text.clone()).unwrap();
            for part in ["EXAMPLES", "ENVIRONMENT", "GUPSHUP_API_KEY", "EXIT STATUS", "143"] {
                assert!(text.contains(part), "{part} in {name}");
            }
        }
    }
}
