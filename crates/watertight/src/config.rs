//! `watertight.toml`: who we are, where records come from, how notices leave.
//!
//! Unknown keys are errors, relative paths are relative to the file, secrets are named (environment variable), never written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::exit::{Failure, OrFail as _};

/// The whole file. Every field has a default, so an empty file is a valid configuration.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// One legal entity. It is part of every finding's id.
    pub(crate) tenant: Option<String>,
    pub(crate) organisation: Organisation,
    pub(crate) source: Vec<Source>,
    /// Values for `%name%` in rules (`|expand`), for example `corporate_networks`.
    pub(crate) placeholders: BTreeMap<String, Vec<String>>,
    pub(crate) baselines: BaselineSettings,
    pub(crate) entities: EntitySettings,
    pub(crate) objects: Objects,
    pub(crate) content: ContentDir,
    pub(crate) detection: Detection,
    /// Who may ask and approve, by opaque id. Empty: any id given with `--by` is taken at its word.
    pub(crate) people: BTreeMap<String, Person>,
    pub(crate) mail: Option<Mail>,
    pub(crate) web: Web,
    pub(crate) inlets: InletSettings,
    pub(crate) log: Log,
}

/// What baselines need to know beside the logs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BaselineSettings {
    /// A table of places, CSV with the columns `cidr,country,asn,latitude,longitude`. Without it, baselines about places
    /// wait.
    pub(crate) places: Option<PathBuf>,
}

/// What makes two names one actor, as far as only the company can know.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct EntitySettings {
    /// Services whose user ids mean the same people, group by group: `[["checkout", "customer-account"]]`.
    pub(crate) shared_accounts: Vec<Vec<String>>,
}

/// Who reports. These become facts of every breach unless a person states otherwise for one incident.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Organisation {
    pub(crate) name: String,
    pub(crate) role: Vec<String>,
    pub(crate) sector: Option<String>,
    /// ISO 3166 code of the main establishment; it decides the lead supervisory authority.
    pub(crate) establishment: Option<String>,
    pub(crate) contact_name: String,
    pub(crate) contact_email: String,
    pub(crate) contact_phone: String,
    pub(crate) address: String,
    pub(crate) website: String,
    /// Business customers whose data we process, with what their contract asks.
    pub(crate) customer: Vec<Customer>,
}

/// A customer contract that asks to be told.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Customer {
    pub(crate) name: String,
    pub(crate) notify_hours: u32,
    pub(crate) email: Option<String>,
    /// What we are for this customer (`processor`, `third_party_contractor`); a fact of every breach of their data.
    #[serde(default)]
    pub(crate) our_role: Option<String>,
    #[serde(default)]
    pub(crate) enrolment: Option<u64>,
    /// Some of the people are minors.
    #[serde(default)]
    pub(crate) minors: bool,
}

/// Where records come from: read from a PATH as the command line takes it, or sent to us.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    pub(crate) id: String,
    /// Empty for a source that is sent to us.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) http: Option<HttpInlet>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) syslog: Option<SyslogInlet>,
}

/// Where a source's records are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    Path(&'a str),
    Http(&'a HttpInlet),
    Syslog(&'a SyslogInlet),
}

impl Source {
    /// Checked when the file is read: exactly one of them is there.
    pub(crate) fn place(&self) -> Place<'_> {
        match (&self.http, &self.syslog) {
            (Some(http), _) => Place::Http(http),
            (None, Some(syslog)) => Place::Syslog(syslog),
            (None, None) => Place::Path(&self.path),
        }
    }
}

/// Deliveries by HTTP, at `/in/<id>` of the inlets' address.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpInlet {
    pub(crate) protocol: receive::http::Protocol,
    pub(crate) auth: InletAuth,
    /// The user, the header or the query parameter, for `basic`, `header` and `query`.
    pub(crate) name: Option<String>,
    /// Name of the environment variable that holds the sender's secret.
    pub(crate) secret_env: Option<String>,
}

/// How a sender shows who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum InletAuth {
    Bearer,
    Basic,
    Header,
    Query,
    /// Standard Webhooks.
    Webhook,
    /// `X-Hub-Signature-256`.
    Hub,
    /// Anybody: for browsers alone.
    None,
}

/// Syslog over TCP.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SyslogInlet {
    pub(crate) listen: String,
}

