//! `cargo xtask bench detect`: our engine and the whole command beside inflating, parsing and two other engines, on replicated
//! recordings and on a simulated company's trail. The comparison itself is a benchmark of `sigma`; this builds the program
//! and makes the simulated data.

use std::process::{Command, Stdio};

use crate::{cargo, root};

/// A company whose trail is mostly management calls, as most are.
const SIMULATE: [&str; 9] = ["simulate", "--days", "7", "--seed", "1", "--scale", "6", "--stories", "all"];

pub(super) fn run(args: &[String]) -> Result<(), String> {
    let (program, dir) = super::program("detect")?;
    let company = dir.join("company");
    let made = Command::new(&program).args(SIMULATE).arg("--out").arg(&company).stdout(Stdio::null()).status();
    if !made.map_err(|error| error.to_string())?.success() {
        return Err("no company could be simulated".to_owned());
    }
    let mut bench = cargo();
    bench.args(["bench", "--quiet", "--package", "sigma", "--bench", "detect", "--"]);
    bench.arg("--program").arg(&program).arg("--dir").arg(&dir);
    bench.arg("--simulated").arg(company.join("telemetry/aws/cloudtrail"));
    let status = bench.args(args).current_dir(root()).status().map_err(|error| format!("cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the comparison ended with {status}")) }
}
