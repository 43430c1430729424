//! Commands on cases: decide under the guard, append what was decided, publish it.
//!
//! The deciders are `incident` and `duty`; this file only carries values between them, the store and the log.

use jiff::Timestamp;

use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::store::{Draft, Store};

/// Decides one command and appends its entries. Returns how many were new; zero means it had been said already.
pub(crate) async fn decide(store: &Store, command: incident::Command, now: Timestamp) -> Result<usize, Failure> {
    let mut cases = store.cases().await;
    let entries = incident::decide(&cases.incidents, command, now).or_usage("failed to decide")?;
    let drafts: Vec<Draft> = entries.into_iter().map(Draft::from).collect();
    store.append(&mut cases, &drafts).await.or_fail("failed to append to the log")
}

/// The same, with the log published before it returns.
pub(crate) async fn command(
    instance: &mut Instance,
    command: incident::Command,
    now: Timestamp,
) -> Result<usize, Failure> {
    let appended = decide(&instance.store, command, now).await?;
    instance.sealer.seal(&instance.store).await?;
    Ok(appended)
}

/// Appends entries that were decided elsewhere (obligations, notices, exposures) and publishes them.
pub(crate) async fn append(instance: &mut Instance, drafts: &[Draft]) -> Result<usize, Failure> {
    let mut cases = instance.store.cases().await;
    let appended = instance.store.append(&mut cases, drafts).await.or_fail("failed to append to the log")?;
    drop(cases);
    instance.sealer.seal(&instance.store).await?;
    Ok(appended)
}

/// The id of the incident a person named by id or by number (`12`, `#12`).
pub(crate) async fn find(store: &Store, name: &str) -> Result<String, Failure> {
    let cases = store.cases().await;
    let found = cases.incidents.find(name).map(|incident| incident.id.clone());
    found.ok_or_else(|| {
        Failure::usage(format!("there is no incident `{name}`"))
            .help("`watertight incident list` shows ids and numbers")
    })
}

/// Ids of the incidents that are not closed.
pub(crate) async fn open_incidents(store: &Store) -> Vec<String> {
    let cases = store.cases().await;
    let open = cases.incidents.incidents.values().filter(|incident| incident.closed.is_none());
    open.map(|incident| incident.id.clone()).collect()
}
