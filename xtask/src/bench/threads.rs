//! `cargo xtask bench threads`: `detect` with one thread and with two, on the same files, turn and turn about.
//!
//! It says something only on a machine that has nothing else to do; the shortest run of each counts.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::say;

const ROUNDS: usize = 7;

pub(super) fn run() -> Result<(), String> {
    let (program, dir) = super::program("threads")?;
    let logs = dir.join("company");
    // Benign traffic only: what is measured is reading and matching.
    let make = ["simulate", "--days", "7", "--seed", "1", "--scale", "12", "--stories", "none", "--out"];
    ended(Command::new(&program).args(make).arg(&logs).stdout(Stdio::null()))?;
    let trail = logs.join("telemetry/aws/cloudtrail");
    let mut shortest = [Duration::MAX; 2];
    for _ in 0..ROUNDS {
        for (threads, shortest) in ["1", "2"].into_iter().zip(&mut shortest) {
            *shortest = (*shortest).min(detect(&program, &trail, threads)?);
        }
    }
    let [one, two] = shortest;
    say("| one thread | two threads | ratio | floor | goal |");
    say("|---|---|---|---|---|");
    say(&format!("| {one:.2?} | {two:.2?} | {:.2} | 1.6 | 1.9 |", one.as_secs_f64() / two.as_secs_f64()));
    Ok(())
}

fn detect(program: &Path, trail: &Path, threads: &str) -> Result<Duration, String> {
    let begun = Instant::now();
    ended(
        Command::new(program)
            .args(["detect", "--threads", threads])
            .arg(trail)
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    )?;
    Ok(begun.elapsed())
}

fn ended(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}")) }
}
