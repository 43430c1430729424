//! Content files into baselines. What is wrong is told with file and line; the good ones are used all the same.

use crate::definition::{Ads, Baseline, Measure, Quantity, ValueRules, VolumeRules};
use crate::document::{Document, Kind, MeasureDocument, Of, Rhythm, Span};
use crate::hash::Keyed;
use crate::limits::Limits;
use crate::select::{PATTERN_BYTES_MAX, Select};
use crate::volume::slots_per_turn;

/// A larger file is no baseline.
const FILE_BYTES_MAX: usize = 1 << 20;
/// Files of one load.
const BASELINES_MAX: usize = 2_000;
/// Nothing is learned in less, and nobody waits longer.
const LEARNING_DAYS: std::ops::RangeInclusive<u32> = 1..=365;
/// Values kept per entity: of most properties an entity with more has no habits.
const ENTITY_VALUES_MAX: usize = 64;

/// A mistake in a content file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {message}", line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct LoadError {
    pub file: String,
    /// 1-based.
    pub line: Option<usize>,
    pub message: String,
}

/// What was read: the good ones and the list of bad ones.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// In the order of the files.
    pub baselines: Vec<Baseline>,
    pub errors: Vec<LoadError>,
}

/// Reads files, each a name and its text; one baseline per file.
#[must_use]
pub fn load(files: &[(String, String)]) -> Loaded {
    let mut loaded = Loaded::default();
    for (file, text) in files {
        let at_line = |(line, message)| LoadError { file: file.clone(), line, message };
        match read(file, text) {
            Ok(baseline) => {
                let twin = loaded.baselines.iter().find(|other| other.id == baseline.id);
                let problem = if let Some(twin) = twin {
                    Some(format!("id `{}` is also that of {}", baseline.id, twin.file))
                } else if loaded.baselines.len() == BASELINES_MAX {
                    Some(format!("there are more than {BASELINES_MAX} baselines"))
                } else {
                    None
                };
                match problem {
                    Some(problem) => loaded.errors.push(at_line((line_of(text, "id"), problem))),
                    None => loaded.baselines.push(baseline),
                }
            }
            Err(error) => loaded.errors.push(at_line(error)),
        }
    }
    loaded
}

/// Line, if known, and message.
type Mistake = (Option<usize>, String);

fn read(file: &str, text: &str) -> Result<Baseline, Mistake> {
    if FILE_BYTES_MAX < text.len() {
        return Err((None, format!("the file is larger than {FILE_BYTES_MAX} bytes")));
    }
    let document: Document = yaml_serde::from_str(text).map_err(|error| {
        let line = error.location().map(|place| place.line());
        let message = error.to_string();
        // Our own complaints about a word come without a place; the word has one.
        let of_word = line.is_none_or(|line| line == 1).then(|| line_of_word(text, &message)).flatten();
        (of_word.or(line), message)
    })?;
    build(file, text, document).map_err(|(key, message)| (line_of(text, key), message))
}

/// The first line that begins with a key, at any depth; else the first that has it between braces.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let is_key = |line: &str| {
        let line = line.trim_start().trim_start_matches("- ");
        line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'))
    };
    let inside = |line: &str| line.contains(&format!("{key}:"));
    text.lines().position(is_key).or_else(|| text.lines().position(inside)).map(|index| index + 1)
}

/// The line of the text that a message quotes.
fn line_of_word(text: &str, message: &str) -> Option<usize> {
    let word = message.split('`').nth(1).filter(|word| !word.is_empty())?;
    text.lines().position(|line| line.contains(word)).map(|index| index + 1)
}

