//! The meaning of the queries that the reference implementation writes in its tests: read and evaluated on an event, as
//! slowly and obviously as possible. What only its templates could explain is an error, not a guess.

use regex_automata::meta::{Builder, Regex};
use regex_automata::util::syntax;
use serde_json::Value;

/// One search for events.
#[derive(Debug)]
pub(crate) enum Query {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Field(String, Test),
}

#[derive(Debug)]
pub(crate) enum Test {
    Exists,
    /// Whole texts with `*` and `?`.
    Text(Vec<String>, bool),
    /// The field has all of these values.
    EachText(Vec<String>),
    Pattern(Regex),
    Number(String, f64),
    Network(String),
}

/// The searches for events that a query makes, without what is done to what they find.
pub(crate) fn searches(output: &str) -> Result<Vec<Query>, String> {
    let mut text = output.trim();
    if let Some((_, rest)) = text.split_once("| where ").filter(|_| text.starts_with("| from")) {
        text = rest.split(" | output").next().unwrap_or_default();
    }
    if let Some(rest) = text.strip_prefix("query='") {
        text = rest.split("', state=").next().unwrap_or_default();
    }
    loop {
        let bare = text.strip_prefix("[ ").and_then(|text| text.strip_suffix(" ]"));
        let called = text.strip_prefix("search(").and_then(|text| text.strip_suffix(')'));
        match bare.or(called) {
            Some(inner) => text = inner.trim(),
            None => break,
        }
    }
    if text.starts_with("subsearch {") {
        let inner = text.lines().filter_map(|line| line.strip_prefix("subsearch { ")?.split(" | set ").next());
        return inner
            .flat_map(|line| {
                searches(line).map_or_else(|error| vec![Err(error)], |all| all.into_iter().map(Ok).collect())
            })
            .collect();
    }
    let text = text.split("\n|").next().unwrap_or_default();
    let text = text.strip_prefix("[ ").and_then(|text| text.strip_suffix(" ]")).unwrap_or(text);
    let text = text.split(" /*").next().unwrap_or_default();
    let mut reader = Reader { rest: text };
    let query = reader.any()?;
    if reader.rest.trim().is_empty() { Ok(vec![query]) } else { Err(format!("left over: `{}`", reader.rest)) }
}

struct Reader<'q> {
    rest: &'q str,
}

impl<'q> Reader<'q> {
    fn any(&mut self) -> Result<Query, String> {
        let mut parts = vec![self.all()?];
        while self.word("or") {
            parts.push(self.all()?);
        }
        Ok(Query::Any(parts))
    }

    fn all(&mut self) -> Result<Query, String> {
        let mut parts = vec![self.one()?];
        while self.word("and") {
            parts.push(self.one()?);
        }
        Ok(Query::All(parts))
    }

    fn one(&mut self) -> Result<Query, String> {
        if self.word("not") {
            return Ok(Query::Not(Box::new(self.one()?)));
        }
        if self.mark("(") {
            let inner = self.any()?;
            return if self.mark(")") { Ok(inner) } else { Err(format!("not closed at `{}`", self.rest)) };
        }
        if self.mark("exists(") {
            let field = self.field()?;
            self.mark(")");
            return Ok(Query::Field(field, Test::Exists));
        }
        if self.mark("cidrmatch(") {
            let field = self.field()?;
            self.mark(",");
            let mut network = self.text()?.trim_matches('\'').to_owned();
            if self.mark(",") {
                network = format!("{network}/{}", self.text()?.trim_matches('\''));
            }
            return if self.mark(")") {
                Ok(Query::Field(field, Test::Network(network)))
            } else {
                Err("a template".into())
            };
        }
        if self.rest.trim_start().starts_with("strftime(") {
            return Err("parts of a time".to_owned());
        }
        let field = self.field()?;
        let test = self.test()?;
        Ok(match test {
            (test, true) => Query::Not(Box::new(Query::Field(field, test))),
            (test, false) => Query::Field(field, test),
        })
    }

