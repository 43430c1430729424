//! Places where a test may kill the process, to prove that dying there loses and doubles nothing.
//!
//! `WATERTIGHT_FAILPOINT=name:n` aborts at the n-th visit (counted from 1) of the named place. Without it, nothing happens.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

static ARMED: OnceLock<Option<(String, u64)>> = OnceLock::new();
static VISITS: AtomicU64 = AtomicU64::new(0);

/// Every failpoint of the flow, in the order it passes them; the crash test visits each.
pub(crate) const ALL: &[&str] = &[
    "flow.batch_assigned",
    "flow.events_appended",
    "flow.rejected_appended",
    "flow.hits_appended",
    "flow.links_appended",
    "flow.findings_appended",
    "flow.log_appended",
    "flow.tiles_written",
    "flow.checkpoint_signed",
    "flow.source_committed",
];

/// Failpoints of a command that a running server carries out; the door's test visits each.
pub(crate) const DOOR: &[&str] = &["door.taken", "door.carried_out"];

/// Dies here without any clean-up if this place is armed and its turn has come.
pub(crate) fn hit(name: &str) {
    debug_assert!(ALL.contains(&name) || DOOR.contains(&name), "failpoint `{name}` is not listed");
    let Some((armed, nth)) = ARMED.get_or_init(read) else { return };
    if armed == name && VISITS.fetch_add(1, Ordering::SeqCst) + 1 == *nth {
        // No unwinding, no destructors, no flush: as near to a power cut as a process can get by itself.
        std::process::abort();
    }
}

fn read() -> Option<(String, u64)> {
    let value = std::env::var("WATERTIGHT_FAILPOINT").ok()?;
    let (name, nth) = value.rsplit_once(':')?;
    Some((name.to_owned(), nth.parse().ok()?))
}
