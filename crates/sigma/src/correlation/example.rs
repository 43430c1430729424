//! The examples that a correlation carries: events with times, in the order in which they arrive, and what must come of
//! them. Reading only; [`super::test_correlation`] runs them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::timespan;

/// An example never stands for more events than this.
pub const TEST_EVENTS_MAX: usize = 100_000;

/// An event of an example: microseconds after its start, and the event.
type Happening = (i64, Map<String, Value>);

/// One example that a correlation carries to prove itself.
///
/// ```yaml
/// tests:
///   - name: ten failures in five minutes
///     fires: true
///     events:
///       - {at: 0s, times: 10, every: 20s, event: {eventName: ConsoleLogin, user: dana, key: 'k-{n}'}}
///       - {at: 4m, event: {eventName: Logout, user: dana}}
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrelationTest {
    /// What the example shows.
    pub name: String,
    /// Whether there must be an episode in the end.
    pub fires: bool,
    /// How many there must be, if it matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episodes: Option<usize>,
    /// What arrives, in this order. Times may go back: late events are events.
    pub events: Vec<TimedEvent>,
}

/// An event of an example, or several alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimedEvent {
    /// How long after the start of the example it happens: `0s`, `90s`, `5m`, `1h`.
    pub at: String,
    /// How many of it there are.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub times: u32,
    /// How far apart they are; together if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<String>,
    /// The event with the vendor's own field names. `{n}` in a text becomes the number of the repetition, from 1.
    pub event: Map<String, Value>,
}

fn once() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_once(times: &u32) -> bool {
    *times == 1
}

impl CorrelationTest {
    /// The events as (microseconds after the start, event), in order of arrival.
    ///
    /// # Errors
    /// A time cannot be read, or there are more than [`TEST_EVENTS_MAX`] events.
    pub fn unrolled(&self) -> Result<Vec<Happening>, String> {
        let mut unrolled = Vec::new();
        for timed in &self.events {
            let at = offset(&timed.at)?;
            let every = timed.every.as_deref().map_or(Ok(0), offset)?;
            for number in 0..timed.times {
                if unrolled.len() == TEST_EVENTS_MAX {
                    return Err(format!("an example has at most {TEST_EVENTS_MAX} events"));
                }
                let time = at.saturating_add(every.saturating_mul(i64::from(number)));
                let event = timed.event.iter().map(|(key, value)| (key.clone(), numbered(value, number + 1))).collect();
                unrolled.push((time, event));
            }
        }
        Ok(unrolled)
    }
}

fn offset(text: &str) -> Result<i64, String> {
    timespan::read(text).ok_or_else(|| format!("`{text}` is not a time; write `0s`, `90s`, `5m` or `1h`"))
}

/// The value with `{n}` replaced in every text.
fn numbered(value: &Value, number: u32) -> Value {
    match value {
        Value::String(text) if text.contains("{n}") => Value::String(text.replace("{n}", &number.to_string())),
        Value::Array(items) => items.iter().map(|item| numbered(item, number)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (key.clone(), numbered(value, number))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}
