//! Sending what was approved: an attempt is durable before the first byte, a receipt is an entry of the log.
//!
//! After a crash an attempt in flight is *uncertain*: it is sent again under the same Message-ID and counted.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ::notice::approval::{self, Approval};
use ::notice::deliver::smtp::{Mail, Security, Session, Smtp};
use ::notice::deliver::{
    Action, OutboxItem, Receipt, RetryPolicy, Sender, after_attempt, begin, next_action, outbox, recover,
};
use ::notice::{Recipient, RecipientRoot, render_for};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::approving::{binding, recipient_salt};
use super::finishing::finish;
use super::{Drafted, body_of, ensure_current, has_begun, latest, library, template};
use crate::cases;
use crate::config::Mail as MailConfig;
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::law;
use crate::store::Draft as LogDraft;

/// What one run of sending did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Sent {
    pub(crate) recipients: usize,
    pub(crate) sent: u64,
    pub(crate) refused: u64,
    pub(crate) waiting: u64,
    /// Copies that may have arrived besides the counted ones.
    pub(crate) possible_duplicates: u64,
}

/// After so long the writer may do something else before the next message.
const STEP_MAX: Duration = Duration::from_secs(2);

/// Sends an approved notice to those who have not got it yet, for a moment; `None` when there are more to try at once.
pub(crate) async fn send(instance: &mut Instance, notice: &str, now: Timestamp) -> Result<Option<Sent>, Failure> {
    let (document, drafted) = latest(instance, notice).await?;
    let approval = approved(&document)?;
    // Once messages may have left, what was approved is sent to its end: the others must not wait for a text of their own.
    if !has_begun(instance, notice).await? {
        ensure_current(instance, &document, &drafted).await?;
    }
    let recipients = recipients(instance, &document).await?;
    let library = library(&instance.content);
    let template = template(&library, &document)?;
    let salt = recipient_salt(instance, &document).await;
    let now_bound = binding(salt, &drafted, template, &recipients);
    approval::check(&approval, &now_bound).or_usage("failed to send")?;
    let mail = instance.config.mail.clone().ok_or_else(|| {
        Failure::usage("no mail server is configured")
            .help("fill [mail] in watertight.toml; `watertight config schema` shows it")
    })?;
    let by_id: BTreeMap<&str, &Recipient> =
        recipients.iter().map(|recipient| (recipient.id.as_str(), recipient)).collect();
    queue(instance, notice, &approval, &by_id, &mail, now).await?;
    let job = Job {
        salt,
        document: &document,
        drafted: &drafted,
        template,
        recipients: &by_id,
        sender: sender(&mail)?,
        smtp: smtp(&mail)?,
    };
    let Some(sent) = deliver(instance, notice, &job, now).await? else { return Ok(None) };
    finish(instance, notice, &document, sent, now).await?;
    Ok(Some(Sent { recipients: recipients.len(), ..sent }))
}

struct Job<'a> {
    salt: [u8; 32],
    document: &'a Value,
    drafted: &'a Drafted,
    template: &'a ::notice::Template,
    recipients: &'a BTreeMap<&'a str, &'a Recipient>,
    sender: Sender,
    smtp: Smtp,
}

fn approved(document: &Value) -> Result<Approval, Failure> {
    serde_json::from_value(document["approval"].clone()).map_err(|_| {
        Failure::usage("the notice is not approved")
            .help("`watertight notice check` shows its hash, `watertight notice approve` approves it")
    })
}

async fn recipients(instance: &Instance, document: &Value) -> Result<Vec<Recipient>, Failure> {
    let body = body_of(instance, document, "approved_entry").await?;
    serde_json::from_value(body["recipients"].clone()).or_fail("failed to read the approved recipients")
}

async fn queue(
    instance: &Instance,
    notice: &str,
    approval: &Approval,
    recipients: &BTreeMap<&str, &Recipient>,
    mail: &MailConfig,
    now: Timestamp,
) -> Result<(), Failure> {
    let domain = mail.from.rsplit('@').next().unwrap_or("localhost").trim_end_matches('>').to_owned();
    let items: Vec<OutboxItem> =
        recipients.keys().map(|id| OutboxItem::new(&approval.hash, id, &domain, now)).collect();
    instance.store.queue(notice, &items).await.or_fail("failed to fill the outbox")?;
    // We hold the lease, so nobody else can have these in flight: whoever had them died.
    for item in instance.store.outbox(notice, true).await.or_fail("failed to read the outbox")? {
        let mut recovered = recover(&item, now);
        if recovered != item {
            // Its receipt is in the log: we died after the server took it, and before the outbox said so.
            let receipt = instance.store.entry_by_id(&receipt_id(&item.id)).await.or_fail("failed to read the log")?;
            if let Some(receipt) = receipt {
                let at = receipt.entry.at.parse().unwrap_or(now);
                recovered = OutboxItem { status: ::notice::deliver::Status::Sent { at }, ..item };
            }
            instance.store.keep_item(&recovered).await.or_fail("failed to keep the outbox")?;
        }
    }
    Ok(())
}

