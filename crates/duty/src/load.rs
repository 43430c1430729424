//! Reads regime files into linked law. What loads is returned with the list of what did not: one bad
//! file never takes the others down, and never silently changes them.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};

use crate::deadline::{Deadline, Name, Term};
use crate::elements;
use crate::expr::{Ask, Expr};
use crate::law::{Law, Regime, date_of};
use crate::outcome::requires_of;
use crate::regime::{DelayEffect, ExceptionEffect, Kind, RegimeFile, Rule, SCHEMA};
use crate::suggest;

/// A mistake in a regime file: where, what, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LawError {
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub message: String,
    pub help: Option<String>,
}

impl std::fmt::Display for LawError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, "; {help}"))
    }
}

impl std::error::Error for LawError {}

/// A regime file longer than this is not a regime.
const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;

impl Law {
    /// Loads `(name, text)` pairs. Files with mistakes are left out and named in the errors.
    pub fn load(files: impl IntoIterator<Item = (String, String)>) -> (Self, Vec<LawError>) {
        let mut errors = Vec::new();
        let mut read: Vec<(Regime, String)> = Vec::new();
        for (name, text) in files {
            match read_file(&name, &text) {
                Ok(regime) => read.push((regime, text)),
                Err(error) => errors.push(error),
            }
        }
        // The order of the answer is the order of names, however the files were listed.
        read.sort_by(|(left, _), (right, _)| left.name.cmp(&right.name));
        let mut law = Self::default();
        share(&mut law, &read, &mut errors);
        let known = Known::of(&law, &read);
        for (regime, text) in read {
            let mut faults = link(&regime, &text, &known);
            faults.extend(duplicates(&regime, &text, &law.index));
            if faults.is_empty() {
                let place = law.regimes.len();
                law.index.extend(
                    regime.file.rule.iter().enumerate().map(|(number, rule)| (rule.id.clone(), (place, number))),
                );
                law.regimes.push(regime);
            } else {
                errors.extend(faults);
            }
        }
        errors.extend(unbroken_circles(&mut law));
        (law, errors)
    }
}

fn read_file(name: &str, text: &str) -> Result<Regime, LawError> {
    let fault = |line, column, message: String, help| LawError { file: name.to_owned(), line, column, message, help };
    if FILE_BYTES_MAX < text.len() {
        return Err(fault(1, 1, format!("{} bytes long; at most {FILE_BYTES_MAX} are read", text.len()), None));
    }
    let file: RegimeFile = toml::from_str(text).map_err(|error| {
        let (line, column) = error.span().map_or((1, 1), |span| position(text, span.start));
        fault(line, column, first_line(error.message()), help_for(error.message()))
    })?;
    if file.schema != SCHEMA {
        let (line, column) = find(text, "schema");
        return Err(fault(
            line,
            column,
            format!("schema `{}` is not known", file.schema),
            Some(format!("write `schema = \"{SCHEMA}\"`")),
        ));
    }
    let zone = match file.jurisdiction.tz.as_str() {
        "competent_authority" | "reporting_entity_member_state" | "clock" => None,
        tz => Some(TimeZone::get(tz).map_err(|_| {
            let (line, column) = find(text, "tz");
            fault(
                line,
                column,
                format!("time zone `{tz}` is not known"),
                Some("write an IANA name such as `America/New_York`".to_owned()),
            )
        })?),
    };
    let sha256 = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Regime { name: name.to_owned(), sha256, file, zone })
}

/// Calendars and members are shared by all files.
fn share(law: &mut Law, read: &[(Regime, String)], errors: &mut Vec<LawError>) {
    for (regime, text) in read {
        for (name, calendar) in &regime.file.calendar {
            law.calendars.insert(name.clone(), calendar.clone());
        }
        for member in &regime.file.member {
            let zone = TimeZone::get(&member.zone).ok();
            if zone.is_none() {
                let (line, column) = find(text, &member.zone);
                let message = format!("time zone `{}` is not known", member.zone);
                errors.push(LawError { file: regime.name.clone(), line, column, message, help: None });
            }
            law.members.push((member.clone(), zone));
        }
    }
}

/// Every name a rule may refer to, over all files.
struct Known {
    rules: HashSet<String>,
    calendars: HashSet<String>,
}

impl Known {
    fn of(law: &Law, read: &[(Regime, String)]) -> Self {
        let rules = read.iter().flat_map(|(regime, _)| regime.file.rule.iter().map(|rule| rule.id.clone())).collect();
        let mut calendars: HashSet<String> = law.calendars.keys().cloned().collect();
        calendars.insert("EU-member-state".to_owned());
        Self { rules, calendars }
    }
}

fn link(regime: &Regime, text: &str, known: &Known) -> Vec<LawError> {
    let mut faults = Vec::new();
    for rule in &regime.file.rule {
        let (line, column) = find(text, &format!("\"{}\"", rule.id));
        let mut report = |message: String, help: Option<String>| {
            let message = format!("rule `{}`: {message}", rule.id);
            faults.push(LawError { file: regime.name.clone(), line, column, message, help });
        };
        check_shape(regime, rule, &mut report);
        for expr in conditions(regime, rule) {
            expr.each_leaf(&mut |ask| check_ask(regime, ask, known, &mut report));
        }
        for deadline in deadlines(rule) {
            check_deadline(rule, deadline, known, &mut report);
        }
    }
    faults
}

