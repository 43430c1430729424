//! Who is in the data, as salted hashes: distinct persons, joined when one record shows two of their keys, with residency.
//!
//! The set can be united over objects that were hashed with the same salt. It never holds a key in clear.

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest as _, Sha256};

use crate::verdict::SubjectCount;

/// Keys one set may hold before it only says *at least*: about 48 bytes each, so 48 MB.
pub const SUBJECT_KEYS_MAX: usize = 1_000_000;

/// A salted hash of one key of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubjectKey([u8; 16]);

impl SubjectKey {
    /// Hash of a kind (`email`) and a value, made comparable first: letters in lower case, no spaces or separators in numbers.
    pub fn new(salt: &[u8; 32], kind: &str, value: &str) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(salt);
        hasher.update(kind.as_bytes());
        hasher.update([0]);
        for letter in value.trim().chars().flat_map(char::to_lowercase) {
            let mark = !letter.is_alphanumeric() && kind != "email";
            if !mark {
                hasher.update(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        let digest = hasher.finalize();
        let mut short = [0; 16];
        for (to, from) in short.iter_mut().zip(digest.iter()) {
            *to = *from;
        }
        Self(short)
    }

    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Distinct persons and where they live.
#[derive(Clone, Debug)]
pub struct SubjectSet {
    nodes: HashMap<SubjectKey, u32>,
    parents: Vec<u32>,
    residency: Vec<Option<u16>>,
    places: Vec<String>,
    keys_max: usize,
    capped: bool,
}

impl Default for SubjectSet {
    fn default() -> Self {
        Self::with_limit(SUBJECT_KEYS_MAX)
    }
}

impl SubjectSet {
    pub fn with_limit(keys_max: usize) -> Self {
        let (nodes, parents) = (HashMap::new(), Vec::new());
        Self { nodes, parents, residency: Vec::new(), places: Vec::new(), keys_max, capped: false }
    }

    /// Notes one record: its keys name one person, who lives there as far as the record says.
    pub fn note(&mut self, keys: &[SubjectKey], residency: Option<&str>) {
        let mut person = None;
        for key in keys {
            let Some(node) = self.node(*key) else { continue };
            person = Some(match person {
                None => self.root(node),
                Some(person) => self.join(person, node),
            });
        }
        let place = residency.and_then(|code| self.place(code));
        if let (Some(person), Some(place)) = (person, place)
            && let Some(slot) = self.residency.get_mut(index(person))
        {
            // The first record that says where someone lives stands.
            slot.get_or_insert(place);
        }
    }

    /// Adds every person of another set that was hashed with the same salt.
    pub fn unite(&mut self, other: &Self) {
        for (keys, residency) in other.persons() {
            self.note(&keys, residency);
        }
        self.capped |= other.capped;
    }

    /// Every person: the keys known of them, and where they live.
    pub fn persons(&self) -> impl Iterator<Item = (Vec<SubjectKey>, Option<&str>)> {
        let mut groups: BTreeMap<u32, Vec<SubjectKey>> = BTreeMap::new();
        for (key, node) in &self.nodes {
            groups.entry(self.find(*node)).or_default().push(*key);
        }
        groups.into_iter().map(|(root, mut keys)| {
            keys.sort();
            (keys, self.residency_of(root))
        })
    }

    /// Number of distinct persons; a lower bound when `is_capped`.
    pub fn count(&self) -> u64 {
        (0_u32..).zip(&self.parents).filter(|(node, parent)| node == *parent).map(|_| 1).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// True when the limit was reached and later persons were not counted.
    pub fn is_capped(&self) -> bool {
        self.capped
    }

    pub fn counts(&self) -> SubjectCount {
        let mut by_residency = BTreeMap::new();
        for (node, parent) in (0_u32..).zip(&self.parents) {
            if node == *parent {
                let place = self.residency_of(node).unwrap_or("unknown");
                *by_residency.entry(place.to_owned()).or_default() += 1;
            }
        }
        SubjectCount { distinct_at_least: self.count(), by_residency }
    }

    fn residency_of(&self, root: u32) -> Option<&str> {
        let place = self.residency.get(index(root)).copied().flatten()?;
        self.places.get(usize::from(place)).map(String::as_str)
    }

    fn node(&mut self, key: SubjectKey) -> Option<u32> {
        if let Some(node) = self.nodes.get(&key) {
            return Some(*node);
        }
        if self.keys_max <= self.nodes.len() {
            self.capped = true;
            return None;
        }
        let node = u32::try_from(self.parents.len()).ok()?;
        self.parents.push(node);
        self.residency.push(None);
        self.nodes.insert(key, node);
        Some(node)
    }

    fn place(&mut self, code: &str) -> Option<u16> {
        let known = self.places.iter().position(|place| place == code);
        let place = known.unwrap_or_else(|| {
            self.places.push(code.to_owned());
            self.places.len() - 1
        });
        u16::try_from(place).ok()
    }

    fn find(&self, node: u32) -> u32 {
        let mut at = node;
        while let Some(parent) = self.parents.get(index(at)).copied()
            && parent != at
        {
            at = parent;
        }
        at
    }

    /// `find` that shortens the path it walked, so that chains stay short.
    fn root(&mut self, node: u32) -> u32 {
        let root = self.find(node);
        let mut at = node;
        while let Some(slot) = self.parents.get_mut(index(at))
            && *slot != root
        {
            at = std::mem::replace(slot, root);
        }
        root
    }

    fn join(&mut self, one: u32, other: u32) -> u32 {
        let (one, other) = (self.root(one), self.root(other));
        if one == other {
            return one;
        }
        let (older, younger) = (one.min(other), one.max(other));
        if let Some(slot) = self.parents.get_mut(index(younger)) {
            *slot = older;
        }
        let place = self.residency.get(index(younger)).copied().flatten();
        if let Some(slot) = self.residency.get_mut(index(older))
            && slot.is_none()
        {
            *slot = place;
        }
        older
    }
}

fn index(node: u32) -> usize {
    usize::try_from(node).unwrap_or(usize::MAX)
}
