//! The loaded law: every regime file with its hash, its zone and the names it shares with the others.
//!
//! `evaluate` is the crate's main door. It is total: it answers for any facts, and asks no clock.

use std::collections::{BTreeMap, HashMap};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::answer::{Answer, LawStamp, Review};
use crate::calendar::{Calendar, Observed};
use crate::facts::{Facts, UNKNOWN_RESIDENCE};
use crate::force::{covers, version_of};
use crate::known::Known;
use crate::place::{residence_reached, served};
use crate::regime::{Member, RegimeFile, Rule, Statute};
use crate::run::{Place, Run, Scene};

/// One loaded regime file.
#[derive(Debug)]
pub struct Regime {
    /// The file's name as given to `load`.
    pub name: String,
    /// Of the file's text, in hexadecimal.
    pub sha256: String,
    pub(crate) file: RegimeFile,
    /// The jurisdiction's own zone; none where a member's or the attested offset counts.
    pub(crate) zone: Option<TimeZone>,
}

/// All regimes that loaded, linked.
#[derive(Debug, Default)]
pub struct Law {
    pub(crate) regimes: Vec<Regime>,
    /// Rule id → (regime, rule).
    pub(crate) index: HashMap<String, (usize, usize)>,
    pub(crate) calendars: BTreeMap<String, Calendar>,
    pub(crate) members: Vec<(Member, Option<TimeZone>)>,
    pub(crate) weekdays: Weekdays,
}

/// Monday to Friday, for rules whose calendar nobody listed.
#[derive(Debug)]
pub(crate) struct Weekdays(Calendar);

impl Default for Weekdays {
    fn default() -> Self {
        Self(Calendar {
            source: "weekends only".to_owned(),
            holidays: Vec::new(),
            dates: Vec::new(),
            observed: Observed::Never,
        })
    }
}

impl Law {
    /// Who must be told what by when, for these facts, asked at `as_of`.
    #[must_use]
    pub fn evaluate(&self, facts: &Facts, as_of: Timestamp) -> Answer {
        self.evaluate_as_known(facts, as_of, None)
    }

    /// As `evaluate`, with the law as it was recorded at `known_at`.
    #[must_use]
    pub fn evaluate_as_known(&self, facts: &Facts, as_of: Timestamp, known_at: Option<Timestamp>) -> Answer {
        let run = Run::new(self, facts, as_of, known_at);
        let mut answer = Answer {
            id: facts.id.clone(),
            as_of: as_of.to_string(),
            known_at: known_at.map(|at| at.to_string()),
            notes: facts.notes.clone(),
            ..Answer::default()
        };
        for (at, regime) in self.regimes.iter().enumerate() {
            let residence = residence_reached(&run, regime);
            for (number, rule) in regime.file.rule.iter().enumerate() {
                if served(&run, regime, residence, rule) {
                    let status = stamp(&run, regime, rule, &mut answer.law);
                    answer.take(rule, &run.judged_at((at, number)), status, as_of);
                }
            }
        }
        answer.review.extend(unplaced_people(facts, answer.law.is_empty()));
        answer
    }

    /// The files that loaded.
    #[must_use]
    pub fn regimes(&self) -> &[Regime] {
        &self.regimes
    }

    pub(crate) fn member(&self, group: &str, code: &str) -> Option<&Member> {
        self.members.iter().map(|(member, _)| member).find(|member| member.of == group && member.code == code)
    }

    pub(crate) fn member_zone(&self, code: &str) -> Option<TimeZone> {
        self.members.iter().find(|(member, _)| member.code == code).and_then(|(_, zone)| zone.clone())
    }

    pub(crate) fn authority(&self, code: &str) -> String {
        let named = self
            .members
            .iter()
            .find(|(member, _)| member.code == code)
            .and_then(|(member, _)| member.authority.clone());
        named.unwrap_or_else(|| format!("competent SA ({code})"))
    }

    pub(crate) fn calendar(&self, name: Option<&str>, member: Option<&str>) -> &Calendar {
        let of_member = || member.and_then(|code| self.calendars.get(&format!("EU-{code}")));
        match name {
            Some("EU-member-state") => of_member().or_else(|| self.calendars.get("EU-member-state")),
            Some(name) => self.calendars.get(name),
            None => None,
        }
        .unwrap_or(&self.weekdays.0)
    }

