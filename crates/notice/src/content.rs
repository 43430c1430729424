//! What a notice must and must not contain, as the regime says, and how a draft measures up.
//!
//! The caller passes the demands (title, headings in order, elements); this checks them against what was rendered. It
//! does not know why they are demanded.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A sentence longer than this many words on average is not plain language.
const PLAIN_SENTENCE_WORDS_MAX: usize = 25;

/// Demands on one notice, conditions already decided by the caller.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContentSpec {
    pub title: Option<String>,
    /// In this order.
    pub headings: Vec<String>,
    pub min_point_size: Option<u8>,
    pub style: Vec<String>,
    /// Element ids that must be present.
    pub must: Vec<String>,
    /// Element ids that must not appear.
    pub must_not: Vec<String>,
    /// Channels that may not be used here (the breached mailbox).
    #[serde(alias = "channels_forbidden")]
    pub channel_forbidden: Vec<String>,
}

/// Something the draft still lacks. It is visible in the text, and nobody has invented it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    pub element: String,
    /// What is missing, in words.
    pub what: String,
    /// Where it would come from (`facts.narrative.nature`), or that the template has no place for it.
    pub why: String,
    /// Who can supply it.
    pub who: String,
}

/// The draft breaks a rule of form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "fault")]
pub enum FormatFault {
    #[error("the title must read `{wanted}`, it reads `{found}`")]
    Title { wanted: String, found: String },
    #[error("the heading `{heading}` is missing or out of order")]
    Heading { heading: String },
    #[error("the text is set in {found} points, at least {wanted} are demanded")]
    PointSize { wanted: u8, found: u8 },
    #[error("`{element}` must not appear in this notice")]
    Forbidden { element: String },
    #[error("the channel `{channel}` may not be used for this notice")]
    Channel { channel: String },
    #[error("sentences have {words} words on average; plain language asks for at most {max}")]
    LongSentences { words: usize, max: usize },
    #[error("`{code}` has no word in the language `{language}`")]
    NoWord { code: String, language: String },
    #[error("a value for `{element}` looks like a gap; read it before you approve")]
    LooksLikeGap { element: String },
    #[error("a value for `{element}` has the wrong shape; {wanted} was expected")]
    WrongShape { element: String, wanted: String },
}

impl ContentSpec {
    /// Reads the `content` of an obligation: a list of element ids, or an object with the fields of this type.
    /// Conditional items (`must_if`) that the caller left undecided count as demanded, because leaving one out is worse.
    pub fn from_json(content: &Value) -> Result<Self, String> {
        if content.is_array() {
            let must = Vec::<String>::deserialize(content).map_err(|error| error.to_string())?;
            return Ok(Self { must, ..Self::default() });
        }
        let mut spec = Self::deserialize(content).map_err(|error| error.to_string())?;
        let undecided = content.get("must_if").and_then(Value::as_array).into_iter().flatten();
        for item in undecided.filter_map(|condition| condition.get("items").and_then(Value::as_array)).flatten() {
            if let Some(element) = item.as_str() {
                spec.must.push(element.to_owned());
            }
        }
        Ok(spec)
    }

    /// Both demands together.
    pub(crate) fn with(&self, other: &Self) -> Self {
        let merged = |left: &[String], right: &[String]| {
            let mut list = left.to_vec();
            list.extend(right.iter().filter(|item| !left.contains(item)).cloned());
            list
        };
        Self {
            title: other.title.clone().or_else(|| self.title.clone()),
            headings: if other.headings.is_empty() { self.headings.clone() } else { other.headings.clone() },
            min_point_size: self.min_point_size.max(other.min_point_size),
            style: merged(&self.style, &other.style),
            must: merged(&self.must, &other.must),
            must_not: merged(&self.must_not, &other.must_not),
            channel_forbidden: merged(&self.channel_forbidden, &other.channel_forbidden),
        }
    }
}

/// Form of the finished text against the demands. Elements are checked where they are rendered.
pub(crate) fn lint_form(spec: &ContentSpec, text: &str, point_size: u8, channel: &str) -> Vec<FormatFault> {
    let mut faults = Vec::new();
    if let Some(wanted) = &spec.title {
        let found = heading_of(text, "# ").next().unwrap_or_default();
        if !same_words(found, wanted) {
            faults.push(FormatFault::Title { wanted: wanted.clone(), found: found.to_owned() });
        }
    }
    let mut present = heading_of(text, "## ");
    for heading in &spec.headings {
        // The iterator moves on, so a heading that stands before its predecessor is not found.
        if !present.any(|found| same_words(found, heading)) {
            faults.push(FormatFault::Heading { heading: heading.clone() });
            present = heading_of(text, "## ");
        }
    }
    if let Some(wanted) = spec.min_point_size
        && point_size < wanted
    {
        faults.push(FormatFault::PointSize { wanted, found: point_size });
    }
    if spec.channel_forbidden.iter().any(|forbidden| forbidden == channel) {
        faults.push(FormatFault::Channel { channel: channel.to_owned() });
    }
    if spec.style.iter().any(|style| style.contains("plain")) {
        let words = words_per_sentence(text);
        if PLAIN_SENTENCE_WORDS_MAX < words {
            faults.push(FormatFault::LongSentences { words, max: PLAIN_SENTENCE_WORDS_MAX });
        }
    }
    faults
}

fn heading_of<'text>(text: &'text str, mark: &'static str) -> impl Iterator<Item = &'text str> {
    text.lines().filter_map(move |line| line.strip_prefix(mark)).map(str::trim)
}

fn same_words(left: &str, right: &str) -> bool {
    let words = |text: &str| {
        let kept =
            text.chars().map(|character| if character.is_alphanumeric() { character } else { ' ' }).collect::<String>();
        kept.to_lowercase().split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    words(left) == words(right)
}

fn words_per_sentence(text: &str) -> usize {
    let prose = text.lines().filter(|line| !line.starts_with('#') && !line.starts_with("- "));
    let (mut words, mut sentences) = (0, 0);
    for word in prose.flat_map(str::split_whitespace) {
        words += 1;
        sentences += usize::from(word.ends_with(['.', '!', '?', ':', ']']));
    }
    words / sentences.max(1)
}
