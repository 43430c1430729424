//! Steps that give fields other names, in detections and in correlations. One name may become several: an item then asks
//! them all, and any of them is enough.

use super::item::Renaming;
use super::values::{RULE_BYTES_MAX, VALUES_MAX, bytes, too_large};
use crate::language::{DetectionItem, Modifier, SigmaString, SigmaValue};

/// How many fields one may become in one step.
const NAMES_MAX: usize = 100;

impl Renaming {
    /// The new names of a field, if it gets any.
    pub(super) fn of(&self, name: &str) -> Option<Vec<String>> {
        match self {
            Self::Mapping(mapping) => mapping.get(name).cloned(),
            Self::PrefixMapping(mapping) => {
                // The longest prefix is the most exact one.
                let fitting = mapping
                    .iter()
                    .filter_map(|(prefix, new)| Some((prefix.len(), name.strip_prefix(prefix.as_str())?, new)));
                let (_, rest, new) = fitting.max_by_key(|(length, ..)| *length)?;
                Some(new.iter().map(|prefix| format!("{prefix}{rest}")).collect())
            }
            Self::Prefix(prefix) => Some(vec![format!("{prefix}{name}")]),
            Self::Suffix(suffix) => Some(vec![format!("{name}{suffix}")]),
        }
    }

    /// The items that take the place of one. Without a field there is nothing to rename.
    pub(super) fn rename(
        &self,
        item: &DetectionItem,
        is_meant: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<DetectionItem>, String> {
        let mut item = item.clone();
        if item.field.has_modifier(Modifier::FieldRef) {
            let renamed = item.values.iter().flat_map(|value| self.rename_reference(value, is_meant));
            item.values = renamed.take(VALUES_MAX + 1).collect();
            if VALUES_MAX < item.values.len() {
                return Err(format!("an item would have more than {VALUES_MAX} values"));
            }
        }
        let names = item.field.name.as_deref().filter(|name| is_meant(name)).and_then(|name| self.of(name));
        let Some(names) = names else { return Ok(vec![item]) };
        if NAMES_MAX < names.len() {
            return Err(format!("a field would become more than {NAMES_MAX} fields"));
        }
        // Each name asks for all values once more.
        if RULE_BYTES_MAX < names.len() * bytes(&item) {
            return Err(too_large());
        }
        Ok(names
            .into_iter()
            .map(|name| {
                let mut item = item.clone();
                item.field.name = Some(name);
                item
            })
            .collect())
    }

    fn rename_reference(&self, value: &SigmaValue, is_meant: &dyn Fn(&str) -> bool) -> Vec<SigmaValue> {
        let SigmaValue::String(text) = value else { return vec![value.clone()] };
        match self.of(&text.original).filter(|_| is_meant(&text.original)) {
            Some(names) => names.iter().map(|name| SigmaValue::String(SigmaString::new(name))).collect(),
            None => vec![value.clone()],
        }
    }
}
