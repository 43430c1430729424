//! `draft`: the text of a notice with its gaps and faults; `render_for`: the same text for one recipient.
//!
//! Missing facts become visible gaps, never inventions. Both functions are pure: the same input gives the same bytes,
//! which is what an approval relies on.

use std::sync::{Arc, Mutex};

use jiff::civil;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::canonical::sha256_hex;
use crate::content::{ContentSpec, FormatFault, Gap, lint_form};
use crate::html::to_html;
use crate::org::OrgProfile;
use crate::recipients::Recipient;
use crate::render::{Prepared, Record, Scene};
use crate::template::Template;
use crate::values::{clean_line, cleaned};

/// Everything a draft is made of besides the template: the constants that an approval binds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DraftInput {
    /// One object of `required` in the output of `duties`.
    #[serde(default)]
    pub obligation: Value,
    /// The facts object, with free texts under `narrative`.
    #[serde(default)]
    pub facts: Value,
    #[serde(default)]
    pub org: OrgProfile,
    /// The date on the notice.
    pub today: civil::Date,
    /// The regime's demands, conditions decided. Absent: the obligation's `content`, then the template's own.
    #[serde(default)]
    pub content: Option<ContentSpec>,
}

/// A draft as a person reads it before approving.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    pub template_id: String,
    pub language: String,
    pub channel: String,
    pub subject: String,
    /// Markdown, readable as plain text.
    pub body_text: String,
    pub body_html: String,
    pub gaps: Vec<Gap>,
    pub format_faults: Vec<FormatFault>,
    /// Statements of the template that nobody has confirmed yet.
    pub unconfirmed: Vec<String>,
    /// It may go out with gaps and be supplemented.
    pub phased: bool,
}

impl Draft {
    /// Nothing is missing and no rule of form is broken.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty() && self.format_faults.is_empty()
    }
}

/// One recipient's message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub subject: String,
    pub text: String,
    pub html: String,
    /// Over subject, text and HTML: what the receipt names.
    pub sha256: String,
}

/// Why nothing could be drafted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    #[error("draft `{template}`: {reason}")]
    Render { template: String, reason: String },
    #[error("draft `{template}`: the content demands are not readable: {reason}")]
    Content { template: String, reason: String },
    #[error("draft `{template}`: `{zone}` is no time zone")]
    Zone { template: String, zone: String },
    #[error("render `{template}` for recipient `{recipient}`: {what} is missing")]
    Recipient { template: String, recipient: String, what: String },
}

/// Drafts a notice. Recipient fields stay as «placeholders».
pub fn draft(template: &Template, input: &DraftInput) -> Result<Draft, DraftError> {
    let scene = scene(template, input, false)?;
    let rendered = Prepared::new(template, &scene).and_then(|prepared| prepared.render());
    let (subject, body) = rendered.map_err(|error| render_error(template, &error))?;
    let (subject, body_text) = (clean_line(&subject), tidy(&body));
    let mut record = std::mem::take(&mut *scene.record());
    let mut gaps = std::mem::take(&mut record.gaps);
    gaps.extend(placeless(template, &scene.spec, &record));
    let mut faults = record.faults.clone();
    faults.extend(forbidden(&scene.spec, &record));
    faults.extend(lint_form(&scene.spec, &body_text, template.point_size, &template.channel));
    Ok(Draft {
        template_id: template.id.clone(),
        language: template.language.clone(),
        channel: template.channel.clone(),
        subject,
        body_html: to_html(&body_text, &template.language, template.point_size),
        body_text,
        gaps: gaps.into_iter().collect(),
        format_faults: faults.into_iter().collect(),
        unconfirmed: template.unconfirmed.clone(),
        phased: template.phased,
    })
}

/// The message for one recipient of an approved draft. A field of the recipient that the text needs and that is missing
/// is an error: that recipient is set aside, the others go on. For many recipients use a `Renderer`.
pub fn render_for(template: &Template, input: &DraftInput, recipient: &Recipient) -> Result<Message, DraftError> {
    Renderer::new(template, input)?.render(recipient)
}

/// An approved draft made ready once, for recipients that stream by.
pub struct Renderer<'template> {
    template: &'template Template,
    scene: Arc<Scene>,
    prepared: Prepared<'template>,
}

impl std::fmt::Debug for Renderer<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Facts and recipients stay out of logs.
        formatter.debug_struct("Renderer").field("template", &self.template.id).finish_non_exhaustive()
    }
}

