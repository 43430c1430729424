//! Legal holds: placed on the events of every open incident, or by hand; each placing and release is an entry.
//!
//! The lake keeps the list and obeys it; this module says when a hold begins and ends. Hold beats erase beats retention.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use lake::{Filter, Hold};
use serde_json::{Value, json};

use crate::cases;
use crate::exit::{Failure, OrFail as _};
use crate::exposure;
use crate::instance::Instance;
use crate::law::hash;
use crate::store::Draft;
use crate::utc_day::utc_day;

/// Events held one by one. An incident with more has every event of its days held.
const EVENTS_HELD_MAX: usize = 5_000;

/// The name of an incident's own hold.
pub(crate) fn name_of(number: u64) -> String {
    format!("incident-{number}")
}

/// Holds the events of an open incident. Doing it again adds what joined since.
pub(crate) async fn hold_incident(instance: &mut Instance, incident: &str, now: Timestamp) -> Result<(), Failure> {
    let found = instance.store.cases().await.incidents.find(incident).cloned();
    let Some(found) = found.filter(|found| found.closed.is_none()) else { return Ok(()) };
    let events = exposure::event_uids(instance, incident).await?;
    if events.is_empty() {
        return Ok(());
    }
    let id = name_of(found.number);
    let reason = format!("incident {} is open", found.number);
    let hold = if events.len() <= EVENTS_HELD_MAX {
        instance.lake.hold_events(&id, events, &reason, now).await
    } else {
        let (id, filter) = whole_days(&id, found.events.first, found.events.last)?;
        instance.lake.hold(&id, filter, &reason, now).await
    };
    let hold = hold.or_fail(format!("failed to hold the events of incident {}", found.number))?;
    let entry = placed(&hold, Some(incident), now);
    cases::append(instance, &[entry]).await?;
    Ok(())
}

/// A hold on whole days, named for them: when the incident grows by a day, the wider hold is another one beside it. A day
/// more on both sides, because a finding stands at one event of the several that a correlation saw.
fn whole_days(id: &str, first: Timestamp, last: Timestamp) -> Result<(String, Filter), Failure> {
    let start = |day: jiff::civil::Date| day.to_zoned(TimeZone::UTC).or_fail("an incident lies out of range");
    let from = utc_day(first).yesterday().or_fail("an incident lies out of range")?;
    let to = utc_day(last).checked_add(2.days()).or_fail("an incident lies out of range")?;
    let filter = Filter {
        from_us: Some(start(from)?.timestamp().as_microsecond()),
        to_us: Some(start(to)?.timestamp().as_microsecond()),
        ..Filter::default()
    };
    Ok((format!("{id}-{}-{}", utc_day(first), utc_day(last)), filter))
}

/// Places a hold by hand.
pub(crate) async fn place(
    instance: &mut Instance,
    id: &str,
    filter: Filter,
    reason: &str,
    now: Timestamp,
) -> Result<Hold, Failure> {
    if id.starts_with("incident-") {
        return Err(Failure::usage(format!("`{id}` is a name that incidents' own holds use"))
            .help("give the hold another name"));
    }
    let hold = instance.lake.hold(id, filter, reason, now).await.or_usage("failed to place the hold")?;
    cases::append(instance, &[placed(&hold, None, now)]).await?;
    Ok(hold)
}

