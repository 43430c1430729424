//! `cargo xtask bench ingest`: flow log lines against reading them, then a simulated company's CloudTrail into the lake against
//! parsing it and writing its records alone. Both comparisons are benchmarks beside the code; this makes the trail.

use std::process::Command;

use crate::{cargo, root};

/// About 290 MB decompressed, mostly management calls, as most trails are.
const SIMULATE: [&str; 9] = ["simulate", "--days", "7", "--seed", "1", "--scale", "6", "--stories", "all"];

pub(super) fn run(args: &[String]) -> Result<(), String> {
    bench("lines", args)?;
    let (program, dir) = super::program("ingest")?;
    let company = dir.join("company");
    let mut simulate = Command::new(&program);
    simulate.args(SIMULATE).arg("--out").arg(&company).stdout(std::process::Stdio::null());
    if !simulate.status().map_err(|error| error.to_string())?.success() {
        return Err("no company could be simulated".to_owned());
    }
    bench("ingest", &[company.join("telemetry/aws/cloudtrail").display().to_string()])
}

/// Of the whole workspace: one package alone would choose other features and build the lake's engine again.
fn bench(name: &str, args: &[String]) -> Result<(), String> {
    let mut command = cargo();
    command.args(["bench", "--quiet", "--workspace", "--bench", name, "--"]).args(args);
    let status = command.current_dir(root()).status().map_err(|error| format!("cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the comparison `{name}` ended with {status}")) }
}
