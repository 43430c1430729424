//! Walks through the detections of a rule and puts other items in the place of those that a step changes. A detection that
//! loses all its items is taken out of the condition, as if its author had not written it.

use std::collections::BTreeSet;

use crate::language::{ConditionExpr, Detection, DetectionItem, Detections, FieldSpec, SelectorPattern, SigmaValue};

/// What takes the place of an item: nothing, one, or several of which any is enough.
pub(super) type Change<'c> = dyn FnMut(&DetectionItem) -> Result<Vec<DetectionItem>, String> + 'c;

/// Changes every item. `Ok(false)` if nothing that could be asked is left.
pub(super) fn change(detections: &mut Detections, change: &mut Change<'_>) -> Result<bool, String> {
    let mut gone = BTreeSet::new();
    for (name, detection) in &mut detections.named {
        match changed(detection, change)? {
            Some(new) => *detection = new,
            None => _ = gone.insert(name.clone()),
        }
    }
    if gone.is_empty() {
        return Ok(true);
    }
    detections.named.retain(|name, _| !gone.contains(name));
    let left: Vec<&String> = detections.named.keys().collect();
    let conditions = std::mem::take(&mut detections.conditions);
    detections.conditions = conditions.into_iter().filter_map(|condition| without(condition, &gone, &left)).collect();
    Ok(!detections.conditions.is_empty())
}

fn changed(detection: &Detection, change: &mut Change<'_>) -> Result<Option<Detection>, String> {
    match detection {
        Detection::AllOf(items) => all_of(items, change),
        Detection::AnyOf(parts) => Ok(some(parts, change)?.map(Detection::AnyOf)),
        Detection::And(parts) => Ok(some(parts, change)?.map(Detection::And)),
        Detection::Keywords(values) => {
            let item = DetectionItem { field: FieldSpec::new(None, Vec::new()), values: values.clone() };
            let values: Vec<SigmaValue> = change(&item)?.into_iter().flat_map(|item| item.values).collect();
            Ok((!values.is_empty()).then_some(Detection::Keywords(values)))
        }
        Detection::ArrayMatch { .. } => Ok(Some(inside("", detection, change)?)),
        // Only the parts of a list have conditions of their own.
        Detection::Conditional { .. } => Ok(Some(detection.clone())),
    }
}

/// What is asked of the members of a list. Steps see each item with the whole name of its field and may change its values;
/// a name that becomes another, or nothing, would move the question out of the list and is refused.
fn inside(path: &str, detection: &Detection, change: &mut Change<'_>) -> Result<Detection, String> {
    let mut each = |parts: &[Detection]| -> Result<Vec<Detection>, String> {
        parts.iter().map(|part| inside(path, part, change)).collect()
    };
    Ok(match detection {
        Detection::AnyOf(parts) => Detection::AnyOf(each(parts)?),
        Detection::And(parts) => Detection::And(each(parts)?),
        Detection::AllOf(items) => {
            let items: Result<_, _> = items.iter().map(|item| item_inside(path, item, change)).collect();
            Detection::AllOf(items?)
        }
        Detection::ArrayMatch { field, quantifier, body } => {
            let body = Box::new(inside(&below(path, field), body, change)?);
            Detection::ArrayMatch { field: field.clone(), quantifier: *quantifier, body }
        }
        Detection::Conditional { named, condition } => {
            let parts = named.iter().map(|(name, part)| Ok((name.clone(), inside(path, part, change)?)));
            let named = parts.collect::<Result<_, String>>()?;
            Detection::Conditional { named, condition: condition.clone() }
        }
        Detection::Keywords(_) => detection.clone(),
    })
}

fn item_inside(path: &str, item: &DetectionItem, change: &mut Change<'_>) -> Result<DetectionItem, String> {
    let whole = item.field.name.as_ref().map_or_else(|| path.to_owned(), |name| below(path, name));
    let mut seen = item.clone();
    seen.field.name = Some(whole.clone());
    let changed = change(&seen)?;
    match changed.as_slice() {
        [one] if one.field.name.as_ref() == Some(&whole) => {
            let field = FieldSpec { name: item.field.name.clone(), ..one.field.clone() };
            Ok(DetectionItem { field, values: one.values.clone() })
        }
        _ => Err(format!("`{whole}` is asked of each member of a list, and its name cannot be changed there")),
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn some(parts: &[Detection], change: &mut Change<'_>) -> Result<Option<Vec<Detection>>, String> {
    let mut left = Vec::new();
    for part in parts {
        left.extend(changed(part, change)?);
    }
    Ok((!left.is_empty() || parts.is_empty()).then_some(left))
}

fn all_of(items: &[DetectionItem], change: &mut Change<'_>) -> Result<Option<Detection>, String> {
    let mut single = Vec::new();
    let mut groups = Vec::new();
    for item in items {
        let mut new = change(item)?;
        if new.len() < 2 {
            single.append(&mut new);
        } else {
            groups.push(Detection::AnyOf(new.into_iter().map(|item| Detection::AllOf(vec![item])).collect()));
        }
    }
    if groups.is_empty() {
        return Ok((!single.is_empty() || items.is_empty()).then_some(Detection::AllOf(single)));
    }
    if !single.is_empty() {
        groups.push(Detection::AllOf(single));
    }
    Ok(Some(Detection::And(groups)))
}

/// The condition without what is gone. `None` if nothing of it is left.
fn without(condition: ConditionExpr, gone: &BTreeSet<String>, left: &[&String]) -> Option<ConditionExpr> {
    let each = |parts: Vec<ConditionExpr>| {
        let parts: Vec<ConditionExpr> = parts.into_iter().filter_map(|part| without(part, gone, left)).collect();
        (!parts.is_empty()).then_some(parts)
    };
    match condition {
        ConditionExpr::Identifier(name) if gone.contains(&name) => None,
        ConditionExpr::Not(inner) => Some(ConditionExpr::Not(Box::new(without(*inner, gone, left)?))),
        ConditionExpr::And(parts) => each(parts).map(ConditionExpr::And),
        ConditionExpr::Or(parts) => each(parts).map(ConditionExpr::Or),
        ConditionExpr::Selector { quantifier, pattern } => {
            let meant = |name: &String| match &pattern {
                SelectorPattern::Them => !name.starts_with('_'),
                SelectorPattern::Pattern(_) => pattern.matches_detection_name(name),
            };
            // A mistyped pattern that never meant anything stays, to be refused when compiling.
            let lost_all = !left.iter().any(|name| meant(name)) && gone.iter().any(meant);
            (!lost_all).then_some(ConditionExpr::Selector { quantifier, pattern })
        }
        other => Some(other),
    }
}
