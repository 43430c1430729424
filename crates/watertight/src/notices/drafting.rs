//! Drafting: one draft an obligation, from the incident's facts. What is missing stays visible as a gap.

use std::collections::BTreeMap;

use ::notice::{Contact, ContentSpec, Draft, DraftInput, Library, OrgProfile, Template, draft};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Drafted, has_begun, latest, library};
use crate::cases;
use crate::config::Organisation;
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::law;
use crate::store::{Body, Draft as LogDraft, NoticeState, ObligationState};
use crate::utc_day::utc_day;

/// What drafting an incident came to.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub(crate) struct DraftedAll {
    /// Ids of the notices, in the order of their obligations.
    pub(crate) notices: Vec<String>,
    /// Obligations for which no template exists, by rule id.
    pub(crate) without_template: Vec<String>,
}

/// Drafts a notice for every required obligation of an incident that has a template in `language`.
pub(crate) async fn draft_incident(
    instance: &mut Instance,
    incident: &str,
    language: &str,
    author: &str,
    now: Timestamp,
) -> Result<DraftedAll, Failure> {
    let library = library(&instance.content);
    let facts = notice_facts(instance, incident).await?;
    let obligations = instance.store.documents("obligation").await.or_fail("failed to read obligations")?;
    let mut all = DraftedAll::default();
    let mut drafts = Vec::new();
    for obligation in obligations
        .iter()
        .filter(|o| o["incident"] == incident && ObligationState::of(o) == Some(ObligationState::Required))
    {
        let rule_id = obligation["rule_id"].as_str().unwrap_or_default();
        let Some(template) = find(&library, rule_id, language) else {
            all.without_template.push(rule_id.to_owned());
            continue;
        };
        let input = input(obligation, &facts, &instance.config.organisation, now)?;
        let text = draft(template, &input).or_fail("failed to draft")?;
        let Some(id) = free_id(instance, obligation, template, &facts).await? else { continue };
        drafts.extend(
            news(
                instance,
                entry(incident, &id, obligation, template, &Drafted { input, draft: text }, author, now)?,
                &facts,
            )
            .await?,
        );
        all.notices.push(id);
    }
    cases::append(instance, &drafts).await?;
    Ok(all)
}

/// What a notice may show: the facts the law sees, and the texts people wrote, read from the bodies of their entries.
pub(super) async fn notice_facts(instance: &Instance, incident: &str) -> Result<Value, Failure> {
    let found = instance.store.cases().await.incidents.find(incident).cloned();
    let found = found.ok_or_else(|| Failure::usage(format!("there is no incident `{incident}`")))?;
    let mut texts = BTreeMap::new();
    for (_, entry_id) in found.narratives() {
        let stored = instance.store.entry_by_id(entry_id).await.or_fail("failed to read the log")?;
        let Some(stored) = stored else { continue };
        if let Body::Readable(body) =
            instance.store.body(&stored.entry).await.or_fail("failed to open a fact's text")?
        {
            texts.extend(body["text"].as_str().map(|text| (entry_id.to_owned(), text.to_owned())));
        }
    }
    let mut facts = incident::notice_facts(&found, |entry_id| texts.get(entry_id).cloned());
    if let Some(facts) = facts.as_object_mut() {
        law::fill_organisation(facts, &instance.config.organisation);
    }
    Ok(facts)
}

fn find<'l>(library: &'l Library, rule_id: &str, language: &str) -> Option<&'l Template> {
    library.for_rule(rule_id, language).into_iter().next()
}

fn input(
    obligation: &Value,
    facts: &Value,
    organisation: &Organisation,
    now: Timestamp,
) -> Result<DraftInput, Failure> {
    // The regime says what must stand in the notice and in which form; the template brings the words.
    let mut content = obligation["content_form"].as_object().cloned().unwrap_or_default();
    content.insert("must".to_owned(), obligation["content"].clone());
    content
        .retain(|key, _| ["title", "headings", "min_point_size", "style", "must", "must_not"].contains(&key.as_str()));
    let content = ContentSpec::from_json(&Value::Object(content)).map_err(Failure::failed)?;
    Ok(DraftInput {
        obligation: obligation.clone(),
        facts: facts.clone(),
        org: profile(organisation),
        today: utc_day(now),
        content: Some(content),
    })
}

