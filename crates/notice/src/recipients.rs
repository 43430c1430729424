//! Recipients, and the Merkle root over them that an approval binds.
//!
//! The root is built while recipients stream by, in the memory of its height; a million people are never in memory. The
//! caller passes a random salt per notice, because addresses can be guessed and the root stands in the clear.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::canonical::{canonical, hex, sha256};

/// One person, authority or customer to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Opaque and unique within the notice.
    pub id: String,
    /// Where the channel delivers: an e-mail address, a postal address on one line.
    pub address: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Further fields that the template uses.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
}

/// Merkle root of a stream of recipients, hashed as RFC 6962 does (leaf 0x00, node 0x01), over salted leaves.
#[derive(Debug, Clone)]
pub struct RecipientRoot {
    salt: [u8; 32],
    /// Roots of complete subtrees, largest first, with their heights.
    peaks: Vec<(u32, [u8; 32])>,
    count: u64,
}

impl RecipientRoot {
    #[must_use]
    pub fn new(salt: [u8; 32]) -> Self {
        Self { salt, peaks: Vec::new(), count: 0 }
    }

    /// Adds the next recipient. The order counts: pass them sorted by id.
    pub fn push(&mut self, recipient: &Recipient) {
        let mut height = 0;
        let mut node = self.leaf(recipient);
        while let Some((_, left)) = self.peaks.pop_if(|(peak, _)| *peak == height) {
            node = join(&left, &node);
            height += 1;
        }
        self.peaks.push((height, node));
        self.count += 1;
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The root in hex; of no recipients, the hash of nothing.
    #[must_use]
    pub fn finish(&self) -> String {
        let mut peaks = self.peaks.iter().rev().map(|(_, node)| *node);
        let Some(mut root) = peaks.next() else { return hex(&sha256(&[b"no recipients"])) };
        for left in peaks {
            root = join(&left, &root);
        }
        hex(&root)
    }

    /// The salted commitment to one recipient, for its receipt.
    #[must_use]
    pub fn commitment(&self, recipient: &Recipient) -> String {
        hex(&self.leaf(recipient))
    }

    fn leaf(&self, recipient: &Recipient) -> [u8; 32] {
        sha256(&[&[0], &self.salt, canonical(&json!(recipient)).as_bytes()])
    }
}

fn join(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    sha256(&[&[1], left, right])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipient(number: usize) -> Recipient {
        Recipient {
            id: format!("r{number:04}"),
            address: format!("p{number}@example.org"),
            name: None,
            fields: Map::new(),
        }
    }

    /// The definition, by recursion at the largest power of two below the length.
    fn naive(leaves: &[[u8; 32]]) -> [u8; 32] {
        if let [only] = leaves {
            return *only;
        }
        let split = leaves.len().next_power_of_two() / 2;
        join(&naive(&leaves[..split]), &naive(&leaves[split..]))
    }

    #[test]
    fn the_stream_agrees_with_the_definition_at_every_size() {
        for size in 1..70 {
            let mut root = RecipientRoot::new([7; 32]);
            let mut leaves = Vec::new();
            for number in 0..size {
                root.push(&recipient(number));
                leaves.push(root.leaf(&recipient(number)));
            }
            assert_eq!(root.finish(), hex(&naive(&leaves)), "{size}");
            assert_eq!(root.count(), size as u64);
        }
    }

    #[test]
    fn salt_order_and_every_field_count() {
        let of = |salt: u8, list: &[Recipient]| {
            let mut root = RecipientRoot::new([salt; 32]);
            list.iter().for_each(|recipient| root.push(recipient));
            root.finish()
        };
        let (one, two) = (recipient(1), recipient(2));
        let base = of(1, &[one.clone(), two.clone()]);
        assert_ne!(base, of(2, &[one.clone(), two.clone()]));
        assert_ne!(base, of(1, &[two.clone(), one.clone()]));
        assert_ne!(base, of(1, std::slice::from_ref(&one)));
        let mut renamed = two;
        renamed.name = Some("X".to_owned());
        assert_ne!(base, of(1, &[one, renamed]));
    }
}