async fn deliver(
    instance: &mut Instance,
    notice: &str,
    job: &Job<'_>,
    now: Timestamp,
) -> Result<Option<Sent>, Failure> {
    let (policy, began) = (RetryPolicy::default(), Instant::now());
    let (mut sent, mut tried, mut is_whole) = (Sent::default(), 0_u64, true);
    let mut session: Option<Session> = None;
    for item in instance.store.outbox(notice, true).await.or_fail("failed to read the outbox")? {
        match next_action(&item, &policy, now) {
            Action::Try { .. } => {}
            Action::GiveUp => {
                let item = outbox::give_up(&item, now);
                instance.store.keep_item(&item).await.or_fail("failed to keep the outbox")?;
                continue;
            }
            Action::Wait { .. } | Action::InFlight { .. } | Action::Done => continue,
        }
        if 0 < tried && STEP_MAX < began.elapsed() {
            is_whole = false;
            break;
        }
        tried += 1;
        let open = match session.take().filter(|session| !session.is_broken()) {
            Some(open) => open,
            None => Session::connect(&job.smtp).await.or_fail("failed to reach the mail server")?,
        };
        session = Some(attempt(instance, job, open, &item, &policy, now).await?);
    }
    if let Some(session) = session {
        session.close().await;
    }
    if !is_whole {
        return Ok(None);
    }
    for item in instance.store.outbox(notice, false).await.or_fail("failed to read the outbox")? {
        sent.possible_duplicates += u64::from(item.uncertain);
        match item.status {
            ::notice::deliver::Status::Sent { .. } => sent.sent += 1,
            ::notice::deliver::Status::Refused { .. }
            | ::notice::deliver::Status::Bounced { .. }
            | ::notice::deliver::Status::GivenUp { .. } => sent.refused += 1,
            _ => sent.waiting += 1,
        }
    }
    Ok(Some(sent))
}

/// One message: render, offer, store as in flight, send, store what came of it, write the receipt.
async fn attempt(
    instance: &mut Instance,
    job: &Job<'_>,
    mut session: Session,
    item: &OutboxItem,
    policy: &RetryPolicy,
    now: Timestamp,
) -> Result<Session, Failure> {
    let Some(&recipient) = job.recipients.get(item.recipient_id.as_str()) else { return Ok(session) };
    let message = render_for(job.template, &job.drafted.input, recipient).or_fail("failed to render the message")?;
    let mail =
        Mail { sender: &job.sender, recipient, message: &message, message_id: &item.message_id, created: item.created };
    let keep = async |item: &OutboxItem| instance.store.keep_item(item).await.or_fail("failed to keep the outbox");
    let tls = session.is_encrypted();
    let after = match session.offer(mail).await {
        Err(attempt) => after_attempt(item, &attempt, policy, now),
        Ok(offer) => {
            let in_flight = begin(item, now);
            keep(&in_flight).await?;
            let attempt = offer.data().await;
            after_attempt(&in_flight, &attempt, policy, now)
        }
    };
    // The receipt first: a finished item is not looked at again, so a crash in between must leave it unfinished.
    let commitment = RecipientRoot::new(job.salt).commitment(recipient);
    if let Some(receipt) = Receipt::of(&after, "email", &commitment, &message.sha256, tls) {
        cases::append(instance, &[receipt_entry(job.document, &receipt, now)?]).await?;
    }
    instance.store.keep_item(&after).await.or_fail("failed to keep the outbox")?;
    Ok(session)
}

fn receipt_id(item_id: &str) -> String {
    law::hash(&["delivery.sent", item_id])
}

fn receipt_entry(document: &Value, receipt: &Receipt, now: Timestamp) -> Result<LogDraft, Failure> {
    let incident = document["incident"].as_str().unwrap_or_default();
    let mut clear = serde_json::to_value(receipt).or_fail("failed to keep a receipt")?;
    if let Some(fields) = clear.as_object_mut() {
        // The server's words may name the recipient.
        let reply = fields.remove("reply");
        fields.insert("id".to_owned(), json!(receipt.item_id));
        fields.insert("notice".to_owned(), document["id"].clone());
        fields.insert("incident".to_owned(), json!(incident));
        fields.insert("state".to_owned(), json!("sent"));
        return Ok(LogDraft {
            id: receipt_id(&receipt.item_id),
            kind: "delivery.sent".to_owned(),
            at: now,
            subject: incident.to_owned(),
            clear,
            body: reply.map(|reply| json!({"reply": reply})),
        });
    }
    Err(Failure::failed("a receipt is no object"))
}

fn sender(mail: &MailConfig) -> Result<Sender, Failure> {
    let (name, address) = match mail.from.split_once('<') {
        Some((name, rest)) => (Some(name.trim().to_owned()), rest.trim_end_matches('>').trim().to_owned()),
        None => (None, mail.from.trim().to_owned()),
    };
    if !address.contains('@') {
        return Err(Failure::usage(format!("`{}` in [mail] from is not a mail address", mail.from)));
    }
    Ok(Sender { address, name, reply_to: None, bounces: None })
}

fn smtp(mail: &MailConfig) -> Result<Smtp, Failure> {
    let security = match mail.security.as_str() {
        "tls" => Security::Tls,
        "starttls" => Security::StartTls,
        "none" => Security::Plain,
        other => return Err(Failure::usage(format!("`{other}` in [mail] security is not tls, starttls or none"))),
    };
    let secret =
        mail.password_env.as_deref().map(std::env::var).transpose().or_usage("failed to read the mail password")?;
    let credentials = mail.username.clone().zip(secret);
    let hello = mail.from.rsplit('@').next().unwrap_or("localhost").trim_end_matches('>').to_owned();
    Ok(Smtp { host: mail.host.clone(), port: mail.port, security, hello, ca_pem: None, credentials })
}
