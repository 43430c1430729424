//! PostgreSQL server log (`postgresql/log`): what pgAudit writes and statements as API Activity, logins as Authentication, all else
//! as a Base event.
//!
//! Lines begin with an instant and a zone; the rest of `log_line_prefix` is the owner's choice, so user, database, address and
//! process are found by their shape (RDS, Debian, plain), or by position in a `csvlog`. Lines that continue a statement are joined to
//! it. Rules see a flat object. Contents: PostgreSQL documentation, "Error Reporting and Logging"; pgAudit, "Format".

use std::borrow::Cow;

use jiff::Timestamp;
use ocsf::{Api, Class, Event, Identified, Resource, Severity, Status};

use super::flat::Flat;
use super::tree::{self, begin};
use super::{Decoder, Format, Unreadable, sqltext};

const LEVELS: [&str; 17] = [
    "LOG",
    "ERROR",
    "FATAL",
    "PANIC",
    "WARNING",
    "NOTICE",
    "INFO",
    "DETAIL",
    "HINT",
    "STATEMENT",
    "CONTEXT",
    "QUERY",
    "LOCATION",
    "DEBUG1",
    "DEBUG2",
    "DEBUG3",
    "DEBUG5",
];
/// Positions in a `csvlog` up to the message.
const CSV: [&str; 14] = [
    "log_time",
    "user_name",
    "database_name",
    "process_id",
    "connection_from",
    "session_id",
    "session_line_num",
    "command_tag",
    "session_start_time",
    "virtual_transaction_id",
    "transaction_id",
    "error_severity",
    "sql_state_code",
    "message",
];
/// What pgAudit writes behind `AUDIT: `.
const AUDIT: [&str; 10] = [
    "audit_type",
    "statement_id",
    "substatement_id",
    "class",
    "command",
    "object_type",
    "object_name",
    "statement",
    "parameter",
    "rows",
];

/// A line that is one of this log.
pub(super) fn is_line(line: &[u8]) -> bool {
    std::str::from_utf8(line).is_ok_and(|line| Line::of(line).is_some())
}

/// All that has to be known of a record to say whether a line goes on with it, see [`continues`].
const PLAIN: &[u8] = b"";
/// Of a `csvlog`, with no quotes open.
const CLOSED: &[u8] = b",";
/// Of a `csvlog`, inside quotes.
const OPEN: &[u8] = b",\"";

impl Decoder {
    /// What is known of a record that is `line`, or that goes on with `line` after what was known `before`. Only the line is looked
    /// at: a record of ten million short lines must not be read ten million times.
    pub(crate) fn known_after(&self, before: Option<&'static [u8]>, line: &[u8]) -> &'static [u8] {
        if self.format == Format::PostgreSql { known_after(before, line) } else { PLAIN }
    }
}

fn known_after(before: Option<&'static [u8]>, line: &[u8]) -> &'static [u8] {
    let before = before.unwrap_or_else(|| {
        let text = line.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let is_csv = time_end(text).is_some_and(|at| line.get(at) == Some(&b','));
        if is_csv { CLOSED } else { PLAIN }
    });
    let is_odd = || memchr::memchr_iter(b'"', line).count() % 2 == 1;
    match before {
        OPEN if is_odd() => CLOSED,
        CLOSED if is_odd() => OPEN,
        same => same,
    }
}

/// Whether a line goes on with the record of which this is known: statements of several lines are indented, or stand in quotes that
/// are still open.
pub(super) fn continues(known: &[u8], line: &[u8]) -> bool {
    line.first() == Some(&b'\t') || known == OPEN
}

/// One line, taken apart.
#[derive(Debug, Default)]
struct Line<'t> {
    time: Cow<'t, str>,
    level: Cow<'t, str>,
    message: Cow<'t, str>,
    user: Option<Cow<'t, str>>,
    database: Option<Cow<'t, str>>,
    address: Option<Cow<'t, str>>,
    port: Option<Cow<'t, str>>,
    process: Option<Cow<'t, str>>,
    session: Option<Cow<'t, str>>,
    code: Option<Cow<'t, str>>,
    application: Option<Cow<'t, str>>,
}

impl<'t> Line<'t> {
    fn of(line: &'t str) -> Option<Self> {
        // Some prefixes begin with the client's address.
        let (first, rest) = line.split_once(' ')?;
        let (address, line) =
            if first.parse::<std::net::IpAddr>().is_ok() { (Some(first), rest) } else { (None, line) };
        let at = time_end(line)?;
        let (time, rest) = line.split_at_checked(at)?;
        let mut out = if rest.starts_with(',') { Self::of_csv(line)? } else { Self::of_prefix(rest)? };
        if out.time.is_empty() {
            out.time = Cow::Borrowed(time);
        }
        out.address = out.address.or(address.map(Cow::Borrowed));
        Some(out)
    }

