//! One file a command; this list only chooses. Adding one: copy the nearest file, add it here and in `cli.rs`.

pub(crate) mod baseline;
pub(crate) mod classify;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod content;
pub(crate) mod demo;
pub(crate) mod detect;
pub(crate) mod doctor;
pub(crate) mod duties;
pub(crate) mod duty;
pub(crate) mod evidence;
pub(crate) mod finding;
pub(crate) mod incident;
pub(crate) mod ingest;
pub(crate) mod lake;
pub(crate) mod man;
pub(crate) mod normalize;
pub(crate) mod notice;
mod offline;
pub(crate) mod query;
pub(crate) mod rule;
pub(crate) mod scope;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod source;
pub(crate) mod state;
pub(crate) mod suppression;
pub(crate) mod write;

use crate::cli::Command;
use crate::context::Context;
use crate::exit::{Failure, Outcome};
use crate::output::Format;

pub(crate) fn run(command: Command, context: &Context) -> Outcome {
    let has_layer = matches!(command, Command::Rule(rule::Command::Coverage));
    if context.format == Format::Navigator && !has_layer {
        return Err(Failure::usage("only `watertight rule coverage` can be printed as `navigator`")
            .help("use --format human, json or jsonl"));
    }
    match command {
        Command::Demo(args) => demo::run(&args, context),
        Command::Serve(args) => serve::run(&args, context),
        Command::Detect(args) => detect::run(&args, context),
        Command::Normalize(args) => normalize::run(&args, context),
        Command::Classify(args) => classify::run(&args, context),
        Command::Scope(args) => scope::run(args, context),
        Command::Duties(args) => duties::run(&args, context),
        Command::Rule(command) => rule::run(&command, context),
        Command::Baseline(command) => baseline::run(&command, context),
        Command::Content(command) => content::run(command, context),
        Command::Query(args) => query::run(&args, context),
        Command::Lake(command) => lake::run(command, context),
        Command::Source(command) => source::run(&command, context),
        Command::Ingest(args) => ingest::run(&args, context),
        Command::Incident(command) => incident::run(command, context),
        Command::Finding(command) => finding::run(command, context),
        Command::Suppression(command) => suppression::run(command, context),
        Command::Duty(command) => duty::run(command, context),
        Command::Notice(command) => notice::run(command, context),
        Command::Evidence(command) => evidence::run(command, context),
        Command::Simulate(args) => simulate::run(&args, context),
        Command::State(command) => state::run(command, context),
        Command::Doctor(args) => doctor::run(&args, context),
        Command::Config(command) => config::run(&command, context),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}