    /// What is asked of a field, and whether it is negated.
    fn test(&mut self) -> Result<(Test, bool), String> {
        for (words, before, after) in
            [("startswith", "", "*"), ("endswith", "*", ""), ("contains", "*", "*"), ("match", "", "")]
        {
            let cased = if words == "match" { "casematch".to_owned() } else { format!("{words}_cased") };
            for (word, is_cased) in [(cased.as_str(), true), (words, false)] {
                if words == "contains" && self.rest.trim_start().starts_with("contains-all") {
                    continue;
                }
                if self.word(word) {
                    // Some templates write patterns of another language.
                    let text = self.text()?.replace(".*", "*");
                    return Ok((Test::Text(vec![format!("{before}{text}{after}")], is_cased), false));
                }
            }
        }
        if self.word("contains-all") {
            return Ok((Test::EachText(self.list()?), false));
        }
        if self.word("in") {
            return Ok((Test::Text(self.list()?, false), false));
        }
        if self.mark("=/") || self.mark("=~/") {
            return Ok((Test::Pattern(self.pattern()?), false));
        }
        if self.mark("=~") {
            let text = self.text()?;
            return Ok((Test::Pattern(regex(&text, "i")?), false));
        }
        for operator in ["<=", ">=", "<", ">"] {
            if self.mark(operator) {
                let text = self.text()?;
                let number = text.parse().map_err(|_| format!("`{text}` is no number"))?;
                return Ok((Test::Number(operator.to_owned(), number), false));
            }
        }
        let is_negated = self.mark("!=");
        if is_negated || self.mark("=") {
            return Ok((Test::Text(vec![self.text()?], false), is_negated));
        }
        Err(format!("no comparison at `{}`", self.rest))
    }

    fn list(&mut self) -> Result<Vec<String>, String> {
        self.mark("(");
        let mut texts = vec![self.text()?];
        while self.mark(",") {
            texts.push(self.text()?);
        }
        if texts.iter().any(|text| text.contains('%')) {
            return Err("wildcards of another language".to_owned());
        }
        if self.mark(")") { Ok(texts) } else { Err(format!("list not closed at `{}`", self.rest)) }
    }

    /// In quotes, or up to the next space or bracket.
    fn text(&mut self) -> Result<String, String> {
        let text = self.rest.trim_start();
        if let Some(inner) = text.strip_prefix('"') {
            // A quotation mark ends the text where something else can follow; escapes are not told apart.
            let ends = inner.match_indices('"').map(|(at, _)| at).find(|at| {
                let after = &inner[at + 1..];
                after.is_empty() || after.starts_with([' ', ')', ',', '\n'])
            });
            let end = ends.ok_or("text not closed")?;
            self.rest = &inner[end + 1..];
            return Ok(inner[..end].to_owned());
        }
        let end = text.find([' ', ')', ',', '\n']).unwrap_or(text.len());
        self.rest = &text[end..];
        Ok(text[..end].to_owned())
    }

    fn field(&mut self) -> Result<String, String> {
        let text = self.rest.trim_start();
        if let Some((name, rest)) = text.strip_prefix('\'').and_then(|inner| inner.split_once('\'')) {
            self.rest = rest;
            return Ok(name.to_owned());
        }
        let end = text.find(|one: char| !one.is_alphanumeric() && one != '_' && one != '.').unwrap_or(text.len());
        self.rest = &text[end..];
        if end == 0 { Err(format!("no field at `{text}`")) } else { Ok(text[..end].to_owned()) }
    }

