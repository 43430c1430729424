//! The receipt of one delivery: what the sealed log keeps to show that a notice was really sent.
//!
//! It names the recipient by opaque id and salted commitment, never by address.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::outbox::{OutboxItem, Status};

/// Proof that a server took a message. A server's word is not a person's reading; it says no more than this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub item_id: String,
    pub approval_hash: String,
    pub recipient_id: String,
    /// Salted hash of the recipient: a leaf of the approved root.
    pub recipient_commitment: String,
    pub channel: String,
    pub message_id: String,
    /// SHA-256 of subject, text and HTML as rendered for this recipient.
    pub message_sha256: String,
    pub accepted_at: Timestamp,
    /// The server's words.
    pub reply: String,
    /// The connection was encrypted and the server's certificate was verified.
    pub tls: bool,
    pub attempts: u32,
    /// Copies that may have arrived besides this one.
    pub possible_duplicates: u32,
}

impl Receipt {
    /// The receipt of an item that was sent; `None` for every other status.
    #[must_use]
    pub fn of(
        item: &OutboxItem,
        channel: &str,
        recipient_commitment: &str,
        message_sha256: &str,
        tls: bool,
    ) -> Option<Self> {
        let Status::Sent { at } = item.status else { return None };
        Some(Self {
            item_id: item.id.clone(),
            approval_hash: item.approval_hash.clone(),
            recipient_id: item.recipient_id.clone(),
            recipient_commitment: recipient_commitment.to_owned(),
            channel: channel.to_owned(),
            message_id: item.message_id.clone(),
            message_sha256: message_sha256.to_owned(),
            accepted_at: at,
            reply: item.last_reply.clone().unwrap_or_default(),
            tls,
            attempts: item.attempts,
            possible_duplicates: item.uncertain,
        })
    }
}
