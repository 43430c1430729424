//! Rules as the binary uses them: loaded from content and from paths, placeholders filled in, compiled into one program.
//!
//! A rule that cannot be used is named with its reason, never left out silently.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ingest::Format;
use sigma::{Correlation, Filter, Loaded, LogSourceId, Options, Pipeline, Placeholder, Program, Rule, RuleError};

use crate::config::Config;
use crate::content::Content;
use crate::exit::{Failure, OrFail as _};
use crate::{output, pipelines};

/// The file that names every placeholder.
const PLACEHOLDERS: &str = "rules/placeholders.toml";
/// The rule attribute that names placeholders without which the rule would be noise.
const REQUIRES: &str = "requires_placeholders";
/// A rule file is never larger.
pub(crate) const RULE_FILE_BYTES_MAX: u64 = 1 << 20;

/// One program and what did not make it in.
#[derive(Debug)]
pub(crate) struct RuleSet {
    pub(crate) rules: Vec<Rule>,
    pub(crate) correlations: Vec<Correlation>,
    pub(crate) program: Program,
    pub(crate) errors: Vec<RuleError>,
    pub(crate) warnings: Vec<RuleError>,
    pub(crate) waiting: Vec<Waiting>,
    /// By correlation: a hash of what its hits mean.
    hit_versions: Vec<String>,
}

impl RuleSet {
    /// What hits of a correlation are stored under. It is the same as long as its document, the documents of the rules it is
    /// about with their filters, the pipelines and the placeholders are: a change elsewhere, also in the same file, leaves its windows as they are.
    pub(crate) fn hit_version(&self, correlation: usize) -> &str {
        self.hit_versions.get(correlation).map_or("", String::as_str)
    }
}

/// A rule that finds nothing until the configuration says something about its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) title: String,
    /// What correlations call it.
    pub(crate) names: Vec<String>,
    pub(crate) placeholder: String,
}

/// Which values placeholders get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values<'a> {
    /// Those of the configuration; empty where it says nothing.
    Configured(&'a BTreeMap<String, Vec<String>>),
    /// Those the rules' own examples are written for.
    Examples,
}

/// What is used beside the content.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Extra<'a> {
    /// Rule files and directories.
    pub(crate) rules: &'a [PathBuf],
    /// Processing pipelines, for all rules.
    pub(crate) pipelines: &'a [PathBuf],
}

/// Loads the rules of the content and of `extra` paths, fitted by the pipelines of both.
pub(crate) fn load(content: Option<&Content>, extra: Extra<'_>, config: &Config) -> Result<RuleSet, Failure> {
    let mut files: Vec<(String, String)> = Vec::new();
    if let Some(content) = content {
        files.extend(
            content.below("rules").filter(|(name, _)| is_rule(name)).map(|(n, t)| (n.to_owned(), t.to_owned())),
        );
    }
    for path in extra.rules {
        read_rules(path, &mut files)?;
    }
    let pipelines = pipelines::read(content, extra.pipelines)?;
    let loaded = sigma::load_with(files, &pipelines);
    let options = options(content, Values::Configured(&config.placeholders))?;
    let (rules, mut waiting) = split_waiting(loaded.rules, &options);
    let correlations = split_bereft(loaded.correlations, &mut waiting);
    let (program, complaints) = Program::compile_with(&rules, &correlations, &options);
    let is_error = |complaint: &RuleError| complaint.severity == sigma::Severity::Error;
    let (compile_errors, compile_warnings): (Vec<_>, Vec<_>) = complaints.into_iter().partition(is_error);
    let (mut errors, mut warnings) = (loaded.errors, loaded.warnings);
    errors.extend(compile_errors);
    warnings.extend(compile_warnings);
    let hit_versions = hit_versions(&rules, &correlations, &pipelines, &options);
    Ok(RuleSet { rules, correlations, program, errors, warnings, waiting, hit_versions })
}

/// The rules of a content set as their own examples see them: fitted by its pipelines, those that wait for values included.
/// What cannot be compiled is among the errors.
pub(crate) fn of_content(content: &Content) -> Result<Loaded, Failure> {
    let files = content.below("rules").filter(|(name, _)| is_rule(name));
    with_compile_errors(sigma::load_with(files, &pipelines::read(Some(content), &[])?), content)
}

/// Adds what compiling says about rules that have no examples to fail.
pub(crate) fn with_compile_errors(mut loaded: Loaded, content: &Content) -> Result<Loaded, Failure> {
    let options = options(Some(content), Values::Examples)?;
    let (_, complaints) = Program::compile_with(&loaded.rules, &loaded.correlations, &options);
    let is_error = |complaint: &RuleError| complaint.severity == sigma::Severity::Error;
    let (errors, warnings): (Vec<_>, Vec<_>) = complaints.into_iter().partition(is_error);
    loaded.errors.extend(errors);
    loaded.warnings.extend(warnings);
    Ok(loaded)
}

