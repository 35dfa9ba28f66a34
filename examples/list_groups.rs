//! Lists all groups of an app: as a table, as JSON lines or as CSV.
//!
//! ```sh
//! cargo run --example list_groups
//! GUPSHUP_API_KEY=… GUPSHUP_APP_ID=… cargo run --example list_groups
//! cargo run --example list_groups -- --help
//! ```
//!
//! Without the two variables it lists 2,500 groups of a demo server that it starts on loopback. With them it lists the
//! live API, at `GUPSHUP_API_URL` if that is set. The demo's newest groups:
//!
//! ```console
//! $ cargo run --example list_groups -- --max 3
//! 2025-06-15T15:06:40Z Y2FwaV9ncm91cDox+15c06484/2500== Support 2500
//! 2025-06-15T11:59:43Z Y2FwaV9ncm91cDox+7788ead3/2499== Équipe livraison 2499
//! 2025-06-15T08:52:46Z Y2FwaV9ncm91cDox+d9517122/2498== बिक्री टीम 2498
//! $ cargo run --example list_groups -- --max 3 --format jsonl
//! {"id":"Y2FwaV9ncm91cDox+15c06484/2500==","subject":"Support 2500","creation_timestamp":1750000000}
//! {"id":"Y2FwaV9ncm91cDox+7788ead3/2499==","subject":"Équipe livraison 2499","creation_timestamp":1749988783}
//! {"id":"Y2FwaV9ncm91cDox+d9517122/2498==","subject":"बिक्री टीम 2498","creation_timestamp":1749977566}
//! $ cargo run --example list_groups -- --max 5 --format csv
//! id,subject,creation_timestamp
//! Y2FwaV9ncm91cDox+15c06484/2500==,Support 2500,1750000000
//! Y2FwaV9ncm91cDox+7788ead3/2499==,Équipe livraison 2499,1749988783
//! Y2FwaV9ncm91cDox+d9517122/2498==,बिक्री टीम 2498,1749977566
//! Y2FwaV9ncm91cDox+3b19f771/2497==,Orders 📦 2497,1749966349
//! Y2FwaV9ncm91cDox+9ce27dc0/2496==,"Two
//! lines 2496",1749955132
//! ```

mod demo;

use std::error::Error;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Stdout, Write};
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::time::{Duration, Instant};
use std::{fs, future};

use clap::{Parser, ValueEnum};
use futures::{Stream, StreamExt};
use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Checkpoint, Error as ListError, Group, GroupStream};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use tokio::signal::ctrl_c;
use tokio::sync::oneshot;

const INTERRUPTED: u8 = 130;

/// Lists the active WhatsApp groups of a Gupshup app.
///
/// The app is the one that GUPSHUP_API_KEY and GUPSHUP_APP_ID name; without both, it is a demo on this machine.
#[allow(clippy::doc_markdown, reason = "this is the help, not a documentation page")]
#[derive(Parser)]
#[command(name = "list_groups", after_help = AFTER_HELP)]
struct Options {
    /// How a group is written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Groups a request, 1 to 1024 [default: 25, then 1024]
    #[arg(long, value_name = "GROUPS", value_parser = clap::value_parser!(u32).range(1..=1024))]
    page_size: Option<u32>,
    /// Stop after this many groups
    #[arg(long, value_name = "GROUPS")]
    max: Option<usize>,
    /// Walk backward from this cursor
    #[arg(long, value_name = "CURSOR", allow_hyphen_values = true)]
    backward_from: Option<String>,
    /// Fetch the next page while this one is written
    #[arg(long)]
    read_ahead: bool,
    /// Go on where the last run with this file stopped
    ///
    /// When a run stops before the end of the list (an error, Ctrl-C, --max), the place
    /// is saved in this file. The next run goes on there, in the same direction, and
    /// writes no CSV header. At the end of the list the file is removed. Where the
    /// output could not be written it stays as it was: the next run may repeat groups,
    /// and loses none. Use a file for each app, and delete it to begin anew.
    #[arg(long, value_name = "PATH", verbatim_doc_comment)]
    resume_file: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
Examples:
  list_groups --max 10
  list_groups --format jsonl | jq -r .subject
  list_groups --format csv --resume-file groups.place >> groups.csv

Exit codes:
  0    the list is complete, --max was reached, or the reader closed the pipe
  1    an error; what came before it was written
  2    wrong options
  130  Ctrl-C (a second one ends at once, without saving the place)";

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Creation time (UTC), id and subject, made safe for a terminal
    Table,
    /// A JSON object a line, with the API's fields
    Jsonl,
    /// A header, then a record a group, with the API's fields as they are
    Csv,
}