/// Where senders deliver by HTTP.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct InletSettings {
    pub(crate) listen: String,
}

impl Default for InletSettings {
    fn default() -> Self {
        Self { listen: "127.0.0.1:7273".to_owned() }
    }
}

/// Where the bytes of stored objects can be read when an exposure is measured: `<root>/<bucket>/<key>`, and extracts of
/// databases as `<root>/azuresql-<server>/<database>/…` and `<root>/rds-<instance>/…`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Objects {
    pub(crate) root: Option<PathBuf>,
    pub(crate) file: Vec<ObjectFile>,
    pub(crate) register: Vec<Register>,
    /// The column that names the customer a row belongs to (`school`).
    pub(crate) customer_column: Option<String>,
}

/// Which file an application hands out under a resource type: `{id}` is the resource's id, `*` any part of the path.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ObjectFile {
    pub(crate) resource: String,
    pub(crate) path: String,
}

/// Which table says who a person in an application log is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Register {
    /// Services whose logs name these people.
    pub(crate) service: Vec<String>,
    /// Below the objects' root.
    pub(crate) path: String,
    /// The column with the id.
    pub(crate) key: String,
}

/// Read content from here instead of the copy in the binary.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ContentDir {
    pub(crate) dir: Option<PathBuf>,
}

/// How findings become incidents, and which content is used.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Detection {
    /// Days after a source's first batch in which only high findings of stable rules open incidents; 0 turns it off.
    /// Unset: 7, and 0 where the log tells simulated time.
    pub(crate) first_week_days: Option<u32>,
    /// Content that a second person has not approved is not used.
    pub(crate) require_approval: bool,
}

/// A person as far as approvals need to know one.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Person {
    /// May approve what somebody else asked for: suppressions, content.
    pub(crate) approves: bool,
}

/// The outgoing mail server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mail {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// `tls`, `starttls` or `none`; `none` is accepted for a loopback host only.
    pub(crate) security: String,
    pub(crate) from: String,
    pub(crate) username: Option<String>,
    /// Name of the environment variable that holds the password.
    pub(crate) password_env: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Web {
    pub(crate) listen: String,
}

impl Default for Web {
    fn default() -> Self {
        Self { listen: "127.0.0.1:7272".to_owned() }
    }
}

/// The sealed log's name in the world (C2SP origin).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) origin: Option<String>,
}

