//! The demo: a company is made, its week of logs is read, and every station of the path does its work on it.
//!
//! Only here do the simulator and the system meet. What the system is told is what a deployment would configure
//! (`company.json`); the ground truth is read at the very end, to say what was found and what was not.

mod compare;
mod configure;
mod summary;

pub(crate) use compare::is_within;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use simulate::{DirSink, GroundTruth, Options, Stories, generate};

use crate::clock::Clock;
use crate::commands;
use crate::commands::simulate::START;
use crate::context::Context;
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::{law, notices, output, pack, response};

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Wish<'a> {
    pub(crate) out: &'a Path,
    pub(crate) seed: u64,
    pub(crate) days: u32,
    pub(crate) stories: Stories,
    pub(crate) serve: bool,
}

pub(crate) fn run(wish: &Wish<'_>, context: &Context) -> Result<(), Failure> {
    let out = fresh_directory(wish.out)?;
    output::talk(format!("making {} days of Larkfield in {} …", wish.days, out.display()));
    let truth = make_company(wish, &out)?;
    // The logs are read on the morning after the last day.
    let now = end_of(wish.days)?.checked_add(8.hours()).or_fail("the last day is out of range")?;
    let context = simulated(context, &out, now);
    configure::write(&out)?;
    context.block_on(async {
        let mut instance = Instance::open(&context).await?;
        output::talk("reading the logs …");
        let drained = commands::ingest::ingest(&mut instance, &[], &context).await?;
        let turns = drained.turns.clone();
        drained.outcome()?;
        output::talk("measuring exposures, asking the law, drafting notices …");
        work_incidents(&mut instance, now).await?;
        let made = make_pack(&instance, wish, &out, now).await?;
        let found = compare::compare(&instance, &truth).await?;
        summary::print(&instance, &summary::Facts { out: &out, now, turns: &turns, pack: &made, found: &found })
            .await?;
        if wish.serve {
            let listen = instance.config.web.listen.clone();
            commands::serve::serve(instance, &listen, Clock::Fixed(now)).await?;
        }
        Ok(())
    })
}

/// An old demo in the way is not overwritten: somebody may be looking at it.
fn fresh_directory(out: &Path) -> Result<PathBuf, Failure> {
    let doing = format!("failed to make `{}`", out.display());
    std::fs::create_dir_all(out).or_usage(&doing)?;
    if std::fs::read_dir(out).or_usage(&doing)?.next().is_some() {
        return Err(Failure::usage(format!("`{}` is not empty", out.display()))
            .help("name another directory with --out, or remove it"));
    }
    out.canonicalize().or_usage(&doing)
}

fn make_company(wish: &Wish<'_>, out: &Path) -> Result<GroundTruth, Failure> {
    let options = Options { seed: wish.seed, days: wish.days, start: START, scale: 1.0, stories: wish.stories.clone() };
    let mut sink = DirSink::new(&out.join("company"));
    generate(&options, &mut sink).or_fail("failed to simulate the company")
}

fn end_of(days: u32) -> Result<Timestamp, Failure> {
    let last = START.checked_add(i64::from(days).days()).or_usage("too many days")?;
    Ok(last.to_zoned(TimeZone::UTC).or_usage("too many days")?.timestamp())
}

/// The same call with the demo's own data directory, configuration and clock.
fn simulated(context: &Context, out: &Path, now: Timestamp) -> Context {
    let mut global = context.global.clone();
    global.data_dir = out.join("data");
    global.config = Some(out.join("watertight.toml"));
    global.now = Some(now);
    Context::new(global)
}

/// What a team would do on Monday: measure each incident, attest what people attest, ask the law, draft.
async fn work_incidents(instance: &mut Instance, now: Timestamp) -> Result<(), Failure> {
    let law = law::load(&instance.content);
    let incidents: Vec<String> = instance.store.cases().await.incidents.incidents.keys().cloned().collect();
    for incident in incidents {
        let measured = response::measure(instance, &incident, now).await?;
        if 0 < measured.subjects {
            configure::attest(instance, &incident, &measured, now).await?;
            law::assess(instance, &law, &incident, now).await?;
            notices::draft_incident(instance, &incident, notices::LANGUAGE_DEFAULT, "analyst-1", now).await?;
        }
    }
    Ok(())
}

async fn make_pack(instance: &Instance, wish: &Wish<'_>, out: &Path, now: Timestamp) -> Result<PathBuf, Failure> {
    let path = out.join("pack.zip");
    let to = START.checked_add(i64::from(wish.days).days()).or_fail("too many days")?;
    let wish = pack::Wish { framework: "soc2", from: START, to, out: &path, sample_seed: "demo", made_at: now };
    pack::pack(instance, &wish).await?;
    Ok(path)
}
