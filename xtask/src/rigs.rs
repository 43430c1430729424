//! What the tests need besides Rust: a local S3 (moto), and what one comparison needs (DuckDB), installed pinned below
//! `target/rigs`.
//!
//! It installs packages and reports where they are; the tests start and stop them. A rig that cannot be installed is an
//! error here, not a skipped test there.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{root, say};

/// The AWS stand-in that answers S3 requests in tests; version pinned so that a new release cannot break a build.
const MOTO: &str = "moto[server]==5.2.5";
/// Whose answers to the same questions ours are timed against.
const DUCKDB: &str = "duckdb==2.0.0";

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
    Ok(Rigs { moto_server: installed("python", MOTO)?.join("bin/moto_server") })
}

/// Python with another engine for the same files, for `cargo xtask bench lake`.
pub(crate) fn duckdb() -> Result<PathBuf, String> {
    Ok(installed("duckdb", DUCKDB)?.join("bin/python"))
}

/// The environment of that name below `target/rigs` with one package in it.
fn installed(name: &str, package: &str) -> Result<PathBuf, String> {
    let venv = root().join("target/rigs").join(name);
    let stamp = venv.join("installed");
    if std::fs::read_to_string(&stamp).ok().as_deref() != Some(package) {
        say(&format!("rigs: installing {package} below target/rigs"));
        make_venv(&venv)?;
        checked(Command::new(venv.join("bin/python")).args(["-m", "pip", "install", "--quiet", package]))?;
        std::fs::write(&stamp, package).map_err(|error| format!("{}: {error}", stamp.display()))?;
    }
    Ok(venv)
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