    /// Another version of the same duty answers at this date.
    pub(crate) fn has_other_version_in_force(&self, scene: &Scene<'_>, date: Date) -> bool {
        let family = family(&scene.rule.id);
        let siblings =
            scene.regime.file.rule.iter().filter(|rule| rule.id != scene.rule.id && self::family(&rule.id) == family);
        siblings.into_iter().any(|rule| {
            scene.regime.statute(rule).is_some_and(|statute| covers(rule, statute, date, scene.run.known_at))
        })
    }
}

impl Regime {
    /// The statute of a rule: the named one, else the file's first.
    pub(crate) fn statute(&self, rule: &Rule) -> Option<&Statute> {
        match &rule.statute {
            Some(id) => self.file.statute.iter().find(|statute| &statute.id == id),
            None => self.file.statute.first(),
        }
    }

    pub(crate) fn counts_in_member_zone(&self) -> bool {
        matches!(self.file.jurisdiction.tz.as_str(), "competent_authority" | "reporting_entity_member_state")
    }

    /// The jurisdiction's code: `EU`, `US-CA`, `CONTRACT`.
    #[must_use]
    pub fn jurisdiction(&self) -> &str {
        &self.file.jurisdiction.code
    }
}

/// `US-CA-IND-v2` and `US-CA-IND-v1` are one duty in two versions.
fn family(id: &str) -> &str {
    match id.rsplit_once("-v") {
        Some((family, version)) if version.chars().all(|c| c.is_ascii_digit()) => family,
        _ => id,
    }
}

/// Notes which text answers, once, and says whether a named person reviewed it.
fn stamp(run: &Run<'_>, regime: &Regime, rule: &Rule, law: &mut Vec<LawStamp>) -> &'static str {
    let scene = Scene { run, regime, rule, place: Place::default() };
    let version = version_of(&scene);
    let statute = regime.statute(rule).map_or("", |statute| &statute.id);
    let id = version.map_or("", |version| &version.id);
    let reviewed = version.and_then(|version| version.reviewed.as_ref());
    let review_status = if reviewed.is_some() { "reviewed" } else { "draft" };
    // Files come one after the other: the same text can only stand at the end.
    let of_this_file = law.iter().rev().take_while(|stamp| stamp.regime == regime.name);
    if !of_this_file.into_iter().any(|stamp| stamp.statute == statute && stamp.version == id) {
        law.push(LawStamp {
            regime: regime.name.clone(),
            jurisdiction: regime.file.jurisdiction.code.clone(),
            statute: statute.to_owned(),
            version: id.to_owned(),
            review_status,
            reviewed_by: reviewed.map(|reviewed| format!("{} on {}", reviewed.by, reviewed.at)),
            sha256: regime.sha256.clone(),
        });
    }
    review_status
}

/// People whose state or country nobody knows may live in any served market.
fn unplaced_people(facts: &Facts, nothing_reached: bool) -> Vec<Review> {
    let mut questions = Vec::new();
    let mut ask = |jurisdiction: &str, question: String| {
        questions.push(Review { rule_id: "RESIDENCE".to_owned(), jurisdiction: jurisdiction.to_owned(), question });
    };
    if facts.unknown_residence() != Known::Is(0) {
        let people = facts.unknown_residence();
        ask(
            UNKNOWN_RESIDENCE,
            format!("where do {people} people of unknown residence live? every market served may be concerned"),
        );
    }
    if nothing_reached {
        ask(
            UNKNOWN_RESIDENCE,
            "no loaded law is reached by these residences, establishment and roles: is one missing?".to_owned(),
        );
    }
    if facts.subjects.contains_key("US") {
        ask(
            "US",
            "in which states do the people counted under `US` live? state law was considered only for named states"
                .to_owned(),
        );
    }
    questions
}

pub(crate) fn date_of(value: Option<&toml::value::Datetime>) -> Option<Date> {
    value.and_then(|value| value.date).and_then(|date| {
        Date::new(i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?).ok()
    })
}
