//! The text below the options, in `--help` and in the manual pages.

use std::fmt::Write as _;

use clap::builder::Styles;
use clap::builder::styling::AnsiColor;

use crate::exit::Exit;

/// The colours of the help, at a terminal and without `NO_COLOR`.
pub(crate) const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// The notes of one command.
pub(crate) struct Notes {
    /// Command lines and their effects.
    pub(crate) examples: &'static [(&'static str, &'static str)],
    /// Whether the command makes requests.
    pub(crate) uses_api: bool,
}

pub(crate) const TOOL: Notes = Notes {
    examples: &[
        ("gupshup-groups list --demo --max 3", "Try it without an account"),
        (
            "gupshup-groups list --app \"$APP\" --format csv --output groups.csv",
            "List an app; the key is in GUPSHUP_API_KEY",
        ),
        ("gupshup-groups diff --app \"$APP\" --state groups.sqlite", "Report what has changed since the last run"),
    ],
    uses_api: true,
};

pub(crate) const LIST: Notes = Notes {
    examples: &[
        ("gupshup-groups list --demo --max 3", "The three newest groups of the demo"),
        ("gupshup-groups list --app \"$APP\" --format jsonl | jq -r .subject", "Names only"),
        (
            "gupshup-groups list --apps-from apps.txt --rate 5 --format csv --output groups.csv",
            "All groups of many apps; to import the file, choose comma and UTF-8",
        ),
        (
            "gupshup-groups list --app \"$APP\" --format csv --output groups.csv --resume",
            "Continue a stopped run, soon after it",
        ),
    ],
    uses_api: true,
};

pub(crate) const COUNT: Notes = Notes {
    examples: &[
        ("gupshup-groups count --demo", "Count the groups of the demo"),
        ("gupshup-groups count --apps-from apps.txt --format csv", "Count the groups of each app in a file"),
    ],
    uses_api: true,
};

pub(crate) const DIFF: Notes = Notes {
    examples: &[
        ("gupshup-groups diff --demo --state demo.sqlite", "Run it twice: the demo's list changes after the first run"),
        (
            "gupshup-groups diff --quiet --app \"$APP\" --state groups.sqlite --require-state",
            "For cron, which mails the output if there is any",
        ),
        (
            "gupshup-groups diff --app \"$APP\" --state groups.sqlite --check; [ $? -eq 1 ] && notify",
            "Act only if something has changed, not if the listing failed",
        ),
        (
            "sqlite3 groups.sqlite 'SELECT observed, change, id, subject FROM changes ORDER BY number DESC LIMIT 20'",
            "The latest changes; `groups` and `active_groups` have the groups, `apps` the last listings",
        ),
        (
            "sqlite3 groups.sqlite \"DELETE FROM changes WHERE reported < date('now', '-1 year')\"",
            "Reported changes stay until you delete them",
        ),
    ],
    uses_api: true,
};

pub(crate) const WATCH: Notes = Notes {
    examples: &[
        (
            "gupshup-groups watch --demo --state demo.sqlite --every 1s --rounds 4",
            "Four listings of the demo, whose list changes each time",
        ),
        (
            "gupshup-groups watch --app \"$APP\" --state groups.sqlite --on-change ./notify.sh",
            "Run a script for each change",
        ),
    ],
    uses_api: true,
};

pub(crate) const COMPLETIONS: Notes = Notes {
    examples: &[(
        "gupshup-groups completions bash > ~/.local/share/bash-completion/completions/gupshup-groups",
        "For bash, from the next login on",
    )],
    uses_api: false,
};

pub(crate) const MAN: Notes = Notes {
    examples: &[
        ("gupshup-groups man | man -l -", "Read the page of the program"),
        ("gupshup-groups man /usr/local/share/man/man1", "Install the pages of all commands"),
    ],
    uses_api: false,
};

pub(crate) const ENVIRONMENT: [(&str, &str); 4] = [
    ("GUPSHUP_API_KEY", "the API key of the account that owns the apps; keys stop working on 31 March 2027"),
    ("GUPSHUP_TOKEN", "the token that replaces it; options for files and commands have precedence"),
    ("GUPSHUP_APP_ID", "the app's id, unless --app or --apps-from is given"),
    ("GUPSHUP_API_URL", "the address of the API, unless --base-url is given"),
];

pub(crate) const SIGNALS: &str = "Ctrl-C, SIGTERM or SIGHUP stops the program after the current write or --on-change command. A \
                                  second one, not at the same time, ends it at once, without saving anything.";

pub(crate) fn of(command: &str) -> &'static Notes {
    match command {
        "list" => &LIST,
        "count" => &COUNT,
        "diff" => &DIFF,
        "watch" => &WATCH,
        "completions" => &COMPLETIONS,
        "man" => &MAN,
        _ => &TOOL,
    }
}

impl Notes {
    pub(crate) fn text(&self) -> String {
        let mut text = String::from("Examples:\n");
        for (command, what) in self.examples {
            push(&mut text, format_args!("  # {what}\n  {command}\n"));
        }
        if self.uses_api {
            text.push_str("\nEnvironment:\n");
            for (name, what) in ENVIRONMENT {
                push(&mut text, format_args!("  {name:<16} {what}\n"));
            }
            text.push_str("\nExit codes:\n");
            for (exit, what) in Exit::ALL {
                push(&mut text, format_args!("  {:<4} {what}\n", exit.code()));
            }
            push(&mut text, format_args!("\n{SIGNALS}\n"));
        }
        text.truncate(text.trim_end().len());
        text
    }
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = text.write_fmt(line);
}
