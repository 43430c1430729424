//! Every command that writes the sealed log, as data, and the one place that carries it out.
//!
//! `door` brings it to whoever may write: a running server, or this process under the lease. What files a command names were
//! read by whoever typed it; only what they held travels. Reading commands, and those that read sources, are not among these.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{content, duty, evidence, finding, incident, lake, notice, scope, state, suppression};
use crate::door::Answer;
use crate::exit::{Exit, Failure};
use crate::instance::Instance;

/// One command.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Write {
    Content(content::Change),
    Duty(duty::Change),
    Evidence(evidence::Change),
    Finding(finding::Change),
    Incident(incident::Change),
    Lake(lake::Change),
    Notice(notice::Change),
    Scope(scope::Change),
    State(state::Change),
    Suppression(suppression::Change),
}

/// How far a command came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Done(Exit),
    /// There is more to do, and others may have their turn first.
    More,
}

impl Write {
    /// Decides and appends, or does the next step of it. What there is to say goes into `answer`.
    pub(crate) async fn carry_out(
        &self,
        instance: &mut Instance,
        now: Timestamp,
        answer: &mut Answer,
    ) -> Result<Step, Failure> {
        let sets_the_clock_right = matches!(self, Self::State(change) if change.sets_the_clock_right());
        if !sets_the_clock_right {
            instance.check_time(now).await?;
        }
        match self {
            Self::Notice(change) => return notice::carry_out(instance, change, now, answer).await,
            Self::Content(change) => content::carry_out(instance, change, now, answer).await?,
            Self::Duty(change) => duty::carry_out(instance, change, now, answer).await?,
            Self::Evidence(change) => evidence::carry_out(instance, change, now, answer).await?,
            Self::Finding(change) => finding::carry_out(instance, change, now, answer).await?,
            Self::Incident(change) => incident::carry_out(instance, change, now, answer).await?,
            Self::Lake(change) => lake::carry_out(instance, change, now, answer).await?,
            Self::Scope(change) => scope::carry_out(instance, change, now, answer).await?,
            Self::State(change) => state::carry_out(instance, change, now, answer).await?,
            Self::Suppression(change) => suppression::carry_out(instance, change, now, answer).await?,
        }
        Ok(Step::Done(Exit::Done))
    }
}

/// `From` for each kind of command, so that its file hands it to the door without naming the list.
macro_rules! from {
    ($($kind:ident($module:ident)),+ $(,)?) => {
        $(impl From<$module::Change> for Write {
            fn from(change: $module::Change) -> Self {
                Self::$kind(change)
            }
        })+
    };
}

from!(
    Content(content),
    Duty(duty),
    Evidence(evidence),
    Finding(finding),
    Incident(incident),
    Lake(lake),
    Notice(notice),
    Scope(scope),
    State(state),
    Suppression(suppression),
);
