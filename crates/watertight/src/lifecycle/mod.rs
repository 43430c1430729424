//! The life of content: proposed by one person, approved by another, used, replaced while the system runs; all in the log.
//!
//! It stands before the flow: which content is used is decided and sealed before a record is judged by it. The content in the
//! program is answered for by its release. Whether rules are good is not judged here, only that they load.

mod approval;
mod changes;
mod mistakes;
mod used;
mod watch;

use jiff::Timestamp;

use crate::content::Content;
use crate::detector::Detectors;
use crate::exit::Failure;
use crate::instance::Instance;
use crate::output;

pub(crate) use approval::{Proposal, approve, propose};
pub(crate) use watch::Watch;

use approval::{Standing, last_approved, standing};
use mistakes::Mistakes;

/// Compiles the content that may be used, says so in the log, and makes the instance use it too.
pub(crate) async fn begin(instance: &mut Instance, now: Timestamp) -> Result<Detectors, Failure> {
    let asks = instance.config.detection.require_approval;
    let mut standing = standing(&instance.store, &instance.content).await?;
    if standing == Standing::Nobody && asks {
        let why = format!("nobody has approved content {}", short(&instance.content));
        let what = "`watertight content propose`, then `approve`";
        standing = fall_back(instance, &why, what).await?;
    } else if standing == Standing::Nobody {
        output::talk(format!("note: content {} is used and nobody has approved it", short(&instance.content)));
    } else if asks && standing != Standing::Release {
        // What was approved may have become wrong: the program reads more strictly, or a placeholder has another value.
        match Mistakes::of(&instance.content, &instance.config).map(|mistakes| told_all(&mistakes)) {
            Ok(None) => {}
            Ok(Some(told)) => {
                let why = format!("content {} has {told}", short(&instance.content));
                standing = fall_back(instance, &why, "mend it and propose it again").await?;
            }
            Err(failure) => {
                output::talk(&failure);
                let why = format!("content {} cannot be used", short(&instance.content));
                standing = fall_back(instance, &why, "mend it and propose it again").await?;
            }
        }
    }
    let detectors = Detectors::open(instance).await?;
    let mistakes = Mistakes::of(&instance.content, &instance.config)?;
    if let Some(told) = mistakes.told() {
        output::talk(format!("note: content {} is used without what has {told}", short(&instance.content)));
    }
    used::note(instance, &detectors, &standing, now).await?;
    Ok(detectors)
}

/// Names each mistake; returns their counts in words, if there are any.
fn told_all(mistakes: &Mistakes) -> Option<String> {
    mistakes.all().for_each(output::talk);
    mistakes.told()
}

/// Uses what was approved last; says so.
async fn fall_back(instance: &mut Instance, why: &str, what: &str) -> Result<Standing, Failure> {
    let (content, standing) = last_approved(&instance.store).await?;
    instance.content = content;
    output::talk(format!("note: {why}; {} is used instead; {what}", short(&instance.content)));
    Ok(standing)
}

/// Takes changed content into use; says why when it does not. What is used stays then. Returns whether it was taken.
pub(crate) async fn reload(
    instance: &mut Instance,
    detectors: &mut Detectors,
    watch: &mut Watch,
    content: Content,
    now: Timestamp,
) -> Result<bool, Failure> {
    let name = short(&content);
    let standing = standing(&instance.store, &content).await?;
    if standing == Standing::Nobody && instance.config.detection.require_approval {
        let version = content.version();
        if !watch.waits(&version) {
            output::talk(format!("content {name} is not taken: nobody has approved it; what was used goes on"));
        }
        watch.wait(version);
        return Ok(false);
    }
    let mistakes = match Mistakes::of(&content, &instance.config) {
        Ok(mistakes) => told_all(&mistakes),
        Err(failure) => {
            output::talk(&failure);
            Some("a mistake".to_owned())
        }
    };
    if let Some(told) = mistakes {
        output::talk(format!("content {name} is not taken: {told}; what was used goes on"));
        return Ok(false);
    }
    if let Err(failure) = detectors.swap(instance, &content).await {
        output::talk(&failure);
        output::talk(format!("content {name} is not taken; what was used goes on"));
        return Ok(false);
    }
    instance.content = content;
    let changes =
        used::note(instance, detectors, &standing, now).await?.unwrap_or_else(|| "nothing differs".to_owned());
    output::talk(format!("content {name} is used from now on: {changes}"));
    Ok(true)
}

/// Enough of a hash to tell contents apart.
pub(crate) fn short(content: &Content) -> String {
    content.version().chars().take(12).collect()
}