    fn of_prefix(rest: &'t str) -> Option<Self> {
        let level_at = |level: &&str| rest.find(&format!("{level}:  ")).map(|at| (at, level.len()));
        let (at, length) = LEVELS.iter().filter_map(level_at).min()?;
        let (prefix, behind) = rest.split_at_checked(at)?;
        let (level, message) = behind.split_at_checked(length)?;
        let message = message.trim_start_matches(':').trim_start();
        let mut out = Self { level: level.into(), message: message.into(), ..Self::default() };
        for word in prefix.split([' ', ':', ',']).filter(|word| !word.is_empty()) {
            out.take_word(word);
        }
        // An address of version 6 has colons of its own.
        if out.address.is_none() {
            let words = prefix.split(' ').map(|word| word.trim_matches(':'));
            out.address = words.into_iter().find(|word| word.parse::<std::net::IpAddr>().is_ok()).map(Cow::Borrowed);
        }
        Some(out)
    }

    fn take_word(&mut self, word: &'t str) {
        if let Some(pid) = word.strip_prefix('[').and_then(|word| word.strip_suffix(']')) {
            self.process = pid.split('-').next().map(Cow::Borrowed);
        } else if let Some((user, database)) = word.split_once('@') {
            self.user = Some(user.into());
            self.database = Some(database.into());
        } else if let Some((host, port)) = word.strip_suffix(')').and_then(|word| word.split_once('(')) {
            self.address = Some(host.into());
            self.port = Some(port.into());
        } else if word.parse::<std::net::IpAddr>().is_ok() {
            self.address = Some(word.into());
        } else if let Some(user) = word.strip_prefix("user=") {
            self.user = Some(user.into());
        } else if let Some(database) = word.strip_prefix("db=") {
            self.database = Some(database.into());
        } else if let Some(client) = word.strip_prefix("client=").or_else(|| word.strip_prefix("host=")) {
            self.address = Some(client.into());
        }
    }

    fn of_csv(line: &'t str) -> Option<Self> {
        let fields = csv(line);
        if fields.len() < CSV.len() {
            return None;
        }
        let field = |at: usize| fields.get(at).cloned().filter(|text| !text.is_empty());
        let level = field(11).filter(|level| LEVELS.contains(&level.as_ref()))?;
        let from = field(4);
        let (address, port) = match from.as_deref().and_then(|from| from.rsplit_once(':')) {
            Some((host, port)) => (Some(host.to_owned().into()), Some(port.to_owned().into())),
            None => (from, None),
        };
        Some(Self {
            time: field(0)?,
            level,
            message: field(13).unwrap_or_default(),
            user: field(1),
            database: field(2),
            address,
            port,
            process: field(3),
            session: field(5),
            code: field(12),
            application: field(22),
        })
    }

    /// What pgAudit says, by name.
    fn audit(&self) -> Vec<(&'static str, Cow<'_, str>)> {
        let Some(said) = self.message.strip_prefix("AUDIT: ") else { return Vec::new() };
        AUDIT.into_iter().zip(csv(said.trim_start())).filter(|(_, text)| !text.is_empty()).collect()
    }

