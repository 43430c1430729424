//! The entry that says which content is used from here on: its hash, what changed, what its examples showed, who answers.
//!
//! Written before the first batch that is judged by it, and once for each change of what is used.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::approval::Standing;
use super::changes::{self, Parts};
use super::mistakes::Mistakes;
use crate::cases;
use crate::content::Content;
use crate::detector::Detectors;
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::law::hash;
use crate::store::{Draft, Store};

/// Seals the use of a content set, unless it is the one that was used last. Returns what changed against that, in words.
pub(super) async fn note(
    instance: &mut Instance,
    detectors: &Detectors,
    standing: &Standing,
    now: Timestamp,
) -> Result<Option<String>, Failure> {
    let last = last_used(&instance.store).await?;
    let batch_version = detectors.content();
    if last.as_ref().is_some_and(|last| last["batch_version"] == batch_version) {
        return Ok(None);
    }
    let number = last.as_ref().and_then(|last| last["use"].as_u64()).unwrap_or(0) + 1;
    let before = match last.as_ref().and_then(|last| last["batch_version"].as_str()) {
        Some(version) => instance.store.content(version).await.or_fail("failed to read kept content")?,
        None => None,
    };
    let before = before.unwrap_or(Content { files: Vec::new() });
    let mistakes = Mistakes::of(&instance.content, &instance.config)?;
    let used = Used { before: &before, batch_version, number, mistakes };
    let draft = draft(&instance.content, &used, standing, now)?;
    // The first one is no news to anybody.
    let changes = (last.is_some()).then(|| changes::told(&draft.clear["changes"]));
    cases::append(instance, &[draft]).await?;
    Ok(changes)
}

/// One use of a content set.
struct Used<'a> {
    before: &'a Content,
    batch_version: &'a str,
    number: u64,
    mistakes: Mistakes,
}

fn draft(content: &Content, used: &Used<'_>, standing: &Standing, now: Timestamp) -> Result<Draft, Failure> {
    let (version, parts, number) = (content.version(), Parts::of(content)?, used.number);
    let changes = changes::changes(&Parts::of_earlier(used.before), &parts);
    let mut clear = json!({
        "id": version, "batch_version": used.batch_version, "use": number, "used_at": now, "rules": parts.rules.len(),
        "files": content.files.len(), "changes": changes, "examples": changes::examples(content)?,
        "not_used": used.mistakes.counts(),
    });
    match standing {
        Standing::Release => {
            clear["author"] = json!(format!("watertight {}", env!("CARGO_PKG_VERSION")));
            clear["approver"] = json!("release");
        }
        Standing::Approved { author, approver } => {
            clear["author"] = json!(author);
            clear["approver"] = json!(approver);
        }
        Standing::Nobody => clear["approved"] = json!(false),
    }
    Ok(Draft {
        id: hash(&["content.version", &number.to_string(), used.batch_version]),
        kind: "content.version".to_owned(),
        at: now,
        subject: version,
        clear,
        body: None,
    })
}

/// The document of the content that was used last.
async fn last_used(store: &Store) -> Result<Option<Value>, Failure> {
    let documents = store.documents("content").await.or_fail("failed to read content versions")?;
    Ok(documents
        .into_iter()
        .filter(|document| document["use"].is_u64())
        .max_by_key(|document| document["use"].as_u64()))
}
