//! Everything a data directory holds, opened: the state store, the lake, the sealed log and its keys.
//!
//! A writer holds the lease; a reader does without it. Keys are made on first use. Nothing is decided here.

use std::path::{Path, PathBuf};

use evidence::LogKey;
use evidence::keyring::{KeyRing, WrappingKey};
use jiff::{SignedDuration, Timestamp};

use crate::config::Config;
use crate::content::Content;
use crate::context::Context;
use crate::exit::{Failure, OrFail as _};
use crate::inlets::{self, Spools};
use crate::lease::Lease;
use crate::seal::Sealer;
use crate::store::{Cases, STATE_FILE, Store};

/// The key that signs the log, inside the data directory.
pub(crate) const LOG_KEY_FILE: &str = "keys/log.key";

/// A running system, or the part of it one command needs.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) dir: PathBuf,
    pub(crate) config: Config,
    pub(crate) content: Content,
    /// Where the content was read from; `None` for the copy in the program.
    pub(crate) content_dir: Option<PathBuf>,
    pub(crate) store: std::sync::Arc<Store>,
    pub(crate) lake: lake::Lake,
    pub(crate) sealer: Sealer,
    /// Of sources that are sent to us; none before [`Self::open_spools`].
    pub(crate) spools: Spools,
    /// `None` for a reader.
    _lease: Option<Lease>,
}

impl Instance {
    /// Opens for writing; makes the directory on first use.
    pub(crate) async fn open(context: &Context) -> Result<Self, Failure> {
        // A configuration that cannot be used leaves no directory behind.
        context.config()?;
        Self::make_dir(context.data_dir())?;
        let instance = Self::open_under(context, Lease::take(context.data_dir())?).await?;
        instance.check_time(context.clock.now()).await?;
        Ok(instance)
    }

    pub(crate) fn make_dir(dir: &Path) -> Result<(), Failure> {
        std::fs::create_dir_all(dir).or_usage(format!("failed to make the data directory `{}`", dir.display()))
    }

    /// Opens for writing under a lease that is held. Whether the clock runs forward is asked before something is written.
    pub(crate) async fn open_under(context: &Context, lease: Lease) -> Result<Self, Failure> {
        let dir = context.data_dir().to_owned();
        let instance = Self::open_parts(context, context.config()?, dir, Some(lease)).await?;
        instance.sealer.check_clock(context.clock)?;
        instance.replay_erasures().await?;
        Ok(instance)
    }

    /// Opens for reading; the directory must hold data.
    pub(crate) async fn read(context: &Context) -> Result<Self, Failure> {
        let dir = context.existing_data_dir()?;
        Self::open_parts(context, context.config()?, dir, None).await
    }

    async fn open_parts(
        context: &Context,
        config: Config,
        dir: PathBuf,
        lease: Option<Lease>,
    ) -> Result<Self, Failure> {
        let content = context.content(&config)?;
        let content_dir = context.content_dir(&config).map(Path::to_owned);
        // Secrets are made with the directory and never again: a new one in the place of a lost one would hide the loss.
        let is_new = lease.is_some() && !dir.join(STATE_FILE).exists();
        let keys = open_keys(&dir, is_new)?;
        let cases = Cases::new(incident_config(&dir, is_new)?);
        let key = log_key(&dir, &origin(&config, context), is_new)?;
        let sealer = Sealer::open(&dir, key, lease.is_some())?;
        let store = Store::open(&dir, config.tenant(), keys, cases, lease.is_some())
            .await
            .or_fail(format!("failed to open the state store in `{}`", dir.display()))?;
        let lake = lake::Lake::open(&dir.join("lake"), &lake::Options::default())
            .await
            .or_fail(format!("failed to open the lake in `{}`", dir.display()))?;
        let (store, spools) = (std::sync::Arc::new(store), Spools::new());
        Ok(Self { dir, config, content, content_dir, store, lake, sealer, spools, _lease: lease })
    }
}

/// A clock may be set back by so much, as time servers do, before it counts as running backward.
const BACKWARD_MAX: SignedDuration = SignedDuration::from_secs(5);

impl Instance {
    /// Opens the spools, for who reads sources. Other commands that write have no business there.
    pub(crate) fn open_spools(&mut self) -> Result<(), Failure> {
        self.spools = inlets::spools(&self.config, &self.dir)?;
        Ok(())
    }