type Report<'a> = dyn FnMut(String, Option<String>) + 'a;

fn check_shape(regime: &Regime, rule: &Rule, report: &mut Report<'_>) {
    let file = &regime.file;
    if rule.trigger.is_none() && rule.no_duty.is_none() {
        report("needs a `trigger`".to_owned(), None);
    }
    if rule.deadline.is_none() && rule.no_duty.is_none() && rule.kind != Kind::Service && rule.outcome.is_none() {
        report(
            "needs a `deadline`".to_owned(),
            Some("a law without a number has `deadline = { qualitative = \"…\" }`".to_owned()),
        );
    }
    if rule.kind == Kind::Service && rule.service.is_none() && rule.outcome.is_none() {
        report("is a service and needs `service = { type, months }`".to_owned(), None);
    }
    if rule.citations.is_empty() {
        report(
            "cites nothing".to_owned(),
            Some("write `citations = [\"…\"]`: no duty is shown without its text".to_owned()),
        );
    }
    if rule.role.is_empty() {
        report("names no `role`".to_owned(), None);
    }
    if let Some(outcome) = rule.outcome.as_ref().filter(|outcome| *outcome != "review") {
        report(format!("outcome `{outcome}` is not known"), Some("the only one is `review`".to_owned()));
    }
    for delay in rule.delays.iter().filter(|delay| delay.effect == DelayEffect::Restart) {
        if delay.amount.is_none() || delay.unit.is_none() {
            report("a delay that restarts needs `amount` and `unit`".to_owned(), None);
        }
    }
    match (&rule.statute, regime.statute(rule)) {
        (Some(id), None) => {
            let meant = suggest::nearest(id, file.statute.iter().map(|statute| statute.id.as_str()));
            report(format!("statute `{id}` is not in this file"), meant.map(did_you_mean));
        }
        (_, Some(statute)) => {
            for version in rule.versions.iter().filter(|id| !statute.version.iter().any(|version| &version.id == *id)) {
                let meant = suggest::nearest(version, statute.version.iter().map(|version| version.id.as_str()));
                report(format!("version `{version}` is not in statute `{}`", statute.id), meant.map(did_you_mean));
            }
            for version in &statute.version {
                if date_of(version.valid_from.as_ref())
                    .zip(date_of(version.valid_to.as_ref()))
                    .is_some_and(|(from, to)| to <= from)
                {
                    report(format!("version `{}` ends before it begins", version.id), None);
                }
            }
        }
        (None, None) => report("has no statute".to_owned(), Some("add a `[[statute]]` to the file".to_owned())),
    }
    if let Some(name) = rule.content.as_ref().filter(|name| !file.content.contains_key(*name)) {
        // An act that no content block describes is lawful; a misspelt one is not.
        if let Some(meant) = suggest::nearest(name, file.content.keys().map(String::as_str)) {
            report(format!("content `{name}` is not in this file"), Some(did_you_mean(meant)));
        }
    }
}

fn check_ask(regime: &Regime, ask: &Ask, known: &Known, report: &mut Report<'_>) {
    let file = &regime.file;
    let mut named = |what: &str, name: &str, there: Vec<&str>| {
        if !there.contains(&name) {
            report(
                format!("{what} `{name}` is not known"),
                suggest::nearest(name, there.iter().copied()).map(did_you_mean),
            );
        }
    };
    match ask {
        Ask::Pi(name) => named("pi", name, file.pi.keys().map(String::as_str).collect()),
        Ask::Predicate(name) => named("predicate", name, file.predicate.keys().map(String::as_str).collect()),
        Ask::Requires(rule) if !known.rules.contains(rule) => {
            report(
                format!("required rule `{rule}` is in no loaded file"),
                suggest::nearest(rule, known.rules.iter().map(String::as_str)).map(did_you_mean),
            );
        }
        Ask::ElementsAny(words) | Ask::ElementsAll(words) | Ask::OnlyElements(words) => {
            words.iter().for_each(|word| named("element", elements::class_of(word), elements::CLASSES.to_vec()));
        }
        _ => {}
    }
}

fn check_deadline(rule: &Rule, deadline: &Deadline, known: &Known, report: &mut Report<'_>) {
    if needs_clock(deadline) && rule.clock.is_none() {
        report(
            "its deadline runs from `clock`, and it has none".to_owned(),
            Some("add `clock = { event = \"…\" }`".to_owned()),
        );
    }
    deadline.each_name(&mut |name| match name {
        Name::Rule(other) if !known.rules.contains(other) => {
            report(
                format!("its deadline refers to `{other}`, which is in no loaded file"),
                suggest::nearest(other, known.rules.iter().map(String::as_str)).map(did_you_mean),
            );
        }
        Name::Calendar(calendar) if !known.calendars.contains(calendar) => {
            report(
                format!("calendar `{calendar}` is in no loaded file"),
                suggest::nearest(calendar, known.calendars.iter().map(String::as_str)).map(did_you_mean),
            );
        }
        _ => {}
    });
}

