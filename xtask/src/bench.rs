//! `cargo xtask bench <area>`: runs an area's comparison, which prints its own table of ratios.
//!
//! The comparisons live beside the code they measure, as examples; this file only names them.

use std::process::Command;

use crate::root;

/// Area, package and example that measures it.
const AREAS: &[(&str, &str, &str)] = &[
    ("detect", "sigma", "bench_detect"),
    ("frame", "ingest", "bench_frame"),
    ("classify", "classify", "bench_classify"),
    ("evidence", "evidence", "bench_evidence"),
    ("duty", "duty", "bench_duty"),
    ("lake", "lake", "bench_lake"),
];

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let (area, rest) = args.split_first().ok_or_else(usage)?;
    let (_, package, example) = AREAS.iter().find(|(name, _, _)| name == area).ok_or_else(usage)?;
    let status = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--release", "--package", package, "--example", example, "--"])
        .args(rest)
        .current_dir(root())
        .status()
        .map_err(|error| format!("cargo run: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the {area} comparison ended with {status}")) }
}

fn usage() -> String {
    let names: Vec<&str> = AREAS.iter().map(|(name, _, _)| *name).collect();
    format!("name one of: {}", names.join(", "))
}
