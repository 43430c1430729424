//! `watertight completions SHELL`: completions for a shell, on stdout.

use clap::CommandFactory as _;

use crate::cli::Cli;
use crate::exit::{Exit, Outcome};
use crate::output::Out;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// bash, zsh, fish, elvish or powershell
    shell: clap_complete::Shell,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "watertight", &mut script);
    let mut out = Out::new();
    out.line(String::from_utf8_lossy(&script).trim_end())?;
    out.flush()?;
    Ok(Exit::Done)
}
