//! `watertight man`: the manual page in roff, on stdout (`watertight man | man -l -`).

use clap::CommandFactory as _;

use crate::cli::Cli;
use crate::exit::{Exit, OrFail as _, Outcome};
use crate::output::Out;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Outcome {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page).or_fail("failed to write the manual page")?;
    let mut out = Out::new();
    out.line(String::from_utf8_lossy(&page).trim_end())?;
    out.flush()?;
    Ok(Exit::Done)
}
