//! The life of content: proposed by one person, approved by another, used, replaced while the system runs; all in the log.
//!
//! It stands before the flow: which content is used is decided and sealed before a record is judged by it. The content in the
//! program is answered for by its release. Whether rules are good is not judged here, only that they load.

mod approval;
mod changes;
mod used;
mod watch;

use jiff::Timestamp;

use crate::content::Content;
use crate::detector::Detectors;
use crate::exit::Failure;
use crate::instance::Instance;
use crate::{law, output};

pub(crate) use approval::{approve, propose};
pub(crate) use watch::Watch;

use approval::{Standing, last_approved, standing};

/// Compiles the content that may be used, says so in the log, and makes the instance use it too.
pub(crate) async fn begin(instance: &mut Instance, now: Timestamp) -> Result<Detectors, Failure> {
    let mut standing = standing(&instance.store, &instance.content).await?;
    if standing == Standing::Nobody && instance.config.detection.require_approval {
        let unapproved = short(&instance.content);
        (instance.content, standing) = last_approved(&instance.store).await?;
        let used = short(&instance.content);
        output::talk(format!(
            "note: nobody has approved content {unapproved}; {used} is used instead; `watertight content propose`, then `approve`"
        ));
    } else if standing == Standing::Nobody {
        output::talk(format!("note: content {} is used and nobody has approved it", short(&instance.content)));
    }
    let detectors = Detectors::open(instance).await?;
    used::note(instance, &detectors, &standing, now).await?;
    Ok(detectors)
}

/// Takes changed content into use; says why when it does not. What is used stays then. Returns whether it was taken.
pub(crate) async fn reload(
    instance: &mut Instance,
    detectors: &mut Detectors,
    content: Content,
    now: Timestamp,
) -> Result<bool, Failure> {
    let name = short(&content);
    let standing = standing(&instance.store, &content).await?;
    if standing == Standing::Nobody && instance.config.detection.require_approval {
        output::talk(format!("content {name} is not taken: nobody has approved it; what was used goes on"));
        return Ok(false);
    }
    let faults = law::faults(&content);
    if !faults.is_empty() {
        faults.iter().for_each(output::talk);
        output::talk(format!(
            "content {name} is not taken: {} mistakes in regimes; what was used goes on",
            faults.len()
        ));
        return Ok(false);
    }
    if let Err(failure) = detectors.swap(instance, &content).await {
        output::talk(&failure);
        output::talk(format!("content {name} is not taken; what was used goes on"));
        return Ok(false);
    }
    instance.content = content;
    used::note(instance, detectors, &standing, now).await?;
    output::talk(format!("content {name} is used from now on"));
    Ok(true)
}

/// Enough of a hash to tell contents apart.
pub(crate) fn short(content: &Content) -> String {
    content.version().chars().take(12).collect()
}