fn hit_versions(
    rules: &[Rule],
    correlations: &[Correlation],
    pipelines: &[Pipeline],
    options: &Options,
) -> Vec<String> {
    let placeholders = serde_json::to_string(&options.placeholders).unwrap_or_default();
    let mut versions = Vec::new();
    for correlation in correlations {
        let mut parts: Vec<&str> = stands_on(correlation, rules, correlations).into_iter().collect();
        parts.push(&placeholders);
        // All of them: a variable of one pipeline is seen by every other.
        parts.extend(pipelines.iter().map(|pipeline| pipeline.version.as_str()));
        versions.push(crate::law::hash(&parts));
    }
    versions
}

/// The documents that decide what hits of a correlation mean: its own, those of its rules and their filters, and those of the correlations it is
/// about with all that they stand on. A ring of correlations does not compile; here it only ends.
fn stands_on<'a>(
    correlation: &'a Correlation,
    rules: &'a [Rule],
    correlations: &'a [Correlation],
) -> BTreeSet<&'a str> {
    let mut documents = BTreeSet::new();
    let mut open = vec![correlation];
    while let Some(next) = open.pop() {
        if !documents.insert(next.meaning()) {
            continue;
        }
        let is_meant = |id: &String, name: &Option<String>| {
            next.rules.iter().any(|meant| meant == id || name.as_ref() == Some(meant))
        };
        for rule in rules.iter().filter(|rule| is_meant(&rule.id, &rule.name)) {
            documents.insert(rule.meaning());
            documents.extend(rule.filters.iter().map(Filter::meaning));
        }
        open.extend(correlations.iter().filter(|other| is_meant(&other.id, &other.name)));
    }
    documents
}

/// The same, where a rule of `extra` takes the place of one of the content with the same id.
pub(crate) fn load_instead(content: Option<&Content>, extra: Extra<'_>, config: &Config) -> Result<RuleSet, Failure> {
    let mut files = Vec::new();
    for path in extra.rules {
        read_rules(path, &mut files)?;
    }
    let own = sigma::load(files);
    let ids: BTreeSet<&str> = ids(&own).collect();
    let mut content = content.cloned();
    if let Some(content) = &mut content {
        // A whole file goes: the documents of one file belong together.
        content.files.retain(|file| {
            let is_rule_file = file.path.starts_with("rules/") && is_rule(&file.path);
            !is_rule_file || !self::ids(&sigma::load([(&file.path, &file.text)])).any(|id| ids.contains(id))
        });
    }
    load(content.as_ref(), extra, config)
}

fn ids(loaded: &sigma::Loaded) -> impl Iterator<Item = &str> {
    let correlations = loaded.correlations.iter().map(|correlation| correlation.id.as_str());
    loaded.rules.iter().map(|rule| rule.id.as_str()).chain(correlations)
}

/// What the rules call a log of this format.
pub(crate) fn log_source(program: &Program, format: Format) -> LogSourceId {
    let (product, service) = format.logsource();
    program.log_source_in(product, service, format.category().unwrap_or_default())
}

/// Says in one line which rules find nothing until the configuration tells them something about its owner.
pub(crate) fn tell_waiting(rules: &RuleSet) {
    if rules.waiting.is_empty() {
        return;
    }
    let mut by_placeholder: BTreeMap<&str, usize> = BTreeMap::new();
    for wait in &rules.waiting {
        *by_placeholder.entry(&wait.placeholder).or_default() += 1;
    }
    let each: Vec<String> = by_placeholder.iter().map(|(name, count)| format!("`{name}` ({count})")).collect();
    let (count, each) = (rules.waiting.len(), each.join(", "));
    output::talk(format!(
        "note: {count} rules wait for values in [placeholders] and find nothing: {each}; `watertight doctor` names them"
    ));
}

/// Placeholder values for compiling.
pub(crate) fn options(content: Option<&Content>, values: Values<'_>) -> Result<Options, Failure> {
    let text = content.and_then(|content| content.files.iter().find(|file| file.path == PLACEHOLDERS));
    let known: BTreeMap<String, Placeholder> = match text {
        Some(file) => toml::from_str(&file.text).or_usage(format!("`{PLACEHOLDERS}` is not valid"))?,
        None => BTreeMap::new(),
    };
    let mut placeholders: BTreeMap<String, Vec<String>> = match values {
        Values::Examples => known.iter().map(|(name, described)| (name.clone(), described.test.clone())).collect(),
        Values::Configured(_) => known.keys().map(|name| (name.clone(), Vec::new())).collect(),
    };
    if let Values::Configured(configured) = values {
        placeholders.extend(configured.iter().map(|(name, values)| (name.clone(), values.clone())));
    }
    sigma::add_others(&known, &mut placeholders);
    Ok(Options { placeholders })
}

