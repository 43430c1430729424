//! The trigger language as data: leaves that ask one fact each, joined by all, any and not.
//!
//! Reading and checking only. What a leaf means for given facts is in `judge`; the file's line of a
//! mistake comes from the TOML reader because every check happens while it reads.

use serde::Deserialize;

use crate::deadline::Deadline;
use crate::known::Op;

/// A condition of law.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "RawExpr")]
pub(crate) enum Expr {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Otherwise,
    Leaf(Box<Leaf>),
}

/// One question, what an absent answer means, and what to do while it is absent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Leaf {
    pub ask: Ask,
    pub absent: Option<Absent>,
    pub on_unknown: OnUnknown,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ask {
    /// The data are personal information as the statute defines it, readable, and lost in its sense.
    Pi(String),
    ElementsAny(Vec<String>),
    ElementsAll(Vec<String>),
    OnlyElements(Vec<String>),
    SubjectsAny(Vec<String>),
    EventAny(Vec<String>),
    Count {
        population: String,
        op: Op,
        value: u64,
        of: Option<String>,
    },
    Risk {
        scale: String,
        at_least: String,
    },
    /// The harm to people has been found unlikely, with the proof the statute asks for.
    HarmUnlikely {
        needs: Vec<String>,
    },
    Fact {
        path: String,
        is: Vec<serde_json::Value>,
    },
    Requires(String),
    Predicate(String),
    Sector(Vec<String>),
    EntityType(Vec<String>),
    Role(Vec<String>),
    /// A clock event has happened.
    Time(String),
    /// The date of a clock event lies in this half-open span.
    Dated {
        event: String,
        from: Option<jiff::civil::Date>,
        before: Option<jiff::civil::Date>,
    },
    /// A clock event came before a deadline.
    Before {
        event: String,
        deadline: Deadline,
    },
    /// The reporting person is established in one of the jurisdiction's members.
    EstablishedInMember,
    /// Encrypted, and the key safe.
    Unintelligible,
}

/// What a missing answer means, where the statute settles it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Absent {
    Yes,
    No,
}

/// What to do while the answer is missing. `Pending` asks, and assumes the worst once half the time is spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnUnknown {
    AssumeTrue,
    #[default]
    Pending,
    Review,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    pub(crate) fn into_vec(self) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

/// Exactly the words a condition may use; anything else is an error at its place in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExpr {
    all: Option<Vec<Expr>>,
    any: Option<Vec<Expr>>,
    not: Option<Box<Expr>>,
    otherwise: Option<bool>,
    pi: Option<String>,
    elements_any: Option<Vec<String>>,
    elements_all: Option<Vec<String>>,
    only_elements: Option<Vec<String>>,
    subjects_any: Option<Vec<String>>,
    event_any: Option<Vec<String>>,
    count: Option<String>,
    op: Option<Op>,
    value: Option<u64>,
    of: Option<String>,
    risk: Option<String>,
    at_least: Option<String>,
    harm: Option<String>,
    needs: Option<Vec<String>>,
    fact: Option<String>,
    is: Option<OneOrMany<toml::Value>>,
    requires: Option<String>,
    predicate: Option<String>,
    sector: Option<OneOrMany<String>>,
    entity_type: Option<OneOrMany<String>>,
    role: Option<OneOrMany<String>>,
    time: Option<String>,
    dated: Option<String>,
    on_or_after: Option<toml::value::Datetime>,
    earlier_than: Option<toml::value::Datetime>,
    before: Option<(String, Deadline)>,
    established_in: Option<String>,
    unintelligible: Option<bool>,
    absent: Option<Absent>,
    on_unknown: Option<OnUnknown>,
}

impl TryFrom<RawExpr> for Expr {
    type Error = String;

    fn try_from(raw: RawExpr) -> Result<Self, String> {
        let (absent, on_unknown) = (raw.absent, raw.on_unknown);
        let mut found = combinators(&raw);
        let mut asks = plain_asks(&raw);
        asks.extend(compound_asks(&raw)?);
        found.extend(
            asks.into_iter()
                .map(|ask| Self::Leaf(Box::new(Leaf { ask, absent, on_unknown: on_unknown.unwrap_or_default() }))),
        );
        let count = found.len();
        match (found.pop(), count) {
            (Some(only), 1) => Ok(only),
            (None, _) => {
                Err("a condition asks nothing: write one of `all`, `any`, `not`, `pi`, `count`, `fact`, …".to_owned())
            }
            _ => Err(format!("a condition asks {count} things at once: join them with `all` or `any`")),
        }
    }
}