    /// The statement of a `statement:` or `execute …:` message, with or without a duration before it.
    fn statement(&self) -> Option<&str> {
        let message = self
            .message
            .strip_prefix("duration: ")
            .map_or(self.message.as_ref(), |rest| rest.split_once(" ms").map_or("", |(_, rest)| rest.trim_start()));
        let said = message.strip_prefix("statement: ").or_else(|| {
            message.strip_prefix("execute ").and_then(|rest| rest.split_once(": ")).map(|(_, statement)| statement)
        });
        said.or((self.level == "STATEMENT").then_some(self.message.as_ref()))
    }
}

/// Where the instant with its zone ends, if the line begins with one.
fn time_end(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let is = |at: usize, byte: u8| bytes.get(at) == Some(&byte);
    let date =
        digit(0) && digit(3) && is(4, b'-') && is(7, b'-') && is(10, b' ') && is(13, b':') && is(16, b':') && digit(18);
    if !date {
        return None;
    }
    let behind = |at: usize, stop: fn(&u8) -> bool| {
        let length = bytes.get(at..)?.iter().position(stop);
        Some(length.map_or(bytes.len(), |length| at + length))
    };
    let clock = behind(19, |byte| !byte.is_ascii_digit() && *byte != b'.')?;
    if !is(clock, b' ') {
        return None;
    }
    let zone = behind(clock + 1, |byte| !byte.is_ascii_alphanumeric() && *byte != b'+' && *byte != b'-')?;
    (clock + 3 <= zone).then_some(zone)
}

/// The fields of a line of comma separated values; quotes inside quotes are doubled.
fn csv(line: &str) -> Vec<Cow<'_, str>> {
    let mut out = Vec::new();
    let mut rest = line;
    loop {
        let Some(quoted) = rest.strip_prefix('"') else {
            let (field, behind) = rest.split_once(',').map_or((rest, None), |(field, behind)| (field, Some(behind)));
            out.push(Cow::Borrowed(field));
            match behind {
                Some(behind) => rest = behind,
                None => return out,
            }
            continue;
        };
        let end = quoted.match_indices('"').map(|(at, _)| at).scan(0, |skip, at| {
            if at < *skip {
                return Some(None);
            }
            let doubled = quoted.as_bytes().get(at + 1) == Some(&b'"');
            *skip = at + 2;
            Some((!doubled).then_some(at))
        });
        let end = end.flatten().next().unwrap_or(quoted.len());
        let (field, behind) = quoted.split_at_checked(end).unwrap_or((quoted, ""));
        out.push(if field.contains("\"\"") { field.replace("\"\"", "\"").into() } else { field.into() });
        match behind.strip_prefix('"').and_then(|behind| behind.strip_prefix(',')) {
            Some(behind) => rest = behind,
            None => return out,
        }
    }
}

fn line(raw: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(raw.trim_ascii_end())
}

/// The flat object rules see.
pub(super) fn view(raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let text = line(raw);
    let line = Line::of(&text).ok_or_else(no_line)?;
    let mut flat = Flat::new(CSV.len() + AUDIT.len(), raw.len());
    let optional = [
        ("user_name", &line.user),
        ("database_name", &line.database),
        ("connection_from", &line.address),
        ("process_id", &line.process),
        ("session_id", &line.session),
        ("sql_state_code", &line.code),
        ("application_name", &line.application),
    ];
    flat.text("log_time", &line.time);
    flat.text("error_severity", &line.level);
    flat.text("message", &line.message);
    for (name, value) in optional {
        if let Some(value) = value {
            flat.text(name, value);
        }
    }
    for (name, value) in line.audit() {
        flat.text(name, &value);
    }
    Ok(flat.finish())
}

fn no_line() -> Unreadable {
    Unreadable("line has no instant with a zone and a level; it may continue the statement before it".to_owned())
}

/// A line as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let text = line(raw);
    let line = Line::of(&text).ok_or_else(no_line)?;
    let written = &line.time;
    let when = sqltext::instant(written).ok_or_else(|| Unreadable(format!("`{written}` is not a time")))?;
    let mut event = what(&line, when, raw);
    event.severity = match line.level.as_ref() {
        "PANIC" => Severity::Critical,
        "FATAL" | "ERROR" => Severity::Low,
        _ => Severity::Informational,
    };
    event.status_code = line.code.as_deref().map(str::to_owned);
    event.message = Some(line.message.clone().into_owned());
    event.metadata.correlation_uid = line.session.as_deref().or(line.process.as_deref()).map(str::to_owned);
    event.src_endpoint = tree::endpoint(line.address.as_deref().filter(|host| *host != "[local]").map(str::to_owned));
    if let Some(end) = &mut event.src_endpoint {
        end.port = line.port.as_deref().and_then(|port| port.parse().ok());
    }
    let name = line.user.as_deref().or_else(|| login_user(&line.message)).filter(|user| *user != "[unknown]");
    let who = tree::user(name.map(str::to_owned), None);
    event.user = who.clone().map(Box::new);
    tree::set_actor(&mut event, "sql", who);
    if let (Some(actor), Some(program)) = (&mut event.actor, &line.application) {
        actor.app_name = Some(program.clone().into_owned());
    }
    if let Some(database) = line.database.as_deref().filter(|name| *name != "[unknown]") {
        event.resources.push(Resource {
            uid: Some(database.to_owned()),
            kind: Some("database".to_owned()),
            ..Resource::default()
        });
    }
    Ok(event)
}

