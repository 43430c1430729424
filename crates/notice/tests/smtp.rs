//! Mail against a scripted SMTP server in this process: acceptance, 451, 550, silence and breaks at every point, TLS
//! rules, hostile addresses; then the outbox through crashes.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use notice::deliver::outbox::{after_bounce, give_up};
use notice::deliver::{
    Action, Attempt, Bounce, BounceVerdict, Mail, OutboxItem, Outcome, Receipt, RetryPolicy, Security, Sender, Session,
    Smtp, SmtpError, Status, after_attempt, begin, message_id, next_action, recover,
};
use notice::{Message, Recipient};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with the next message.
#[derive(Debug, Clone, Copy)]
enum Script {
    Accept,
    RcptReply(&'static str),
    DataReply(&'static str),
    EndReply(&'static str),
    DropAtRcpt,
    DropAfterDataCommand,
    DropInMessage,
    DropAfterMessage,
}

/// How the server protects the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wire {
    Plain,
    Tls,
    StartTls,
}

/// What arrived: recipient and raw message.
type Mailbox = Arc<Mutex<Vec<(String, String)>>>;

async fn server(script: &[Script]) -> (Smtp, Mailbox) {
    server_over(Wire::Plain, script).await
}

async fn server_over(wire: Wire, script: &[Script]) -> (Smtp, Mailbox) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let script: Arc<Mutex<VecDeque<Script>>> = Arc::new(Mutex::new(script.iter().copied().collect()));
    let mailbox: Mailbox = Arc::default();
    let arrived = Arc::clone(&mailbox);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (script, arrived) = (Arc::clone(&script), Arc::clone(&arrived));
            tokio::spawn(async move { drop(welcome(stream, wire, &script, &arrived).await) });
        }
    });
    let smtp = Smtp {
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::Plain,
        hello: "larkfield.example".to_owned(),
        ca_pem: None,
        credentials: None,
    };
    (smtp, mailbox)
}

/// Greets, upgrades to TLS when that is the wire, then serves.
async fn welcome(
    stream: TcpStream,
    wire: Wire,
    script: &Mutex<VecDeque<Script>>,
    arrived: &Mailbox,
) -> std::io::Result<()> {
    const GREETING: &[u8] = b"220 test ESMTP\r\n";
    let mut stream = BufReader::new(stream);
    if wire == Wire::Tls {
        let mut secured = BufReader::new(acceptor().accept(stream.into_inner()).await?);
        secured.write_all(GREETING).await?;
        return serve(secured, script, arrived).await;
    }
    stream.write_all(GREETING).await?;
    if wire == Wire::Plain {
        return serve(stream, script, arrived).await;
    }
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    stream.write_all(b"250-test\r\n250 STARTTLS\r\n").await?;
    line.clear();
    stream.read_line(&mut line).await?;
    assert_eq!(line, "STARTTLS\r\n", "nothing is said in the clear before the upgrade");
    stream.write_all(b"220 go on\r\n").await?;
    let secured = acceptor().accept(stream.into_inner()).await?;
    serve(BufReader::new(secured), script, arrived).await
}

fn acceptor() -> tokio_rustls::TlsAcceptor {
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::{ServerConfig, pki_types};
    let certificate = pki_types::CertificateDer::from(include_bytes!("tls/server.der").to_vec());
    let key = pki_types::PrivateKeyDer::try_from(include_bytes!("tls/server.key.der").to_vec()).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    tokio_rustls::TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate], key).unwrap()))
}

