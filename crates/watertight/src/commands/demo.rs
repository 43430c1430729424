//! `watertight demo`: the whole path on a synthetic company that leaks data, in under a minute.

use std::path::PathBuf;

use simulate::Stories;

use crate::context::Context;
use crate::demo;
use crate::exit::{Exit, Failure, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Do not serve; leave the pack at DIR/pack.zip and print a summary
    #[arg(long)]
    headless: bool,
    /// Where the company, the data and the pack go
    #[arg(long, value_name = "DIR", default_value = "./watertight-demo")]
    out: PathBuf,
    /// Another seed gives another week with other leaks
    #[arg(long, default_value_t = 7, value_name = "S")]
    seed: u64,
    #[arg(long, default_value_t = 7, value_name = "N")]
    days: u32,
    /// Which leaks: `demo` (nine of them), `all`, `none`, or story ids separated by commas
    #[arg(long, default_value = "demo", value_name = "LIST")]
    stories: String,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let stories = match args.stories.as_str() {
        "demo" => Stories::demo(),
        list => list.parse().map_err(|error| Failure::usage(format!("--stories: {error}")))?,
    };
    let wish = demo::Wish { out: &args.out, seed: args.seed, days: args.days, stories, serve: !args.headless };
    demo::run(&wish, context)?;
    Ok(Exit::Done)
}
