//! `cargo xtask bench <area>`: runs an area's comparison, which prints its own table of ratios.
//!
//! The comparisons live beside the code they measure, as examples; this file only names them.

use crate::{cargo, root};

/// Area, package, kind of target and its name.
const AREAS: &[(&str, &str, Target, &str)] = &[
    ("detect", "sigma", Target::Bench, "detect"),
    ("frame", "ingest", Target::Example, "bench_frame"),
    ("classify", "classify", Target::Example, "bench_classify"),
    ("evidence", "evidence", Target::Example, "bench_evidence"),
    ("duty", "duty", Target::Example, "evaluate_many"),
    ("lake", "lake", Target::Example, "bench_lake"),
];

/// How cargo runs it.
#[derive(Debug, Clone, Copy)]
enum Target {
    Bench,
    Example,
}

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let (area, rest) = args.split_first().ok_or_else(usage)?;
    let (_, package, target, name) = AREAS.iter().find(|(known, ..)| known == area).ok_or_else(usage)?;
    let mut command = cargo();
    match target {
        Target::Bench => command.args(["bench", "--quiet", "--package", package, "--bench", name, "--"]),
        Target::Example => command.args(["run", "--quiet", "--release", "--package", package, "--example", name, "--"]),
    };
    let status = command.args(rest).current_dir(root()).status().map_err(|error| format!("cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the {area} comparison ended with {status}")) }
}

fn usage() -> String {
    let names: Vec<&str> = AREAS.iter().map(|(name, ..)| *name).collect();
    format!("name one of: {}", names.join(", "))
}
