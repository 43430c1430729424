//! `watertight serve`: sources, detection, cases, pages and API in one process, until it is told to stop.
//!
//! One task writes (`running`): it reads the sources and carries out the commands that come through `door`. The pages read the
//! same store.

use std::sync::Arc;

use crate::clock::Clock;
use crate::context::Context;
use crate::door::{Doorway, Jobs};
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::inlets::Inlets;
use crate::instance::{Instance, LOG_KEY_FILE};
use crate::output;
use crate::running::Running;
use crate::web::{self, Site};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which part to run; this version runs all of it in one process
    #[arg(long, default_value = "all", value_parser = ["all"])]
    role: String,
    /// Address to listen on instead of [web] listen
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    if context.clock.is_simulated() {
        let simulated = context.data_dir().join(LOG_KEY_FILE);
        let is_simulated = std::fs::read_to_string(simulated).is_ok_and(|key| key.contains("/simulated+"));
        if !is_simulated {
            return Err(Failure::usage("`serve` takes --now only for a log of simulated time")
                .help("leave --now out, or name the data directory of a demo"));
        }
    }
    context.block_on(async {
        let instance = Instance::open(context).await?;
        let listen = args.listen.clone().unwrap_or_else(|| instance.config.web.listen.clone());
        serve(instance, &listen, context.clock).await?;
        Ok(Exit::Done)
    })
}

/// Runs until interrupted.
pub(crate) async fn serve(mut instance: Instance, listen: &str, clock: Clock) -> Result<(), Failure> {
    let site = Site { store: instance.store.clone(), log_dir: instance.dir.join("log"), clock };
    let stop = Arc::new(tokio::sync::Notify::new());
    let listener = web::listen(listen).await?;
    let address = listener.local_addr().or_fail("failed to tell the address of the pages")?;
    instance.open_spools()?;
    let inlets = Inlets::open(&instance.config, &instance.spools, clock).await?;
    let (doorway, jobs) = Doorway::open(&instance.dir, clock)?;
    let mut writer = tokio::spawn(write(instance, clock, jobs, stop.clone()));
    output::talk(format!("watertight is at http://{address}/ (stop with Ctrl-C)"));
    let ended = tokio::select! {
        served = web::serve(site, listener, interrupted()) => {
            // First nobody may send any more: the spools are written to their end before the lease is free.
            inlets.close().await;
            // Let the batch in hand reach the log; whatever is not begun waits for the next start.
            stop.notify_one();
            let written = (&mut writer).await.or_fail("the flow stopped")?;
            served.and(written)
        }
        // Pages without anybody reading the sources would look healthy and be blind.
        written = &mut writer => written.or_fail("the flow stopped")?,
    };
    doorway.close().await;
    ended
}

async fn write(instance: Instance, clock: Clock, jobs: Jobs, stop: Arc<tokio::sync::Notify>) -> Result<(), Failure> {
    Running::begin(instance, clock, jobs).await?.run(stop).await
}

async fn interrupted() {
    // Without a signal handler the process is stopped the hard way, which every start can mend.
    drop(tokio::signal::ctrl_c().await);
}