fn combinators(raw: &RawExpr) -> Vec<Expr> {
    let mut found = Vec::new();
    found.extend(raw.all.clone().map(Expr::All));
    found.extend(raw.any.clone().map(Expr::Any));
    found.extend(raw.not.clone().map(Expr::Not));
    found.extend(raw.otherwise.map(|_| Expr::Otherwise));
    found
}

fn plain_asks(raw: &RawExpr) -> Vec<Ask> {
    let mut asks = Vec::new();
    asks.extend(raw.pi.clone().map(Ask::Pi));
    asks.extend(raw.elements_any.clone().map(Ask::ElementsAny));
    asks.extend(raw.elements_all.clone().map(Ask::ElementsAll));
    asks.extend(raw.only_elements.clone().map(Ask::OnlyElements));
    asks.extend(raw.subjects_any.clone().map(Ask::SubjectsAny));
    asks.extend(raw.event_any.clone().map(Ask::EventAny));
    asks.extend(raw.requires.clone().map(Ask::Requires));
    asks.extend(raw.predicate.clone().map(Ask::Predicate));
    asks.extend(raw.sector.as_ref().map(|words| Ask::Sector(words_of(words))));
    asks.extend(raw.entity_type.as_ref().map(|words| Ask::EntityType(words_of(words))));
    asks.extend(raw.role.as_ref().map(|words| Ask::Role(words_of(words))));
    asks.extend(raw.time.clone().map(Ask::Time));
    asks.extend(raw.before.clone().map(|(event, deadline)| Ask::Before { event, deadline }));
    asks.extend(raw.established_in.as_ref().map(|_| Ask::EstablishedInMember));
    asks.extend(raw.unintelligible.map(|_| Ask::Unintelligible));
    asks
}

fn compound_asks(raw: &RawExpr) -> Result<Vec<Ask>, String> {
    let mut asks = Vec::new();
    if let Some(population) = raw.count.clone() {
        let op = raw.op.ok_or("`count` needs `op`: ge, gt, lt, le or pct_ge")?;
        let value = raw.value.ok_or("`count` needs `value`")?;
        if op == Op::PctGe && raw.of.is_none() {
            return Err("`pct_ge` needs `of`: the fact that holds the whole, for example `enrolment`".to_owned());
        }
        asks.push(Ask::Count { population, op, value, of: raw.of.clone() });
    }
    if let Some(scale) = raw.risk.clone() {
        asks.push(Ask::Risk { scale, at_least: raw.at_least.clone().ok_or("`risk` needs `at_least`")? });
    }
    if let Some(harm) = &raw.harm {
        if harm != "unlikely" {
            return Err(format!("`harm = \"{harm}\"` is not known; the only finding a statute rewards is `unlikely`"));
        }
        asks.push(Ask::HarmUnlikely { needs: raw.needs.clone().unwrap_or_default() });
    }
    if let Some(path) = raw.fact.clone() {
        let is = raw.is.as_ref().ok_or("`fact` needs `is`")?;
        asks.push(Ask::Fact { path, is: json_values(is)? });
    }
    if let Some(event) = raw.dated.clone() {
        let (from, before) = (date(raw.on_or_after.as_ref())?, date(raw.earlier_than.as_ref())?);
        if from.is_none() && before.is_none() {
            return Err("`dated` needs `on_or_after` or `earlier_than`".to_owned());
        }
        asks.push(Ask::Dated { event, from, before });
    }
    Ok(asks)
}

fn words_of(words: &OneOrMany<String>) -> Vec<String> {
    match words {
        OneOrMany::One(word) => vec![word.clone()],
        OneOrMany::Many(words) => words.clone(),
    }
}

fn json_values(values: &OneOrMany<toml::Value>) -> Result<Vec<serde_json::Value>, String> {
    let values: Vec<&toml::Value> = match values {
        OneOrMany::One(toml::Value::Array(values)) => values.iter().collect(),
        OneOrMany::One(value) => vec![value],
        OneOrMany::Many(values) => values.iter().collect(),
    };
    values.into_iter().map(|value| serde_json::to_value(value).map_err(|error| error.to_string())).collect()
}

pub(crate) fn date(value: Option<&toml::value::Datetime>) -> Result<Option<jiff::civil::Date>, String> {
    value.map(|text| text.to_string().parse().map_err(|_| format!("`{text}` is not a date"))).transpose()
}

impl Expr {
    /// Visits every leaf, for link checks.
    pub(crate) fn each_leaf<'a>(&'a self, visit: &mut impl FnMut(&'a Ask)) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.each_leaf(visit)),
            Self::Not(part) => part.each_leaf(visit),
            Self::Otherwise => {}
            Self::Leaf(leaf) => visit(&leaf.ask),
        }
    }
}
