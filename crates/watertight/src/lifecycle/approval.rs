//! Two people for content that did not come with the program: its author proposes it, somebody else approves it.
//!
//! What is approved is kept whole under its hash, so that it can be used when the directory has moved on.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::changes::{self, Parts};
use crate::config::is_same_person;
use crate::content::Content;
use crate::exit::{Failure, OrFail as _};
use crate::law::hash;
use crate::store::{Draft, Store};

/// As much of a hash names a version for approval: fewer digits may name what nobody has looked at.
const NAME_DIGITS_MIN: usize = 8;

/// Who answers for a content set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// The release of the program.
    Release,
    Approved {
        author: String,
        approver: String,
    },
    Nobody,
}

pub(super) async fn standing(store: &Store, content: &Content) -> Result<Standing, Failure> {
    let version = content.version();
    if version == Content::embedded().version() {
        return Ok(Standing::Release);
    }
    let document = store.document("content", &version).await.or_fail("failed to read content versions")?;
    Ok(document.as_ref().and_then(approved).unwrap_or(Standing::Nobody))
}

fn approved(document: &Value) -> Option<Standing> {
    let text = |key: &str| Some(document[key].as_str()?.to_owned());
    Some(Standing::Approved { author: text("author")?, approver: text("approver")? })
}

/// The content that was approved last; that of the program when none ever was.
pub(super) async fn last_approved(store: &Store) -> Result<(Content, Standing), Failure> {
    let documents = store.documents("content").await.or_fail("failed to read content versions")?;
    let last = documents
        .iter()
        .filter_map(|document| Some((document["approval"].as_u64()?, document["id"].as_str()?, approved(document)?)))
        .max_by_key(|(number, ..)| *number);
    let Some((_, version, standing)) = last else { return Ok((Content::embedded(), Standing::Release)) };
    let content = store.content(version).await.or_fail("failed to read kept content")?;
    let content = content.ok_or_else(|| Failure::failed(format!("approved content `{version}` was not kept")))?;
    Ok((content, standing))
}

/// What is proposed, and by whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proposal<'a> {
    pub(crate) content: &'a Content,
    pub(crate) by: &'a str,
    /// Of the output of `rule backtest` that was looked at.
    pub(crate) backtest_sha256: Option<&'a str>,
}

/// The entry that proposes a content set; `None` when it was proposed before. That its examples hold is asked by the caller.
pub(crate) async fn propose(store: &Store, proposal: &Proposal<'_>, now: Timestamp) -> Result<Option<Draft>, Failure> {
    let Proposal { content, by, backtest_sha256 } = *proposal;
    let version = content.version();
    if version == Content::embedded().version() {
        return Err(Failure::usage("the content in the program needs no approval: its release answers for it")
            .help("name a directory with --content or [content] dir"));
    }
    let known = store.document("content", &version).await.or_fail("failed to read content versions")?;
    if let Some(known) = known {
        if approved(&known).is_some() {
            return Err(Failure::usage("this content was approved before: there is nothing to propose"));
        }
        // One proposal a version: a second one would put another author in the place of the first.
        if known["author"].is_string() {
            return Ok(None);
        }
    }
    let examples = changes::examples(content)?;
    let (before, _) = last_approved(store).await?;
    let (before, parts) = ((before.version(), Parts::of_earlier(&before)), Parts::of(content)?);
    store.keep_content(&version, content).await.or_fail("failed to keep the content")?;
    Ok(Some(Draft {
        id: hash(&["content.proposed", &version]),
        kind: "content.proposed".to_owned(),
        at: now,
        subject: version.clone(),
        clear: json!({
            "id": version, "author": by, "proposed_at": now, "rules": parts.rules.len(), "files": content.files.len(),
            "against": before.0, "changes": changes::changes(&before.1, &parts),
            "examples": examples, "backtest_sha256": backtest_sha256,
        }),
        body: None,
    }))
}

/// The entry that approves; `None` when that was done before.
pub(crate) async fn approve(store: &Store, name: &str, by: &str, now: Timestamp) -> Result<Option<Draft>, Failure> {
    let documents = store.documents("content").await.or_fail("failed to read content versions")?;
    let is_long_enough = NAME_DIGITS_MIN <= name.len();
    let is_meant = |document: &&Value| {
        is_long_enough
            && document["id"].as_str().is_some_and(|id| id.starts_with(name))
            && document["author"].is_string()
    };
    let mut meant = documents.iter().filter(is_meant);
    let (Some(document), None) = (meant.next(), meant.next()) else {
        return Err(Failure::usage(format!("`{name}` does not name one proposed content version"))
            .help(format!("give {NAME_DIGITS_MIN} digits of its hash or more; `watertight rule history` shows them")));
    };
    if document["approver"].is_string() {
        return Ok(None);
    }
    let version = document["id"].as_str().unwrap_or_default();
    // Each entry is asked: a document has only the last of several authors.
    let proposed = store.entries_of(version).await.or_fail("failed to read proposals")?;
    let mut authors = proposed.iter().filter(|stored| stored.entry.kind == "content.proposed");
    if authors.any(|stored| stored.entry.clear["author"].as_str().is_some_and(|author| is_same_person(author, by))) {
        return Err(Failure::usage(format!("`{by}` proposed this content: another person approves it")));
    }
    let number = documents.iter().filter_map(|document| document["approval"].as_u64()).max().unwrap_or(0) + 1;
    Ok(Some(Draft {
        id: hash(&["content.approved", version]),
        kind: "content.approved".to_owned(),
        at: now,
        subject: version.to_owned(),
        clear: json!({"id": version, "approver": by, "approved": true, "approved_at": now, "approval": number}),
        body: None,
    }))
}
