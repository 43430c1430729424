//! Mail over SMTP, one message per recipient, many messages per connection.
//!
//! A message is sent in two steps, `offer` (MAIL, RCPT) and `Offer::data`, so that the caller can store the attempt as in
//! flight between them: what fails before DATA is surely not sent, what fails after it is uncertain. Nothing is retried
//! here; the outbox decides that.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailCommand, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::mime::{MimeError, Sender, build};
use crate::draft::Message;
use crate::recipients::Recipient;
use crate::values::clean_line;

/// RFC 5321 section 4.5.3.2 asks for 5 minutes per command and 10 for the end of DATA; a relay of one's own is quicker.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);
const DATA_TIMEOUT: Duration = Duration::from_secs(300);
/// A server's words kept in an attempt, in characters.
const REPLY_CHARS_MAX: usize = 300;

/// How the connection is protected. There is no "encrypt if the server happens to offer it".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// TLS from the first byte (port 465).
    #[default]
    Tls,
    /// STARTTLS or nothing (port 587).
    StartTls,
    /// No encryption: loopback only.
    Plain,
}

/// A relay.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    #[serde(default)]
    pub security: Security,
    /// The name we say in EHLO.
    pub hello: String,
    /// PEM of a private certificate authority, in addition to the public ones.
    #[serde(default)]
    pub ca_pem: Option<String>,
    /// Name and secret, resolved by the caller; never serialised.
    #[serde(skip)]
    pub credentials: Option<(String, String)>,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The secret stays out.
        formatter
            .debug_struct("Smtp")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .field("credentials", &self.credentials.as_ref().map(|(name, _)| name))
            .finish_non_exhaustive()
    }
}

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SmtpError {
    #[error("connect to `{host}`: notices go unencrypted to this machine only; set `security` to `tls` or `start_tls`")]
    PlainNotLoopback { host: String },
    #[error("connect to `{host}`: the certificate authority is not readable: {reason}")]
    Certificate { host: String, reason: String },
    #[error("connect to `{host}`: {reason}")]
    Connect { host: String, reason: String },
    #[error("sign in at `{host}`: {reason}")]
    SignIn { host: String, reason: String },
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// 2xx after DATA.
    Sent,
    /// 4xx, or no connection: surely not taken, try later.
    Transient,
    /// 5xx, or an address that is none: surely not taken, do not try again.
    Permanent,
    /// The connection broke after DATA began.
    Uncertain,
}

/// One attempt, for the outbox and the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub outcome: Outcome,
    /// The reply code, when there was a reply.
    pub code: Option<u16>,
    /// The server's words or ours, bounded and on one line.
    pub reply: String,
}

/// A message ready to go to one recipient.
#[derive(Debug, Clone, Copy)]
pub struct Mail<'mail> {
    pub sender: &'mail Sender,
    pub recipient: &'mail Recipient,
    pub message: &'mail Message,
    pub message_id: &'mail str,
    /// When the item was put into the outbox; the Date header of every copy.
    pub created: Timestamp,
}

/// A connection that takes messages one after the other.
pub struct Session {
    connection: AsyncSmtpConnection,
    broken: bool,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Session").field("broken", &self.broken).finish_non_exhaustive()
    }
}

/// A message that the server will take: its recipient was accepted. Store the item as in flight, then call `data`.
#[must_use = "the message is not sent before `data`"]
#[derive(Debug)]
pub struct Offer<'session> {
    session: &'session mut Session,
    bytes: Vec<u8>,
}

impl Session {
    /// Connects, protects the connection as configured, signs in.
    pub async fn connect(smtp: &Smtp) -> Result<Self, SmtpError> {
        if smtp.security == Security::Plain && !is_loopback(&smtp.host) {
            return Err(SmtpError::PlainNotLoopback { host: smtp.host.clone() });
        }
        let work = async {
            let mut connection = open(smtp).await?;
            if let Some((name, secret)) = &smtp.credentials {
                let credentials = Credentials::new(name.clone(), secret.clone());
                let signed_in = connection.auth(DEFAULT_MECHANISMS, &credentials).await;
                signed_in.map_err(|error| SmtpError::SignIn { host: smtp.host.clone(), reason: words(&error) })?;
            }
            Ok(Self { connection, broken: false })
        };
        let late = |_| SmtpError::Connect { host: smtp.host.clone(), reason: "no answer in time".to_owned() };
        timeout(COMMAND_TIMEOUT, work).await.map_err(late)?
    }

