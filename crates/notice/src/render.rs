//! Renders a template: strict undefined, a bounded number of steps, and functions that know what is missing.
//!
//! `need(element)` shows a value or a visible gap and records which; `known(path)`, `is(path, value)`, `required(element)`
//! `demanded()` and `has_gaps()` ask; `states(element)` says that the template's own words cover it. A template reaches values through
//! these alone, so none comes in unclean or unnoticed.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::tz::TimeZone;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Kwargs;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
use serde_json::Value;

use crate::content::{ContentSpec, FormatFault, Gap};
use crate::format::{Formatter, Shape, Shown};
use crate::template::{ElementDef, Template};
use crate::values::lookup;
use crate::words::Words;

/// Steps of the template machine per render: a letter takes a few hundred.
const FUEL: u64 = 100_000;

/// What a render leaves behind besides the text.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) gaps: BTreeSet<Gap>,
    /// Elements for which the template has a place.
    pub(crate) touched: BTreeSet<String>,
    /// Elements with a value, and how it was shown.
    pub(crate) shown: BTreeMap<String, Vec<String>>,
    pub(crate) faults: BTreeSet<FormatFault>,
    /// The recipient of this render.
    recipient: Value,
}

/// Everything one render needs; shared with the functions of the environment.
pub(crate) struct Scene {
    pub(crate) root: Value,
    /// With a recipient, its fields must be there; without, they show as placeholders.
    pub(crate) has_recipient: bool,
    pub(crate) spec: ContentSpec,
    pub(crate) zone: TimeZone,
    pub(crate) language: String,
    pub(crate) words: Arc<Words>,
    pub(crate) elements: BTreeMap<String, ElementDef>,
    /// Elements that the front matter does not define are taken from `facts.narrative`.
    pub(crate) open: bool,
    pub(crate) record: Mutex<Record>,
}

/// A template compiled and bound to its scene, to be rendered many times.
pub(crate) struct Prepared<'template> {
    environment: Environment<'template>,
}

impl<'template> Prepared<'template> {
    pub(crate) fn new(template: &'template Template, scene: &Arc<Scene>) -> Result<Self, Error> {
        let mut environment = environment();
        bind(&mut environment, scene);
        environment.add_template("subject", &template.subject)?;
        environment.add_template("body", &template.body)?;
        Ok(Self { environment })
    }

    /// Subject and body.
    pub(crate) fn render(&self) -> Result<(String, String), Error> {
        let render = |name| self.environment.get_template(name)?.render(());
        Ok((render("subject")?, render("body")?))
    }
}

/// Finds syntax errors when the file is loaded.
pub(crate) fn compile_check(template: &Template) -> Result<(), String> {
    let environment = environment();
    for (name, source) in [("subject", &template.subject), ("body", &template.body)] {
        if let Err(error) = environment.template_from_named_str(name, source) {
            return Err(error.to_string());
        }
    }
    Ok(())
}

fn environment<'source>() -> Environment<'source> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    // Block tags on lines of their own leave no empty lines.
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("only the handling of white space differs from the default syntax"));
    environment.set_fuel(Some(FUEL));
    environment
}

fn bind(environment: &mut Environment<'_>, scene: &Arc<Scene>) {
    let here = Arc::clone(scene);
    environment.add_function("need", move |element: String, options: Kwargs| need(&here, &element, &options));
    let here = Arc::clone(scene);
    environment.add_function("known", move |path: String| here.value(&path).is_some());
    let here = Arc::clone(scene);
    environment.add_function("is", move |path: String, wanted: String| {
        here.value(&path).is_some_and(|value| match &*value {
            Value::String(text) => *text == wanted,
            Value::Bool(yes) => yes.to_string() == wanted,
            Value::Array(items) => items.iter().any(|item| item.as_str() == Some(&wanted)),
            Value::Null | Value::Number(_) | Value::Object(_) => false,
        })
    });
    let here = Arc::clone(scene);
    environment.add_function("required", move |element: String| here.spec.must.contains(&element));
    let here = Arc::clone(scene);
    environment.add_function("has_gaps", move || !here.record().gaps.is_empty());
    let here = Arc::clone(scene);
    environment.add_function("demanded", move || here.spec.must.clone());
    environment.add_function("heading", |element: String| words_of(&element));
    let here = Arc::clone(scene);
    // Marks an element as stated by the template's own words.
    environment.add_function("states", move |element: String| {
        let mut record = here.record();
        record.touched.insert(element.clone());
        record.shown.entry(element).or_default();
        String::new()
    });
}

