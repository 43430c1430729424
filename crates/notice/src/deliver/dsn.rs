//! Bounces: reads a delivery status notification (RFC 3464) and says which message came back and why.
//!
//! A server may take a message and send it back an hour later; then the notice was *not* delivered, whatever the receipt
//! says. Reads text from strangers: bounded, and it believes nothing but our own Message-IDs, which nobody can guess who
//! has not had the message.

use serde::{Deserialize, Serialize};

use crate::values::clean_line;

/// The largest report that is read.
pub const REPORT_BYTES_MAX: usize = 1024 * 1024;
/// A reason kept, in characters.
const REASON_CHARS_MAX: usize = 300;
/// Recipients of one report; ours have one.
const GROUPS_MAX: usize = 20;

/// What a report says of one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounce {
    /// The Message-ID of ours that it is about.
    pub message_id: String,
    pub verdict: BounceVerdict,
    /// `5.1.1`
    pub status: String,
    /// The other server's words.
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BounceVerdict {
    /// It will not arrive; another channel is needed.
    Failed,
    /// It is late and still being tried.
    Delayed,
    /// It has arrived (or was passed to a system that does not report).
    Delivered,
}

/// Why a message is no bounce of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DsnError {
    #[error("read the report: it has more than {REPORT_BYTES_MAX} bytes")]
    TooLarge,
    #[error("read the report: it is no delivery status notification")]
    NotAReport,
    #[error("read the report: it does not name the message it is about")]
    NoMessageId,
}

/// Reads a raw report. `domain` is that of our Message-IDs; others are not ours to judge.
pub fn read_bounce(raw: &[u8], domain: &str) -> Result<Bounce, DsnError> {
    if REPORT_BYTES_MAX < raw.len() {
        return Err(DsnError::TooLarge);
    }
    let text = String::from_utf8_lossy(raw).replace("\r\n", "\n");
    let lower = text.to_ascii_lowercase();
    if !lower.contains("multipart/report") || !lower.contains("message/delivery-status") {
        return Err(DsnError::NotAReport);
    }
    let lines = unfolded(&text);
    let groups = status_groups(&lines);
    // The worst of several recipients counts: our messages have one, so more than one is somebody's list.
    let worst = groups.iter().max_by_key(|group| group.verdict).ok_or(DsnError::NotAReport)?;
    let message_id = returned_id(&lines, domain).ok_or(DsnError::NoMessageId)?;
    let (status, reason) = (worst.status.clone(), worst.reason.clone());
    let verdict = match worst.verdict {
        Weight::Delivered => BounceVerdict::Delivered,
        Weight::Delayed => BounceVerdict::Delayed,
        Weight::Failed => BounceVerdict::Failed,
    };
    Ok(Bounce { message_id, verdict, status, reason })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Delivered,
    Delayed,
    Failed,
}

struct Group {
    verdict: Weight,
    status: String,
    reason: String,
}

/// Continuation lines joined to the line they continue.
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match lines.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) && !last.is_empty() => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// Blocks of fields that have both `Action` and `Status`.
fn status_groups(lines: &[String]) -> Vec<Group> {
    let blocks = lines.split(|line| line.trim().is_empty());
    let groups = blocks.filter_map(|block| {
        let verdict = match field(block, "action")?.to_ascii_lowercase().as_str() {
            "failed" => Weight::Failed,
            "delayed" => Weight::Delayed,
            "delivered" | "relayed" | "expanded" => Weight::Delivered,
            _ => return None,
        };
        let status = clean_line(field(block, "status")?).chars().take(20).collect();
        let reason = field(block, "diagnostic-code").unwrap_or_default();
        Some(Group { verdict, status, reason: clean_line(reason).chars().take(REASON_CHARS_MAX).collect() })
    });
    groups.take(GROUPS_MAX).collect()
}

/// The last Message-ID of our domain: the report's own comes first, the returned headers stand at the end.
fn returned_id(lines: &[String], domain: &str) -> Option<String> {
    let tail = format!("@{}>", domain.to_ascii_lowercase());
    let ids = lines.iter().filter_map(|line| field(std::slice::from_ref(line), "message-id"));
    let mut ours = ids.filter(|id| id.starts_with('<') && id.to_ascii_lowercase().ends_with(&tail) && id.len() < 200);
    ours.next_back().map(clean_line)
}

fn field<'line>(block: &'line [String], name: &str) -> Option<&'line str> {
    let found =
        block.iter().filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim().eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "From: MAILER-DAEMON@mx.example.org\r\nMessage-ID: <report@mx.example.org>\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; ann@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1\r\n <ann@example.org> no such user\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <abc@larkfield.example>\r\nSubject: Notice\r\n\r\n--b--\r\n";

    #[test]
    fn a_report_names_our_message_and_the_reason() {
        let bounce = read_bounce(REPORT.as_bytes(), "larkfield.example").unwrap();
        assert_eq!(bounce.message_id, "<abc@larkfield.example>");
        assert_eq!((bounce.verdict, bounce.status.as_str()), (BounceVerdict::Failed, "5.1.1"));
        assert_eq!(bounce.reason, "smtp; 550 5.1.1 <ann@example.org> no such user");
        for (word, verdict) in [("delayed", BounceVerdict::Delayed), ("relayed", BounceVerdict::Delivered)] {
            let report = REPORT.replace("Action: failed", &format!("Action: {word}"));
            assert_eq!(read_bounce(report.as_bytes(), "larkfield.example").unwrap().verdict, verdict);
        }
    }

    #[test]
    fn strangers_and_nonsense_are_refused() {
        assert_eq!(read_bounce(REPORT.as_bytes(), "other.example"), Err(DsnError::NoMessageId));
        assert_eq!(read_bounce(b"hello", "x"), Err(DsnError::NotAReport));
        let no_action = REPORT.replace("Action: failed", "Action: perhaps");
        assert_eq!(read_bounce(no_action.as_bytes(), "larkfield.example"), Err(DsnError::NotAReport));
        assert_eq!(read_bounce(&vec![b'x'; REPORT_BYTES_MAX + 1], "x"), Err(DsnError::TooLarge));
        for cut in 0..REPORT.len() {
            // Cut anywhere, with bytes that are no text: an answer or a refusal, never a panic.
            let mut bytes = REPORT.as_bytes()[..cut].to_vec();
            bytes.extend([0xff, 0xfe, 0]);
            drop(read_bounce(&bytes, "larkfield.example"));
        }
    }
}