/// Whether two ids are those of one person: neither case nor space around an id tells people apart.
pub(crate) fn is_same_person(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

impl Config {
    /// Reads the file, or the defaults when none was named and the default file does not exist.
    pub(crate) fn load(path: Option<&Path>) -> Result<Self, Failure> {
        let default = Path::new("watertight.toml");
        let path = match path {
            Some(path) => path,
            None if default.exists() => default,
            None => return Ok(Self::default()),
        };
        let shown = path.display();
        let text = std::fs::read_to_string(path).or_usage(format!("failed to read configuration `{shown}`"))?;
        let mut config: Self = toml::from_str(&text).or_usage(format!("`{shown}` is not a valid configuration"))?;
        config.check_people()?;
        config.check_sources()?;
        // Absolute, because members are known by name: the same file must have the same name from wherever a command is run.
        let base = std::path::absolute(path).or_usage(format!("failed to find `{shown}`"))?;
        config.anchor(base.parent().unwrap_or(Path::new("/")));
        Ok(config)
    }

    pub(crate) fn tenant(&self) -> &str {
        self.tenant.as_deref().unwrap_or("default")
    }

    /// A hash of all that is configured.
    pub(crate) fn fingerprint(&self) -> Result<String, Failure> {
        use sha2::Digest as _;
        let json = serde_json::to_vec(self).or_fail("failed to tell configurations apart")?;
        Ok(crate::content::hex(&sha2::Sha256::digest(json)))
    }

    /// A source is in one place, and no two have the same name.
    fn check_sources(&self) -> Result<(), Failure> {
        for (index, source) in self.source.iter().enumerate() {
            let places = [!source.path.is_empty(), source.http.is_some(), source.syslog.is_some()];
            if places.iter().filter(|is_there| **is_there).count() != 1 {
                return Err(Failure::usage(format!("source `{}` needs one place its records come from", source.id))
                    .help("give it `path`, `[source.http]` or `[source.syslog]`, and no second one"));
            }
            if self.source.iter().skip(index + 1).any(|other| other.id == source.id) {
                return Err(Failure::usage(format!("two sources are called `{}`", source.id))
                    .help("what was read is remembered by that name; give each its own"));
            }
        }
        Ok(())
    }

    /// Two spellings of one person would be two people where two are needed.
    fn check_people(&self) -> Result<(), Failure> {
        let mut ids: Vec<&String> = self.people.keys().collect();
        ids.sort_by_key(|id| id.trim().to_ascii_lowercase());
        let twice = ids.iter().zip(ids.iter().skip(1)).find(|(one, other)| is_same_person(one, other));
        match twice {
            Some((one, other)) => {
                Err(Failure::usage(format!("`{one}` and `{other}` in [people] are one person in two spellings"))
                    .help("keep one of them"))
            }
            None => Ok(()),
        }
    }

    /// Refuses an id that `[people]` does not know, and an approval by somebody who may give none.
    pub(crate) fn check_person(&self, id: &str, approves: bool) -> Result<(), Failure> {
        if self.people.is_empty() {
            return Ok(());
        }
        let person = self.people.get(id).ok_or_else(|| {
            Failure::usage(format!("`{id}` is nobody of [people]")).help("add the id to [people] in watertight.toml")
        })?;
        if approves && !person.approves {
            return Err(Failure::usage(format!("`{id}` may not approve"))
                .help("`approves = true` in [people] lets somebody approve"));
        }
        Ok(())
    }

    /// Makes relative paths relative to the file they were written in, not to where the command happens to run.
    fn anchor(&mut self, base: &Path) {
        for dir in [&mut self.objects.root, &mut self.content.dir, &mut self.baselines.places].into_iter().flatten() {
            *dir = base.join(&*dir);
        }
        for source in &mut self.source {
            let is_address = source.path.is_empty() || source.path == "-" || source.path.contains("://");
            if !is_address {
                source.path = base.join(&source.path).to_string_lossy().into_owned();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_has_one_spelling() {
        let config = |text: &str| toml::from_str::<Config>(text).unwrap().check_people();
        assert!(config("[people]\nP-1 = {approves = true}\nP-2 = {}\n").is_ok());
        let refused = config("[people]\nP-1 = {approves = true}\nP-2 = {}\np-1 = {}\n").unwrap_err();
        assert!(refused.message.contains("`P-1` and `p-1`"), "{refused}");
        assert!(config("[people]\n'P-1' = {}\n' p-1' = {}\n").is_err());
    }

    #[test]
    fn a_source_is_in_one_place() {
        let check = |text: &str| toml::from_str::<Config>(text).unwrap().check_sources();
        let http = "[source.http]\nprotocol = \"plain\"\nauth = \"bearer\"\n";
        assert!(check("[[source]]\nid = \"a\"\npath = \"x\"").is_ok());
        assert!(check(&format!("[[source]]\nid = \"a\"\n{http}")).is_ok());
        assert!(check("[[source]]\nid = \"a\"").is_err());
        assert!(check(&format!("[[source]]\nid = \"a\"\npath = \"x\"\n{http}")).is_err());
        let misspelt = http.replace("plain", "plane");
        let refused = toml::from_str::<Config>(&format!("[[source]]\nid = \"a\"\n{misspelt}")).unwrap_err();
        assert!(refused.to_string().contains("`firehose`"), "{refused}");
        let twice = "[[source]]\nid = \"a\"\npath = \"x\"\n[[source]]\nid = \"a\"\npath = \"y\"";
        assert!(check(twice).unwrap_err().message.contains("`a`"));
    }

    #[test]
    fn unknown_keys_are_named() {
        let error = toml::from_str::<Config>("tennant = \"x\"").expect_err("a typo is an error");
        assert!(error.to_string().contains("tennant"), "{error}");
    }

    #[test]
    fn an_empty_file_is_valid_and_paths_are_anchored() {
        let mut config: Config =
            toml::from_str("[[source]]\nid = \"a\"\npath = \"logs\"\n[objects]\nroot = \"o\"").expect("valid");
        config.anchor(Path::new("/etc/wt"));
        assert_eq!(config.source[0].path, "/etc/wt/logs");
        assert_eq!(config.objects.root.as_deref(), Some(Path::new("/etc/wt/o")));
        assert_eq!(config.tenant(), "default");
    }
}
