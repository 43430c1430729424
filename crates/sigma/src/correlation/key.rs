//! A group as bytes: the correlation and the values, so that groups can be looked up without building anything.

use sha2::{Digest as _, Sha256};

const ABSENT: u8 = 0;
const PRESENT: u8 = 1;
/// Bytes of a number in front.
const NUMBER: usize = 4;

/// Writes the key of a group over what `out` held.
pub(super) fn encode(correlation: usize, group: &[Option<String>], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&number(correlation));
    for value in group {
        match value {
            None => out.push(ABSENT),
            Some(text) => {
                out.push(PRESENT);
                out.extend_from_slice(&number(text.len()));
                out.extend_from_slice(text.as_bytes());
            }
        }
    }
}

fn number(number: usize) -> [u8; NUMBER] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

/// The values of the group.
pub(super) fn decode(key: &[u8]) -> Vec<Option<String>> {
    let mut group = Vec::new();
    let mut rest = key.get(NUMBER..).unwrap_or_default();
    while let Some((kind, behind)) = rest.split_first() {
        rest = behind;
        if *kind == ABSENT {
            group.push(None);
            continue;
        }
        let Some((length, behind)) = rest.split_first_chunk::<NUMBER>() else { break };
        let length = u32::from_le_bytes(*length) as usize;
        let text = behind.get(..length).unwrap_or_default();
        group.push(Some(String::from_utf8_lossy(text).into_owned()));
        rest = behind.get(length..).unwrap_or_default();
    }
    group
}

/// A number that stands for a text. Equal texts have the same; others have another, as far as SHA-256 can be trusted.
pub(super) fn digest(text: &[u8]) -> i128 {
    let digest = Sha256::digest(text);
    digest.first_chunk::<16>().map_or(0, |bytes| i128::from_be_bytes(*bytes))
}

/// Tells episodes of different correlations and groups apart. Never zero, which is for events.
pub(super) fn part(correlation_id: &str, key: &[u8]) -> u64 {
    let mut text = correlation_id.as_bytes().to_vec();
    text.push(0);
    text.extend_from_slice(key.get(NUMBER..).unwrap_or_default());
    let start = digest(&text).to_be_bytes();
    start.first_chunk::<8>().map_or(1, |bytes| u64::from_be_bytes(*bytes).max(1))
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn keys_tell_groups_apart() {
        let text = |text: &str| Some(text.to_owned());
        let groups = [
            vec![],
            vec![None],
            vec![text("")],
            vec![None, None],
            vec![text("a"), text("b")],
            vec![text("ab"), text("")],
            vec![text("a\u{0}b")],
        ];
        let mut keys = std::collections::BTreeSet::new();
        for group in &groups {
            let mut key = Vec::new();
            encode(7, group, &mut key);
            assert_eq!(decode(&key), *group);
            keys.insert(key);
        }
        assert_eq!(keys.len(), groups.len());
    }
}