/// Key to point at, and message.
type Complaint = (&'static str, String);

fn build(file: &str, text: &str, document: Document) -> Result<Baseline, Complaint> {
    check(&document)?;
    let keyed = Keyed::new(&Limits::default().hash_key);
    let observations_min = document.min_observations.unwrap_or(10);
    let measure = measure(&document.measure, document.learning.0, observations_min)?;
    check_peer(&document, &measure)?;
    // Thresholds are not part of it: who tightens them keeps what was learned.
    let learned = (&document.select, document.entity, document.peer, document.measure.r#type, document.measure.value);
    let amounts = (document.measure.of, document.measure.per, document.measure.rhythm);
    let shape = postcard::to_allocvec(&(learned, amounts)).map_err(|error| ("select", error.to_string()))?;
    let ads = document.ads;
    let ads = Ads {
        goal: ads.goal.0,
        strategy: ads.strategy.0,
        blind_spots: ads.blind_spots.0,
        validation: ads.validation.0,
        response: ads.response.0,
    };
    Ok(Baseline {
        file: file.to_owned(),
        select: Select::new(&document.select),
        id: document.id,
        title: document.title,
        description: document.description,
        status: document.status,
        level: document.level,
        author: document.author,
        date: document.date,
        tags: document.tags.0,
        falsepositives: document.falsepositives.0,
        surface: document.watertight.surface,
        group_by: document.watertight.group_by.0,
        owner: document.watertight.owner,
        ads,
        version: format!("{:016x}", keyed.of(text.as_bytes())),
        entity: document.entity,
        peer: document.peer,
        measure,
        learning: document.learning.0,
        observations_min,
        shape: keyed.of(&shape),
        tests: document.tests,
    })
}

fn check(document: &Document) -> Result<(), Complaint> {
    if !is_uuid(&document.id) {
        return Err(("id", format!("`{}` is not a UUID", document.id)));
    }
    for (key, text) in [("title", &document.title), ("description", &document.description)] {
        if text.trim().is_empty() {
            return Err((key, format!("{key} is empty")));
        }
    }
    if !LEARNING_DAYS.contains(&(document.learning.0 / Span::DAY)) {
        let (least, most) = (LEARNING_DAYS.start(), LEARNING_DAYS.end());
        return Err(("learning", format!("learning takes between {least}d and {most}d")));
    }
    let select = &document.select;
    if select.formats.0.is_empty() {
        return Err(("formats", "name at least one format, for example `aws/cloudtrail`".to_owned()));
    }
    if let Some(format) = select.formats.0.iter().find(|format| format.contains('*') || !format.contains('/')) {
        return Err(("formats", format!("`{format}` is not a format; spell it out, for example `aws/cloudtrail`")));
    }
    let conditions = select.r#where.values().chain(select.unless.values()).flat_map(|texts| &texts.0);
    if let Some(long) = conditions.chain(&select.operations.0).find(|text| PATTERN_BYTES_MAX < text.len()) {
        let start: String = long.chars().take(40).collect();
        return Err(("select", format!("pattern `{start}…` is longer than {PATTERN_BYTES_MAX} bytes")));
    }
    let fires = |wanted| document.tests.iter().any(|test| test.fires == wanted);
    if !fires(true) || !fires(false) {
        return Err(("tests", "at least one example must fire and one must stay quiet".to_owned()));
    }
    Ok(())
}

fn check_peer(document: &Document, measure: &Measure) -> Result<(), Complaint> {
    let asks = match measure {
        Measure::NewValue { newcomers, .. } => *newcomers,
        Measure::Volume(rules) => rules.newcomers,
        Measure::Rarity { .. } => true,
        Measure::Travel { .. } | Measure::Dormant { .. } => false,
    };
    let takes = !matches!(measure, Measure::Travel { .. } | Measure::Dormant { .. });
    match document.peer {
        None if asks => Err(("measure", "rarity and `newcomers: true` need a `peer`".to_owned())),
        Some(_) if !takes => Err(("peer", "this measure compares with nobody; leave `peer` out".to_owned())),
        _ => Ok(()),
    }
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12] && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The keys that a kind of measure takes besides `type`.
fn keys(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::NewValue => &["value", "known_after", "forget_after", "habit", "newcomers"],
        Kind::Rarity => &["value", "known_after", "forget_after", "habit", "share_percent", "members_min"],
        Kind::Volume => {
            &["of", "value", "per", "rhythm", "at_least", "deviations", "factor", "peak_percent", "newcomers"]
        }
        Kind::Rate => &["per", "at_least", "deviations", "factor", "peak_percent", "newcomers"],
        Kind::ImpossibleTravel => &["speed_kmh", "distance_km", "known_after", "forget_after"],
        Kind::Dormant => &["silence"],
    }
}

fn measure(document: &MeasureDocument, learning: u32, observations_min: u32) -> Result<Measure, Complaint> {
    let given = given(document);
    let takes = keys(document.r#type);
    if let Some(stray) = given.iter().find(|key| !takes.contains(key)) {
        return Err((stray, format!("this measure does not take `{stray}`; it takes {}", takes.join(", "))));
    }
    let missing = |key: &str| ("measure", format!("the measure needs `{key}`"));
    let rules = ValueRules {
        known_after: document.known_after.map_or(Span::DAY, |span| span.0),
        forget_after: document.forget_after.map_or(180 * Span::DAY, |span| span.0),
        habit: document.habit.unwrap_or(3),
        values_max: ENTITY_VALUES_MAX,
        learning,
    };
    if rules.known_after < Span::DAY {
        return Err((
            "known_after",
            "known_after is at least 1d, or an attacker teaches a value within a day".to_owned(),
        ));
    }
    Ok(match document.r#type {
        Kind::NewValue => Measure::NewValue {
            value: document.value.ok_or_else(|| missing("value"))?,
            rules,
            newcomers: document.newcomers.unwrap_or(false),
        },
        Kind::Rarity => Measure::Rarity {
            value: document.value.ok_or_else(|| missing("value"))?,
            rules,
            share_percent: u64::from(document.share_percent.ok_or_else(|| missing("share_percent"))?),
            members_min: document.members_min.unwrap_or(10),
        },
        Kind::Volume | Kind::Rate => Measure::Volume(volume(document, learning, observations_min)?),
        Kind::ImpossibleTravel => Measure::Travel {
            speed_kmh: document.speed_kmh.ok_or_else(|| missing("speed_kmh"))?,
            distance_km: document.distance_km.ok_or_else(|| missing("distance_km"))?,
            rules,
        },
        Kind::Dormant => Measure::Dormant { silence: document.silence.ok_or_else(|| missing("silence"))?.0 },
    })
}

fn given(document: &MeasureDocument) -> Vec<&'static str> {
    let all = [
        ("value", document.value.is_some()),
        ("known_after", document.known_after.is_some()),
        ("forget_after", document.forget_after.is_some()),
        ("habit", document.habit.is_some()),
        ("newcomers", document.newcomers.is_some()),
        ("share_percent", document.share_percent.is_some()),
        ("members_min", document.members_min.is_some()),
        ("of", document.of.is_some()),
        ("per", document.per.is_some()),
        ("rhythm", document.rhythm.is_some()),
        ("at_least", document.at_least.is_some()),
        ("deviations", document.deviations.is_some()),
        ("factor", document.factor.is_some()),
        ("peak_percent", document.peak_percent.is_some()),
        ("speed_kmh", document.speed_kmh.is_some()),
        ("distance_km", document.distance_km.is_some()),
        ("silence", document.silence.is_some()),
    ];
    all.into_iter().filter(|(_, is_given)| *is_given).map(|(key, _)| key).collect()
}