async fn serve<S>(mut stream: BufReader<S>, script: &Mutex<VecDeque<Script>>, arrived: &Mailbox) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut to = String::new();
    let mut step = Script::Accept;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let verb: String = line.chars().take(4).collect::<String>().to_uppercase();
        let reply: &[u8] = match verb.as_str() {
            "EHLO" => b"250-test\r\n250 8BITMIME\r\n",
            "MAIL" => {
                step = script.lock().unwrap().pop_front().unwrap_or(Script::Accept);
                b"250 ok\r\n"
            }
            "RCPT" => match step {
                Script::RcptReply(reply) => reply.as_bytes(),
                Script::DropAtRcpt => return Ok(()),
                _ => {
                    to = line.trim().to_owned();
                    b"250 ok\r\n"
                }
            },
            "DATA" => match step {
                Script::DataReply(reply) => reply.as_bytes(),
                Script::DropAfterDataCommand => return Ok(()),
                _ => {
                    stream.write_all(b"354 go on\r\n").await?;
                    if matches!(step, Script::DropInMessage) {
                        stream.read_line(&mut String::new()).await?;
                        return Ok(());
                    }
                    let message = message(&mut stream).await?;
                    match step {
                        Script::EndReply(reply) => reply.as_bytes(),
                        _ => {
                            arrived.lock().unwrap().push((to.clone(), message));
                            if matches!(step, Script::DropAfterMessage) {
                                return Ok(());
                            }
                            b"250 2.0.0 queued as 4711\r\n"
                        }
                    }
                }
            },
            "RSET" => b"250 ok\r\n",
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => b"500 what\r\n",
        };
        stream.write_all(reply).await?;
    }
}

async fn message<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(text);
        }
        text.push_str(&line);
    }
}

