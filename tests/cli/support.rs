//! The program as a process, and a server for it.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use gupshup_groups::Group;
use gupshup_groups::testing::FakeGroups;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::demo::{self, ApiRequest, Apps};

/// Long enough for any machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The API, on loopback: a thread a connection, so that a request that waits holds up no other.
pub(crate) struct Api {
    address: SocketAddr,
}

/// The status and body of a response.
type Answer = dyn Fn(ApiRequest<'_>, &str) -> (u16, String) + Send + Sync;

impl Api {
    /// A server of one app, `demo::APP_ID`, with the key `demo::API_KEY`.
    pub(crate) fn start(groups: FakeGroups) -> Self {
        Self::start_apps([(demo::APP_ID, groups)])
    }

    pub(crate) fn start_apps(apps: impl IntoIterator<Item = (&'static str, FakeGroups)>) -> Self {
        let apps: Apps = apps.into_iter().map(|(id, groups)| (id.to_owned(), demo::demand_key(&groups))).collect();
        Self::answering(move |request| {
            let (status, body) = futures::executor::block_on(demo::answer(&apps, request));
            (status, body.to_string())
        })
    }

    /// A server that has this list for every app, and whose only check is this one: of the app, and of the header with the
    /// credential, such as `authorization: Bearer …`.
    pub(crate) fn checking(groups: FakeGroups, accepts: impl Fn(&str, &str) -> bool + Send + Sync + 'static) -> Self {
        let apps: Apps = [("any".to_owned(), groups)].into_iter().collect();
        Self::serving(move |request, credential| {
            let app = request.path.split('/').nth(3).unwrap_or_default();
            if !accepts(app, credential) {
                return (401, r#"{"status":"error","message":"Authentication Failed"}"#.to_owned());
            }
            let request = ApiRequest { path: "/wa/app/any/group", key: Some(demo::API_KEY), ..request };
            let (status, body) = futures::executor::block_on(demo::answer(&apps, request));
            (status, body.to_string())
        })
    }

    /// A server with the same response to every request.
    pub(crate) fn always(status: u16, body: &'static str) -> Self {
        Self::answering(move |_| (status, body.to_owned()))
    }

    /// A server of one app that answers the first requests, so many, with this `Retry-After`.
    pub(crate) fn asking_to_wait(groups: &FakeGroups, times: usize, retry_after: &str) -> Self {
        let head = format!("Retry-After: {retry_after}\r\n");
        let apps: Apps = [(demo::APP_ID.to_owned(), demo::demand_key(groups))].into_iter().collect();
        let asked = AtomicUsize::new(0);
        Self::serving_with(head.leak(), move |request, _| {
            if asked.fetch_add(1, Ordering::SeqCst) < times {
                return (429, r#"{"status":"error","message":"Too Many Requests"}"#.to_owned());
            }
            let (status, body) = futures::executor::block_on(demo::answer(&apps, request));
            (status, body.to_string())
        })
    }

    pub(crate) fn answering(answer: impl Fn(ApiRequest<'_>) -> (u16, String) + Send + Sync + 'static) -> Self {
        Self::serving(move |request, _| answer(request))
    }

    /// Also gives the header with the credential, such as `authorization: Bearer …`.
    pub(crate) fn serving(answer: impl Fn(ApiRequest<'_>, &str) -> (u16, String) + Send + Sync + 'static) -> Self {
        Self::serving_with("", answer)
    }

    /// With these lines in the head of each response.
    fn serving_with(
        head: &'static str,
        answer: impl Fn(ApiRequest<'_>, &str) -> (u16, String) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answer: Arc<Answer> = Arc::new(answer);
        thread::spawn(move || {
            for connection in listener.incoming() {
                let answer = Arc::clone(&answer);
                // The program may close the connection at any time.
                thread::spawn(move || serve(connection?, head, &*answer));
            }
        });
        Self { address }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/wa", self.address)
    }

    /// The program, with this server's account in its environment.
    pub(crate) fn tool(&self, arguments: &[&str]) -> Command {
        let mut tool = tool(arguments);
        tool.envs([("GUPSHUP_API_KEY", demo::API_KEY), ("GUPSHUP_APP_ID", demo::APP_ID)]);
        tool.env("GUPSHUP_API_URL", self.base_url());
        tool
    }
}

/// Answers the requests of a connection, which have no body.
fn serve(connection: TcpStream, head: &str, answer: &Answer) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let mut lines = BufReader::new(connection.try_clone()?).lines();
    let mut connection = connection;
    while let Some(line) = lines.next() {
        let line = line?;
        let mut words = line.split(' ');
        let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(()) };
        // At most one is sent.
        let mut credential = String::new();
        let (mut key, mut authorization) = (None, None);
        for header in lines.by_ref() {
            let header = header?;
            match header.split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("apikey") => {
                    key = Some(value.to_owned());
                    credential = format!("apikey: {value}");
                }
                Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                    authorization = Some(value.to_owned());
                    credential = format!("authorization: {value}");
                }
                Some(_) => {}
                None => break,
            }
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = ApiRequest { method, path, query, key: key.as_deref(), authorization: authorization.as_deref() };
        let (status, body) = answer(request, &credential);
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status} \r\n{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
        connection.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
    }
    Ok(())
}

/// The program, without an account.
pub(crate) fn tool(arguments: &[&str]) -> Command {
    let mut tool = Command::new(env!("CARGO_BIN_EXE_gupshup-groups"));
    for variable in ["GUPSHUP_API_KEY", "GUPSHUP_TOKEN", "GUPSHUP_APP_ID", "GUPSHUP_API_URL"] {
        tool.env_remove(variable);
    }
    tool.args(arguments).stdin(Stdio::null());
    tool
}

/// The same command, run by a shell after these commands of the shell's.
pub(crate) fn after(commands: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{commands} exec \"$@\""), "sh"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.stdin(Stdio::null());
    shell
}

/// The same command, whose files cannot grow beyond this many half KiB: what a full disk is to it.
pub(crate) fn limited(blocks: u64, command: &Command) -> Command {
    after(&format!("trap '' XFSZ; ulimit -f {blocks};"), command)
}

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    /// `None` if a signal ended the process.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Ran {
    command.output().unwrap().into()
}

/// The output of a command that must succeed.
#[track_caller]
pub(crate) fn output(command: &mut Command) -> String {
    let ran = run(command);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    ran.out
}

/// Starts a command, and reads what it writes.
pub(crate) fn spawn(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

pub(crate) fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// A directory for the files of a test.
pub(crate) struct Scratch(TempDir);

impl Scratch {
    pub(crate) fn new() -> Self {
        Self(TempDir::with_prefix_in("cli-", env!("CARGO_TARGET_TMPDIR")).unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, contents: &str) -> String {
        fs::write(self.path(name), contents).unwrap();
        self.name(name)
    }

    /// A path as an argument.
    pub(crate) fn name(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// A device that is always full.
pub(crate) fn full_disk() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// The groups in JSON lines.
pub(crate) fn groups_of_jsonl(text: &str) -> Vec<Group> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The lines of a table of changes, without the time of the observation.
pub(crate) fn lines_of_table(text: &str) -> Vec<String> {
    let is_time = |word: &&str| word.starts_with("20") && word.ends_with('Z');
    text.lines().map(|line| line.split(' ').filter(|word| !is_time(word)).collect::<Vec<_>>().join(" ")).collect()
}

/// The groups in CSV with a header. Demo groups need no guard.
pub(crate) fn groups_of_csv(text: &str) -> Vec<Group> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect()
}

/// A list whose response to request number `index` waits for the test.
pub(crate) struct Gate {
    reached: mpsc::Receiver<()>,
    release: mpsc::Sender<()>,
}

impl Gate {
    pub(crate) fn at(list: &FakeGroups, index: usize) -> (FakeGroups, Self) {
        let (tell, reached) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let released = Mutex::new(released);
        let list = list.on_request(move |request, _| {
            if request == index {
                tell.send(()).unwrap();
                released.lock().unwrap().recv_timeout(PATIENCE).ok();
            }
        });
        (list, Self { reached, release })
    }

    pub(crate) fn wait(&self) {
        self.reached.recv_timeout(PATIENCE).unwrap();
    }

    pub(crate) fn open(&self) {
        self.release.send(()).unwrap();
    }
}
