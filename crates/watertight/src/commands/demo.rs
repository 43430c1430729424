//! `watertight demo`: the whole path on a synthetic company that leaks data, in under a minute.

use std::path::PathBuf;

use crate::context::Context;
use crate::demo;
use crate::exit::{Exit, Outcome};

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
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let wish = demo::Wish { out: &args.out, seed: args.seed, days: args.days, serve: !args.headless };
    demo::run(&wish, context)?;
    Ok(Exit::Done)
}
