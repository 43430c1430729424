//! Steps that change the values of detection items: texts replaced, mapped or set, placeholders filled. Items that compare
//! something other than texts (patterns, networks, numbers, other fields) keep their values.

use std::collections::BTreeMap;

use regex_automata::meta::{Builder, Config, Regex};
use regex_automata::util::interpolate;
use regex_automata::{Anchored, Input};

use super::item::{Action, Names};
use crate::language::{DetectionItem, Modifier, SigmaString, SigmaValue, SpecialChar, StringPart};

/// The largest compiled regular expression of a pipeline.
const REGEX_BYTES_MAX: usize = 4 << 20;
/// How many values an item may come to have.
pub(super) const VALUES_MAX: usize = 10_000;
/// How long a text may come to be. Each `(.*)*` of a replacement may double it, and steps follow on each other.
const TEXT_BYTES_MAX: usize = 64 << 10;
/// What all names and texts of a rule may come to: a rule file is a megabyte at most, and its values may become several.
pub(super) const RULE_BYTES_MAX: usize = 4 << 20;

/// A regular expression and what takes the place of what it finds.
#[derive(Debug, Clone)]
pub(super) struct Replacer {
    regex: Regex,
    replacement: String,
}

impl Replacer {
    pub(super) fn new(pattern: &str, replacement: &str) -> Result<Self, String> {
        let config = Config::new().nfa_size_limit(Some(REGEX_BYTES_MAX));
        let regex = Builder::new().configure(config).build(pattern).map_err(|error| match error.syntax_error() {
            Some(syntax) => {
                syntax.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
            }
            None => "it is too large".to_owned(),
        })?;
        Ok(Self { regex, replacement: dollars(replacement) })
    }

    /// Conditions look at the start of a text, as in pySigma.
    pub(super) fn is_match_at_start(&self, text: &str) -> bool {
        self.regex.is_match(Input::new(text).anchored(Anchored::Yes))
    }

    fn replace(&self, text: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut end = 0;
        for captures in self.regex.captures_iter(text) {
            let Some(whole) = captures.get_match() else { continue };
            if TEXT_BYTES_MAX < out.len() {
                break;
            }
            out.push_str(text.get(end..whole.start()).unwrap_or_default());
            interpolate::string(
                &self.replacement,
                |group, out| {
                    if TEXT_BYTES_MAX < out.len() {
                        return;
                    }
                    let span = captures.get_group(group);
                    out.push_str(span.and_then(|span| text.get(span.range())).unwrap_or_default());
                },
                |name| captures.group_info().to_index(captures.pattern()?, name),
                &mut out,
            );
            end = whole.end();
        }
        out.push_str(text.get(end..).unwrap_or_default());
        if TEXT_BYTES_MAX < out.len() { Err(too_long()) } else { Ok(out) }
    }
}

/// Python's `\1` and `\g<name>` as `${1}` and `${name}`. A dollar sign begins a group already, `$$` is one.
fn dollars(replacement: &str) -> String {
    let mut out = String::new();
    let mut rest = replacement;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let (group, next) = match after.strip_prefix("g<").and_then(|named| named.split_once('>')) {
            Some((name, next)) => (Some(name), next),
            None if 0 < digits => (after.get(..digits), after.get(digits..).unwrap_or_default()),
            None => (None, after),
        };
        match group {
            Some(group) => out.push_str(&format!("${{{group}}}")),
            None => out.push('\\'),
        }
        rest = next;
        if group.is_none()
            && let Some(next) = rest.strip_prefix('\\')
        {
            // Two backslashes are one.
            rest = next;
        }
    }
    out + rest
}

