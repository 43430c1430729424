//! The outbound door: an outbox that survives crashes, mail over SMTP, receipts.
//!
//! What goes out was approved by hash before. `outbox` decides and is pure; the binary stores its items; `smtp` moves
//! bytes. Exactly once does not exist in SMTP: an attempt is durable before DATA, and after a crash it is *uncertain*,
//! is sent again with the same Message-ID and counted.

pub mod dsn;
mod mime;
pub mod outbox;
pub mod receipt;
pub mod smtp;

pub use dsn::{Bounce, BounceVerdict, DsnError, read_bounce};
pub use mime::{MimeError, Sender, message_id};
pub use outbox::{Action, OutboxItem, RetryPolicy, Status, after_attempt, begin, next_action, recover};
pub use receipt::Receipt;
pub use smtp::{Attempt, Mail, Offer, Outcome, Security, Session, Smtp, SmtpError};