    /// Between slashes, where the templates escape slashes, backslashes and the text `bar`.
    fn pattern(&mut self) -> Result<Regex, String> {
        let mut pattern = String::new();
        let mut characters = self.rest.char_indices();
        let mut end = None;
        while let Some((at, character)) = characters.next() {
            match character {
                '/' => {
                    end = Some(at);
                    break;
                }
                '\\' => match characters.next() {
                    Some((_, next @ ('/' | '\\'))) => pattern.push(next),
                    Some((at, 'b')) if self.rest[at..].starts_with("bar") => pattern.push('b'),
                    Some((_, next)) => pattern.extend(['\\', next]),
                    None => {}
                },
                other => pattern.push(other),
            }
        }
        let after = &self.rest[end.ok_or("pattern not closed")? + 1..];
        let flags: String = after.chars().take_while(char::is_ascii_lowercase).collect();
        self.rest = &after[flags.len()..];
        regex(&pattern, &flags)
    }

    fn word(&mut self, word: &str) -> bool {
        let Some(after) = self.rest.trim_start().strip_prefix(word) else { return false };
        let is_whole = after.starts_with([' ', '(', '"']);
        if is_whole {
            self.rest = after;
        }
        is_whole
    }

    fn mark(&mut self, mark: &str) -> bool {
        let after: Option<&'q str> = self.rest.trim_start().strip_prefix(mark);
        if let Some(after) = after {
            self.rest = after;
        }
        after.is_some()
    }
}

fn regex(pattern: &str, flags: &str) -> Result<Regex, String> {
    let has = |flag: char| flags.contains(flag);
    let config = syntax::Config::new().case_insensitive(has('i')).multi_line(has('m')).dot_matches_new_line(has('s'));
    Builder::new().syntax(config).build(pattern).map_err(|error| error.to_string())
}

impl Query {
    pub(crate) fn holds(&self, event: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(event)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(event)),
            Self::Not(inner) => !inner.holds(event),
            Self::Field(field, test) if field == "_" => {
                event.as_object().is_some_and(|fields| fields.values().any(|value| test.holds(value, true)))
            }
            Self::Field(field, test) => event.get(field).is_some_and(|value| test.holds(value, false)),
        }
    }
}

impl Test {
    fn holds(&self, value: &Value, is_keyword: bool) -> bool {
        if let Self::EachText(texts) = self {
            return texts.iter().all(|text| Self::Text(vec![text.clone()], false).holds(value, is_keyword));
        }
        if let Value::Array(items) = value {
            return items.iter().any(|item| self.holds(item, is_keyword));
        }
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match self {
            Self::Exists | Self::EachText(_) => true,
            _ if value.is_null() => false,
            Self::Text(texts, is_cased) => texts.iter().any(|pattern| {
                let pattern = if is_keyword { format!("*{pattern}*") } else { pattern.clone() };
                let fold = |text: &str| if *is_cased { text.to_owned() } else { text.to_lowercase() };
                fits(&fold(&pattern).chars().collect::<Vec<_>>(), &fold(&text).chars().collect::<Vec<_>>())
            }),
            Self::Pattern(regex) => regex.is_match(text.as_bytes()),
            Self::Number(operator, limit) => text.parse::<f64>().is_ok_and(|number| match operator.as_str() {
                "<" => number < *limit,
                "<=" => number <= *limit,
                ">" => number > *limit,
                _ => number >= *limit,
            }),
            Self::Network(network) => {
                let Some((base, length)) = network.split_once('/') else { return false };
                let bits = |text: &str| match text.parse::<std::net::IpAddr>().ok()? {
                    std::net::IpAddr::V4(address) => Some((u128::from(u32::from(address)), 32)),
                    std::net::IpAddr::V6(address) => Some((u128::from(address), 128)),
                };
                let (Some((base, size)), Some((address, own_size))) = (bits(base), bits(&text)) else { return false };
                let length = length.parse::<u32>().unwrap_or_else(|_| bits(length).unwrap().0.count_ones());
                let shift = size - length;
                size == own_size && address >> shift == base >> shift
            }
        }
    }
}

/// `*` any characters, `?` one, by trying everything.
fn fits(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|skip| fits(rest, &text[skip..])),
        ['?', rest @ ..] => !text.is_empty() && fits(rest, &text[1..]),
        [first, rest @ ..] => text.first() == Some(first) && fits(rest, &text[1..]),
    }
}
