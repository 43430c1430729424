//! A mail server in the test's own process: takes messages on the loopback address, refuses whom it is told to refuse, and
//! can hold a reply back so that a test may kill the sender with a message in flight.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A message as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    pub(crate) to: String,
    pub(crate) message_id: String,
    pub(crate) text: String,
}

/// Where the server stops answering and tells the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The whole message is here and kept; the sender has no reply yet.
    BeforeReply,
    /// The sender has its `250`.
    AfterReply,
    /// The recipient is accepted, the message has not begun.
    AfterRecipient,
}

#[derive(Debug, Default)]
struct Shared {
    arrived: Vec<Arrived>,
    refused: Vec<String>,
    deferred: Vec<String>,
    /// At how many arrived messages to stop, and at which moment.
    stop: Option<(usize, Moment)>,
}

#[derive(Debug)]
pub(crate) struct MailServer {
    pub(crate) port: u16,
    shared: Arc<Mutex<Shared>>,
    stopped: Receiver<()>,
}

impl MailServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (tell, stopped) = channel();
        let inside = shared.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (shared, tell) = (inside.clone(), tell.clone());
                // A sender that was killed breaks its connection; the next one gets its own.
                std::thread::spawn(move || drop(talk(connection, &shared, &tell)));
            }
        });
        Self { port, shared, stopped }
    }

    /// Answers `550` to this recipient.
    pub(crate) fn refuse(&self, address: &str) {
        self.shared.lock().expect("no panic under the lock").refused.push(address.to_owned());
    }

    /// Answers `450` to this recipient once.
    pub(crate) fn defer(&self, address: &str) {
        self.shared.lock().expect("no panic under the lock").deferred.push(address.to_owned());
    }

    /// Stops answering at the `count`-th message from the start of the server.
    pub(crate) fn stop_at(&self, count: usize, moment: Moment) {
        self.shared.lock().expect("no panic under the lock").stop = Some((count, moment));
    }

    /// Waits until the server stands at the moment it was told; false when a minute passes without it.
    pub(crate) fn wait(&self) -> bool {
        self.stopped.recv_timeout(Duration::from_secs(60)).is_ok()
    }

    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.shared.lock().expect("no panic under the lock").arrived.clone()
    }
}

fn talk(connection: TcpStream, shared: &Mutex<Shared>, tell: &Sender<()>) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut answer = connection;
    let mut say = |words: &str| answer.write_all(format!("{words}\r\n").as_bytes());
    let at = |moment: Moment| {
        let mut shared = shared.lock().expect("no panic under the lock");
        let arrived = shared.arrived.len();
        let is_now = shared.stop.is_some_and(|(count, when)| when == moment && count <= arrived);
        if is_now {
            shared.stop = None;
            tell.send(()).expect("the test waits");
        }
        is_now
    };
    let mut to = String::new();
    let mut line = String::new();
    say("220 mail.test ESMTP")?;
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let word = line.split_ascii_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        match word.as_str() {
            "EHLO" | "HELO" => say("250-mail.test\r\n250 8BITMIME")?,
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                let (refused, deferred) = {
                    let mut shared = shared.lock().expect("no panic under the lock");
                    let before = shared.deferred.len();
                    shared.deferred.retain(|address| *address != to);
                    (shared.refused.contains(&to), shared.deferred.len() < before)
                };
                if refused || deferred {
                    say(if refused { "550 5.1.1 no such user here" } else { "450 4.2.1 come back later" })?;
                    continue;
                }
                say("250 2.1.5 ok")?;
                at(Moment::AfterRecipient);
            }
            "DATA" => {
                say("354 go on")?;
                let text = message(&mut reader)?;
                let message_id = header(&text, "message-id");
                shared.lock().expect("no panic under the lock").arrived.push(Arrived {
                    to: to.clone(),
                    message_id,
                    text,
                });
                if at(Moment::BeforeReply) {
                    // Hold the line until the sender is gone.
                    while reader.read_line(&mut line)? != 0 {}
                    return Ok(());
                }
                say("250 2.0.0 taken")?;
                at(Moment::AfterReply);
            }
            "QUIT" => return say("221 2.0.0 bye"),
            _ => say("250 2.0.0 ok")?,
        }
    }
}

/// Everything up to the line with a single dot.
fn message(reader: &mut impl std::io::BufRead) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            // Broken off inside the message: it did not arrive.
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(text);
        }
        text.push_str(&line);
    }
}

fn header(text: &str, name: &str) -> String {
    let value = text.lines().take_while(|line| !line.is_empty()).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    });
    value.unwrap_or_default()
}