/// Carries out a step that changes values. `vars` are those of all pipelines.
pub(super) fn change(
    action: &Action,
    item: &mut DetectionItem,
    vars: &BTreeMap<String, Vec<String>>,
) -> Result<(), String> {
    let is_set = matches!(action, Action::SetValue(_));
    if !is_set && !compares_texts(item) {
        return Ok(());
    }
    match action {
        Action::ReplaceString { replacer, skips_wildcards } => {
            each_text(item, &|text| Ok(vec![replaced(replacer, *skips_wildcards, text)?]))?;
        }
        Action::MapString(mapping) => {
            each_text(item, &|text| match mapping.get(&text.original) {
                Some(others) => texts(others),
                None => Ok(vec![text.clone()]),
            })?;
        }
        Action::ValuePlaceholders(names) if item.field.has_modifier(Modifier::Expand) => {
            each_text(item, &|text| {
                texts(&filled(&text.original, names, &|name| vars.get(name).map(|values| escaped(values)))?)
            })?;
        }
        Action::WildcardPlaceholders(names) if item.field.has_modifier(Modifier::Expand) => {
            each_text(item, &|text| texts(&filled(&text.original, names, &|_| Some(vec!["*".to_owned()]))?))?;
        }
        Action::LowerCase => each_text(item, &|text| texts(&[text.original.to_lowercase()]))?,
        Action::UpperCase => each_text(item, &|text| texts(&[text.original.to_uppercase()]))?,
        Action::SetValue(value) => item.values = vec![value.clone()],
        Action::ConvertToText => {
            for value in &mut item.values {
                if let SigmaValue::Integer(_) | SigmaValue::Float(_) | SigmaValue::Bool(_) = value {
                    *value = SigmaValue::String(SigmaString::new(&value.to_string()));
                }
            }
        }
        Action::ConvertToNumber => to_numbers(item)?,
        _ => {}
    }
    Ok(())
}

fn too_long() -> String {
    format!("a text would be longer than {TEXT_BYTES_MAX} bytes")
}

/// New values of an item. They are measured before they are taken apart, which costs several times their length.
fn texts(texts: &[String]) -> Result<Vec<SigmaString>, String> {
    if VALUES_MAX < texts.len() {
        return Err(too_many());
    }
    if texts.iter().any(|text| TEXT_BYTES_MAX < text.len()) {
        return Err(too_long());
    }
    if RULE_BYTES_MAX < texts.iter().map(String::len).sum() {
        return Err(too_large());
    }
    Ok(texts.iter().map(|text| SigmaString::new(text)).collect())
}

fn too_many() -> String {
    format!("an item would have more than {VALUES_MAX} values")
}

/// A rule that its pipelines make too large.
pub(super) fn too_large() -> String {
    format!("the names and texts of the rule would be larger than {RULE_BYTES_MAX} bytes")
}

/// What an item's name and texts come to.
pub(super) fn bytes(item: &DetectionItem) -> usize {
    let text = |value: &SigmaValue| if let SigmaValue::String(text) = value { text.original.len() } else { 0 };
    item.field.name.as_ref().map_or(0, String::len) + item.values.iter().map(text).sum::<usize>()
}

fn to_numbers(item: &mut DetectionItem) -> Result<(), String> {
    for value in &mut item.values {
        let SigmaValue::String(text) = value else { continue };
        let number = match (text.original.parse::<i64>(), text.original.parse::<f64>()) {
            (Ok(whole), _) => SigmaValue::Integer(whole),
            (_, Ok(real)) if real.is_finite() => SigmaValue::Float(real),
            _ => return Err(format!("`{}` is not a number", text.original)),
        };
        *value = number;
    }
    Ok(())
}

fn compares_texts(item: &DetectionItem) -> bool {
    item.field.modifiers.iter().all(|modifier| {
        use Modifier::{All, Base64, Base64Offset, Cased, Contains, EndsWith, Expand, Neq, StartsWith, Utf16, Utf16be};
        matches!(modifier, All | Base64 | Base64Offset | Cased | Contains | EndsWith | Expand | Neq | StartsWith)
            || matches!(modifier, Utf16 | Utf16be | Modifier::Wide | Modifier::WindAsh)
    })
}

fn each_text(
    item: &mut DetectionItem,
    change: &dyn Fn(&SigmaString) -> Result<Vec<SigmaString>, String>,
) -> Result<(), String> {
    let values = std::mem::take(&mut item.values);
    let mut bytes = 0;
    for value in values {
        match value {
            SigmaValue::String(text) => {
                let new = change(&text)?;
                bytes += new.iter().map(|text| text.original.len()).sum::<usize>();
                item.values.extend(new.into_iter().map(SigmaValue::String));
            }
            other => item.values.push(other),
        }
        if VALUES_MAX < item.values.len() {
            return Err(too_many());
        }
        if RULE_BYTES_MAX < bytes {
            return Err(too_large());
        }
    }
    Ok(())
}