fn now() -> Timestamp {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

fn sender() -> Sender {
    Sender {
        address: "privacy@larkfield.example".to_owned(),
        name: Some("Larkfield Privacy".to_owned()),
        reply_to: None,
        bounces: Some("bounces@larkfield.example".to_owned()),
    }
}

fn person(address: &str) -> Recipient {
    Recipient {
        id: "r1".to_owned(),
        address: address.to_owned(),
        name: Some("Ann".to_owned()),
        fields: serde_json::Map::new(),
    }
}

fn words() -> Message {
    Message {
        subject: "Notice of Data Breach".to_owned(),
        text: "Dear Ann,\n\n.a line with a dot first and ümläute\n".to_owned(),
        html: "<p>Dear Ann</p>".to_owned(),
        sha256: "aa".to_owned(),
    }
}

/// One attempt as a worker makes it; `in_flight` runs between RCPT and DATA.
async fn attempt(
    session: &mut Session,
    to: &Recipient,
    words: &Message,
    id: &str,
    in_flight: impl FnOnce(),
) -> Attempt {
    let sender = sender();
    let mail = Mail { sender: &sender, recipient: to, message: words, message_id: id, created: now() };
    match session.offer(mail).await {
        Ok(offer) => {
            in_flight();
            offer.data().await
        }
        Err(attempt) => attempt,
    }
}

#[tokio::test]
async fn every_reply_and_every_break_has_its_outcome() {
    let table = [
        (Script::Accept, Outcome::Sent, Some(250), false, 1),
        (Script::RcptReply("550 5.1.1 no such user\r\n"), Outcome::Permanent, Some(550), false, 0),
        (Script::RcptReply("451 4.7.1 greylisted\r\n"), Outcome::Transient, Some(451), false, 0),
        (Script::RcptReply("421 closing\r\n"), Outcome::Transient, Some(421), true, 0),
        (Script::RcptReply("this is no reply\r\n"), Outcome::Transient, None, true, 0),
        (Script::DataReply("554 no valid recipients\r\n"), Outcome::Permanent, Some(554), false, 0),
        (Script::DataReply("451 later\r\n"), Outcome::Transient, Some(451), false, 0),
        (Script::EndReply("552 too large\r\n"), Outcome::Permanent, Some(552), false, 0),
        (Script::EndReply("451 later\r\n"), Outcome::Transient, Some(451), false, 0),
        (Script::DropAtRcpt, Outcome::Transient, None, true, 0),
        (Script::DropAfterDataCommand, Outcome::Transient, None, true, 0),
        (Script::DropInMessage, Outcome::Uncertain, None, true, 0),
        (Script::DropAfterMessage, Outcome::Uncertain, None, true, 1),
    ];
    for (script, outcome, code, broken, arrived) in table {
        let (smtp, mailbox) = server(&[script]).await;
        let mut session = Session::connect(&smtp).await.unwrap();
        let result = attempt(&mut session, &person("ann@example.org"), &words(), "<1@x>", || {}).await;
        assert_eq!(
            (result.outcome, result.code, session.is_broken()),
            (outcome, code, broken),
            "{script:?}: {result:?}"
        );
        assert_eq!(mailbox.lock().unwrap().len(), arrived, "{script:?}");
        if !broken {
            let next = attempt(&mut session, &person("bob@example.org"), &words(), "<2@x>", || {}).await;
            assert_eq!(next.outcome, Outcome::Sent, "after {script:?} the connection takes the next one: {next:?}");
        }
        session.close().await;
    }
}

#[tokio::test]
async fn the_message_on_the_wire_is_complete_deterministic_and_one_per_recipient() {
    let (smtp, mailbox) = server(&[]).await;
    let mut session = Session::connect(&smtp).await.unwrap();
    let id = message_id("approval", "r1", "larkfield.example");
    for address in ["ann@example.org", "ann@example.org", "bob@example.org"] {
        assert_eq!(attempt(&mut session, &person(address), &words(), &id, || {}).await.outcome, Outcome::Sent);
    }
    session.close().await;
    let arrived = mailbox.lock().unwrap().clone();
    assert_eq!(arrived[0], arrived[1], "a resend is a copy, byte by byte");
    assert_eq!(arrived[2].0, "RCPT TO:<bob@example.org>");
    let raw = &arrived[0].1;
    for part in [
        "From: \"Larkfield Privacy\" <privacy@larkfield.example>\r\n",
        "To: Ann <ann@example.org>\r\n",
        "Subject: Notice of Data Breach\r\n",
        "Date: Mon, 02 Mar 2026 10:00:00 +0000\r\n",
        "Auto-Submitted: auto-generated\r\n",
        &format!("Message-ID: {id}\r\n"),
        "Content-Type: multipart/alternative;",
        "=C3=BCml=C3=A4ute",
    ] {
        assert!(raw.contains(part), "`{part}` in\n{raw}");
    }
    assert!(raw.is_ascii());
}

#[tokio::test]
async fn hostile_addresses_and_names_never_reach_the_wire() {
    let (smtp, mailbox) = server(&[]).await;
    let mut session = Session::connect(&smtp).await.unwrap();
    for address in [
        "a@example.org>\r\nRCPT TO:<evil@example.org",
        "a@example.org\nBcc: evil@example.org",
        "a b@example.org",
        "a@example.org,evil@example.org",
        "<a@example.org>",
        "@example.org",
        "",
        "ä@example.org",
        "a\0@example.org",
    ] {
        let result = attempt(&mut session, &person(address), &words(), "<1@x>", || panic!("offered")).await;
        assert_eq!((result.outcome, result.code), (Outcome::Permanent, None), "{address:?}");
    }
    let mut named = person("ann@example.org");
    named.name = Some("Ann\r\nBcc: evil@example.org\r\n\r\n<b>".to_owned());
    let mut odd = words();
    odd.subject = "Hi\r\nBcc: evil@example.org".to_owned();
    odd.text = "a\r\n.\r\nMAIL FROM:<x@y>\r\n".to_owned();
    assert_eq!(attempt(&mut session, &named, &odd, "<1@x>", || {}).await.outcome, Outcome::Sent);
    let arrived = mailbox.lock().unwrap().clone();
    assert_eq!(arrived.len(), 1);
    assert_eq!(arrived[0].0, "RCPT TO:<ann@example.org>");
    assert!(!arrived[0].1.lines().any(|line| line.to_lowercase().starts_with("bcc:")), "{}", arrived[0].1);
    assert!(arrived[0].1.contains("MAIL FROM:<x@y>"), "the body stays a body");
}

#[tokio::test]
async fn notices_leave_this_machine_encrypted_or_not_at_all() {
    let (smtp, _) = server(&[]).await;
    for host in ["mail.example.org", "192.0.2.1", "localhost.example.org"] {
        let plain = Smtp { host: host.to_owned(), ..smtp.clone() };
        assert!(matches!(Session::connect(&plain).await, Err(SmtpError::PlainNotLoopback { .. })), "{host}");
    }
    let demanded = Smtp { security: Security::StartTls, ..smtp.clone() };
    assert!(
        matches!(Session::connect(&demanded).await, Err(SmtpError::Connect { .. })),
        "the server offers no STARTTLS: no downgrade"
    );
    let not_spoken = Smtp { security: Security::Tls, ..smtp.clone() };
    assert!(matches!(Session::connect(&not_spoken).await, Err(SmtpError::Connect { .. })));
    let bad_ca = Smtp {
        security: Security::Tls,
        ca_pem: Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----".to_owned()),
        ..smtp
    };
    assert!(Session::connect(&bad_ca).await.is_err());
    let secret = Smtp { credentials: Some(("user".to_owned(), "hunter2".to_owned())), ..bad_ca };
    assert!(!format!("{secret:?}").contains("hunter2"));
    assert!(!serde_json::to_string(&secret).unwrap().contains("hunter2"));
}

#[tokio::test]
async fn a_crash_in_flight_resends_with_the_same_id_and_counts_it() {
    let (smtp, mailbox) = server(&[
        Script::RcptReply("451 4.7.1 greylisted\r\n"),
        Script::DropAfterMessage,
        Script::Accept,
        Script::Accept,
    ])
    .await;
    let policy = RetryPolicy::default();
    let to = person("ann@example.org");
    let mut item = OutboxItem::new("approval", &to.id, "larkfield.example", now());
    let mut clock = now();
    let mut crashes = 1;
    let mut rounds = 0;
    while next_action(&item, &policy, clock) != Action::Done {
        rounds += 1;
        assert!(rounds < 20);
        match next_action(&item, &policy, clock) {
            Action::Wait { until } => clock = until,
            Action::InFlight { .. } => item = recover(&item, clock),
            Action::Try { .. } => {
                let mut session = Session::connect(&smtp).await.unwrap();
                // What the store holds at any moment; a crash keeps exactly this.
                let mut stored = item.clone();
                let result =
                    attempt(&mut session, &to, &words(), &item.message_id, || stored = begin(&item, clock)).await;
                let was_sent = result.outcome == Outcome::Sent;
                item = if was_sent && 0 < crashes {
                    crashes -= 1;
                    stored // died between the server's 250 and our write
                } else {
                    after_attempt(&stored, &result, &policy, clock)
                };
            }
            Action::GiveUp | Action::Done => panic!("{item:?}"),
        }
    }
    let arrived = mailbox.lock().unwrap().clone();
    assert!(matches!(item.status, Status::Sent { .. }));
    // 451, broken after the message, crash after 250, sent: nothing lost, and the books know of every possible copy.
    assert_eq!((arrived.len(), item.attempts, item.uncertain, item.copies_max()), (3, 4, 2, 3));
    let ids: std::collections::BTreeSet<String> = arrived
        .iter()
        .map(|(_, raw)| raw.lines().find(|line| line.starts_with("Message-ID")).unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 1);
    let receipt = Receipt::of(&item, "email", "leaf", "aa", false).unwrap();
    assert_eq!((receipt.possible_duplicates, receipt.attempts, receipt.reply.as_str()), (2, 4, "2.0.0 queued as 4711"));
    let json = serde_json::to_string(&receipt).unwrap();
    assert!(!json.contains("ann@example.org"), "a receipt names nobody");
}

#[test]
fn the_outbox_waits_longer_and_longer_and_gives_up_in_the_end() {
    let policy = RetryPolicy::default();
    let failed = Attempt { outcome: Outcome::Transient, code: Some(451), reply: "later".to_owned() };
    let mut item = OutboxItem::new("approval", "r1", "x.example", now());
    let mut clock = now();
    let mut waits = Vec::new();
    loop {
        match next_action(&item, &policy, clock) {
            Action::Try { resend } => {
                assert!(!resend);
                item = after_attempt(&begin(&item, clock), &failed, &policy, clock);
            }
            Action::Wait { until } => {
                waits.push(until.duration_since(clock).as_secs() / 60);
                clock = until;
            }
            Action::GiveUp => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(waits[..6], [1, 5, 15, 60, 240, 240]);
    assert!(policy.give_up_after <= clock.duration_since(now()));
    let ended = give_up(&item, clock);
    assert_eq!(next_action(&ended, &policy, clock), Action::Done);
    assert_eq!(Receipt::of(&ended, "email", "leaf", "aa", true), None, "no receipt for what was not taken");
    // Never tried yet, and already too old: it is tried once.
    let old = OutboxItem::new("approval", "r2", "x.example", now());
    let late = now().checked_add(SignedDuration::from_hours(9999)).unwrap();
    assert_eq!(next_action(&old, &policy, late), Action::Try { resend: false });
}

#[test]
fn a_sure_failure_does_not_hide_an_earlier_doubt() {
    let policy = RetryPolicy::default();
    let reply = |outcome| Attempt { outcome, code: None, reply: String::new() };
    let fresh = OutboxItem::new("approval", "r1", "x.example", now());
    let doubtful = after_attempt(&begin(&fresh, now()), &reply(Outcome::Uncertain), &policy, now());
    let refused = after_attempt(&begin(&doubtful, now()), &reply(Outcome::Transient), &policy, now());
    assert_eq!(refused.uncertain, 1);
    let Action::Wait { until } = next_action(&refused, &policy, now()) else { panic!() };
    assert_eq!(next_action(&refused, &policy, until), Action::Try { resend: true });
    for item in [&fresh, &doubtful, &refused] {
        assert_eq!(&recover(item, now()), item, "only what was in flight becomes uncertain");
        assert_eq!(serde_json::from_str::<OutboxItem>(&serde_json::to_string(item).unwrap()).unwrap(), *item);
    }
    assert_eq!(fresh.id, OutboxItem::new("approval", "r1", "x.example", now()).id);
    assert_ne!(fresh.id, OutboxItem::new("approval2", "r1", "x.example", now()).id);
}

#[test]
fn a_bounce_takes_a_delivery_back_and_only_its_own() {
    let policy = RetryPolicy::default();
    let sent = Attempt { outcome: Outcome::Sent, code: Some(250), reply: "ok".to_owned() };
    let item = OutboxItem::new("approval", "r1", "x.example", now());
    let item = after_attempt(&begin(&item, now()), &sent, &policy, now());
    let bounce = |id: &str, verdict| Bounce {
        message_id: id.to_owned(),
        verdict,
        status: "5.1.1".to_owned(),
        reason: "no such user".to_owned(),
    };
    for other in [bounce("<other@x.example>", BounceVerdict::Failed), bounce(&item.message_id, BounceVerdict::Delayed)]
    {
        assert_eq!(after_bounce(&item, &other, now()), item);
    }
    let back = after_bounce(&item, &bounce(&item.message_id, BounceVerdict::Failed), now());
    assert!(matches!(back.status, Status::Bounced { .. }) && back.is_finished());
    assert_eq!(next_action(&back, &policy, now()), Action::Done);
    assert_eq!(Receipt::of(&back, "email", "leaf", "aa", true), None, "no receipt for what came back");
}

#[tokio::test]
async fn tls_works_with_the_right_authority_and_name_and_with_nothing_else() {
    for (wire, security) in [(Wire::Tls, Security::Tls), (Wire::StartTls, Security::StartTls)] {
        let (smtp, mailbox) = server_over(wire, &[]).await;
        let ca_pem = Some(include_str!("tls/ca.pem").to_owned());
        let right = Smtp { host: "localhost".to_owned(), security, ca_pem, ..smtp };
        let mut session = Session::connect(&right).await.unwrap();
        assert!(session.is_encrypted());
        let result = attempt(&mut session, &person("ann@example.org"), &words(), "<1@x>", || {}).await;
        assert_eq!(result.outcome, Outcome::Sent);
        session.close().await;
        assert_eq!(mailbox.lock().unwrap().len(), 1);

        let unknown_authority = Smtp { ca_pem: None, ..right.clone() };
        let other_name = Smtp { host: "127.0.0.1".to_owned(), ..right };
        for wrong in [unknown_authority, other_name] {
            let refused = Session::connect(&wrong).await;
            assert!(matches!(refused, Err(SmtpError::Connect { .. })), "{wire:?} {refused:?}");
        }
        assert_eq!(mailbox.lock().unwrap().len(), 1);
    }
}
