//! How a value reads in a notice: dates, counts and ranges, lists of data elements, yes and no.
//!
//! A value that does not have the shape it should have is an error for the template's reader; it is never forced.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use serde_json::Value;

use crate::values::clean_line;
use crate::words::Words;

/// The shapes a template may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Paragraphs.
    Text,
    /// One line.
    Line,
    Date,
    Datetime,
    /// A number, or a range.
    Count,
    /// The sum over all residences.
    SubjectsTotal,
    /// One phrase per residence.
    SubjectsByPlace,
    /// Codes of data elements, in words.
    Elements,
    /// Any list, in words.
    List,
    YesNo,
    /// A code, in words.
    Code,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    Text(String),
    /// The value is there but does not answer the question yet (a residence with an unknown number).
    Unknown,
    /// It has the wrong shape.
    Wrong(String),
}

pub(crate) struct Formatter<'words> {
    pub(crate) words: &'words Words,
    pub(crate) zone: TimeZone,
    /// Codes that have no word in this language.
    pub(crate) wordless: Vec<String>,
}

impl Formatter<'_> {
    pub(crate) fn show(&mut self, value: &Value, shape: Shape) -> Shown {
        let shown = match shape {
            Shape::Text => value.as_str().map(str::to_owned),
            Shape::Line => self.line(value),
            Shape::Date => value.as_str().and_then(|text| self.date(text)),
            Shape::Datetime => value.as_str().and_then(|text| self.datetime(text)),
            Shape::Count => bounds(value).map(|bounds| self.count(bounds)),
            Shape::SubjectsTotal => return self.subjects_total(value),
            Shape::SubjectsByPlace => return self.subjects_by_place(value),
            Shape::Elements => self.elements(value),
            Shape::List => self.list(value),
            Shape::YesNo => value.as_bool().map(|yes| if yes { self.words.yes.clone() } else { self.words.no.clone() }),
            Shape::Code => value.as_str().map(|code| self.code(code)),
        };
        shown.map_or_else(|| Shown::Wrong(format!("{shape:?}").to_lowercase()), Shown::Text)
    }

    fn line(&self, value: &Value) -> Option<String> {
        match value {
            Value::String(text) => Some(clean_line(text)),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(yes) => Some(if *yes { self.words.yes.clone() } else { self.words.no.clone() }),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    fn date(&self, text: &str) -> Option<String> {
        let date = match text.parse::<Timestamp>() {
            Ok(instant) => instant.to_zoned(self.zone.clone()).date(),
            Err(_) => plain_date(text)?,
        };
        Some(self.spell_date(date))
    }

    /// An instant with its zone; a local date stays a date.
    fn datetime(&self, text: &str) -> Option<String> {
        let Ok(instant) = text.parse::<Timestamp>() else { return plain_date(text).map(|date| self.spell_date(date)) };
        let zoned = instant.to_zoned(self.zone.clone());
        let time = format!("{:02}:{:02}", zoned.hour(), zoned.minute());
        let spelled = self.words.datetime.replace("{date}", &self.spell_date(zoned.date())).replace("{time}", &time);
        Some(spelled.replace("{zone}", &format!("UTC{}", zoned.strftime("%:z"))))
    }

    fn spell_date(&self, date: civil::Date) -> String {
        let month = usize::try_from(date.month() - 1).ok().and_then(|index| self.words.months.get(index));
        let pattern =
            self.words.date.replace("{day}", &date.day().to_string()).replace("{year}", &date.year().to_string());
        pattern.replace("{month}", month.map_or("", String::as_str))
    }

    fn count(&self, (min, max): (u64, u64)) -> String {
        if min == max {
            return self.number(min);
        }
        self.words.range.replace("{min}", &self.number(min)).replace("{max}", &self.number(max))
    }

    fn number(&self, number: u64) -> String {
        let digits = number.to_string();
        let mut out = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index != 0 && (digits.len() - index).is_multiple_of(3) {
                out.push_str(&self.words.thousands);
            }
            out.push(digit);
        }
        out
    }

    fn subjects_total(&self, value: &Value) -> Shown {
        let Some(places) = value.as_object() else { return Shown::Wrong("subjects".to_owned()) };
        let mut sum = (0_u64, 0_u64);
        for count in places.values() {
            // One unknown residence makes the total unknown: a sum without it would be invented.
            let Some((min, max)) = bounds(count) else { return Shown::Unknown };
            sum = (sum.0.saturating_add(min), sum.1.saturating_add(max));
        }
        Shown::Text(self.count(sum))
    }

    fn subjects_by_place(&mut self, value: &Value) -> Shown {
        let Some(places) = value.as_object() else { return Shown::Wrong("subjects".to_owned()) };
        let mut phrases = Vec::new();
        let mut codes: Vec<&String> = places.keys().collect();
        codes.sort();
        for code in codes {
            let Some(count) = places.get(code).and_then(bounds) else { return Shown::Unknown };
            let count = self.count(count);
            let place = self.words.places.get(code).cloned().unwrap_or_else(|| code.clone());
            phrases.push(format!("{place}: {count}"));
        }
        Shown::Text(phrases.join("; "))
    }

    fn elements(&mut self, value: &Value) -> Option<String> {
        let mut named = Vec::new();
        for code in value.as_array()? {
            let code = code.as_str()?;
            let word = self.words.elements.get(code).cloned();
            if word.is_none() {
                self.wordless.push(code.to_owned());
            }
            let word = word.unwrap_or_else(|| clean_line(code));
            if !named.contains(&word) {
                named.push(word);
            }
        }
        Some(self.join(&named))
    }

    fn list(&self, value: &Value) -> Option<String> {
        let items: Option<Vec<String>> = value.as_array()?.iter().map(|item| item.as_str().map(clean_line)).collect();
        Some(self.join(&items?))
    }

    fn code(&mut self, code: &str) -> String {
        if let Some(word) = self.words.codes.get(code) {
            return word.clone();
        }
        self.wordless.push(code.to_owned());
        clean_line(code)
    }

    fn join(&self, items: &[String]) -> String {
        match items {
            [] => String::new(),
            [only] => only.clone(),
            [first @ .., last] => format!("{} {} {last}", first.join(", "), self.words.and),
        }
    }
}

/// A local date; a text that merely starts with one is none.
fn plain_date(text: &str) -> Option<civil::Date> {
    if text.len() != 10 {
        return None;
    }
    text.parse().ok()
}

fn bounds(value: &Value) -> Option<(u64, u64)> {
    if let Some(number) = value.as_u64() {
        return Some((number, number));
    }
    let items = value.as_array()?;
    match (items.len(), items.first()?.as_u64()?, items.last()?.as_u64()?) {
        (2, min, max) if min <= max => Some((min, max)),
        _ => None,
    }
}
