//! A notice template: TOML front matter between `+++` lines, then the body in minijinja over a small Markdown.
//!
//! Lawyers and translators edit these files. Each carries its own examples, which `check_templates` runs. Loading many
//! returns the good ones and the list of bad ones.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::content::ContentSpec;
use crate::format::Shape;
use crate::words::Words;

const SCHEMA: &str = "watertight-template/1";
const FENCE: &str = "+++";
const SUFFIX: &str = ".md.j2";
const WORDS_FILE: &str = "words.toml";
/// In `rules`: for every rule that has no template of its own.
const EVERY_RULE: &str = "*";
/// The largest template file.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// The most files of one library.
const FILES_MAX: usize = 5000;

/// One content element: where its value comes from and who can supply it when it is missing.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElementDef {
    /// In words, as it stands in a gap.
    pub label: String,
    /// Dotted path (`facts.narrative.nature`, `org.dpo.email`); absent when each use in the body names its own.
    #[serde(default)]
    pub from: Option<String>,
    #[serde(default = "text_shape", rename = "as")]
    pub shape: Shape,
    /// A role.
    pub who: String,
}

fn text_shape() -> Shape {
    Shape::Text
}

/// Facts and what the template must make of them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    pub name: String,
    pub today: jiff::civil::Date,
    #[serde(default = "empty")]
    pub facts: Value,
    #[serde(default = "empty")]
    pub org: Value,
    #[serde(default = "empty")]
    pub obligation: Value,
    #[serde(default)]
    pub content: Option<ContentSpec>,
    /// Element ids of the gaps, sorted; empty for a complete notice.
    #[serde(default)]
    pub gaps: Vec<String>,
    /// Names of format faults (`heading`, `no_word`), sorted.
    #[serde(default)]
    pub faults: Vec<String>,
    /// Phrases that must stand in the text.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Phrases that must not.
    #[serde(default)]
    pub lacks: Vec<String>,
}

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct FrontMatter {
    schema: String,
    id: String,
    rules: Vec<String>,
    recipient: String,
    channel: String,
    subject: String,
    #[serde(default = "default_point_size")]
    point_size: u8,
    /// In place of the language's own way to write a date: American letters want `{month} {day}, {year}`.
    #[serde(default)]
    date: Option<String>,
    #[serde(default)]
    phased: bool,
    #[serde(default)]
    unconfirmed: Vec<String>,
    #[serde(default)]
    content: ContentSpec,
    elements: BTreeMap<String, ElementDef>,
    example: Vec<Example>,
}

fn default_point_size() -> u8 {
    11
}

/// A template ready to draft with.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    pub id: String,
    pub language: String,
    /// Rule ids of obligations that it answers.
    pub rules: Vec<String>,
    /// `authority`, `individuals`, `customer`, `parents`, `agency`.
    pub recipient: String,
    /// `email`, `letter`, `form`.
    pub channel: String,
    pub point_size: u8,
    /// An initial notice may go out with visible gaps and be supplemented (GDPR art. 33(4)).
    pub phased: bool,
    /// Statements of the template that its author has not checked against a source yet.
    pub unconfirmed: Vec<String>,
    /// Demands of its own, joined with the obligation's.
    pub content: ContentSpec,
    pub elements: BTreeMap<String, ElementDef>,
    pub examples: Vec<Example>,
    /// Over this file and the language's words: both make the text.
    pub sha256: String,
    pub(crate) subject: String,
    pub(crate) body: String,
    pub(crate) words: Arc<Words>,
}

/// Why a template file is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("read template `{path}`: {reason}")]
    Read { path: String, reason: String },
    #[error("read template `{path}`: it starts with front matter between two lines of `+++`")]
    NoFrontMatter { path: String },
    #[error("read template `{path}`: front matter: {reason}")]
    FrontMatter { path: String, reason: String },
    #[error("read template `{path}`: the schema is `{found}`, this version reads `{SCHEMA}`")]
    Schema { path: String, found: String },
    #[error("read template `{path}`: the id `{id}` must be the file's name")]
    Name { path: String, id: String },
    #[error("read template `{path}`: body: {reason}")]
    Body { path: String, reason: String },
    #[error("read template `{path}`: there is no `words.toml` for the language `{language}`")]
    NoWords { path: String, language: String },
}

impl Template {
    /// Reads one file. `path` is `<lang>/<id>.md.j2`.
    pub(crate) fn parse(path: &str, text: &str, language: &str, words: &Arc<Words>) -> Result<Self, TemplateError> {
        let path_owned = || path.to_owned();
        let (front, body) = split(text).ok_or_else(|| TemplateError::NoFrontMatter { path: path_owned() })?;
        let front: FrontMatter = toml::from_str(front)
            .map_err(|error| TemplateError::FrontMatter { path: path_owned(), reason: error.to_string() })?;
        if front.schema != SCHEMA {
            return Err(TemplateError::Schema { path: path_owned(), found: front.schema });
        }
        let stem = path.rsplit('/').next().and_then(|name| name.strip_suffix(SUFFIX)).unwrap_or_default();
        if stem != front.id {
            return Err(TemplateError::Name { path: path_owned(), id: front.id });
        }
        let spoken = match front.date {
            None => Arc::clone(words),
            Some(date) => Arc::new(Words { date, ..Words::clone(words) }),
        };
        let template = Self {
            sha256: crate::canonical::sha256_hex(&[text.as_bytes(), words.sha256.as_bytes()]),
            id: front.id,
            language: language.to_owned(),
            rules: front.rules,
            recipient: front.recipient,
            channel: front.channel,
            point_size: front.point_size,
            phased: front.phased,
            unconfirmed: front.unconfirmed,
            content: front.content,
            elements: front.elements,
            examples: front.example,
            subject: front.subject,
            body: body.to_owned(),
            words: spoken,
        };
        crate::render::compile_check(&template).map_err(|reason| TemplateError::Body { path: path_owned(), reason })?;
        Ok(template)
    }
}

