//! `watertight scope`: the exposure of an incident or of a list of objects: what got out, how many people, where they live.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::context::Context;
use crate::door::{self, Answer};
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::instance::Instance;
use crate::{cases, exposure, law, output};

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Args {
    /// Measure this incident (id or number) and set its facts
    #[arg(long)]
    incident: Option<String>,
    /// Measure these objects (a file with one path below the objects' root a line); nothing is recorded
    #[arg(long, value_name = "FILE")]
    objects: Option<PathBuf>,
}

/// Sets the facts that the measured exposure of an incident shows.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Change {
    incident: String,
}

pub(crate) fn run(args: Args, context: &Context) -> Outcome {
    context.block_on(async {
        match (args.incident, args.objects) {
            (Some(incident), _) => door::write(context, Change { incident }).await,
            (None, objects) => of_objects(context, &objects.unwrap_or_default()).await,
        }
    })
}

async fn of_objects(context: &Context, path: &Path) -> Outcome {
    let list = std::fs::read_to_string(path).or_usage(format!("failed to read `{}`", path.display()))?;
    let objects: Vec<String> = list.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
    let instance = Instance::read(context).await?;
    let measured = exposure::measure_objects(&instance, &objects)?;
    let facts = json!({"elements": measured.elements, "subjects": measured.residency, "customers": measured.customers});
    output::object(context.format, &json!({"exposure": measured, "facts": facts}))?;
    Ok(Exit::Done)
}

pub(super) async fn carry_out(
    instance: &mut Instance,
    change: &Change,
    now: Timestamp,
    answer: &mut Answer,
) -> Result<(), Failure> {
    let incident = cases::find(&instance.store, &change.incident).await?;
    let measured = exposure::measure(instance, &incident).await?;
    exposure::record(instance, &measured, now).await?;
    for name in exposure::state_facts(instance, &measured, now).await? {
        answer.talk(exposure::stays(&name));
    }
    let facts = law::incident_facts(instance, &incident).await?;
    answer.object(&json!({"exposure": measured, "facts": facts}))?;
    for left_out in &measured.not_opened {
        answer.talk(format!("not opened: {left_out}; counts are lower bounds"));
    }
    Ok(())
}
