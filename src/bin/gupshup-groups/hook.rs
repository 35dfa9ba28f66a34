//! Commands of the user.

use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::input::SECRETS;

/// Runs a command with this text on its standard input. `Err`: what went wrong.
pub(crate) async fn run(command: &str, text: String) -> Result<(), String> {
    let mut child = shell(command)
        .stdin(Stdio::piped())
        // Standard output is for JSON lines.
        .stdout(std::io::stderr())
        .spawn()
        .map_err(|error| format!("does not start: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command may succeed without reading its input.
        let _ = stdin.write_all(text.as_bytes()).await;
    }
    let status = child.wait().await.map_err(|error| format!("cannot be waited for: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("failed ({status})")) }
}

/// A command that Ctrl-C at the terminal does not reach, and that gets no credential.
pub(crate) fn shell(command: &str) -> Command {
    let (shell, option) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut shell = Command::new(shell);
    shell.arg(option).arg(command);
    for name in SECRETS {
        shell.env_remove(name);
    }
    #[cfg(unix)]
    shell.process_group(0);
    shell
}
