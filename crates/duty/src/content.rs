//! What a notice must hold for these facts: the statute's items, with those that depend on the facts.
//!
//! A list for the drafter and the linter. It writes no text.

use serde::Serialize;

use crate::judge::{Assume, judge};
use crate::regime::Content;
use crate::run::Scene;

/// The items a notice must hold, and the form it must have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Required {
    pub(crate) items: Vec<String>,
    pub(crate) form: Option<Form>,
}

/// Form rules of a notice. Empty ones are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Form {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headings: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_point_size: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub style: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub must_not: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels_forbidden: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publication: Option<String>,
}

/// The content of the rule's notice. An item whose condition is not known is asked for: leaving it out could be wrong.
pub(crate) fn required(scene: &Scene<'_>, late: bool) -> Required {
    let named = scene.rule.content.as_ref().and_then(|name| scene.regime.file.content.get(name));
    let mut items = Vec::new();
    let mut form = Form { channels: scene.rule.channel.clone(), ..Form::default() };
    if let Some(content) = named {
        items.extend(content.must.iter().cloned());
        conditional(scene, content, &mut items, &mut form);
        fixed(content, &mut form);
    }
    if late && let Some(late) = &scene.rule.late {
        items.extend(late.must.iter().cloned());
    }
    let form = (form != Form::default()).then_some(form);
    Required { items, form }
}

fn conditional(scene: &Scene<'_>, content: &Content, items: &mut Vec<String>, form: &mut Form) {
    for extra in &content.must_if {
        if !judge(&extra.when, scene, Assume::Nothing, true).truth.is_no() {
            items.extend(extra.items.iter().filter(|item| !items.contains(item)).cloned().collect::<Vec<_>>());
        }
    }
    for variant in &content.variant {
        if judge(&variant.when, scene, Assume::Nothing, true).truth.is_yes() {
            form.variant = Some(variant.form.clone());
            items.extend(variant.must.iter().cloned());
        }
    }
    for forbidden in &content.channel_forbidden {
        if !judge(&forbidden.when, scene, Assume::Nothing, true).truth.is_no() {
            form.channels_forbidden.push(forbidden.channel.clone());
        }
    }
}

fn fixed(content: &Content, form: &mut Form) {
    form.title.clone_from(&content.title);
    form.headings.clone_from(&content.headings);
    form.min_point_size = content.min_point_size;
    form.style.clone_from(&content.style);
    form.must_not.clone_from(&content.must_not);
    form.channels.extend(content.channel.iter().cloned());
    form.publication.clone_from(&content.publication);
}
