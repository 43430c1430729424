//! `check_templates`: every template's own examples.
//!
//! A template without a complete example and without one that has gaps proves nothing, so both are demanded.

use std::path::Path;

use crate::draft::{DraftInput, draft};
use crate::org::OrgProfile;
use crate::template::{Example, Library, Template};

/// What was run and what was wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckReport {
    pub templates: usize,
    pub examples: usize,
    pub faults: Vec<String>,
}

/// Loads every template under `dir` and runs its examples.
#[must_use]
pub fn check_templates(dir: &Path) -> CheckReport {
    let (library, errors) = Library::load(dir);
    let mut report = check_library(&library);
    report.faults.splice(0..0, errors.iter().map(ToString::to_string));
    report
}

/// Runs the examples of every template of a library.
#[must_use]
pub fn check_library(library: &Library) -> CheckReport {
    let mut report = CheckReport::default();
    for template in library.iter() {
        report.templates += 1;
        report.examples += template.examples.len();
        let place = format!("{}/{}", template.language, template.id);
        for needed in [true, false] {
            if !template.examples.iter().any(|example| example.gaps.is_empty() == needed) {
                let kind = if needed { "complete" } else { "with gaps" };
                report.faults.push(format!("{place}: has no example that is {kind}"));
            }
        }
        for example in &template.examples {
            let faults = run(template, example);
            report
                .faults
                .extend(faults.into_iter().map(|fault| format!("{place}, example `{}`: {fault}", example.name)));
        }
    }
    report
}

fn run(template: &Template, example: &Example) -> Vec<String> {
    let org: OrgProfile = match serde_json::from_value(example.org.clone()) {
        Ok(org) => org,
        Err(error) => return vec![format!("org: {error}")],
    };
    let input = DraftInput {
        obligation: example.obligation.clone(),
        facts: example.facts.clone(),
        org,
        today: example.today,
        content: example.content.clone(),
    };
    let draft = match draft(template, &input) {
        Ok(draft) => draft,
        Err(error) => return vec![error.to_string()],
    };
    let mut faults = Vec::new();
    let gaps: std::collections::BTreeSet<&str> = draft.gaps.iter().map(|gap| gap.element.as_str()).collect();
    let wanted: std::collections::BTreeSet<&str> = example.gaps.iter().map(String::as_str).collect();
    if gaps != wanted {
        faults.push(format!("gaps are {gaps:?}, expected {wanted:?}"));
    }
    let names: std::collections::BTreeSet<String> = draft.format_faults.iter().map(fault_name).collect();
    let wanted: std::collections::BTreeSet<String> = example.faults.iter().cloned().collect();
    if names != wanted {
        faults.push(format!("format faults are {:?}, expected {wanted:?}", draft.format_faults));
    }
    for phrase in &example.contains {
        if !draft.body_text.contains(phrase.as_str()) && !draft.subject.contains(phrase.as_str()) {
            faults.push(format!("`{phrase}` is missing"));
        }
    }
    for phrase in &example.lacks {
        if draft.body_text.contains(phrase.as_str()) {
            faults.push(format!("`{phrase}` should not be there"));
        }
    }
    faults
}

fn fault_name(fault: &crate::FormatFault) -> String {
    let value = serde_json::to_value(fault).unwrap_or_default();
    value.get("fault").and_then(serde_json::Value::as_str).unwrap_or("unknown").to_owned()
}
