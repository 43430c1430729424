//! The entry that says which content is used from here on: its hash, what changed, what its examples showed, who answers.
//!
//! Written before the first batch that is judged by it, and once for each change of what is used.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::approval::Standing;
use super::changes;
use crate::cases;
use crate::content::Content;
use crate::detector::Detectors;
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::law::hash;
use crate::store::{Draft, Store};

/// Seals the use of a content set, unless it is the one that was used last.
pub(super) async fn note(
    instance: &mut Instance,
    detectors: &Detectors,
    standing: &Standing,
    now: Timestamp,
) -> Result<(), Failure> {
    let last = last_used(&instance.store).await?;
    let batch_version = detectors.content();
    if last.as_ref().is_some_and(|last| last["batch_version"] == batch_version) {
        return Ok(());
    }
    let number = last.as_ref().and_then(|last| last["use"].as_u64()).unwrap_or(0) + 1;
    let before = match last.as_ref().and_then(|last| last["batch_version"].as_str()) {
        Some(version) => instance.store.content(version).await.or_fail("failed to read kept content")?,
        None => None,
    };
    let before = before.unwrap_or(Content { files: Vec::new() });
    let draft = draft(&instance.content, &before, batch_version, standing, number, now)?;
    cases::append(instance, &[draft]).await?;
    Ok(())
}

fn draft(
    content: &Content,
    before: &Content,
    batch_version: &str,
    standing: &Standing,
    number: u64,
    now: Timestamp,
) -> Result<Draft, Failure> {
    let version = content.version();
    let rules = changes::rules_of(content);
    let mut clear = json!({
        "id": version, "batch_version": batch_version, "use": number, "used_at": now, "rules": rules.len(),
        "files": content.files.len(), "changes": changes::changes(&changes::rules_of(before), &rules),
        "examples": changes::examples(content)?,
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
        id: hash(&["content.version", &number.to_string(), batch_version]),
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
