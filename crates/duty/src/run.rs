//! One evaluation in progress: the law, the facts, the moment asked about, and what was judged already.
//!
//! A rule may depend on another; links are acyclic (checked when the law is loaded), so each rule is
//! judged once and remembered.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::calendar::Calendar;
use crate::clock::{self, Start};
use crate::deadline::Deadline;
use crate::expr::OnUnknown;
use crate::facts::Facts;
use crate::judge::{Finding, NOBODY};
use crate::known::{Count, Known};
use crate::law::{Law, Regime};
use crate::moment::Moment;
use crate::outcome::{Judged, judge_rule};
use crate::regime::{Member, Rule};
use crate::truth::Truth;
use crate::{roles, timing};

/// The evaluation of one facts object.
pub(crate) struct Run<'a> {
    pub(crate) law: &'a Law,
    pub(crate) facts: &'a Facts,
    pub(crate) as_of: Timestamp,
    /// Versions recorded later are left out: what we knew then.
    pub(crate) known_at: Option<Timestamp>,
    memo: RefCell<HashMap<(usize, usize), Rc<Judged>>>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(law: &'a Law, facts: &'a Facts, as_of: Timestamp, known_at: Option<Timestamp>) -> Self {
        Self { law, facts, as_of, known_at, memo: RefCell::default() }
    }

    /// The judgement on a rule by its id, for rules that depend on it.
    pub(crate) fn judged(&self, rule: &str) -> Option<Rc<Judged>> {
        self.law.index.get(rule).map(|place| self.judged_at(*place))
    }

    pub(crate) fn judged_at(&self, place: (usize, usize)) -> Rc<Judged> {
        if let Some(known) = self.memo.borrow().get(&place) {
            return Rc::clone(known);
        }
        let judged = Rc::new(judge_rule(self, place));
        self.memo.borrow_mut().insert(place, Rc::clone(&judged));
        judged
    }
}

/// Where one answer applies: a jurisdiction, and within it an authority, a state or a customer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    pub(crate) jurisdiction: String,
    pub(crate) member: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) customer: Option<String>,
}

/// One rule at one place: everything a condition or a deadline may look at.
pub(crate) struct Scene<'a> {
    pub(crate) run: &'a Run<'a>,
    pub(crate) regime: &'a Regime,
    pub(crate) rule: &'a Rule,
    pub(crate) place: Place,
}

