//! Approving: a person other than the author approves a hash, and that hash is what may be sent.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use ::notice::approval::{Binding, approve as judge};
use ::notice::{Recipient, RecipientRoot};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Drafted, ensure_current, latest, library, template};
use crate::cases;
use crate::content::hex;
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::law;
use crate::store::Draft as LogDraft;

/// Recipients of one notice in this version; they are kept in one encrypted body, which holds 16 MiB.
const RECIPIENTS_MAX: usize = 50_000;
/// A recipients file is never larger.
const RECIPIENTS_BYTES_MAX: u64 = 15 << 20;

/// What an approver says.
#[derive(Debug, Clone)]
pub(crate) struct Approve<'a> {
    pub(crate) notice: &'a str,
    /// The hash that `notice check` showed.
    pub(crate) hash: &'a str,
    pub(crate) approver: &'a str,
    pub(crate) recipients: Vec<Recipient>,
}

/// The hash an approver has to name, with what stands open. The salt is the notice's own, so the hash is the same each time.
pub(crate) async fn check(instance: &Instance, notice: &str, recipients: &[Recipient]) -> Result<Value, Failure> {
    let (document, drafted) = latest(instance, notice).await?;
    let library = library(&instance.content);
    let binding = binding(&document, &drafted, template(&library, &document)?, recipients);
    Ok(json!({
        "notice": notice, "hash": binding.hash(), "recipients": binding.recipients, "channel": binding.channel,
        "subject": drafted.draft.subject, "text": drafted.draft.body_text,
        "gaps": drafted.draft.gaps, "format_faults": drafted.draft.format_faults, "unconfirmed": drafted.draft.unconfirmed,
    }))
}

/// Judges and records an approval. Returns the approved hash.
pub(crate) async fn approve(instance: &mut Instance, wish: &Approve<'_>, now: Timestamp) -> Result<String, Failure> {
    let (document, drafted) = latest(instance, wish.notice).await?;
    ensure_current(instance, &document, &drafted).await?;
    let library = library(&instance.content);
    let binding = binding(&document, &drafted, template(&library, &document)?, &wish.recipients);
    let author = document["author"].as_str().unwrap_or_default();
    let approval =
        judge(&drafted.draft, &binding, wish.hash, author, wish.approver, now).or_usage("failed to approve")?;
    let incident = document["incident"].as_str().unwrap_or_default();
    let entry_id = law::hash(&["notice.approved", wish.notice, &approval.hash, &approval.approver]);
    let entry = LogDraft {
        id: entry_id.clone(),
        kind: "notice.approved".to_owned(),
        at: now,
        subject: incident.to_owned(),
        clear: json!({
            "id": wish.notice, "incident": incident, "state": "approved", "hash": approval.hash,
            "approval": approval, "approved_entry": entry_id,
        }),
        body: Some(json!({"recipients": wish.recipients})),
    };
    cases::append(instance, &[entry]).await?;
    Ok(approval.hash)
}

pub(super) fn binding(
    document: &Value,
    drafted: &Drafted,
    template: &::notice::Template,
    recipients: &[Recipient],
) -> Binding {
    let mut root = recipient_root(document);
    for recipient in recipients {
        root.push(recipient);
    }
    Binding::new(template, &drafted.input, &drafted.draft.channel, &root.finish(), root.count())
}

/// Salted with the notice's id: equal recipients of two notices do not show as equal.
pub(super) fn recipient_root(document: &Value) -> RecipientRoot {
    let id = document["id"].as_str().unwrap_or_default();
    let digest = <sha2::Sha256 as sha2::Digest>::digest(format!("watertight recipients {id}"));
    RecipientRoot::new(digest.into())
}

/// One recipient a line, as JSON; sorted by id, each id once.
pub(crate) fn read_recipients(path: &Path) -> Result<Vec<Recipient>, Failure> {
    let doing = format!("failed to read recipients from `{}`", path.display());
    let file = std::fs::File::open(path).or_usage(&doing)?.take(RECIPIENTS_BYTES_MAX);
    let mut recipients: Vec<Recipient> = Vec::new();
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let line = line.or_usage(&doing)?;
        if !line.trim().is_empty() {
            recipients.push(serde_json::from_str(&line).or_usage(format!("{doing}, line {}", index + 1))?);
        }
    }
    recipients.sort_by(|a, b| a.id.cmp(&b.id));
    if recipients.len() > RECIPIENTS_MAX {
        return Err(Failure::usage(format!(
            "{doing}: more than {RECIPIENTS_MAX} recipients, the limit of this version"
        )));
    }
    if let Some(pair) = recipients.windows(2).find(|pair| pair[0].id == pair[1].id) {
        return Err(Failure::usage(format!(
            "{doing}: the id `{}` stands twice; nobody may get two copies",
            pair[0].id
        )));
    }
    Ok(recipients)
}

/// An id for a recipient who has none: a hash, so that it can stand in the clear.
pub(crate) fn recipient_id(address: &str) -> String {
    hex(<sha2::Sha256 as sha2::Digest>::digest(address).get(..8).unwrap_or_default())
}
