//! The README's second command: tidy, then every test of the workspace, summed up in one last line.
//!
//! It builds in the `release` profile on purpose: the first README command has built the heavy crates there already.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::{cargo, rigs, root, say, tidy};

/// Counts over all test binaries of the run.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
}

pub(crate) fn run(extra: &[String]) -> Result<(), String> {
    tidy::run()?;
    let rigs = rigs::prepare()?;
    let mut tally = Tally::default();
    let built_and_ran = cargo_test(extra, &rigs, &mut tally)?;
    // The line that scripts read; it must be the last one on stdout.
    print_line(&format!("{} passed, {} failed, {} skipped", tally.passed, tally.failed, tally.skipped));
    if !built_and_ran || 0 < tally.failed {
        return Err("not every test passed".to_owned());
    }
    if tally.passed == 0 {
        return Err("no test ran".to_owned());
    }
    Ok(())
}

fn cargo_test(extra: &[String], rigs: &rigs::Rigs, tally: &mut Tally) -> Result<bool, String> {
    let mut child = cargo()
        .args(["test", "--release", "--workspace", "--no-fail-fast"])
        .args(extra)
        .envs(rigs.environment())
        .current_dir(root())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cargo test: {error}"))?;
    let stdout = child.stdout.take().ok_or("cargo test has no stdout")?;
    for line in BufReader::new(stdout).lines() {
        let line = line.map_err(|error| format!("reading cargo test: {error}"))?;
        if let Some(result) = parse_result(&line) {
            tally.passed += result.passed;
            tally.failed += result.failed;
            tally.skipped += result.skipped;
        }
        print_line(&line);
    }
    let status = child.wait().map_err(|error| format!("cargo test: {error}"))?;
    if !status.success() {
        say("cargo test did not succeed; see above");
    }
    Ok(status.success())
}

/// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
fn parse_result(line: &str) -> Option<Tally> {
    let rest = line.strip_prefix("test result: ")?;
    let mut tally = Tally::default();
    for part in rest.split(['.', ';']) {
        let mut words = part.split_whitespace();
        let (Some(count), Some(what)) = (words.next(), words.next()) else { continue };
        let Ok(count) = count.parse::<u64>() else { continue };
        match what {
            "passed" => tally.passed = count,
            "failed" => tally.failed = count,
            "ignored" => tally.skipped = count,
            _ => {}
        }
    }
    Some(tally)
}

fn print_line(line: &str) {
    use std::io::Write as _;
    drop(writeln!(std::io::stdout(), "{line}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_runner_s_own_summary() {
        let tally = parse_result("test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out");
        let tally = tally.expect("the line is a summary");
        assert_eq!((tally.passed, tally.failed, tally.skipped), (12, 2, 1));
        assert!(parse_result("test tests::result ... ok").is_none());
    }
}
