//! `cargo xtask bench <area>`: runs an area's comparison, which prints its own table of ratios.
//!
//! Comparisons of a crate live beside the code they measure; those of the whole program are here, one file each.

mod detect;
mod files;
mod ingest;
mod lake;
mod serve;
mod threads;
mod usage;

use std::path::PathBuf;

use crate::{cargo, root};

/// Area, package, kind of target and its name.
const AREAS: &[(&str, &str, Target, &str)] = &[
    ("correlate", "sigma", Target::Bench, "correlate"),
    ("frame", "ingest", Target::Example, "bench_frame"),
    ("classify", "classify", Target::Example, "bench_classify"),
    ("evidence", "evidence", Target::Example, "bench_evidence"),
    ("duty", "duty", Target::Example, "evaluate_many"),
];

/// How cargo runs it.
#[derive(Debug, Clone, Copy)]
enum Target {
    Bench,
    Example,
}

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let (area, rest) = args.split_first().ok_or_else(usage)?;
    match area.as_str() {
        "detect" => return detect::run(rest),
        "files" => return files::run(rest),
        "ingest" => return ingest::run(rest),
        "lake" => return lake::run(rest),
        "serve" => return serve::run(),
        "threads" => return threads::run(),
        _ => {}
    }
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
    format!("name one of: detect, files, ingest, lake, serve, threads, {}", names.join(", "))
}

/// The program as users run it, built if need be, and an empty directory to run it in.
fn program(area: &str) -> Result<(PathBuf, PathBuf), String> {
    let built = cargo().args(["build", "--quiet", "--release", "--package", "watertight"]).current_dir(root()).status();
    if !built.map_err(|error| format!("cargo: {error}"))?.success() {
        return Err("watertight cannot be built".to_owned());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let dir = target.join("bench").join(area);
    if dir.exists() {
        std::fs::remove_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    }
    std::fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    Ok((target.join("release/watertight"), dir))
}