    /// True when the connection cannot take another message; connect anew.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// The connection is encrypted and the server's certificate was verified.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.connection.is_encrypted()
    }

    /// MAIL and RCPT. An `Err` is a finished attempt: the message was surely not sent.
    pub async fn offer(&mut self, mail: Mail<'_>) -> Result<Offer<'_>, Attempt> {
        let built = build(mail.sender, mail.recipient, mail.message, mail.message_id, mail.created)
            .map_err(|error| never(&error))?;
        let offered = async {
            self.connection.command(MailCommand::new(Some(built.from.clone()), vec![])).await?;
            self.connection.command(Rcpt::new(built.to.clone(), vec![])).await
        };
        match timeout(COMMAND_TIMEOUT, offered).await {
            Ok(Ok(_)) => Ok(Offer { session: self, bytes: built.bytes }),
            Ok(Err(error)) => {
                self.reset_after(&error).await;
                Err(before_data(&error))
            }
            Err(_) => {
                self.broken = true;
                Err(Attempt { outcome: Outcome::Transient, code: None, reply: "no answer in time".to_owned() })
            }
        }
    }

    /// Says goodbye; errors no longer matter.
    pub async fn close(mut self) {
        if !self.broken {
            drop(timeout(COMMAND_TIMEOUT, self.connection.quit()).await);
        }
    }

    /// A refusal leaves the connection usable after RSET; anything else does not.
    async fn reset_after(&mut self, error: &lettre::transport::smtp::Error) {
        let refused = error.status().is_some_and(|code| u16::from(code) != SERVICE_CLOSING);
        let reset = refused && matches!(timeout(COMMAND_TIMEOUT, self.connection.command(Rset)).await, Ok(Ok(_)));
        self.broken = !reset;
    }
}

/// 421: the server closes the connection.
const SERVICE_CLOSING: u16 = 421;

impl Offer<'_> {
    /// Sends the message. From here on a broken connection means *uncertain*.
    pub async fn data(self) -> Attempt {
        let Self { session, bytes } = self;
        match timeout(COMMAND_TIMEOUT, session.connection.command(Data)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                // No 354, so not a byte of the message has left.
                session.reset_after(&error).await;
                return before_data(&error);
            }
            Err(_) => {
                session.broken = true;
                return Attempt {
                    outcome: Outcome::Transient,
                    code: None,
                    reply: "no answer to DATA in time".to_owned(),
                };
            }
        }
        match timeout(DATA_TIMEOUT, session.connection.message(&bytes)).await {
            Ok(Ok(response)) => {
                let reply = bounded(&response.message().collect::<Vec<_>>().join(" "));
                Attempt { outcome: Outcome::Sent, code: Some(u16::from(response.code())), reply }
            }
            Ok(Err(error)) => {
                let attempt = after_data(&error);
                session.broken = attempt.code.is_none_or(|code| code == SERVICE_CLOSING);
                attempt
            }
            Err(_) => {
                session.broken = true;
                Attempt {
                    outcome: Outcome::Uncertain,
                    code: None,
                    reply: "no answer after the message in time".to_owned(),
                }
            }
        }
    }
}

async fn open(smtp: &Smtp) -> Result<AsyncSmtpConnection, SmtpError> {
    let failed =
        |error: &lettre::transport::smtp::Error| SmtpError::Connect { host: smtp.host.clone(), reason: words(error) };
    let hello = ClientId::Domain(smtp.hello.chars().filter(|character| character.is_ascii_graphic()).collect());
    let address = (smtp.host.as_str(), smtp.port);
    let implicit = if smtp.security == Security::Tls { Some(tls(smtp)?) } else { None };
    let connected = AsyncSmtpConnection::connect_tokio1(address, Some(COMMAND_TIMEOUT), &hello, implicit, None).await;
    let mut connection = connected.map_err(|error| failed(&error))?;
    if smtp.security == Security::StartTls {
        connection.starttls(tls(smtp)?, &hello).await.map_err(|error| failed(&error))?;
    }
    Ok(connection)
}

fn tls(smtp: &Smtp) -> Result<TlsParameters, SmtpError> {
    let fault = |error: &lettre::transport::smtp::Error| SmtpError::Certificate {
        host: smtp.host.clone(),
        reason: words(error),
    };
    let mut builder = TlsParameters::builder(smtp.host.clone());
    if let Some(pem) = &smtp.ca_pem {
        builder = builder.add_root_certificate(Certificate::from_pem(pem.as_bytes()).map_err(|error| fault(&error))?);
    }
    builder.build().map_err(|error| fault(&error))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn never(error: &MimeError) -> Attempt {
    Attempt { outcome: Outcome::Permanent, code: None, reply: bounded(&error.to_string()) }
}

/// Before the message leaves, everything but a 5xx may be tried again.
fn before_data(error: &lettre::transport::smtp::Error) -> Attempt {
    let outcome = if error.is_permanent() { Outcome::Permanent } else { Outcome::Transient };
    Attempt { outcome, code: error.status().map(u16::from), reply: words(error) }
}

/// After it, only a reply code is an answer.
fn after_data(error: &lettre::transport::smtp::Error) -> Attempt {
    let outcome = match (error.is_permanent(), error.is_transient()) {
        (true, _) => Outcome::Permanent,
        (_, true) => Outcome::Transient,
        _ => Outcome::Uncertain,
    };
    Attempt { outcome, code: error.status().map(u16::from), reply: words(error) }
}

fn words(error: &lettre::transport::smtp::Error) -> String {
    bounded(&error.to_string())
}

fn bounded(text: &str) -> String {
    clean_line(text).chars().take(REPLY_CHARS_MAX).collect()
}