fn profile(organisation: &Organisation) -> OrgProfile {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let contact = Contact {
        name: some(&organisation.contact_name),
        email: some(&organisation.contact_email),
        phone: some(&organisation.contact_phone),
    };
    OrgProfile {
        name: some(&organisation.name),
        address: some(&organisation.address),
        website: some(&organisation.website),
        // One desk answers the people concerned and the authorities.
        dpo: Some(contact.clone()),
        contact: Some(contact),
        ..OrgProfile::default()
    }
}

fn text_hash(text: &Draft) -> String {
    law::hash(&[&text.subject, &text.body_text])
}

/// The id of the notice that may be written: the first one, or a supplement once an earlier one is leaving or has left. `None`
/// when the latest of them was made of the same facts by the same template: it would say the same on another day.
async fn free_id(
    instance: &Instance,
    obligation: &Value,
    template: &Template,
    facts: &Value,
) -> Result<Option<String>, Failure> {
    let field = |name: &str| obligation[name].as_str().unwrap_or_default();
    let (incident, obligation_id) = (field("incident"), field("id"));
    let mut id = law::hash(&[incident, obligation_id, &template.id, &template.language]);
    let mut left = None;
    for supplement in 1.. {
        if !has_begun(instance, &id).await? {
            break;
        }
        left = Some(id);
        id = law::hash(&[
            incident,
            obligation_id,
            &template.id,
            &template.language,
            &format!("supplement {supplement}"),
        ]);
    }
    if let Some(left) = left {
        let (document, drafted) = latest(instance, &left).await?;
        if drafted.input.facts == *facts && document["template_sha256"] == template.sha256.as_str() {
            return Ok(None);
        }
    }
    Ok(Some(id))
}

/// The entry of a draft unless the notice is that draft already. One that replaces another gets an id of its own, also when an
/// earlier draft was the same.
async fn news(instance: &Instance, mut entry: LogDraft, facts: &Value) -> Result<Option<LogDraft>, Failure> {
    let id = entry.clear["id"].as_str().unwrap_or_default().to_owned();
    let Some(before) = instance.store.document("notice", &id).await.or_fail("failed to read the notice")? else {
        return Ok(Some(entry));
    };
    let (_, known) = latest(instance, &id).await?;
    if before["text_hash"] == entry.clear["text_hash"] && known.input.facts == *facts {
        return Ok(None);
    }
    entry.id = law::hash(&[&entry.id, &before["last"]["position"].to_string()]);
    entry.clear["draft_entry"] = json!(entry.id);
    Ok(Some(entry))
}

fn entry(
    incident: &str,
    id: &str,
    obligation: &Value,
    template: &Template,
    drafted: &Drafted,
    author: &str,
    now: Timestamp,
) -> Result<LogDraft, Failure> {
    let text = &drafted.draft;
    let obligation_id = obligation["id"].as_str().unwrap_or_default();
    let text_hash = text_hash(text);
    let entry_id = law::hash(&["notice.drafted", id, &text_hash, &template.sha256]);
    let clear = json!({
        "id": id, "incident": incident, "obligation": obligation_id, "rule_id": obligation["rule_id"],
        "recipient": obligation["recipient"], "due_by": obligation["due_by"],
        "template": template.id, "template_sha256": template.sha256, "language": template.language,
        "channel": text.channel, "state": NoticeState::Draft, "author": author, "text_hash": text_hash, "draft_entry": entry_id,
        "gaps": text.gaps.iter().map(|gap| json!({"element": gap.element, "who": gap.who})).collect::<Vec<_>>(),
        "format_faults": text.format_faults, "unconfirmed": text.unconfirmed.len(),
    });
    let body = serde_json::to_value(drafted).or_fail("failed to keep the draft")?;
    Ok(LogDraft {
        id: entry_id,
        kind: "notice.drafted".to_owned(),
        at: now,
        subject: incident.to_owned(),
        clear,
        body: Some(body),
    })
}