fn needs_clock(deadline: &Deadline) -> bool {
    match &deadline.term {
        Term::Offset(offset) => offset.after == "clock",
        Term::Min(parts) | Term::Max(parts) => parts.iter().any(needs_clock),
        Term::Case(cases) => cases.iter().any(|case| needs_clock(&case.then)),
        Term::Annual { .. } => true,
        Term::Relative { .. } | Term::Qualitative { .. } => false,
    }
}

/// Every condition of a rule, the predicates it may use included.
fn conditions<'a>(regime: &'a Regime, rule: &'a Rule) -> Vec<&'a Expr> {
    let mut found: Vec<&Expr> = rule.trigger.iter().collect();
    found.extend(rule.exemptions.iter().map(|exemption| &exemption.when));
    found.extend(rule.exceptions.iter().map(|exception| &exception.when));
    found.extend(rule.extensions.iter().map(|extension| &extension.when));
    found.extend(rule.recipient_resolver.iter().map(|case| &case.when));
    found.extend(rule.review.iter().filter_map(|question| question.when.as_ref()));
    found.extend(regime.file.predicate.values().map(|predicate| &predicate.expr));
    for deadline in deadlines(rule) {
        deadline.each_name(&mut |name| {
            if let Name::Condition(expr) = name {
                found.push(expr);
            }
        });
    }
    found
}

fn deadlines(rule: &Rule) -> Vec<&Deadline> {
    let mut found: Vec<&Deadline> = rule.deadline.iter().collect();
    found.extend(rule.also.iter().map(|step| &step.deadline));
    found.extend(rule.exceptions.iter().filter_map(|exception| match &exception.effect {
        ExceptionEffect::ReplaceDeadline(deadline) => Some(deadline),
        ExceptionEffect::NotRequired => None,
    }));
    found
}

fn duplicates(regime: &Regime, text: &str, index: &HashMap<String, (usize, usize)>) -> Vec<LawError> {
    let mut seen = HashSet::new();
    let twice = regime.file.rule.iter().filter(|rule| !seen.insert(rule.id.as_str()) || index.contains_key(&rule.id));
    twice
        .map(|rule| {
            let (line, column) = find_last(text, &format!("\"{}\"", rule.id));
            LawError {
                file: regime.name.clone(),
                line,
                column,
                message: format!("rule `{}` is written twice", rule.id),
                help: None,
            }
        })
        .collect()
}

/// Rules that wait for each other can never be judged: the whole file of such a rule is left out.
fn unbroken_circles(law: &mut Law) -> Vec<LawError> {
    let mut links: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for regime in &law.regimes {
        for rule in &regime.file.rule {
            links.insert(&rule.id, links_of(regime, rule));
        }
    }
    let circular: Vec<String> =
        links.keys().filter(|id| reaches_itself(id, &links)).map(|id| (*id).to_owned()).collect();
    let mut errors = Vec::new();
    for id in circular {
        let Some((place, _)) = law.index.get(&id).copied() else { continue };
        let Some(regime) = law.regimes.get_mut(place) else { continue };
        let message = format!("rule `{id}` depends on itself; no rule of this file is used");
        errors.push(LawError { file: regime.name.clone(), line: 1, column: 1, message, help: None });
        let dropped: Vec<String> = regime.file.rule.drain(..).map(|rule| rule.id).collect();
        dropped.iter().for_each(|id| {
            law.index.remove(id);
        });
    }
    errors
}

fn links_of<'a>(regime: &'a Regime, rule: &'a Rule) -> Vec<&'a str> {
    let mut links: Vec<&str> = conditions(regime, rule).into_iter().flat_map(requires_of).collect();
    let clock = rule
        .clock
        .iter()
        .flat_map(|clock| clock.events.iter())
        .filter_map(|event| event.split_once(':').map(|(_, rule)| rule));
    links.extend(clock);
    for deadline in deadlines(rule) {
        deadline.each_name(&mut |name| {
            if let Name::Rule(rule) = name {
                links.push(rule);
            }
        });
    }
    links
}

fn reaches_itself(start: &str, links: &BTreeMap<&str, Vec<&str>>) -> bool {
    let mut seen = HashSet::new();
    let mut open: Vec<&str> = links.get(start).cloned().unwrap_or_default();
    while let Some(rule) = open.pop() {
        if rule == start {
            return true;
        }
        if seen.insert(rule) {
            open.extend(links.get(rule).into_iter().flatten());
        }
    }
    false
}

fn did_you_mean(word: &str) -> String {
    format!("did you mean `{word}`?")
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

/// The reader lists the words it would have accepted; the nearest one is the help.
fn help_for(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let word = quoted.next()?;
    suggest::nearest(word, quoted).map(did_you_mean)
}

fn find(text: &str, needle: &str) -> (usize, usize) {
    position(text, text.find(needle).unwrap_or(0))
}

fn find_last(text: &str, needle: &str) -> (usize, usize) {
    position(text, text.rfind(needle).unwrap_or(0))
}

/// 1-based line and column of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
    (line, column)
}
