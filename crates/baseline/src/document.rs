//! A baseline as it is written in a content file. Unknown keys are mistakes, told with their line.
//!
//! Only the spelling; what must fit together is checked in `load`.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::definition::{Level, Status};
use crate::field::Field;

/// One text or several.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Texts(pub(crate) Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Texts;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a text or a list of texts")
            }

            fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = items.next_element()? {
                    texts.push(text);
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

/// A span of time in seconds, written `90s`, `5m`, `1h`, `14d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span(pub(crate) u32);

impl Span {
    pub(crate) const HOUR: u32 = 3_600;
    pub(crate) const DAY: u32 = 86_400;
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong =
            || serde::de::Error::custom(format!("`{text}` is no span of time; write `90s`, `5m`, `1h` or `14d`"));
        read_span(&text).map(Self).ok_or_else(wrong)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

fn read_span(text: &str) -> Option<u32> {
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => Span::HOUR,
        'd' => Span::DAY,
        'w' => 7 * Span::DAY,
        _ => return None,
    };
    let digits = text.strip_suffix(unit)?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse::<u32>().ok()?.checked_mul(seconds))?
}

/// The outcome that events must have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wanted {
    #[default]
    Any,
    Success,
    Failure,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SelectDocument {
    pub(crate) formats: Texts,
    #[serde(default)]
    pub(crate) operations: Texts,
    #[serde(default)]
    pub(crate) status: Wanted,
    #[serde(default)]
    pub(crate) r#where: BTreeMap<Field, Texts>,
    #[serde(default)]
    pub(crate) unless: BTreeMap<Field, Texts>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    NewValue,
    Rarity,
    Volume,
    Rate,
    ImpossibleTravel,
    Dormant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Of {
    Count,
    Bytes,
    Rows,
    Distinct,
}

/// Which hours are compared with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Rhythm {
    None,
    Day,
    Week,
}

/// Everything that any kind of measure may say; which of it a kind takes is checked in `load`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MeasureDocument {
    pub(crate) r#type: Kind,
    pub(crate) value: Option<Field>,
    pub(crate) known_after: Option<Span>,
    pub(crate) forget_after: Option<Span>,
    pub(crate) habit: Option<u32>,
    pub(crate) newcomers: Option<bool>,
    pub(crate) share_percent: Option<u32>,
    pub(crate) members_min: Option<u64>,
    pub(crate) of: Option<Of>,
    pub(crate) per: Option<Span>,
    pub(crate) rhythm: Option<Rhythm>,
    pub(crate) at_least: Option<u64>,
    pub(crate) deviations: Option<i32>,
    pub(crate) factor: Option<u64>,
    pub(crate) peak_percent: Option<u64>,
    pub(crate) speed_kmh: Option<u32>,
    pub(crate) distance_km: Option<u32>,
    pub(crate) silence: Option<Span>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WatertightDocument {
    pub(crate) surface: String,
    pub(crate) group_by: Texts,
    pub(crate) owner: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdsDocument {
    pub(crate) goal: Texts,
    pub(crate) strategy: Texts,
    pub(crate) blind_spots: Texts,
    pub(crate) validation: Texts,
    pub(crate) response: Texts,
}

/// One example: events in their order of arrival and whether something unusual must come of them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExampleDocument {
    pub(crate) name: String,
    pub(crate) fires: bool,
    /// How many must come, if it matters.
    pub(crate) findings: Option<usize>,
    /// What the explanation must contain, if it matters.
    pub(crate) says: Option<String>,
    /// A table of places, for examples that need one.
    pub(crate) places: Option<String>,
    pub(crate) events: Vec<TimedEvent>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimedEvent {
    pub(crate) at: Span,
    #[serde(default = "once")]
    pub(crate) times: u32,
    pub(crate) every: Option<Span>,
    pub(crate) event: ExampleEvent,
}

fn once() -> u32 {
    1
}

/// An event of an example, in the names of [`Field`]; `{n}` in a text is the number of the repetition, from 1.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct ExampleEvent {
    pub(crate) bytes: Option<u64>,
    pub(crate) rows: Option<u64>,
    #[serde(flatten)]
    pub(crate) fields: BTreeMap<Field, String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    pub(crate) title: String,
    pub(crate) id: String,
    pub(crate) status: Status,
    pub(crate) description: String,
    pub(crate) author: Option<String>,
    pub(crate) date: Option<String>,
    #[serde(default)]
    pub(crate) tags: Texts,
    pub(crate) select: SelectDocument,
    pub(crate) entity: Field,
    pub(crate) peer: Option<Field>,
    pub(crate) measure: MeasureDocument,
    pub(crate) learning: Span,
    pub(crate) min_observations: Option<u32>,
    #[serde(default)]
    pub(crate) falsepositives: Texts,
    pub(crate) level: Level,
    pub(crate) watertight: WatertightDocument,
    pub(crate) ads: AdsDocument,
    pub(crate) tests: Vec<ExampleDocument>,
}

#[cfg(test)]
mod tests {
    use super::read_span;

    #[test]
    fn spans() {
        assert_eq!((read_span("90s"), read_span("14d"), read_span("2w")), (Some(90), Some(1_209_600), Some(1_209_600)));
        for wrong in ["", "d", "1", "-1d", "1.5h", "1 d", "99999999d", "1é"] {
            assert_eq!(read_span(wrong), None, "{wrong}");
        }
    }
}