impl Template {
    /// The plain notice for rules without a template of their own: headed by what the rule demands, all of it free text.
    #[must_use]
    pub fn is_fallback(&self) -> bool {
        self.rules.iter().any(|rule| rule == EVERY_RULE)
    }
}

/// Front matter and body.
fn split(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix(FENCE)?.strip_prefix('\n')?;
    let (front, body) = rest.split_once("\n+++\n")?;
    Some((front, body.trim_start_matches('\n')))
}

/// Every template of every language.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Library {
    templates: BTreeMap<(String, String), Template>,
}

impl Library {
    /// Reads `<dir>/<lang>/*.md.j2`. Bad files are listed and left out.
    #[must_use]
    pub fn load(dir: &Path) -> (Self, Vec<TemplateError>) {
        let mut files = Vec::new();
        let mut errors = Vec::new();
        if let Err(error) = collect(dir, &mut files, &mut errors) {
            errors.push(TemplateError::Read { path: dir.display().to_string(), reason: error.to_string() });
        }
        let (library, more) = Self::from_files(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
        errors.extend(more);
        (library, errors)
    }

    /// From texts in memory; paths are `<lang>/<file>`.
    pub fn from_files<'file>(files: impl IntoIterator<Item = (&'file str, &'file str)>) -> (Self, Vec<TemplateError>) {
        let files: Vec<(&str, &str)> = files.into_iter().collect();
        let mut library = Self::default();
        let mut errors = Vec::new();
        let mut words: BTreeMap<&str, Arc<Words>> = BTreeMap::new();
        for (path, text) in files.iter().filter(|(path, _)| path.ends_with(WORDS_FILE)) {
            match Words::parse(text) {
                Ok(parsed) => {
                    words.insert(language_of(path), Arc::new(parsed));
                }
                Err(reason) => errors.push(TemplateError::FrontMatter { path: (*path).to_owned(), reason }),
            }
        }
        for (path, text) in files.iter().filter(|(path, _)| path.ends_with(SUFFIX)) {
            let language = language_of(path);
            let parsed = match words.get(language) {
                Some(words) => Template::parse(path, text, language, words),
                None => Err(TemplateError::NoWords { path: (*path).to_owned(), language: language.to_owned() }),
            };
            match parsed {
                Ok(template) => {
                    library.templates.insert((template.id.clone(), template.language.clone()), template);
                }
                Err(error) => errors.push(error),
            }
        }
        (library, errors)
    }

    #[must_use]
    pub fn get(&self, id: &str, language: &str) -> Option<&Template> {
        self.templates.get(&(id.to_owned(), language.to_owned()))
    }

    /// Templates that answer a rule, in the language if there are any, else in English. A rule's version suffix
    /// (`US-CA-IND-v2`) falls back to the rule itself.
    #[must_use]
    pub fn for_rule(&self, rule_id: &str, language: &str) -> Vec<&Template> {
        let base = rule_id.rsplit_once("-v").filter(|(_, tail)| tail.parse::<u32>().is_ok()).map(|(base, _)| base);
        let answers =
            |template: &&Template| template.rules.iter().any(|rule| rule == rule_id || Some(rule.as_str()) == base);
        let all: Vec<&Template> = self.templates.values().filter(answers).collect();
        let spoken: Vec<&Template> = all.iter().copied().filter(|template| template.language == language).collect();
        if spoken.is_empty() { all.into_iter().filter(|template| template.language == "en").collect() } else { spoken }
    }

    /// The plain notice, in the language if it is there, else in English.
    #[must_use]
    pub fn fallback(&self, language: &str) -> Option<&Template> {
        let in_language = |wanted: &str| {
            self.templates.values().find(|template| template.is_fallback() && template.language == wanted)
        };
        in_language(language).or_else(|| in_language("en"))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Template> {
        self.templates.values()
    }
}

fn language_of(path: &str) -> &str {
    path.rsplit('/').nth(1).unwrap_or_default()
}

fn collect(dir: &Path, files: &mut Vec<(String, String)>, errors: &mut Vec<TemplateError>) -> std::io::Result<()> {
    for language in sorted(dir)? {
        if !language.is_dir() {
            continue;
        }
        let tag = language.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for path in sorted(&language)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if FILES_MAX <= files.len() || !(name.ends_with(SUFFIX) || name == WORDS_FILE) {
                continue;
            }
            match read_small(&path) {
                Ok(text) => files.push((format!("{tag}/{name}"), text)),
                Err(reason) => errors.push(TemplateError::Read { path: path.display().to_string(), reason }),
            }
        }
    }
    Ok(())
}

fn sorted(dir: &Path) -> std::io::Result<Vec<std::path::PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}

fn read_small(path: &Path) -> Result<String, String> {
    let length = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if FILE_BYTES_MAX < length {
        return Err(format!("it has {length} bytes, at most {FILE_BYTES_MAX} are read"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}
