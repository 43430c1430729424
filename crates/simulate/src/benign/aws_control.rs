//! Engineers, pipelines and AWS services calling control planes: mostly describes and lists, some roles assumed.

use crate::stage::Stage;

pub(super) fn play(_stage: &mut Stage<'_>) {}
