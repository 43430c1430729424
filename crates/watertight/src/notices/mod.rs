//! Notices of an incident: drafted from its obligations, checked, approved by hash, sent.
//!
//! `notice` writes and judges; this module carries its values between the store, the log and the mail server.
//! In this order: `drafting` → `approving` → `sending` → `finishing`.

mod approving;
mod drafting;
mod finishing;
mod sending;

use ::notice::{Draft, DraftInput, Library, Template};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::content::Content;
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::output;
use crate::store::Body;

pub(crate) use approving::{Approve, approve, check, read_recipients};
pub(crate) use drafting::draft_incident;
pub(crate) use sending::send;

/// The language notices are drafted in when nobody says otherwise.
pub(crate) const LANGUAGE_DEFAULT: &str = "en";

/// What the body of `notice.drafted` holds: everything the text is made of, and the text as it was.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Drafted {
    pub(crate) input: DraftInput,
    pub(crate) draft: Draft,
}

/// Loads every template; names those that cannot be used.
pub(crate) fn library(content: &Content) -> Library {
    library_of(content, &mut |error| output::talk(error))
}

/// The same, with the names given to whoever asks.
pub(crate) fn library_of(content: &Content, say: &mut dyn FnMut(String)) -> Library {
    let files = content.below("templates").map(|(path, text)| (path.trim_start_matches("templates/"), text));
    let (library, errors) = Library::from_files(files);
    for error in errors {
        say(error.to_string());
    }
    library
}

/// The notice's document and its latest draft.
pub(crate) async fn latest(instance: &Instance, id: &str) -> Result<(Value, Drafted), Failure> {
    let document = instance.store.document("notice", id).await.or_fail("failed to read the notice")?;
    let document = document.ok_or_else(|| {
        Failure::usage(format!("there is no notice `{id}`")).help("`watertight notice status` lists them")
    })?;
    let drafted = body_of(instance, &document, "draft_entry").await?;
    let drafted = serde_json::from_value(drafted).or_fail(format!("failed to read the draft of `{id}`"))?;
    Ok((document, drafted))
}

/// Changed facts void a draft and its approval: what is approved and sent says what is known.
async fn ensure_current(instance: &Instance, document: &Value, drafted: &Drafted) -> Result<(), Failure> {
    let incident = document["incident"].as_str().unwrap_or_default();
    if drafting::notice_facts(instance, incident).await? == drafted.input.facts {
        return Ok(());
    }
    Err(Failure::usage("the incident's facts changed since the notice was drafted")
        .help("`watertight notice draft` writes it anew; then it has to be approved again"))
}

/// Whether messages of a notice may have left. Rows that wait for their first attempt have not.
async fn has_begun(instance: &Instance, notice: &str) -> Result<bool, Failure> {
    let items = instance.store.outbox(notice, false).await.or_fail("failed to read the outbox")?;
    Ok(items.iter().any(|item| 0 < item.attempts || item.status != ::notice::deliver::Status::Queued))
}

/// The body of the entry that a field of the document names.
async fn body_of(instance: &Instance, document: &Value, field: &str) -> Result<Value, Failure> {
    let entry_id = document[field].as_str().unwrap_or_default();
    let stored = instance.store.entry_by_id(entry_id).await.or_fail("failed to read the log")?;
    let stored = stored.ok_or_else(|| Failure::failed(format!("the log has no entry `{entry_id}`")))?;
    match instance.store.body(&stored.entry).await.or_fail("failed to open the body")? {
        Body::Readable(body) => Ok(body),
        Body::Erased(at) => Err(Failure::failed(format!("its text was erased at {at}"))),
        Body::None => Err(Failure::failed(format!("entry `{entry_id}` has no body"))),
    }
}

fn template<'l>(library: &'l Library, document: &Value) -> Result<&'l Template, Failure> {
    let field = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
    let (id, language) = (field("template"), field("language"));
    library.get(&id, &language).ok_or_else(|| {
        Failure::failed(format!("the template `{id}` ({language}) is not in the content any more"))
            .help("draft the notice again with the present templates")
    })
}