    /// Refuses to write with a clock that runs backward: entries would tell an order that never was.
    pub(crate) async fn check_time(&self, now: Timestamp) -> Result<(), Failure> {
        let last = self.store.latest_at().await.or_fail("failed to read the log's last time")?;
        match last {
            Some(last) if now + BACKWARD_MAX < last => {
                Err(Failure::failed(format!("the clock says {now}, but the log has an entry of {last}; nothing was written"))
                    .help("set the clock right; if it is right and was wrong then, `watertight state correct-clock` says so in the log"))
            }
            _ => Ok(()),
        }
    }

    /// A restored backup may bring back keys that were destroyed since: the log remembers, and they go again.
    async fn replay_erasures(&self) -> Result<(), Failure> {
        for erased in self.store.documents("key").await.or_fail("failed to read erasures")? {
            let (Some(incident), Some(at)) = (erased["id"].as_str(), erased["last"]["at"].as_str()) else { continue };
            let at = at.parse().or_fail("failed to read when a key was destroyed")?;
            if self.store.has_key(incident).or_fail("failed to look up a key")? {
                tracing::warn!(incident, "the key of an erased incident was there again; destroyed");
                self.store.destroy_key(incident, at).or_fail("failed to destroy a key again")?;
            }
        }
        Ok(())
    }
}

/// The log's name. A log that tells simulated time says so in its name, for ever.
fn origin(config: &Config, context: &Context) -> String {
    let name = config.log.origin.clone().unwrap_or_else(|| format!("watertight.example/{}", config.tenant()));
    if context.clock.is_simulated() { format!("{name}/simulated") } else { name }
}

fn open_keys(dir: &Path, is_new: bool) -> Result<KeyRing, Failure> {
    let secret = secret_file(&dir.join("keys/key-encryption-key"), is_new)?;
    Ok(KeyRing::open(dir.join("keys/subjects"), WrappingKey::from_bytes(secret)))
}

/// Group keys are hashed with a secret of this directory, because the clear part of an entry is readable for ever.
fn incident_config(dir: &Path, is_new: bool) -> Result<incident::Config, Failure> {
    let pepper = secret_file(&dir.join("keys/pepper"), is_new)?.to_vec();
    Ok(incident::Config { pepper, ..incident::Config::default() })
}

/// Reads 32 secret bytes (hex), or makes them in a new directory. Readable by the owner alone.
fn secret_file(path: &Path, is_new: bool) -> Result<[u8; 32], Failure> {
    let shown = path.display();
    if path.exists() {
        let text = std::fs::read_to_string(path).or_fail(format!("failed to read `{shown}`"))?;
        return parse_hex(text.trim()).ok_or_else(|| {
            Failure::failed(format!("`{shown}` does not hold 64 hexadecimal digits"))
                .help("restore the file from its backup; without it encrypted bodies cannot be read")
        });
    }
    if !is_new {
        return Err(lost(path));
    }
    let mut secret = [0_u8; 32];
    getrandom::fill(&mut secret).map_err(|error| Failure::failed(format!("failed to make a secret: {error}")))?;
    crate::durable::write_private(path, crate::content::hex(&secret).as_bytes())?;
    Ok(secret)
}

fn lost(path: &Path) -> Failure {
    Failure::failed(format!("`{}` is missing", path.display()))
        .help("restore the keys directory from its backup; nothing was changed")
}

fn parse_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0_u8; 32];
    if text.len() != 64 {
        return None;
    }
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Makes the log key with a new directory. Its name is the log's origin.
fn log_key(dir: &Path, origin: &str, is_new: bool) -> Result<LogKey, Failure> {
    let path = dir.join(LOG_KEY_FILE);
    if path.exists() {
        let key = LogKey::load(&path).or_fail(format!("failed to read the log key `{}`", path.display()))?;
        return Ok(key);
    }
    if !is_new {
        return Err(lost(&path));
    }
    let key = LogKey::generate(origin).or_fail("failed to make the log key")?;
    std::fs::create_dir_all(dir.join("keys")).or_fail("failed to make the key directory")?;
    key.save(&path).or_fail(format!("failed to write the log key `{}`", path.display()))?;
    Ok(key)
}
