//! Our binaries (or any program) as processes of their own: started, watched, ended politely or not.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{folder::Folder, wait::wait_until};

pub const API: &str = env!("CARGO_BIN_EXE_api");
pub const WORKER: &str = env!("CARGO_BIN_EXE_worker");
pub const MAINSTAY: &str = env!("CARGO_BIN_EXE_mainstay");

/// How long a process may take to start, to say something or to end before the test fails.
const DEADLINE: Duration = Duration::from_secs(30);

/// How much of the output is shown when a test fails.
const SHOWN_LINES: usize = 60;

/// A command that sees `environment` and `PATH` and nothing else of the tests' own environment.
pub fn command(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(environment.iter().copied());
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command
}

/// A running process whose output is kept. Dropping it kills it; when a test fails the end of its output is shown.
pub struct Process {
    name: String,
    child: Child,
    folder: Folder,
}

impl Process {
    pub fn spawn(mut command: Command) -> Self {
        let program = Path::new(command.get_program())
            .file_name()
            .expect("a program has a name");
        let name = program.to_string_lossy().into_owned();
        let folder = Folder::new(&name);
        let output = File::create(folder.path().join("output")).expect("our own folder is writable");
        let errors = output.try_clone().expect("a file can be opened twice");
        // Where the tests work a file `.env` may lie.
        if command.get_current_dir().is_none() {
            command.current_dir(folder.path());
        }
        let child = command.stdin(Stdio::null()).stdout(output).stderr(errors).spawn();
        let child = child.unwrap_or_else(|error| panic!("{name} is installed and in PATH (see ./test): {error}"));
        Process { name, child, folder }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to standard output and standard error so far.
    pub fn output(&self) -> String {
        let bytes = fs::read(self.folder.path().join("output")).expect("the output file is ours");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits for a whole line of output that contains `part`, and returns that line.
    pub async fn wait_for_line(&mut self, part: &str) -> String {
        let what = format!("{} writes a line with {part:?}", self.name);
        let mut line = None;
        self.wait_while_it_runs(&what, async |process| {
            let output = process.output();
            line = output
                .split_inclusive('\n')
                .find(|line| line.ends_with('\n') && line.contains(part))
                .map(str::to_owned);
            line.is_some()
        })
        .await;
        line.expect("the wait ended because there is one").trim_end().to_owned()
    }

    /// Waits until something listens on this port of 127.0.0.1.
    pub async fn wait_for_port(&mut self, port: u16) {
        let what = format!("{} listens on port {port}", self.name);
        self.wait_while_it_runs(&what, async |_| TcpStream::connect(("127.0.0.1", port)).await.is_ok())
            .await;
    }

    /// Waits until `GET /health/live` on this port of 127.0.0.1 is answered 200.
    pub async fn wait_until_live(&mut self, port: u16) {
        let what = format!("{} answers 200 to GET /health/live on port {port}", self.name);
        self.wait_while_it_runs(&what, async |_| is_live(port).await.unwrap_or(false))
            .await;
    }

    /// `kill -9`: it gets no chance to finish anything. Returns when it is gone.
    pub async fn kill(mut self) {
        self.child.kill().expect("a child can be killed");
        self.exit_code().await;
    }

    /// SIGTERM, as a platform sends before it replaces a process. Returns the exit code, `None` if the signal killed it.
    pub async fn terminate(&mut self) -> Option<i32> {
        self.send("TERM");
        self.exit_code().await
    }

    /// Waits until it ends by itself. `None` means that a signal ended it.
    pub async fn exit_code(&mut self) -> Option<i32> {
        let what = format!("{} ends", self.name);
        wait_until(DEADLINE, &what, async || self.has_ended()).await;
        self.child.wait().expect("a child can be waited for").code()
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_some()
    }

    /// Sends a signal by name, through the shell because sending one directly takes unsafe code.
    pub fn send(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.id());
        let sent = Command::new("sh").args(["-c", &kill]).stderr(Stdio::null()).status();
        sent.expect("there is a shell");
    }

    async fn wait_while_it_runs(&mut self, what: &str, mut holds: impl AsyncFnMut(&Self) -> bool) {
        wait_until(DEADLINE, what, async || {
            let ended = self.has_ended();
            let held = holds(self).await;
            assert!(held || !ended, "{} ended while the test waited: {what}", self.name);
            held
        })
        .await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let output = self.output();
            let skipped = output.lines().count().saturating_sub(SHOWN_LINES);
            eprintln!("── output of {} (its first {skipped} lines are not shown)", self.name);
            output.lines().skip(skipped).for_each(|line| eprintln!("│ {line}"));
        }
    }
}

async fn is_live(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream
        .write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer.starts_with(b"HTTP/1.1 200 "))
}
