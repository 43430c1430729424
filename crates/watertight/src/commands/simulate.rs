//! `watertight simulate`: the synthetic company's telemetry, data at rest, profile and ground truth.

use std::path::PathBuf;

use ::simulate::{DirSink, Options, Stories, generate};
use jiff::civil::Date;

use crate::context::Context;
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::output;

/// The first simulated day unless one is given: a Monday in term time.
pub(crate) const START: Date = jiff::civil::date(2026, 3, 2);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[arg(long, default_value_t = 7, value_name = "N")]
    days: u32,
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// Multiplies the benign traffic
    #[arg(long, default_value_t = 1.0, value_name = "X")]
    scale: f64,
    /// Story ids separated by commas, `all` or `none`
    #[arg(long, default_value = "all", value_name = "LIST")]
    stories: String,
    /// First day
    #[arg(long, default_value_t = START, value_name = "DATE")]
    start: Date,
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let stories: Stories = args.stories.parse().map_err(|error| Failure::usage(format!("--stories: {error}")))?;
    let options = Options { seed: args.seed, days: args.days, start: args.start, scale: args.scale, stories };
    let mut sink = DirSink::new(&args.out);
    let truth = generate(&options, &mut sink).or_fail("failed to simulate")?;
    output::object(
        context.format,
        &serde_json::json!({
            "out": args.out, "seed": truth.seed, "days": truth.days, "records": truth.records, "records_total": truth.records_total(),
            "stories": truth.stories.len(), "look_alikes": truth.look_alikes.len(),
        }),
    )?;
    Ok(Exit::Done)
}