/// Sets aside correlations over rules that wait: without one of its rules a correlation would mean something else.
fn split_bereft(correlations: Vec<Correlation>, waiting: &mut Vec<Waiting>) -> Vec<Correlation> {
    let mut ready = Vec::new();
    for correlation in correlations {
        let bereft_of = waiting.iter().find(|wait| correlation.rules.iter().any(|rule| wait.names.contains(rule)));
        match bereft_of.map(|wait| wait.placeholder.clone()) {
            None => ready.push(correlation),
            Some(placeholder) => waiting.push(Waiting {
                title: correlation.title.clone(),
                names: [Some(correlation.id.clone()), correlation.name.clone()].into_iter().flatten().collect(),
                placeholder,
            }),
        }
    }
    ready
}

/// Sets aside rules whose required placeholders have no value: "not from our networks" means nothing before we know them.
fn split_waiting(rules: Vec<Rule>, options: &Options) -> (Vec<Rule>, Vec<Waiting>) {
    let empty: BTreeSet<&str> =
        options.placeholders.iter().filter(|(_, values)| values.is_empty()).map(|(name, _)| name.as_str()).collect();
    let mut waiting = Vec::new();
    let ready = rules
        .into_iter()
        .filter(|rule| {
            let required = rule.custom.get(REQUIRES).and_then(|value| value.as_array()).into_iter().flatten();
            let missing = required.filter_map(|name| name.as_str()).find(|name| empty.contains(name));
            if let Some(name) = missing {
                waiting.push(Waiting {
                    title: rule.title.clone(),
                    names: [Some(rule.id.clone()), rule.name.clone()].into_iter().flatten().collect(),
                    placeholder: name.to_owned(),
                });
            }
            missing.is_none()
        })
        .collect();
    (ready, waiting)
}

/// Whether a file is one of rules or baselines, by its name.
pub(crate) fn is_rule(name: &str) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|extension| extension == "yml" || extension == "yaml")
}

/// A file, or every rule file below a directory, in order of path.
pub(crate) fn read_rules(path: &Path, files: &mut Vec<(String, String)>) -> Result<(), Failure> {
    let doing = format!("failed to read rules from `{}`", path.display());
    if path.is_dir() {
        let mut entries: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(path).or_usage(&doing)? {
            entries.push(entry.or_usage(&doing)?.path());
        }
        entries.sort();
        for entry in entries.iter().filter(|entry| entry.is_dir() || is_rule(&entry.to_string_lossy())) {
            read_rules(entry, files)?;
        }
        return Ok(());
    }
    let size = std::fs::metadata(path).or_usage(&doing)?.len();
    if RULE_FILE_BYTES_MAX < size {
        return Err(Failure::usage(format!("{doing}: {size} bytes is more than the limit of {RULE_FILE_BYTES_MAX}")));
    }
    files.push((path.display().to_string(), std::fs::read_to_string(path).or_usage(&doing)?));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::File;

    const GLOBAL: &str = "action: global\nlogsource: {product: application}\nlevel: low\n";
    const RULE: &str = "title: Page\nname: page\ndetection: {selection: {event: page}, condition: selection}\n";
    const MANY: &str = "title: Many\nid: many\ncorrelation: {type: event_count, rules: [page], group-by: [user], timespan: 1h, condition: {gte: 3}}\n";
    const FILTER: &str = "title: Not ours\nlogsource: {product: application}\nfilter: {rules: [page], selection: {user: u-1}, condition: not selection}\n";
    const PIPELINE: &str = "transformations:\n  - {type: field_name_mapping, mapping: {event: kind}}\n";

    fn version(files: &[(&str, String)]) -> String {
        let file = |(path, text): &(&str, String)| File { path: (*path).to_owned(), text: text.clone() };
        let content = Content { files: files.iter().map(file).collect() };
        let loaded = load(Some(&content), Extra::default(), &Config::default()).unwrap();
        assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
        loaded.hit_version(0).to_owned()
    }

    #[test]
    fn hits_are_known_by_all_that_decides_them_and_by_nothing_else() {
        let file = |global: &str| ("rules/a.yml", format!("{global}---\n{RULE}---\naction: reset\n---\n{MANY}"));
        let filter = |text: &str| ("rules/f.yml", text.to_owned());
        let pipeline = |text: &str| ("pipelines/p.yml", text.to_owned());
        let whole = version(&[file(GLOBAL), filter(FILTER), pipeline(PIPELINE)]);
        let other = ("rules/b.yml", RULE.replace("page", "other") + "logsource: {product: application}\n");
        assert_eq!(whole, version(&[file(GLOBAL), other, filter(FILTER), pipeline(PIPELINE)]), "another rule");
        for (changed, why) in [
            (version(&[file(&GLOBAL.replace("low", "high")), filter(FILTER), pipeline(PIPELINE)]), "the global part"),
            (version(&[file(GLOBAL), filter(&FILTER.replace("u-1", "u-2")), pipeline(PIPELINE)]), "the filter"),
            (version(&[file(GLOBAL), pipeline(PIPELINE)]), "no filter"),
            (version(&[file(GLOBAL), filter(FILTER), pipeline(&PIPELINE.replace("kind", "type"))]), "the pipeline"),
        ] {
            assert_ne!(changed, whole, "{why}");
        }
    }
}
