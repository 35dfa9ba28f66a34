//! Completions, in a real interactive bash.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Scratch, output, tool};

/// What bash completes after pressing Tab where `line` ends.
fn completed(line: &str) -> Vec<String> {
    let scratch = Scratch::new();
    let script = scratch.write("script", &output(&mut tool(&["completions", "bash"])));
    // As readline does: the words, the current one, and the function that is registered for the program.
    let words = format!(
        "source '{script}'
         line='{line}'; COMP_WORDS=($line); [[ $line == *' ' ]] && COMP_WORDS+=('')
         COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 )); COMP_LINE=$line; COMP_POINT=${{#line}}
         function_name=$(complete -p gupshup-groups | sed -E 's/.*-F ([^ ]+).*/\\1/')
         $function_name gupshup-groups \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"
         printf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    let program = Path::new(env!("CARGO_BIN_EXE_gupshup-groups")).parent().unwrap();
    let mut bash = Command::new("bash");
    bash.args(["--norc", "--noprofile", "-i", "-c", &words])
        .env("PATH", format!("{}:/usr/bin:/bin", program.display()));
    let found = bash.stdin(Stdio::null()).output().unwrap();
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
    String::from_utf8(found.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_values() {
    assert_eq!(completed("gupshup-groups li"), ["list"]);
    let options = completed("gupshup-groups list --");
    for option in ["--output", "--resume", "--jobs", "--errors", "--format"] {
        assert!(options.iter().any(|found| found == option), "{option} in {options:?}");
    }
    assert_eq!(completed("gupshup-groups diff --max-"), ["--max-removed"]);
    assert_eq!(completed("gupshup-groups list --format "), ["table", "jsonl", "csv"]);
    assert_eq!(completed("gupshup-groups count --errors j"), ["json"]);
}