const PRODUCT: (&str, &str) = ("PostgreSQL", "PostgreSQL");

/// The class and operation of a line, and whether it was done.
fn what(line: &Line<'_>, when: Timestamp, raw: &[u8]) -> Event {
    let start = |class, operation: &str| begin(Format::PostgreSql, class, when, raw, PRODUCT, operation);
    let audit = line.audit();
    let audited = |name: &str| audit.iter().find(|(field, _)| *field == name).map(|(_, text)| text.as_ref());
    let failed = matches!(line.level.as_ref(), "FATAL" | "ERROR" | "PANIC");
    if let Some(command) = audited("command") {
        let mut event = start(Class::ApiActivity, command);
        event.activity_id = sqltext::activity(audited("statement").unwrap_or(command));
        event.status = Status::Success;
        event.api = Some(Box::new(Api {
            operation: command.to_owned(),
            service: audited("class").map(|class| Identified::named(class.to_owned())),
            ..Api::default()
        }));
        event.resources.extend(audited("object_name").map(|name| Resource {
            uid: Some(name.to_owned()),
            kind: audited("object_type").map(str::to_lowercase),
            ..Resource::default()
        }));
        if let Some(rows) = audited("rows").and_then(|rows| rows.parse::<u64>().ok()) {
            event.unmapped.insert("response_rows".to_owned(), rows.into());
        }
        return event;
    }
    let login = ["connection authorized:", "connection authenticated:", "disconnection:"];
    let refused = ["authentication failed for user", "no pg_hba.conf entry", "does not exist"];
    let is_login = login.iter().any(|text| line.message.starts_with(text));
    let is_refused = line.level == "FATAL" && refused.iter().any(|text| line.message.contains(text));
    if is_login || is_refused {
        let ended = line.message.starts_with("disconnection");
        let mut event = start(Class::Authentication, if ended { "disconnection" } else { "connection" });
        event.activity_id = if ended { 2 } else { 1 };
        event.status = if is_refused { Status::Failure } else { Status::Success };
        event.service = Some(Identified::named("PostgreSQL".to_owned()));
        return event;
    }
    if let Some(statement) = line.statement() {
        let mut event = start(Class::ApiActivity, &sqltext::word(statement));
        event.activity_id = sqltext::activity(statement);
        event.status = if line.level == "STATEMENT" { Status::Failure } else { Status::Success };
        return event;
    }
    let mut event = start(Class::Base, &line.level);
    event.status = if failed { Status::Failure } else { Status::Unknown };
    event
}

