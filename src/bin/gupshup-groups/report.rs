//! The report of changes: written, handed to the command, and only then marked in the state.

use crate::args::Format;
use crate::exit::{Exit, Failure};
use crate::hook;
use crate::output::{ChangeRecord, Output, json_line, stdout_is_closed};
use crate::signals::Signals;
use crate::state::State;

/// How many changes are written before they are marked. Writing to a file waits for the disk once for all of them.
const BATCH: usize = 256;

/// Standard output for changes. Where it is closed, they would be marked as reported and lost.
pub(crate) fn open_output(format: Format, names_apps: bool) -> Result<Output, Failure> {
    if stdout_is_closed() {
        let advice = "open it, or discard the changes on purpose: > /dev/null";
        return Err(Failure::new(Exit::File, "standard output is closed, so changes cannot be reported", advice));
    }
    Ok(Output::stdout(format, names_apps))
}

/// Reports what the state holds. Other runs wait while a batch is reported.
pub(crate) struct Reporter<'a> {
    pub(crate) state: &'a State,
    pub(crate) out: &'a mut Output,
}

/// How a report with a command ended.
#[derive(Debug)]
pub(crate) enum Reported {
    All,
    /// The command failed, with this problem. What it failed for is not marked.
    CommandFailed(String),
    /// A signal arrived.
    Stopped,
}

impl Reporter<'_> {
    /// Writes the changes of an app. Returns their number.
    pub(crate) fn all(&mut self, app: &str) -> Result<u64, Failure> {
        let mut reported = 0;
        while self.state.has_unreported(app)? {
            let report = self.state.report(app)?;
            let changes = report.next(BATCH)?;
            changes
                .iter()
                .try_for_each(|pending| self.out.write(&ChangeRecord::new(app, &pending.change, &pending.observed)))
                .and_then(|()| self.out.sync())
                .map_err(|error| Failure::report(&error))?;
            report.mark(&changes)?;
            report.end()?;
            reported += changes.len() as u64;
        }
        Ok(reported)
    }

    /// Writes each change of an app, and runs the command for it, until a signal arrives. Adds to `reported`.
    pub(crate) async fn each(
        &mut self,
        app: &str,
        command: &str,
        signals: &Signals,
        reported: &mut u64,
    ) -> Result<Reported, Failure> {
        while self.state.has_unreported(app)? {
            if signals.so_far().is_some() {
                return Ok(Reported::Stopped);
            }
            let report = self.state.report(app)?;
            let changes = report.next(1)?;
            for pending in &changes {
                let record = ChangeRecord::new(app, &pending.change, &pending.observed);
                self.out.write(&record).and_then(|()| self.out.sync()).map_err(|error| Failure::report(&error))?;
                let line = json_line(&record).map_err(|error| Failure::report(&error))?;
                if let Err(problem) = hook::run(command, line).await {
                    return Ok(Reported::CommandFailed(problem));
                }
            }
            report.mark(&changes)?;
            report.end()?;
            *reported += changes.len() as u64;
        }
        Ok(Reported::All)
    }
}