impl<'template> Renderer<'template> {
    pub fn new(template: &'template Template, input: &DraftInput) -> Result<Self, DraftError> {
        let scene = scene(template, input, true)?;
        let prepared = Prepared::new(template, &scene).map_err(|error| render_error(template, &error))?;
        Ok(Self { template, scene, prepared })
    }

    /// One recipient's message.
    pub fn render(&self, recipient: &Recipient) -> Result<Message, DraftError> {
        let template = self.template;
        self.scene.address(cleaned(&json!({ "recipient": recipient })));
        let (subject, body) = self.prepared.render().map_err(|error| render_error(template, &error))?;
        if let Some(gap) = self.scene.record().gaps.iter().find(|gap| gap.why.starts_with("`recipient.")) {
            let (template, recipient, what) = (template.id.clone(), recipient.id.clone(), gap.what.clone());
            return Err(DraftError::Recipient { template, recipient, what });
        }
        let (subject, text) = (clean_line(&subject), tidy(&body));
        let html = to_html(&text, &template.language, template.point_size);
        let sha256 = sha256_hex(&[subject.as_bytes(), text.as_bytes(), html.as_bytes()]);
        Ok(Message { subject, text, html, sha256 })
    }
}

fn scene(template: &Template, input: &DraftInput, has_recipient: bool) -> Result<Arc<Scene>, DraftError> {
    let zone = match &input.org.tz {
        None => TimeZone::UTC,
        Some(name) => TimeZone::get(name)
            .map_err(|_| DraftError::Zone { template: template.id.clone(), zone: clean_line(name) })?,
    };
    let root = json!({
        "facts": input.facts,
        "obligation": input.obligation,
        "org": input.org,
        "today": input.today.to_string(),
    });
    Ok(Arc::new(Scene {
        root: cleaned(&root),
        has_recipient,
        spec: template.content.with(&demands(template, input)?),
        zone,
        language: template.language.clone(),
        words: Arc::clone(&template.words),
        elements: template.elements.clone(),
        open: template.is_fallback(),
        record: Mutex::new(Record::default()),
    }))
}

fn demands(template: &Template, input: &DraftInput) -> Result<ContentSpec, DraftError> {
    if let Some(content) = &input.content {
        return Ok(content.clone());
    }
    // An obligation lists its elements under `content` and its rules of form under `form`.
    let mut spec = ContentSpec::default();
    for part in ["content", "form"] {
        let Some(value) = input.obligation.get(part).filter(|value| !value.is_null()) else { continue };
        let read = ContentSpec::from_json(value);
        let read = read.map_err(|reason| DraftError::Content { template: template.id.clone(), reason })?;
        spec = spec.with(&read);
    }
    Ok(spec)
}

/// Demanded elements for which the template has no place at all.
fn placeless(template: &Template, spec: &ContentSpec, record: &Record) -> Vec<Gap> {
    let missing = spec.must.iter().filter(|element| !record.touched.contains(*element));
    missing
        .map(|element| Gap {
            element: element.clone(),
            what: template.elements.get(element).map_or_else(|| element.replace('_', " "), |known| known.label.clone()),
            why: "demanded, but the template has no place for it".to_owned(),
            who: template.elements.get(element).map_or_else(|| "privacy_officer".to_owned(), |known| known.who.clone()),
        })
        .collect()
}

fn forbidden(spec: &ContentSpec, record: &Record) -> Vec<FormatFault> {
    let present = spec.must_not.iter().filter(|element| record.shown.contains_key(*element));
    present.map(|element| FormatFault::Forbidden { element: element.clone() }).collect()
}

fn render_error(template: &Template, error: &minijinja::Error) -> DraftError {
    let place = error.line().map(|line| format!(" (line {line} of {})", error.name().unwrap_or("the template")));
    DraftError::Render { template: template.id.clone(), reason: format!("{error}{}", place.unwrap_or_default()) }
}

/// No trailing spaces, at most one blank line, one newline at the end.
fn tidy(text: &str) -> String {
    let mut out = String::new();
    let mut blank = true;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() {
            if !blank {
                out.push('\n');
            }
            blank = true;
        } else {
            out.push_str(line);
            out.push('\n');
            blank = false;
        }
    }
    while out.ends_with("\n\n") {
        out.pop();
    }
    out
}
