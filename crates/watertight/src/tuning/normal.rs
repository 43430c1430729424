//! Other numbers for baselines: what each would have said of stored events, missed and delayed.
//!
//! Every variant learns the same, so all of them are shown every event once, from the beginning of the lake: who begins in the
//! middle knows nobody. Only what falls into the asked period is judged.

use std::collections::{BTreeMap, BTreeSet};

use ::baseline::{Baseline, Baselines, Limits, Loaded, Places, Threshold, Unusual};
use ocsf::Event;
use serde::Serialize;

use super::cost::{Cost, costs};
use crate::backtest::{Labels, Period, Told, each_event};
use crate::exit::Failure;
use crate::instance::Instance;

/// Each number is multiplied by these, one at a time.
const FACTORS_PERCENT: [u64; 5] = [50, 75, 150, 200, 400];
/// Baselines that are tried in one replay, each with its variants: what they learn is held in memory side by side.
const VARIANTS_MAX: usize = 200;

/// One number of one baseline.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Tried {
    /// The key that was moved; none for what is.
    pub(crate) key: Option<&'static str>,
    /// As it is written in the file.
    pub(crate) value: Option<String>,
    #[serde(flatten)]
    pub(crate) cost: Cost,
    /// What to change in the file, ready to paste.
    pub(crate) patch: Option<String>,
}

/// One way to set a baseline.
struct Variant {
    /// Position among those that are tried.
    of: usize,
    moved: Option<Threshold>,
    baseline: Baseline,
}

/// Tries the numbers of these baselines on the stored events; the answers in their order, what is in use first.
pub(crate) async fn of_baselines(
    instance: &Instance,
    baselines: &[Baseline],
    places: Option<Places>,
    period: Period,
    labels: &Labels,
) -> Result<Vec<Vec<Tried>>, Failure> {
    let variants: Vec<Variant> = baselines.iter().enumerate().flat_map(|(of, one)| variants(of, one)).collect();
    if VARIANTS_MAX < variants.len() {
        return Err(Failure::usage(format!(
            "{} baselines have findings, and trying all of them takes more than {VARIANTS_MAX} variants",
            baselines.len()
        ))
        .help("name one with --rule ID"));
    }
    let formats: BTreeSet<String> = baselines.iter().flat_map(|one| one.formats().iter().cloned()).collect();
    let loaded =
        Loaded { baselines: variants.iter().map(|variant| variant.baseline.clone()).collect(), errors: Vec::new() };
    let mut learned = Baselines::new(loaded, Limits::default(), places);
    let mut said: Vec<Vec<Said>> = variants.iter().map(|_| Vec::new()).collect();
    let until = Period { from: None, to: period.to };
    each_event(instance, &formats, until, |event| {
        for unusual in learned.observe(event) {
            if period.holds(unusual.time)
                && let Some(of_it) = said.get_mut(unusual.baseline)
            {
                of_it.push(Said::of(&unusual, event));
            }
        }
    })
    .await?;
    Ok(judge(baselines, &variants, said, labels))
}

fn variants(of: usize, baseline: &Baseline) -> Vec<Variant> {
    let mut all = vec![Variant { of, moved: None, baseline: baseline.clone() }];
    for threshold in baseline.thresholds() {
        let moved = FACTORS_PERCENT.iter().map(|percent| threshold.value.saturating_mul(*percent) / 100);
        let values: BTreeSet<u64> = moved.filter(|value| *value != threshold.value).collect();
        for value in values {
            let changed = baseline.with_threshold(threshold.key, value);
            let moved = Some(Threshold { value, ..threshold });
            all.extend(changed.map(|baseline| Variant { of, moved, baseline }));
        }
    }
    all
}

/// Something a variant said.
struct Said {
    told: Told,
    /// An amount: whose, and of which hour or day.
    amount: Option<(String, i64)>,
}

impl Said {
    fn of(unusual: &Unusual, event: &Event) -> Self {
        let hot = event.hot();
        let told = Told {
            number: unusual.baseline,
            time: unusual.time,
            first: unusual.bucket.unwrap_or(unusual.time),
            event_uid: unusual.event_uid.clone(),
            event_uids: BTreeSet::from([unusual.event_uid.clone()]),
            who: hot.actor_key.unwrap_or_default().to_owned(),
            resources: hot.resources.clone(),
        };
        Self { told, amount: unusual.bucket.map(|bucket| (unusual.entity.clone(), bucket.as_second())) }
    }
}

fn judge(baselines: &[Baseline], variants: &[Variant], mut said: Vec<Vec<Said>>, labels: &Labels) -> Vec<Vec<Tried>> {
    let mut judged = Vec::new();
    for (of, baseline) in baselines.iter().enumerate() {
        let own: Vec<usize> = (0..variants.len()).filter(|place| variants[*place].of == of).collect();
        let mut settings: Vec<Vec<Said>> =
            own.iter().filter_map(|place| said.get_mut(*place).map(std::mem::take)).collect();
        same_amounts(&mut settings);
        let settings: Vec<Vec<Told>> =
            settings.into_iter().map(|all| all.into_iter().map(|said| said.told).collect()).collect();
        let costs = costs(&baseline.id, 0, &settings, labels);
        let moved = own.iter().filter_map(|place| variants.get(*place)).map(|variant| variant.moved);
        judged.push(moved.zip(costs).map(|(moved, cost)| tried(baseline, moved, cost)).collect());
    }
    judged
}

/// With another number an amount is told at another of its events. It is the same amount, and a verdict on one of its findings
/// is a verdict on it.
fn same_amounts(settings: &mut [Vec<Said>]) {
    let mut events: BTreeMap<(String, i64), BTreeSet<String>> = BTreeMap::new();
    for said in settings.iter().flatten() {
        let Some(amount) = &said.amount else { continue };
        events.entry(amount.clone()).or_default().insert(said.told.event_uid.clone());
    }
    for said in settings.iter_mut().flatten() {
        let same = said.amount.as_ref().and_then(|amount| events.get(amount));
        said.told.event_uids.extend(same.into_iter().flatten().cloned());
    }
}

fn tried(baseline: &Baseline, moved: Option<Threshold>, cost: Cost) -> Tried {
    let text = moved.map(|moved| format!("{}{}", moved.value, moved.unit));
    let patch = moved.zip(text.as_ref()).map(|(moved, text)| {
        let section = if moved.in_measure { "measure:\n  " } else { "" };
        format!("# {}: `{}`\nid: {}\n{section}{}: {text}\n", baseline.file, baseline.title, baseline.id, moved.key)
    });
    Tried { key: moved.map(|moved| moved.key), value: text, cost, patch }
}
