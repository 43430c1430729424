//! A request out of a JSON record, by a table of where each part may stand: for gateways and proxies that write JSON.
//!
//! `web` makes the event and the names rules see of it.

use jiff::Timestamp;
use ocsf::Event;

use super::append::Appended;
use super::tree::{self, Tree};
use super::web::Hit;
use super::{Format, Unreadable, time};

/// Where the parts of a request stand, best first.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Paths {
    pub(super) time: &'static [&'static str],
    pub(super) client: &'static [&'static str],
    pub(super) user: &'static [&'static str],
    pub(super) method: &'static [&'static str],
    pub(super) uri: &'static [&'static str],
    pub(super) query: &'static [&'static str],
    pub(super) version: &'static [&'static str],
    pub(super) status: &'static [&'static str],
    pub(super) bytes: &'static [&'static str],
    pub(super) received: &'static [&'static str],
    pub(super) referer: &'static [&'static str],
    pub(super) agent: &'static [&'static str],
    pub(super) host: &'static [&'static str],
    pub(super) uid: &'static [&'static str],
}

/// The parts.
#[derive(Debug, Default)]
pub(super) struct Said {
    time: Option<String>,
    client: Option<String>,
    user: Option<String>,
    method: Option<String>,
    uri: Option<String>,
    version: Option<String>,
    status: Option<String>,
    bytes: Option<String>,
    received: Option<String>,
    referer: Option<String>,
    agent: Option<String>,
    host: Option<String>,
    uid: Option<String>,
}

impl Said {
    pub(super) fn of(tree: &mut Tree, paths: &Paths) -> Self {
        let mut said = |paths: &[&str]| tree.take(paths).filter(|text| text != "-");
        let query = said(paths.query);
        let join = |uri: String| match &query {
            Some(query) if !uri.contains('?') => format!("{uri}?{}", query.trim_start_matches('?')),
            _ => uri,
        };
        Self {
            time: said(paths.time),
            client: said(paths.client),
            user: said(paths.user),
            method: said(paths.method),
            uri: said(paths.uri).map(join),
            version: said(paths.version),
            status: said(paths.status).filter(|status| status != "0"),
            bytes: said(paths.bytes),
            received: said(paths.received),
            referer: said(paths.referer),
            agent: said(paths.agent),
            host: said(paths.host),
            uid: said(paths.uid),
        }
    }

    /// The first of a list of forwarded addresses is the client's.
    pub(super) fn with_first_client(mut self) -> Self {
        let first = self.client.as_deref().and_then(|list| list.split(',').next()).map(|first| first.trim().to_owned());
        self.client = first.or(self.client.take());
        self
    }

    /// `GET /orders` where method and path have no members of their own.
    pub(super) fn set_route(&mut self, route: Option<&str>) {
        let Some((method, path)) = route.and_then(|route| route.split_once(' ')) else { return };
        self.method.get_or_insert_with(|| method.to_owned());
        self.uri.get_or_insert_with(|| path.to_owned());
    }

    /// An instant in any spelling.
    pub(super) fn when(&self, name: &str) -> Result<Timestamp, Unreadable> {
        let written = self.time.as_deref().ok_or_else(|| Unreadable::missing(name))?;
        let found = tree::instant(written).or_else(|| time::common_log(written));
        found.ok_or_else(|| Unreadable(format!("{name} `{written}` is not a time")))
    }

    fn hit(&self) -> Hit<'_> {
        Hit {
            time: self.time.as_deref(),
            client: self.client.as_deref(),
            user: self.user.as_deref(),
            method: self.method.as_deref(),
            uri: self.uri.as_deref(),
            version: self.version.as_deref(),
            status: self.status.as_deref(),
            bytes: self.bytes.as_deref(),
            received: self.received.as_deref(),
            referer: self.referer.as_deref(),
            agent: self.agent.as_deref(),
            host: self.host.as_deref(),
        }
    }

    /// The record with the W3C names beside its own.
    pub(super) fn view(&self, raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
        let mut view = Appended::to(raw)?;
        self.hit().names(self.when("time").ok(), &mut view);
        Ok(view.finish())
    }

    /// HTTP Activity of the product.
    pub(super) fn event(
        &self,
        format: Format,
        when: Timestamp,
        raw: &[u8],
        (vendor_name, product_name): (&'static str, &'static str),
    ) -> Event {
        let mut event = self.hit().event(format, when, raw);
        event.metadata =
            ocsf::Metadata { uid: self.uid.clone().into(), vendor_name, product_name, ..ocsf::Metadata::default() };
        if let Some(request) = &mut event.http_request {
            request.uid.clone_from(&self.uid);
        }
        event
    }
}