fn replaced(replacer: &Replacer, skips_wildcards: bool, text: &SigmaString) -> Result<SigmaString, String> {
    if !skips_wildcards {
        return Ok(SigmaString::new(&replacer.replace(&text.original)?));
    }
    let mut original = String::new();
    for part in &text.parts {
        match part {
            StringPart::Plain(plain) => {
                // What was plain stays plain.
                for character in replacer.replace(plain)?.chars() {
                    if matches!(character, '*' | '?' | '\\') {
                        original.push('\\');
                    }
                    original.push(character);
                }
            }
            StringPart::Special(SpecialChar::WildcardMulti) => original.push('*'),
            StringPart::Special(SpecialChar::WildcardSingle) => original.push('?'),
        }
        if TEXT_BYTES_MAX < original.len() {
            return Err(too_long());
        }
    }
    Ok(SigmaString::new(&original))
}

/// A percent sign in a value begins no placeholder.
fn escaped(values: &[String]) -> Vec<String> {
    values.iter().map(|value| value.replace('%', "\\%")).collect()
}

/// The text with placeholders filled, in every combination. Those that are not meant or not known stay.
fn filled(text: &str, names: &Names, values: &dyn Fn(&str) -> Option<Vec<String>>) -> Result<Vec<String>, String> {
    let mut spellings = vec![String::new()];
    let mut rest = text;
    while let Some(at) = rest.find(['%', '\\']) {
        let (before, from) = rest.split_at(at);
        // `\%` is a percent sign and stays as it is written.
        let literal = [from.strip_prefix("\\%").map(|_| 2), from.strip_prefix('\\').map(|_| 1)];
        if let Some(length) = literal.into_iter().flatten().next() {
            append(&mut spellings, before, &[from.get(..length).unwrap_or_default().to_owned()])?;
            rest = from.get(length..).unwrap_or_default();
            continue;
        }
        let inside = from.strip_prefix('%').unwrap_or_default();
        let Some((name, after)) = inside.split_once('%') else { break };
        let is_meant = names.include.as_ref().is_none_or(|names| names.iter().any(|known| known == name))
            && !names.exclude.iter().any(|known| known == name);
        let found = if is_meant { values(name) } else { None };
        append(&mut spellings, before, &found.unwrap_or_else(|| vec![format!("%{name}%")]))?;
        rest = after;
    }
    append(&mut spellings, rest, &[String::new()])?;
    Ok(spellings)
}

fn append(spellings: &mut Vec<String>, before: &str, endings: &[String]) -> Result<(), String> {
    let (mut all, mut bytes) = (Vec::new(), 0);
    for (start, end) in spellings.iter().flat_map(|start| endings.iter().map(move |end| (start, end))) {
        let length = start.len() + before.len() + end.len();
        bytes += length;
        if TEXT_BYTES_MAX < length {
            return Err(too_long());
        }
        if VALUES_MAX <= all.len() {
            return Err(too_many());
        }
        if RULE_BYTES_MAX < bytes {
            return Err(too_large());
        }
        all.push(format!("{start}{before}{end}"));
    }
    *spellings = all;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Names, Replacer, filled};

    #[test]
    fn groups_are_filled_in_both_spellings() {
        let replace = |pattern: &str, replacement: &str, text: &str| {
            Replacer::new(pattern, replacement).unwrap().replace(text).unwrap()
        };
        assert_eq!(replace(r"^\*\\([^\\]+)$", r"\1", r"*\cmd.exe"), "cmd.exe");
        assert_eq!(replace("(?P<one>a)(b)", r"\g<one>-$2", "xabab"), "xa-ba-b");
        assert_eq!(replace("a", r"\\$$", "bab"), r"b\$b");
        assert!(Replacer::new("(", "").is_err());
    }

    #[test]
    fn placeholders_are_filled_in_every_combination() {
        let two = |_: &str| Some(vec!["1".to_owned(), "2".to_owned()]);
        assert_eq!(filled("a%x%b%y%", &Names::default(), &two).unwrap(), ["a1b1", "a1b2", "a2b1", "a2b2"]);
        let only = Names { include: Some(vec!["x".to_owned()]), exclude: Vec::new() };
        assert_eq!(filled(r"\%x%x%%y% 5%", &only, &two).unwrap(), [r"\%x1%y% 5%", r"\%x2%y% 5%"]);
    }
}
