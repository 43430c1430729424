//! The attributes that we add to Sigma documents: `watertight:` (how findings are grouped and who owns them), `ads:`
//! (why the rule exists and what to do when it fires) and `tests:` (events that must and must not match).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What findings of one rule are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupKey {
    /// Who did it.
    Actor,
    /// To what it was done.
    Resource,
}

/// The `watertight:` mapping of a rule. Unknown keys in it are errors, so that a typing mistake is not a silent loss.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Watertight {
    /// The surface that leaks: `storage`, `identity`, `network`, ….
    pub surface: Option<String>,
    /// What findings are grouped by.
    pub group_by: Vec<GroupKey>,
    /// The team that answers for the rule.
    pub owner: Option<String>,
}

/// The alerting and detection strategy of a rule. A section is a list of paragraphs or points; empty means not written.
/// Categories and false positives live in Sigma's own `tags` and `falsepositives`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ads {
    /// Which leak the rule is there to notice, and for whom that matters. `description` says what it matches.
    #[serde(deserialize_with = "one_or_many")]
    pub goal: Vec<String>,
    /// How the rule goes about it.
    #[serde(deserialize_with = "one_or_many")]
    pub strategy: Vec<String>,
    /// What one must know about the logs and the environment.
    #[serde(deserialize_with = "one_or_many")]
    pub technical_context: Vec<String>,
    /// How an attacker stays unseen, and what the rule assumes.
    #[serde(deserialize_with = "one_or_many")]
    pub blind_spots: Vec<String>,
    /// How to make the rule fire on purpose.
    #[serde(deserialize_with = "one_or_many")]
    pub validation: Vec<String>,
    /// Why the level is what it is.
    #[serde(deserialize_with = "one_or_many")]
    pub priority: Vec<String>,
    /// What the person on call does.
    #[serde(deserialize_with = "one_or_many")]
    pub response: Vec<String>,
}

/// One example that the rule carries to prove itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleTest {
    /// What the example shows.
    pub name: String,
    /// Whether the rule must match.
    pub fires: bool,
    /// The event with the vendor's own field names.
    pub event: serde_json::Map<String, Value>,
}

/// A complaint about one attribute.
pub(super) struct AttributeError {
    pub(super) key: String,
    /// Words to look for below the key, if any.
    pub(super) near: Option<String>,
    pub(super) message: String,
}

/// Our attributes of one rule, taken out of all that Sigma does not define. `T` is what its examples look like.
pub(crate) struct Attributes<T> {
    pub(crate) watertight: Watertight,
    pub(crate) ads: Ads,
    pub(crate) tests: Vec<T>,
    pub(crate) rest: BTreeMap<String, Value>,
}

pub(super) fn read<T: for<'de> Deserialize<'de>>(
    mut all: BTreeMap<String, Value>,
) -> Result<Attributes<T>, Vec<AttributeError>> {
    let mut errors = Vec::new();
    let watertight = take(&mut all, "watertight", &mut errors).unwrap_or_default();
    let ads = read_ads(&mut all, &mut errors);
    let tests = read_tests(all.remove("tests"), &mut errors);
    if errors.is_empty() { Ok(Attributes { watertight, ads, tests, rest: all }) } else { Err(errors) }
}

fn take<T: for<'de> Deserialize<'de>>(
    all: &mut BTreeMap<String, Value>,
    key: &str,
    errors: &mut Vec<AttributeError>,
) -> Option<T> {
    let value = all.remove(key)?;
    match serde_json::from_value(value) {
        Ok(value) => Some(value),
        Err(error) => {
            errors.push(AttributeError {
                key: key.to_owned(),
                near: quoted(&error.to_string()),
                message: format!("`{key}` cannot be read: {error}"),
            });
            None
        }
    }
}

/// `ads:` and the `rsigma.ads.*` spelling of the same sections; the former wins.
fn read_ads(all: &mut BTreeMap<String, Value>, errors: &mut Vec<AttributeError>) -> Ads {
    const PREFIX: &str = "rsigma.ads.";
    let dotted: Vec<String> = all.keys().filter(|key| key.starts_with(PREFIX)).cloned().collect();
    let mut sections = serde_json::Map::new();
    for key in dotted {
        let section = key.trim_start_matches(PREFIX).to_owned();
        let is_control = section == "exempt";
        if is_control {
            continue;
        }
        if let Some(value) = all.remove(&key) {
            sections.insert(section, value);
        }
    }
    if let Some(Value::Object(own)) = all.get("ads") {
        sections.extend(own.clone());
        all.insert("ads".to_owned(), Value::Object(sections));
    } else if !all.contains_key("ads") && !sections.is_empty() {
        all.insert("ads".to_owned(), Value::Object(sections));
    }
    take(all, "ads", errors).unwrap_or_default()
}

fn read_tests<T: for<'de> Deserialize<'de>>(tests: Option<Value>, errors: &mut Vec<AttributeError>) -> Vec<T> {
    let items = match tests {
        None => return Vec::new(),
        Some(Value::Array(items)) => items,
        Some(_) => {
            errors.push(AttributeError {
                key: "tests".to_owned(),
                near: None,
                message: "`tests` must be a list".to_owned(),
            });
            return Vec::new();
        }
    };
    let mut parsed = Vec::new();
    for (position, item) in items.into_iter().enumerate() {
        let name = item.get("name").and_then(Value::as_str).map(str::to_owned);
        match serde_json::from_value(item) {
            Ok(test) => parsed.push(test),
            Err(error) => {
                let label = name.clone().map_or_else(|| format!("number {}", position + 1), |name| format!("`{name}`"));
                errors.push(AttributeError {
                    key: "tests".to_owned(),
                    near: name,
                    message: format!("test {label} cannot be read: {error}"),
                });
            }
        }
    }
    parsed
}

/// The first word that serde put in backticks: it is the author's own.
fn quoted(message: &str) -> Option<String> {
    message.split('`').nth(1).map(str::to_owned)
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        Nothing(()),
        One(String),
        Many(Vec<String>),
    }
    let items = match OneOrMany::deserialize(input) {
        Ok(OneOrMany::Nothing(())) => Vec::new(),
        Ok(OneOrMany::One(text)) => vec![text],
        Ok(OneOrMany::Many(items)) => items,
        Err(_) => return Err(serde::de::Error::custom("a section must be a text or a list of texts")),
    };
    Ok(items.into_iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect())
}