fn volume(document: &MeasureDocument, learning: u32, observations_min: u32) -> Result<VolumeRules, Complaint> {
    let missing = |key: &str| ("measure", format!("the measure needs `{key}`"));
    let is_rate = document.r#type == Kind::Rate;
    let of = match (document.of, document.value) {
        (Some(Of::Distinct), Some(field)) => Quantity::Distinct(field),
        (Some(Of::Distinct), None) => return Err(missing("value")),
        (_, Some(_)) => return Err(("value", "only `of: distinct` has a `value`".to_owned())),
        (Some(Of::Bytes), None) => Quantity::Bytes,
        (Some(Of::Rows), None) => Quantity::Rows,
        (Some(Of::Count), None) => Quantity::Count,
        (None, None) if is_rate => Quantity::Count,
        (None, None) => return Err(missing("of")),
    };
    let rhythm = document.rhythm.unwrap_or(if is_rate { Rhythm::None } else { Rhythm::Week });
    let rules = VolumeRules {
        of,
        bucket: document.per.ok_or_else(|| missing("per"))?.0,
        rhythm,
        at_least: document.at_least.ok_or_else(|| missing("at_least"))?,
        deviations: document.deviations.unwrap_or(4),
        factor: document.factor.unwrap_or(3),
        peak_percent: document.peak_percent.unwrap_or(100),
        zeros: !is_rate,
        newcomers: document.newcomers.unwrap_or(false),
        learning,
        observations_min,
    };
    if rules.bucket < 60 || Span::DAY < rules.bucket || !Span::DAY.is_multiple_of(rules.bucket) {
        return Err(("per", "`per` is a minute to a day and divides a day".to_owned()));
    }
    if 168 < slots_per_turn(&rules) {
        return Err(("per", "with a rhythm, `per` is at least 1h".to_owned()));
    }
    if !(1..=100).contains(&rules.deviations) || rules.factor == 0 || 1_000 < rules.factor {
        return Err(("measure", "`deviations` is 1 to 100 and `factor` 1 to 1000".to_owned()));
    }
    Ok(rules)
}
