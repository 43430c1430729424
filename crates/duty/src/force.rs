//! Is the law in force for this incident? Proposed law never fires, enacted law fires from its first day,
//! and the version is chosen by the date the statute itself names. A duty that no version imposes on that date
//! is "not required, because not in force"; one that another version imposes leaves this version "not in force".

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::clock::{self, Start};
use crate::law::date_of;
use crate::outcome::State;
use crate::regime::{Rule, Status, Statute, Version};
use crate::run::Scene;

pub(crate) enum Force {
    Yes,
    No(State),
}

pub(crate) fn in_force(scene: &Scene<'_>) -> Force {
    let Some(statute) = statute_of(scene) else { return Force::Yes };
    match statute.status {
        Status::InForce => {}
        Status::NotCommenced => return Force::No(does_not_bind(scene, statute, "enacted and not commenced")),
        Status::Proposed => return Force::No(does_not_bind(scene, statute, "proposed law")),
        Status::Repealed => return Force::No(does_not_bind(scene, statute, "repealed")),
    }
    if statute.version.is_empty() {
        return Force::Yes;
    }
    let date = key_date(scene, statute);
    let versions = allowed(scene.rule, statute, scene.run.known_at);
    if versions.iter().any(|version| spans(version, date)) {
        return Force::Yes;
    }
    if versions.is_empty() {
        let reason =
            format!("no version of {} had been recorded at the moment whose knowledge is asked for", statute.title);
        return Force::No(State::NotInForce { status: "not_recorded".to_owned(), reason });
    }
    Force::No(out_of_time(scene, statute, &versions, date))
}

/// Law that binds nobody yet, or no longer: the duty was asked about, so the answer is a reasoned "not required".
fn does_not_bind(scene: &Scene<'_>, statute: &Statute, what: &str) -> State {
    let begins = statute.version.iter().filter_map(|version| date_of(version.valid_from.as_ref())).min();
    let begins = begins.map(|date| format!(", applies from {date}")).unwrap_or_default();
    let reason = format!("not in force: {} is {what}{begins}", statute.title);
    State::NotRequired { reason, citation: crate::outcome::citation(scene.rule) }
}

fn out_of_time(scene: &Scene<'_>, statute: &Statute, versions: &[&Version], date: Date) -> State {
    let first = versions
        .iter()
        .filter_map(|version| date_of(version.valid_from.as_ref()).map(|from| (from, version.horizon)))
        .min();
    let key = statute.version_key.as_deref().unwrap_or("discovery_date").replace('_', " ");
    let reason = match first {
        Some((from, _)) if date < from => format!("not in force: {key} {date} is before {from}"),
        _ => format!("not in force: {key} {date} is after this version ended"),
    };
    if scene.run.law.has_other_version_in_force(scene, date) {
        return State::NotInForce { status: "superseded".to_owned(), reason };
    }
    match first {
        Some((from, true)) if date < from => {
            State::Review { question: format!("this file knows {} only from {from}; {key} is {date}", statute.title) }
        }
        _ => State::NotRequired { reason, citation: crate::outcome::citation(scene.rule) },
    }
}

/// Whether any version of `rule` covers `date`.
pub(crate) fn covers(rule: &Rule, statute: &Statute, date: Date, known_at: Option<Timestamp>) -> bool {
    statute.status == Status::InForce && allowed(rule, statute, known_at).iter().any(|version| spans(version, date))
}

fn allowed<'a>(rule: &Rule, statute: &'a Statute, known_at: Option<Timestamp>) -> Vec<&'a Version> {
    let known = |version: &Version| match (known_at, date_of(version.recorded_at.as_ref())) {
        (Some(known_at), Some(recorded)) => recorded <= known_at.to_zoned(TimeZone::UTC).date(),
        _ => true,
    };
    let named = |version: &Version| rule.versions.is_empty() || rule.versions.contains(&version.id);
    statute.version.iter().filter(|version| named(version) && known(version)).collect()
}

fn spans(version: &Version, date: Date) -> bool {
    date_of(version.valid_from.as_ref()).is_none_or(|from| from <= date)
        && date_of(version.valid_to.as_ref()).is_none_or(|to| date < to)
}

pub(crate) fn statute_of<'a>(scene: &Scene<'a>) -> Option<&'a Statute> {
    scene.regime.statute(scene.rule)
}

/// The version that answers, for the stamp on the answer.
pub(crate) fn version_of<'a>(scene: &Scene<'a>) -> Option<&'a Version> {
    let statute = statute_of(scene)?;
    let date = key_date(scene, statute);
    allowed(scene.rule, statute, scene.run.known_at).into_iter().find(|version| spans(version, date))
}

/// The date that selects the version: the named event's, else any attested time, else the day asked about.
pub(crate) fn key_date(scene: &Scene<'_>, statute: &Statute) -> Date {
    let event = statute.version_key.as_deref().map_or("discovery", |key| key.trim_end_matches("_date"));
    if let Start::At { moment, .. } = clock::event(event, scene.run.facts, scene.processor_side()) {
        return moment.local_date(&scene.zone(&moment));
    }
    let any = scene.run.facts.times.values().map(|moment| moment.local_date(&scene.zone(moment))).min();
    any.unwrap_or_else(|| scene.run.as_of.to_zoned(scene.regime.zone.clone().unwrap_or(TimeZone::UTC)).date())
}

/// An incident before a change whose notice goes out after it: both readings are shown.
pub(crate) fn transition_question(scene: &Scene<'_>) -> Option<String> {
    let statute = statute_of(scene)?;
    let date = key_date(scene, statute);
    let next = statute.version.iter().find(|version| {
        let shows = version.transition.as_ref().is_some_and(|transition| transition.show_both);
        shows
            && date_of(version.valid_from.as_ref()).is_some_and(|from| date < from)
            && !scene.rule.versions.contains(&version.id)
    })?;
    let from = date_of(next.valid_from.as_ref())?;
    let notice = clock::attested("completed", scene.run.facts).map(|moment| moment.local_date(&scene.zone(&moment)));
    let notice = notice.unwrap_or_else(|| scene.run.as_of.to_zoned(TimeZone::UTC).date());
    let transition = next.transition.as_ref();
    let policy =
        transition.map(|transition| format!("{} ({})", transition.policy, transition.text)).unwrap_or_default();
    (from <= notice)
        .then(|| format!("{} changed on {from}, between the incident ({date}) and the notice: {policy}", statute.title))
}