impl Scene {
    /// Starts the books of another recipient; `root` is an object with the member `recipient`.
    pub(crate) fn address(&self, root: Value) {
        *self.record() = Record { recipient: root, ..Record::default() };
    }

    /// The value at a path. A recipient's is copied: it changes from render to render.
    fn value(&self, path: &str) -> Option<Cow<'_, Value>> {
        if path.starts_with("recipient.") {
            return lookup(&self.record().recipient, path).cloned().map(Cow::Owned);
        }
        lookup(&self.root, path).map(Cow::Borrowed)
    }

    pub(crate) fn record(&self) -> std::sync::MutexGuard<'_, Record> {
        // A panic inside a template function cannot leave a record half written that matters: the render fails with it.
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `need("nature")`, `need("contact", from="org.contact.phone", as="line", label="telephone")`,
/// `need("delayed", yes="It was delayed.", no="It was not delayed.")`.
fn need(scene: &Scene, element: &str, options: &Kwargs) -> Result<String, Error> {
    let known = scene.elements.get(element).cloned();
    let Some(definition) = known.or_else(|| scene.open.then(|| open_element(element))) else {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            format!("the front matter defines no element `{element}`"),
        ));
    };
    let from: Option<String> = options.get("from")?;
    let shape: Option<String> = options.get("as")?;
    let label: Option<String> = options.get("label")?;
    let (yes, no): (Option<String>, Option<String>) = (options.get("yes")?, options.get("no")?);
    options.assert_all_used()?;
    let Some(path) = from.or_else(|| definition.from.clone()) else {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            format!("`{element}` has no `from` here nor in the front matter"),
        ));
    };
    let shape = match shape {
        Some(name) => shape_named(&name)?,
        None => definition.shape,
    };
    let label = label.unwrap_or_else(|| definition.label.clone());
    scene.record().touched.insert(element.to_owned());
    if path.starts_with("recipient.") && !scene.has_recipient {
        scene.record().shown.entry(element.to_owned()).or_default();
        return Ok(format!("«{label}»"));
    }
    let value = scene.value(&path);
    let shown = match value.as_deref() {
        None => Shown::Unknown,
        Some(Value::Bool(true)) if yes.is_some() => Shown::Text(yes.unwrap_or_default()),
        Some(Value::Bool(false)) if no.is_some() => Shown::Text(no.unwrap_or_default()),
        Some(value) => show(scene, value, shape),
    };
    Ok(settle(scene, element, &path, &label, &definition, shown))
}

/// An element of a regime for which nobody has written a template yet.
fn open_element(element: &str) -> ElementDef {
    ElementDef {
        label: words_of(element).to_lowercase(),
        from: Some(format!("facts.narrative.{element}")),
        shape: Shape::Text,
        who: "privacy_officer".to_owned(),
    }
}

/// `dates_of_breach` → `Dates of breach`
fn words_of(element: &str) -> String {
    let spaced = crate::values::clean_line(&element.replace('_', " "));
    let mut characters = spaced.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

fn show(scene: &Scene, value: &Value, shape: Shape) -> Shown {
    let mut formatter = Formatter { words: &scene.words, zone: scene.zone.clone(), wordless: Vec::new() };
    let shown = formatter.show(value, shape);
    let faults =
        formatter.wordless.into_iter().map(|code| FormatFault::NoWord { code, language: scene.language.clone() });
    scene.record().faults.extend(faults);
    shown
}

/// The text that goes in, with the books kept.
fn settle(scene: &Scene, element: &str, path: &str, label: &str, definition: &ElementDef, shown: Shown) -> String {
    let mut record = scene.record();
    let marker = format!("[{}", scene.words.gap);
    match shown {
        Shown::Text(text) => {
            if text.contains(&marker) {
                record.faults.insert(FormatFault::LooksLikeGap { element: element.to_owned() });
            }
            record.shown.entry(element.to_owned()).or_default().push(text.clone());
            return text;
        }
        Shown::Wrong(wanted) => {
            record.faults.insert(FormatFault::WrongShape { element: element.to_owned(), wanted });
        }
        Shown::Unknown => {}
    }
    record.gaps.insert(Gap {
        element: element.to_owned(),
        what: label.to_owned(),
        why: format!("`{path}` is not known yet"),
        who: definition.who.clone(),
    });
    format!("{marker}: {label} ({})]", definition.who)
}

fn shape_named(name: &str) -> Result<Shape, Error> {
    serde_json::from_value(Value::String(name.to_owned()))
        .map_err(|_| Error::new(ErrorKind::InvalidOperation, format!("`{name}` is no shape of a value")))
}
