//! Sigma processing pipelines: those of the content (`pipelines/*.yml`) and those named on the command line, in order of
//! priority. They fit rules to logs before anything is compiled; `sigma` applies them.

use std::path::PathBuf;

use sigma::Pipeline;

use crate::content::Content;
use crate::exit::{Failure, OrFail as _};
use crate::rules::{self, RULE_FILE_BYTES_MAX};

/// Reads every pipeline; the first mistake refuses them all, because rules half-way fitted to a log mean something else.
pub(crate) fn read(content: Option<&Content>, paths: &[PathBuf]) -> Result<Vec<Pipeline>, Failure> {
    let mut files: Vec<(String, String)> = Vec::new();
    if let Some(content) = content {
        let own = content.below("pipelines").filter(|(name, _)| rules::is_rule(name));
        files.extend(own.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }
    for path in paths {
        let doing = format!("failed to read the pipeline `{}`", path.display());
        let size = std::fs::metadata(path).or_usage(&doing)?.len();
        if RULE_FILE_BYTES_MAX < size {
            return Err(Failure::usage(format!(
                "{doing}: {size} bytes is more than the limit of {RULE_FILE_BYTES_MAX}"
            )));
        }
        files.push((path.display().to_string(), std::fs::read_to_string(path).or_usage(&doing)?));
    }
    let parse = |(file, text): &(String, String)| {
        Pipeline::parse(file, text).map_err(|errors| {
            let said: Vec<String> = errors.iter().map(ToString::to_string).collect();
            Failure::usage(format!("a pipeline cannot be used:\n{}", said.join("\n")))
        })
    };
    files.iter().map(parse).collect()
}