/// Ends a hold. The entry first: a hold that outlives its release is harmless, one that ends without a word is not.
pub(crate) async fn release(instance: &mut Instance, id: &str, by: &str, now: Timestamp) -> Result<Hold, Failure> {
    let holds = instance.lake.holds().await.or_fail("failed to read the holds")?;
    let hold = holds.into_iter().find(|hold| hold.id == id);
    let hold = hold.ok_or_else(|| {
        Failure::usage(format!("there is no hold `{id}`")).help("`watertight lake status` lists them")
    })?;
    if let Some(number) = open_incident_of(instance, id).await {
        return Err(Failure::usage(format!("incident {number} is open, its events stay held"))
            .help(format!("close it first: `watertight incident close {number}`")));
    }
    let entry = Draft {
        id: hash(&["hold.released", id, &hold.placed.to_string(), &now.to_string()]),
        kind: "hold.released".to_owned(),
        at: now,
        subject: format!("hold/{id}"),
        clear: json!({"id": id, "state": "released", "by": by, "released_at": now}),
        body: None,
    };
    cases::append(instance, &[entry]).await?;
    instance.lake.release(id).await.or_fail("failed to release the hold")
}

/// The name of a hold that keeps an incident from being erased: its own, or one by hand on any of its events.
pub(crate) async fn against_erasure(instance: &Instance, incident: &str) -> Result<Option<String>, Failure> {
    let number = instance.store.cases().await.incidents.find(incident).map(|found| found.number);
    let events = exposure::event_uids(instance, incident).await?;
    for hold in instance.lake.holds().await.or_fail("failed to read the holds")? {
        if number.is_some() && number_in(&hold.id) == number {
            return Ok(Some(hold.id));
        }
        if number_in(&hold.id).is_some() {
            // Another incident's own hold keeps events; what is erased here are texts of this one.
            continue;
        }
        let both: BTreeSet<String> = match hold.filter.event_uids.is_empty() {
            true => events.clone(),
            false => hold.filter.event_uids.intersection(&events).cloned().collect(),
        };
        let filter = Filter { event_uids: both, ..hold.filter };
        let held = async || instance.lake.read_events(&filter, 1).await.or_fail("failed to read held events");
        if !filter.event_uids.is_empty() && !held().await?.is_empty() {
            return Ok(Some(hold.id));
        }
    }
    Ok(None)
}

async fn open_incident_of(instance: &Instance, hold: &str) -> Option<u64> {
    let number = number_in(hold)?;
    let cases = instance.store.cases().await;
    let found = cases.incidents.incidents.values().find(|incident| incident.number == number)?;
    found.closed.is_none().then_some(number)
}

/// `incident-12` and `incident-12-2026-03-02-2026-03-04` → 12.
fn number_in(hold: &str) -> Option<u64> {
    hold.strip_prefix("incident-")?.split('-').next()?.parse().ok()
}

/// What is held may name people, so it is in the body, which the entry commits to.
fn placed(hold: &Hold, incident: Option<&str>, now: Timestamp) -> Draft {
    // An incident's ids are many, and its findings name them all.
    let shown = if incident.is_some() { Value::Null } else { json!(hold.filter) };
    let events = hold.filter.event_uids.len();
    Draft {
        id: hash(&["hold.placed", &hold.id, &hold.placed.to_string(), &events.to_string()]),
        kind: "hold.placed".to_owned(),
        at: now,
        subject: format!("hold/{}", hold.id),
        clear: json!({
            "id": hold.id, "state": "placed", "incident": incident, "placed_at": hold.placed,
            "event_uids": events,
        }),
        body: Some(json!({"reason": hold.reason, "filter": shown})),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_knows_its_incident() {
        assert_eq!(number_in("incident-12"), Some(12));
        assert_eq!(number_in("incident-12-2026-03-02-2026-03-04"), Some(12));
        assert_eq!(number_in("subpoena-12"), None);
    }

    #[test]
    fn whole_days_reach_a_day_beyond_the_first_and_the_last() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (id, filter) = whole_days("incident-1", at("2026-03-02T10:00:00Z"), at("2026-03-03T23:59:59Z")).unwrap();
        assert_eq!(id, "incident-1-2026-03-02-2026-03-03");
        assert_eq!(filter.from_us, Some(at("2026-03-01T00:00:00Z").as_microsecond()));
        assert_eq!(filter.to_us, Some(at("2026-03-05T00:00:00Z").as_microsecond()));
    }
}
