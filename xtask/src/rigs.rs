//! What the tests need besides Rust: a local S3 (moto), installed pinned below `target/rigs`.
//!
//! It installs packages and reports where they are; the tests start and stop them. A rig that cannot be installed is an
//! error here, not a skipped test there.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{root, say};

/// The AWS stand-in that answers S3 requests in tests; version pinned so that a new release cannot break a build.
const MOTO: &str = "moto[server]==5.2.5";

/// Where the rigs are, handed to the tests by environment.
#[derive(Debug)]
pub(crate) struct Rigs {
    moto_server: PathBuf,
}

impl Rigs {
    pub(crate) fn environment(&self) -> [(&'static str, PathBuf); 1] {
        [("WATERTIGHT_RIG_MOTO", self.moto_server.clone())]
    }
}

pub(crate) fn prepare() -> Result<Rigs, String> {
    let venv = root().join("target/rigs/python");
    let moto_server = venv.join("bin/moto_server");
    let stamp = venv.join("installed");
    if std::fs::read_to_string(&stamp).ok().as_deref() != Some(MOTO) {
        say("rigs: installing the S3 stand-in below target/rigs");
        make_venv(&venv)?;
        checked(Command::new(venv.join("bin/python")).args(["-m", "pip", "install", "--quiet", MOTO]))?;
        std::fs::write(&stamp, MOTO).map_err(|error| format!("{}: {error}", stamp.display()))?;
    }
    Ok(Rigs { moto_server })
}

/// Debian ships Python without `venv`; where we may, we install it, otherwise we say what is missing.
fn make_venv(venv: &Path) -> Result<(), String> {
    let attempt = || checked(Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv));
    if attempt().is_ok() {
        return Ok(());
    }
    say("rigs: python3 with venv is missing; trying Debian's packages");
    checked(Command::new("apt-get").args(["update", "--quiet"]))?;
    checked(Command::new("apt-get").args(["install", "--yes", "--quiet", "python3", "python3-venv", "python3-pip"]))?;
    attempt().map_err(|error| format!("{error}; install python3 and python3-venv, then run this again"))
}

fn checked(command: &mut Command) -> Result<(), String> {
    let shown = format!("{command:?}");
    let output = command.output().map_err(|error| format!("{shown}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{shown}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)))
}