/// `… user "ann"` or `… user=ann …`.
fn login_user(message: &str) -> Option<&str> {
    let quoted = || message.split_once("user \"").and_then(|(_, rest)| rest.split_once('"'));
    let named = || message.split_once("user=").map(|(_, rest)| rest.split_once(' ').unwrap_or((rest, "")));
    quoted().or_else(named).map(|(user, _)| user).filter(|user| !user.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_of_several_owners() {
        let cases = [
            (
                "2026-03-02 10:11:12.500 UTC [147] ann@campus LOG:  statement: SELECT 1",
                Some("ann"),
                Some("campus"),
                None,
                600_302,
            ),
            (
                "2026-03-02 10:11:12 UTC:192.0.2.7(5432):ann@campus:[147]:ERROR:  relation \"x\" does not exist",
                Some("ann"),
                Some("campus"),
                Some("192.0.2.7"),
                0,
            ),
            (
                "192.0.2.7 2026-03-02 10:11:12 UTC [1] ann@campus FATAL:  password authentication failed for user \"ann\"",
                Some("ann"),
                Some("campus"),
                Some("192.0.2.7"),
                300_201,
            ),
            (
                "2026-03-02 10:11:12 UTC:2001:db8::1(5432):ann@campus:[147]:LOG:  x",
                Some("ann"),
                Some("campus"),
                None,
                0,
            ),
        ];
        for (line, user, database, address, type_uid) in cases {
            let event = normalize(line.as_bytes()).unwrap();
            let hot = event.hot();
            assert_eq!((hot.user_name, event.type_uid()), (user, type_uid), "{line}");
            assert_eq!(event.resource_uids().first().map(String::as_str), database, "{line}");
            assert!(address.is_none() || hot.src_ip == address, "{line}: {:?}", hot.src_ip);
        }
    }

    #[test]
    fn what_pgaudit_writes() {
        let line = r#"2026-03-02 10:11:12 UTC:192.0.2.7(5432):ann@campus:[147]:LOG:  AUDIT: SESSION,3,1,READ,SELECT,TABLE,public.students,"select ""a"", b from students",<none>,1000"#;
        let event = normalize(line.as_bytes()).unwrap();
        assert_eq!((event.type_uid(), event.operation()), (600_302, Some("SELECT")));
        assert_eq!(event.resource_uids(), ["public.students", "campus"]);
        assert_eq!(event.unmapped["response_rows"], 1000);
        let view: serde_json::Value = serde_json::from_slice(&view(line.as_bytes()).unwrap()).unwrap();
        assert_eq!(view["statement"], "select \"a\", b from students");
        assert_eq!(view["connection_from"], "192.0.2.7");
    }

    #[test]
    fn a_csvlog_and_what_continues_a_line() {
        let line = r#"2026-03-02 10:11:12.086 UTC,"ann","campus",34,"192.0.2.7:42304",5ff25bb2.22,2,"authentication",2026-03-02 10:11:06 UTC,3/1,0,LOG,00000,"connection authorized: user=ann database=campus",,,,,,,,,"psql""#;
        let event = normalize(line.as_bytes()).unwrap();
        assert_eq!((event.type_uid(), event.hot().src_ip, event.status), (300_201, Some("192.0.2.7"), Status::Success));
        assert_eq!(event.actor.unwrap().app_name.as_deref(), Some("psql"));
        for line in ["\twhere x = 1", "", "2026-03-02 10:11:12 something", "2026-03-02"] {
            assert!(normalize(line.as_bytes()).is_err() && !is_line(line.as_bytes()), "{line}");
        }
        assert_eq!(csv(r#"a,"b ""c"", d",,"e"#), ["a", "b \"c\", d", "", "e"]);
    }

    #[test]
    fn quotes_are_counted_line_by_line() {
        let csv =
            r#"2026-03-02 10:11:12.086 UTC,"ann","campus",34,"[local]",s,2,"idle",,,0,LOG,00000,"statement: SELECT"#;
        let open = known_after(None, csv.as_bytes());
        assert_eq!((open, known_after(None, format!("{csv}\",,").as_bytes())), (OPEN, CLOSED));
        // Bytes that are no text change nothing, nor does a line without quotes or with a pair of them.
        assert_eq!(known_after(None, &[csv.as_bytes(), b"\xff"].concat()), OPEN);
        assert_eq!([&b"x"[..], b"", b"\"\"", b"\xff"].map(|line| known_after(Some(open), line)), [OPEN; 4]);
        assert_eq!(known_after(Some(OPEN), b"1\",,"), CLOSED);
        assert_eq!(known_after(Some(CLOSED), b"\t\""), OPEN);
        // Outside of a csvlog quotes mean nothing.
        let plain = known_after(None, b"2026-03-02 10:11:12 UTC [1] a@b LOG:  statement: SELECT \"");
        assert_eq!((plain, known_after(Some(plain), b"\t\"")), (PLAIN, PLAIN));
        assert_eq!([PLAIN, CLOSED, OPEN].map(|known| continues(known, b"x")), [false, false, true]);
        assert!([PLAIN, CLOSED, OPEN].iter().all(|known| continues(known, b"\tx")));
    }
}
