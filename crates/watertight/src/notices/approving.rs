//! Approving: a person other than the author approves a hash, and that hash is what may be sent.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use ::notice::approval::{Binding, approve as judge};
use ::notice::{Recipient, RecipientRoot};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Drafted, ensure_current, has_begun, latest, library, template};
use crate::cases;
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::law;
use crate::opaque_id::OpaqueId;
use crate::store::{Draft as LogDraft, NoticeState};

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
    pub(crate) recipients: &'a [Recipient],
}

/// The hash an approver has to name, with what stands open. The salt is the notice's own, so the hash is the same each time.
pub(crate) async fn check(instance: &Instance, notice: &str, recipients: &[Recipient]) -> Result<Value, Failure> {
    let (document, drafted) = latest(instance, notice).await?;
    let library = library(&instance.content);
    let salt = recipient_salt(instance, &document).await;
    let binding = binding(salt, &drafted, template(&library, &document)?, recipients);
    Ok(json!({
        "notice": notice, "hash": binding.hash(), "recipients": binding.recipients, "channel": binding.channel,
        "subject": drafted.draft.subject, "text": drafted.draft.body_text,
        "gaps": drafted.draft.gaps, "format_faults": drafted.draft.format_faults, "unconfirmed": drafted.draft.unconfirmed,
    }))
}

/// Judges and records an approval. Returns the approved hash.
pub(crate) async fn approve(instance: &mut Instance, wish: &Approve<'_>, now: Timestamp) -> Result<String, Failure> {
    check_recipients(wish.recipients)?;
    let (document, drafted) = latest(instance, wish.notice).await?;
    ensure_current(instance, &document, &drafted).await?;
    // Another approval is another key for everybody: once messages may have left, it would send them twice.
    if has_begun(instance, wish.notice).await? {
        return Err(Failure::usage("this notice is being sent, or was")
            .help("let it finish with `watertight notice send`; draft a supplement for what changed"));
    }
    let library = library(&instance.content);
    let salt = recipient_salt(instance, &document).await;
    let binding = binding(salt, &drafted, template(&library, &document)?, wish.recipients);
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
            "id": wish.notice, "incident": incident, "state": NoticeState::Approved, "hash": approval.hash,
            "approval": approval, "approved_entry": entry_id,
        }),
        body: Some(json!({"recipients": wish.recipients})),
    };
    cases::append(instance, &[entry]).await?;
    // What an earlier approval had put there and never tried would go out beside this one.
    instance.store.forget_untried(wish.notice, &approval.hash).await.or_fail("failed to clear the outbox")?;
    Ok(approval.hash)
}

pub(super) fn binding(
    salt: [u8; 32],
    drafted: &Drafted,
    template: &::notice::Template,
    recipients: &[Recipient],
) -> Binding {
    let mut root = RecipientRoot::new(salt);
    for recipient in recipients {
        root.push(recipient);
    }
    Binding::new(template, &drafted.input, &drafted.draft.channel, &root.finish(), root.count())
}

/// The salt of a notice's recipients: made with the secret of this directory, so that nobody who reads the log can try
/// addresses, and the same each time, so that what is checked is what is approved.
pub(super) async fn recipient_salt(instance: &Instance, document: &Value) -> [u8; 32] {
    let pepper = instance.store.cases().await.incidents.config.pepper.clone();
    let id = document["id"].as_str().unwrap_or_default();
    let mut hasher = <sha2::Sha256 as sha2::Digest>::new();
    for part in [b"recipients of a notice".as_slice(), &pepper, id.as_bytes()] {
        sha2::Digest::update(&mut hasher, (part.len() as u64).to_be_bytes());
        sha2::Digest::update(&mut hasher, part);
    }
    sha2::Digest::finalize(hasher).into()
}

/// One recipient a line, as JSON; sorted by id, each id once.
pub(crate) fn read_recipients(path: &Path) -> Result<Vec<Recipient>, Failure> {
    let doing = format!("failed to read recipients from `{}`", path.display());
    let file = std::fs::File::open(path).or_usage(&doing)?.take(RECIPIENTS_BYTES_MAX);
    let mut recipients: Vec<Recipient> = Vec::new();
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let line = line.or_usage(&doing)?;
        if !line.trim().is_empty() {
            let recipient: Recipient = serde_json::from_str(&line).or_usage(format!("{doing}, line {}", index + 1))?;
            recipients.push(recipient);
        }
    }
    recipients.sort_by(|a, b| a.id.cmp(&b.id));
    check_recipients(&recipients).map_err(|failure| Failure::usage(format!("{doing}: {}", failure.message)))?;
    Ok(recipients)
}

/// However they came: in order, each once, and not too many.
fn check_recipients(recipients: &[Recipient]) -> Result<(), Failure> {
    if RECIPIENTS_MAX < recipients.len() {
        return Err(Failure::usage(format!("more than {RECIPIENTS_MAX} recipients, the limit of this version")));
    }
    for recipient in recipients {
        // Receipts keep the id readable for ever.
        let id = recipient.id.parse::<OpaqueId>();
        id.map_err(|fault| Failure::usage(format!("the id `{}`: {fault}", recipient.id)))?;
    }
    match recipients.windows(2).find(|pair| pair[1].id <= pair[0].id) {
        Some(pair) if pair[0].id == pair[1].id => {
            Err(Failure::usage(format!("the id `{}` stands twice; nobody may get two copies", pair[0].id)))
        }
        Some(_) => Err(Failure::usage("recipients are not in the order of their ids")),
        None => Ok(()),
    }
}
