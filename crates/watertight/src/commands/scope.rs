//! `watertight scope`: the exposure of an incident or of a list of objects: what got out, how many people, where they live.

use std::path::PathBuf;

use serde_json::json;

use crate::context::Context;
use crate::exit::{Exit, OrFail as _, Outcome};
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

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    context.block_on(async {
        match (&args.incident, &args.objects) {
            (_, Some(path)) => {
                let list = std::fs::read_to_string(path).or_usage(format!("failed to read `{}`", path.display()))?;
                let objects: Vec<String> = list.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
                let instance = Instance::read(context).await?;
                let measured = exposure::measure_objects(&instance, &objects)?;
                let facts = json!({"elements": measured.elements, "subjects": measured.residency, "customers": measured.customers});
                output::object(context.format, &json!({"exposure": measured, "facts": facts}))?;
            }
            (incident, None) => {
                let mut instance = Instance::open(context).await?;
                let incident = cases::find(&instance.store, incident.as_deref().unwrap_or_default()).await?;
                let now = context.clock.now();
                let measured = exposure::measure(&instance, &incident).await?;
                exposure::record(&mut instance, &measured, now).await?;
                exposure::state_facts(&mut instance, &measured, now).await?;
                let facts = law::incident_facts(&instance, &incident).await?;
                output::object(context.format, &json!({"exposure": measured, "facts": facts}))?;
                for left_out in &measured.not_opened {
                    output::talk(format!("not opened: {left_out}; counts are lower bounds"));
                }
            }
        }
        Ok(Exit::Done)
    })
}
