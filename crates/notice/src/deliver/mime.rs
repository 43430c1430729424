//! A message as bytes: the same input gives the same bytes, so a resend is a copy and a render can be repeated.
//!
//! Plain text and HTML as alternatives. Headers are built by `lettre`, which encodes them; addresses that do not parse
//! never reach it.

use std::time::SystemTime;

use jiff::Timestamp;
use lettre::address::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use serde::{Deserialize, Serialize};

use crate::canonical::sha256_hex;
use crate::draft::Message;
use crate::recipients::Recipient;
use crate::values::clean_line;

/// Who sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    pub address: String,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub reply_to: Option<String>,
    /// Where bounces go (the envelope's sender); the sender's own address when absent.
    #[serde(default)]
    pub bounces: Option<String>,
}

/// Why there is no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MimeError {
    #[error("build the message: the {whose} address is no mail address")]
    Address { whose: &'static str },
    #[error("build the message: {0}")]
    Build(String),
}

/// Bytes and envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Built {
    pub(crate) from: Address,
    pub(crate) to: Address,
    pub(crate) bytes: Vec<u8>,
}

/// The same for every attempt: made of the approval and the recipient.
#[must_use]
pub fn message_id(approval_hash: &str, recipient_id: &str, domain: &str) -> String {
    let hash = sha256_hex(&[b"message-id", approval_hash.as_bytes(), recipient_id.as_bytes()]);
    let left: String = hash.chars().take(40).collect();
    let domain: String = domain
        .chars()
        .filter(|character| character.is_ascii_alphanumeric() || matches!(character, '.' | '-'))
        .collect();
    format!("<{left}@{}>", if domain.is_empty() { "watertight.invalid" } else { &domain })
}

pub(crate) fn build(
    sender: &Sender,
    recipient: &Recipient,
    message: &Message,
    id: &str,
    created: Timestamp,
) -> Result<Built, MimeError> {
    let from = address(&sender.address, "sender's")?;
    let to = address(&recipient.address, "recipient's")?;
    let envelope_from = address(sender.bounces.as_deref().unwrap_or(&sender.address), "bounce")?;
    let mailbox =
        |name: Option<&String>, address: &Address| Mailbox::new(name.map(|name| clean_line(name)), address.clone());
    let mut builder = lettre::Message::builder()
        .from(mailbox(sender.name.as_ref(), &from))
        .to(mailbox(recipient.name.as_ref(), &to))
        .subject(clean_line(&message.subject))
        .date(SystemTime::from(created))
        .message_id(Some(id.to_owned()));
    if let Some(reply_to) = &sender.reply_to {
        builder = builder.reply_to(Mailbox::new(None, address(reply_to, "reply")?));
    }
    // RFC 3834: no vacation notes back.
    let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let boundary = sha256_hex(&[b"boundary", id.as_bytes()]);
    let parts = MultiPart::alternative()
        .boundary(boundary)
        .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(message.text.clone()))
        .singlepart(SinglePart::builder().header(ContentType::TEXT_HTML).body(message.html.clone()));
    let built = builder.raw_header(automatic).multipart(parts).map_err(|error| MimeError::Build(error.to_string()))?;
    Ok(Built { from: envelope_from, to, bytes: built.formatted() })
}

/// A mail address in ASCII; nothing that could end a line or open another header or command.
fn address(text: &str, whose: &'static str) -> Result<Address, MimeError> {
    let plain =
        text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control() || matches!(byte, b' ' | b'<' | b'>'));
    if !plain {
        return Err(MimeError::Address { whose });
    }
    text.parse().map_err(|_| MimeError::Address { whose })
}
