//! The run: data at rest first, then day after day of background, look-alikes and stories, then the answers.
//!
//! One day is in memory at a time. Every generator draws from its own random stream.

use std::io;

use crate::benign;
use crate::cast::Cast;
use crate::clock::{self, Ms};
use crate::company::Company;
use crate::exposure;
use crate::holdings::Holdings;
use crate::lookalikes::LOOK_ALIKES;
use crate::options::{DAYS_MAX, Options, SCALE_MAX};
use crate::people::People;
use crate::rng::Rng;
use crate::sink::Sink;
use crate::stage::{Label, Stage, World};
use crate::stories::{self, Story, Told};
use crate::truth::{GroundTruth, LookAlikeTruth, Occurrence, RecordRef, StoryTruth, TRUTH_VERSION};

/// Why nothing, or only a part, was generated.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    #[error("simulate {0} days; between 1 and {DAYS_MAX} are possible")]
    Days(u32),
    #[error("simulate at scale {0}; it must be more than 0 and at most {SCALE_MAX}")]
    Scale(f64),
    #[error("write the simulated files: {0}")]
    Sink(#[from] io::Error),
    #[error("write the profile or the answers as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Writes the company's data, telemetry, `company.json` and `ground-truth.json`, and returns the latter.
///
/// # Errors
/// When the options are out of range or the sink refuses a file.
pub fn generate(options: &Options, sink: &mut dyn Sink) -> Result<GroundTruth, GenerateError> {
    if options.days == 0 || DAYS_MAX < options.days {
        return Err(GenerateError::Days(options.days));
    }
    let scale = thousandths(options.scale).ok_or(GenerateError::Scale(options.scale))?;
    let days = i64::from(options.days);
    let people = People::new(options.seed);
    let holdings = Holdings::write(options.seed, &people, sink)?;
    let company = Company::new(options.seed, clock::midnight(options.start), days);
    let world = World { company, people, holdings, cast: Cast::new(options.seed), scale };
    sink.put("company.json", &world.company.json()?)?;

    let mut stage = Stage::new(&world);
    let schedule = stories::schedule(&world.company, &options.stories);
    let (mut told, mut seen) = (Vec::new(), Vec::new());
    for day in 0..days {
        stage.begin(day);
        for (_, story) in schedule.iter().filter(|(start, _)| *start == day) {
            told.push(play(&mut stage, story));
        }
        seen.extend(look_alikes(&mut stage));
        benign::play(&mut stage);
        stage.finish(day + 1 == days, sink)?;
    }
    let truth = answers(options, stage, told, seen);
    let mut text = serde_json::to_vec(&truth)?;
    text.push(b'\n');
    sink.put("ground-truth.json", &text)?;
    Ok(truth)
}

fn play(stage: &mut Stage<'_>, story: &'static Story) -> (&'static Story, Label, Told) {
    let label = stage.label(true);
    // Not the day's stream: the same story plays the same way on whatever day the schedule puts it.
    let mut rng = Rng::new(stage.world.company.seed, story.id.as_str(), 0);
    let told = (story.play)(stage, &mut rng);
    stage.unlabel();
    (story, label, told)
}

/// One occurrence: which look-alike, its records' label, its actors.
type Seen = (usize, Label, Vec<String>);

fn look_alikes(stage: &mut Stage<'_>) -> Vec<Seen> {
    let mut seen = Vec::new();
    for (index, look_alike) in LOOK_ALIKES.iter().enumerate() {
        if look_alike.due(&stage.world.company, stage.day, stage.midnight) {
            let label = stage.label(false);
            let mut rng = stage.rng(look_alike.id);
            let actors = (look_alike.play)(stage, &mut rng);
            stage.unlabel();
            seen.push((index, label, actors));
        }
    }
    seen
}

fn answers(
    options: &Options,
    stage: Stage<'_>,
    told: Vec<(&'static Story, Label, Told)>,
    seen: Vec<Seen>,
) -> GroundTruth {
    let (mut labelled, records, telemetry_files) = stage.results();
    let mut stories: Vec<StoryTruth> = told
        .into_iter()
        .map(|(story, label, told)| story_truth(story, std::mem::take(&mut labelled[label]), told))
        .collect();
    stories.sort_by(|a, b| (&a.deed, &a.id).cmp(&(&b.deed, &b.id)));
    let mut look_alikes: Vec<LookAlikeTruth> = LOOK_ALIKES
        .iter()
        .map(|l| LookAlikeTruth {
            id: l.id.to_owned(),
            title: l.title.to_owned(),
            resembles: l.resembles.to_owned(),
            why_benign: l.why_benign.to_owned(),
            occurrences: Vec::new(),
        })
        .collect();
    for (index, label, actors) in seen {
        let records = std::mem::take(&mut labelled[label]);
        // A log that a story switched off may have swallowed all of it; then it left no trace to mistake.
        if let Some((start, end)) = span(&records) {
            look_alikes[index].occurrences.push(Occurrence { start, end, actors, records });
        }
    }
    GroundTruth {
        version: TRUTH_VERSION,
        seed: options.seed,
        start: options.start.to_string(),
        days: options.days,
        scale: options.scale,
        records,
        telemetry_files,
        stories,
        look_alikes,
    }
}

fn story_truth(story: &Story, mut records: Vec<RecordRef>, told: Told) -> StoryTruth {
    records.sort_by(|a, b| (&a.time, &a.file, a.record).cmp(&(&b.time, &b.file, b.record)));
    let (start, end) = span(&records).unwrap_or_else(|| (clock::seconds(told.deed), clock::seconds(told.deed)));
    let list = |items: &[&str]| items.iter().map(|&s| s.to_owned()).collect::<Vec<_>>();
    StoryTruth {
        id: story.id.as_str().to_owned(),
        title: story.title.to_owned(),
        variant: told.variant.to_owned(),
        surfaces: list(story.surfaces),
        start,
        end,
        deed: seconds(told.deed),
        actors: told.actors,
        resources: told.resources,
        records,
        obligations: exposure::duties(&told.exposure),
        exposure: told.exposure,
        attack: list(story.attack),
        ocsf_classes: story.ocsf.to_vec(),
    }
}

fn seconds(at: Ms) -> String {
    clock::seconds(at)
}

fn span(records: &[RecordRef]) -> Option<(String, String)> {
    let first = records.iter().map(|r| &r.time).min()?;
    let last = records.iter().map(|r| &r.time).max()?;
    Some((first.clone(), last.clone()))
}

fn thousandths(scale: f64) -> Option<u64> {
    let in_range = scale.is_finite() && 0.0 < scale && scale <= SCALE_MAX;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to lie between 0 and a million"
    )]
    let thousandths = (scale * 1000.0).round() as u64;
    (in_range && 0 < thousandths).then_some(thousandths)
}
