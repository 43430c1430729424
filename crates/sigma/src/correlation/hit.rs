//! What the first stage tells the second: an event that matched a rule which a correlation is about, with the values
//! that the correlation groups and counts by. Plain data, so that it can be stored, sent and given again.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Values longer than this are shortened to their start and a digest, so that different values stay different.
pub const HIT_VALUE_BYTES_MAX: usize = 512;
/// An event belongs to at most so many groups of one correlation.
pub const HIT_GROUPS_MAX: usize = 64;
/// An event brings at most so many values.
pub const HIT_VALUES_MAX: usize = 256;

/// One event in one group of one correlation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Hit {
    /// Position in the slice of correlations that the program was compiled from. It means the same only for the same
    /// content; what is stored for longer should name [`crate::Correlation::id`].
    pub correlation: u32,
    /// Which of the correlation's different rules matched, by first appearance in its list.
    pub rule: u8,
    /// When the event happened, in microseconds since 1970.
    pub time_us: i64,
    /// The event's own id, given by the caller. The same event always has the same.
    pub uid: String,
    /// The values of the group-by fields, in their order. `None` where the event has no such field.
    pub group: Vec<Option<String>>,
    /// What is counted or added up; empty where events themselves are counted.
    pub values: Vec<String>,
}

/// What extraction could not keep whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HitLosses {
    /// Events that have none of the group-by fields of a correlation that has some: they are in no group.
    pub without_group: u64,
    /// Events that lack the field whose values are counted, or have no number in it.
    pub without_value: u64,
    /// Events that would belong to more than [`HIT_GROUPS_MAX`] groups and were put into the first of them only.
    pub groups_cut: u64,
    /// Events that bring more than [`HIT_VALUES_MAX`] values, of which the first are counted.
    pub values_cut: u64,
}

/// The text of a value as it is grouped by or counted.
pub(crate) fn bounded(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if text.len() <= HIT_VALUE_BYTES_MAX {
        return text.into_owned();
    }
    let digest = Sha256::digest(bytes);
    let mut start = HIT_VALUE_BYTES_MAX - 40;
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut short = text.get(..start).unwrap_or_default().to_owned();
    short.push('…');
    for byte in digest.iter().take(16) {
        for digit in [byte >> 4, byte & 0xF] {
            short.extend(char::from_digit(digit.into(), 16));
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::{HIT_VALUE_BYTES_MAX, bounded};

    #[test]
    fn long_values_stay_different() {
        let long = |end: &str| bounded(format!("{}{end}", "é".repeat(4000)).as_bytes());
        assert!(long("a").len() <= HIT_VALUE_BYTES_MAX);
        assert_ne!(long("a"), long("b"));
        assert_eq!(long("a"), long("a"));
        assert_eq!(bounded(b"short"), "short");
    }
}