// A worker thread of its own, so that a second Ctrl-C is heard while the main thread is stuck in a full pipe.
#[tokio::main(worker_threads = 1)]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(code) => code,
        // The reader has seen enough (`| head`): no reason to complain.
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", one_line(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<ExitCode, Box<dyn Error>> {
    let stop = first_ctrl_c();
    // The demo server lives as long as this binding.
    let (mut list, _demo) = demo::app_or_demo(FakeGroups::new(demo::groups(2_500))).await?;
    let saved = options.resume_file.as_deref().map(load).transpose()?.flatten();
    let mut out = Output::new(options.format, saved.is_none())?;

    list = list.read_ahead(options.read_ahead);
    if let Some(size) = options.page_size {
        list = list.page_size(size);
    }
    if let Some(count) = options.max {
        list = list.max_groups(count);
    }
    list = match (saved, options.backward_from) {
        (Some(place), _) => list.resume(place),
        (None, Some(cursor)) => list.before(cursor),
        (None, None) => list,
    };

    let started = Instant::now();
    let mut stream = list.stream();
    let bar = progress_bar(options.max);
    // An output that fails leaves here: what has reached its reader is not known, so the place is not saved.
    let ending = copy(&mut stream, &mut out, &bar, stop).await?;
    bar.finish_and_clear();

    let progress = stream.progress();
    let seconds = started.elapsed().as_secs_f64();
    let plural = |count: u64| if count == 1 { "" } else { "s" };
    let (groups, requests) = (progress.groups, progress.requests);
    let count = format!("{groups} group{} in {requests} request{}, {seconds:.1} s", plural(groups), plural(requests));
    let code = match ending {
        Ending::Complete => {
            eprintln!("{count}");
            ExitCode::SUCCESS
        }
        Ending::Failed(error) => {
            eprintln!("{}", one_line(&error.to_string()));
            ExitCode::FAILURE
        }
        Ending::Interrupted => {
            eprintln!("stopped after {count}");
            ExitCode::from(INTERRUPTED)
        }
    };
    if let Some(path) = options.resume_file {
        save(&path, &stream.checkpoint()).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(code)
}

/// How a listing ended. Everything that came before has been written.
enum Ending {
    Complete,
    Failed(ListError),
    Interrupted,
}

/// Writes every group that comes, until the end, an error or Ctrl-C.
async fn copy(
    stream: &mut GroupStream,
    out: &mut Output,
    bar: &ProgressBar,
    mut stop: oneshot::Receiver<()>,
) -> io::Result<Ending> {
    let ending = loop {
        // The page is used up, and the next one may take a while: let the reader see this one.
        if stream.size_hint().0 == 0 {
            out.flush()?;
            let progress = stream.progress();
            bar.set_position(progress.groups);
            bar.set_message(format!("{} requests, {} repeated", progress.requests, progress.retries));
        }
        tokio::select! {
            biased;
            _ = &mut stop => break Ending::Interrupted,
            next = stream.next() => match next {
                Some(Ok(group)) => out.write(&group)?,
                Some(Err(error)) => break Ending::Failed(error),
                None => break Ending::Complete,
            },
        }
    };
    out.flush()?;
    Ok(ending)
}

/// Resolves at the first Ctrl-C. The second ends the program, whatever it is doing.
fn first_ctrl_c() -> oneshot::Receiver<()> {
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(async move {
        if ctrl_c().await.is_ok() && stop.send(()).is_ok() && ctrl_c().await.is_ok() {
            process::exit(INTERRUPTED.into());
        }
        future::pending::<()>().await;
    });
    stopped
}

/// The saved place, if there is one.
fn load(path: &Path) -> Result<Option<Checkpoint>, Box<dyn Error>> {
    let name = |error: &dyn Error| format!("{}: {error}", path.display());
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.parse().map_err(|error: ListError| name(&error))?)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(name(&error).into()),
    }
}

/// Saves the place, or removes the file where there is nothing left to list. Killed at any point, the file holds the old
/// place or the new one.
fn save(path: &Path, place: &Checkpoint) -> io::Result<()> {
    if place.is_end() {
        return match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    }
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", process::id()));
    let mut file = fs::File::create(&temporary)?;
    writeln!(file, "{place}")?;
    file.sync_all()?;
    fs::rename(temporary, path)
}

/// Standard output in one of the formats, buffered.
enum Output {
    Table(BufWriter<Stdout>),
    Jsonl(BufWriter<Stdout>),
    Csv(Box<csv::Writer<Stdout>>),
}

impl Output {
    fn new(format: Format, header: bool) -> io::Result<Self> {
        let out = io::stdout();
        Ok(match format {
            Format::Table => Self::Table(BufWriter::new(out)),
            Format::Jsonl => Self::Jsonl(BufWriter::new(out)),
            Format::Csv => {
                let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(out);
                if header {
                    csv.write_record(["id", "subject", "creation_timestamp"]).map_err(io_error)?;
                }
                Self::Csv(Box::new(csv))
            }
        })
    }

    fn write(&mut self, group: &Group) -> io::Result<()> {
        match self {
            Self::Table(out) => writeln!(out, "{}", line(group)),
            Self::Jsonl(out) => {
                serde_json::to_writer(&mut *out, group)?;
                out.write_all(b"\n")
            }
            Self::Csv(csv) => csv.serialize((&group.id, &group.subject, group.creation_timestamp)).map_err(io_error),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Table(out) | Self::Jsonl(out) => out.flush(),
            Self::Csv(csv) => csv.flush(),
        }
    }
}

fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn line(group: &Group) -> String {
    let seconds = group.creation_timestamp;
    let created = Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string());
    format!("{created} {} {}", one_line(&group.id), one_line(&group.subject))
}

/// Others chose this text. Escaped, it can neither break the line nor steer the terminal.
fn one_line(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// On stderr, if that is a terminal and the groups go elsewhere: where they go to the terminal, they show the progress.
fn progress_bar(max: Option<usize>) -> ProgressBar {
    if io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match max {
        Some(max) => (ProgressBar::new(max as u64), "{bar:30} {pos} of {len} groups, {msg}, {elapsed}"),
        None => (ProgressBar::new_spinner(), "{spinner} {pos} groups, {msg}, {elapsed}"),
    };
    bar.enable_steady_tick(Duration::from_millis(100));
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