impl Scene<'_> {
    pub(crate) fn processor_side(&self) -> bool {
        roles::is_processor_side(&self.rule.role)
    }

    pub(crate) fn holds_any(&self, words: &[String]) -> bool {
        let facts = self.run.facts;
        let class = facts.text("entity_class");
        words.iter().any(|word| facts.roles.contains(word) || class == Some(word.as_str()))
    }

    /// The start of the rule's own clock; a rule without one starts at discovery or awareness.
    pub(crate) fn clock_start(&self) -> Start {
        let actor = self.rule.clock.as_ref().and_then(|clock| clock.actor.clone());
        let processor = self.processor_side() || actor.is_some_and(|actor| roles::is_processor_side(&[actor]));
        match &self.rule.clock {
            Some(clock) => clock::start(clock, self.run.facts, processor),
            None => clock::event("discovery", self.run.facts, processor),
        }
    }

    /// The zone in which the law counts here, or the one in which the moment was attested.
    pub(crate) fn zone(&self, moment: &Moment) -> TimeZone {
        let member = self.place.member.as_deref().or_else(|| self.run.facts.text("establishment"));
        let of_member = || member.and_then(|code| self.run.law.member_zone(code));
        self.regime
            .zone
            .clone()
            .or_else(|| if self.regime.counts_in_member_zone() { of_member() } else { None })
            .unwrap_or_else(|| moment.own_zone())
    }

    pub(crate) fn event_date(&self, event: &str) -> Option<Date> {
        match clock::event(event, self.run.facts, self.processor_side()) {
            Start::At { moment, .. } => Some(moment.local_date(&self.zone(&moment))),
            _ => None,
        }
    }

    pub(crate) fn calendar(&self, name: Option<&str>) -> &Calendar {
        self.run.law.calendar(name.or(self.regime.file.jurisdiction.calendar.as_deref()), self.place.member.as_deref())
    }

    pub(crate) fn member(&self, code: &str) -> Option<&Member> {
        self.regime.file.jurisdiction.members.as_deref().and_then(|group| self.run.law.member(group, code))
    }

    /// Whether an event came before a deadline.
    pub(crate) fn came_before(&self, event: &str, deadline: &Deadline, policy: OnUnknown) -> Finding {
        let Some(moment) = clock::attested(event, self.run.facts) else {
            return Finding::asking(format!("{} is not attested", clock::key_of(event)), clock::key_of(event), policy);
        };
        let timing = timing::timing(self, deadline);
        let zone = self.zone(&moment);
        match (moment.earliest(&zone), timing.due.at()) {
            (Some(moment), Some(limit)) => {
                Finding::new(Truth::from(&moment < limit), format!("{event} at {moment:.0}, limit {limit:.0}"))
            }
            _ => Finding::asking(format!("the limit for {event} is not known"), clock::key_of(event), policy),
        }
    }

    /// The people a threshold counts.
    pub(crate) fn population(&self, name: &str) -> Count {
        let facts = self.run.facts;
        let own = self.place.state.as_deref().unwrap_or(&self.regime.file.jurisdiction.code);
        match name.split_once(':') {
            Some(("residents", code)) => facts.residents(code),
            _ if name == "residents" => facts.residents(own),
            _ if name == "residents_of_any_one_state" => self.largest_state(),
            // Persons, wherever in the country they live: the duty counts notices, not residents.
            _ => facts.residents(country(&self.regime.file.jurisdiction.code)),
        }
    }

    fn largest_state(&self) -> Count {
        let states = self.run.facts.subjects.iter().filter(|(code, _)| code.starts_with("US-"));
        states.map(|(_, count)| *count).fold(NOBODY, |most, count| {
            let ((low, high), (other_low, other_high)) = (most.bounds(), count.bounds());
            Count::from_bounds(low.max(other_low), high.max(other_high))
        })
    }

    pub(crate) fn population_name(&self, name: &str) -> String {
        match name.split_once(':') {
            Some(("residents", code)) => format!("residents of {code}"),
            _ if name == "residents" => {
                format!("residents of {}", self.place.state.as_deref().unwrap_or(&self.regime.file.jurisdiction.code))
            }
            _ if name == "residents_of_any_one_state" => "residents of any one state".to_owned(),
            _ => format!("persons in {}", country(&self.regime.file.jurisdiction.code)),
        }
    }

    pub(crate) fn population_key(&self, name: &str) -> String {
        let code = name
            .strip_prefix("residents:")
            .unwrap_or_else(|| self.place.state.as_deref().unwrap_or(&self.regime.file.jurisdiction.code));
        let written = self.run.facts.subjects.get(code).filter(|count| !matches!(count, Known::Is(_)));
        if written.is_some() { format!("subjects.{code}") } else { "subjects".to_owned() }
    }

    /// The recipient's name here: resolved by case, then filled in.
    pub(crate) fn recipient(&self, template: &str) -> String {
        let filled_in = template.contains('{') || template.starts_with("authority:");
        if !filled_in {
            return template.to_owned();
        }
        let authority = || {
            self.place.member.as_deref().map_or_else(|| "competent SA".to_owned(), |code| self.run.law.authority(code))
        };
        let text = template
            .replace("authority:lead_or_each_member_state", "{authority}")
            .replace("{customer}", self.place.customer.as_deref().unwrap_or_default())
            .replace("{state}", self.place.state.as_deref().unwrap_or_default());
        if text.contains("{authority}") { text.replace("{authority}", &authority()) } else { text.trim().to_owned() }
    }
}

/// `US-CA` lies in `US`.
fn country(code: &str) -> &str {
    code.split('-').next().unwrap_or(code)
}
