//! The company's own web application log, version 1: one JSON object a line, a gzip file per service and day.
//!
//! Fields that a request does not have are left out.

use crate::clock::{self, Ms};
use crate::formats::Route;
use crate::json::{J, j};
use crate::rng::Rng;
use crate::stage::{Hushable, Stage};

pub(crate) const PRODUCT_API: &str = "product-api";
pub(crate) const CHECKOUT: &str = "checkout";
pub(crate) const ACCOUNT: &str = "customer-account";
pub(crate) const PORTAL: &str = "student-portal";
pub(crate) const COURSES: &str = "course-delivery";
pub(crate) const ASSESSMENT: &str = "assessment";

/// Someone using an application.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub(crate) id: String,
    /// `customer`, `student`, `instructor`, `ta`, `registrar`, `staff`, `service`, `anonymous`
    pub(crate) role: &'static str,
    pub(crate) student_id: Option<String>,
    pub(crate) session: String,
    pub(crate) ip: String,
    pub(crate) agent: &'static str,
    pub(crate) country: String,
}

impl Visitor {
    /// The entity key that findings use for this actor.
    pub(crate) fn entity(&self, service: &str) -> String {
        let id = if self.id.is_empty() { &self.session } else { &self.id };
        format!("app:{service}:{id}")
    }
}

/// One line.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'a> {
    pub(crate) at: Ms,
    pub(crate) service: &'static str,
    pub(crate) level: &'static str,
    pub(crate) event: &'static str,
    pub(crate) who: &'a Visitor,
    /// (method, path, route, status, response bytes)
    pub(crate) http: Option<(&'static str, String, &'static str, u16, u64)>,
    /// (type, id, owner id, count)
    pub(crate) resource: Option<(&'static str, String, Option<String>, usize)>,
    pub(crate) message: Option<String>,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(at: Ms, service: &'static str, event: &'static str, who: &'a Visitor) -> Self {
        Self { at, service, level: "info", event, who, http: None, resource: None, message: None }
    }

    pub(crate) fn http(
        mut self,
        method: &'static str,
        path: &str,
        route: &'static str,
        status: u16,
        bytes: u64,
    ) -> Self {
        self.http = Some((method, path.to_owned(), route, status, bytes));
        if status >= 500 {
            self.level = "error";
        }
        self
    }

    pub(crate) fn resource(mut self, kind: &'static str, id: &str, owner: Option<&str>, count: usize) -> Self {
        self.resource = Some((kind, id.to_owned(), owner.map(str::to_owned), count));
        self
    }

    pub(crate) fn message(mut self, text: impl Into<String>) -> Self {
        self.message = Some(text.into());
        self
    }

    pub(crate) fn level(mut self, level: &'static str) -> Self {
        self.level = level;
        self
    }

    fn record(&self, id: &str, rng: &mut Rng) -> J {
        let mut record = j!({
            "timestamp": (clock::millis(self.at)), "service": (self.service), "env": "prod", "level": (self.level), "event": (self.event),
            "event_id": id, "trace_id": (rng.hex(32)),
        });
        if !self.who.id.is_empty() {
            let mut user = j!({"id": (&self.who.id), "role": (self.who.role)});
            if let Some(student) = &self.who.student_id {
                user.set("student_id", student);
            }
            record.set("user", user);
        }
        record.set("session_id", &self.who.session);
        record
            .set("client", j!({"ip": (&self.who.ip), "user_agent": (self.who.agent), "country": (&self.who.country)}));
        if let Some((method, path, route, status, bytes)) = &self.http {
            let status = i64::from(*status);
            record.set("http", j!({"method": (*method), "path": path, "route": (*route), "status": status, "response_bytes": (*bytes)}));
        }
        if let Some((kind, resource, owner, count)) = &self.resource {
            let mut value = j!({"type": (*kind), "id": resource});
            if let Some(owner) = owner {
                value.set("owner_id", owner);
            }
            value.set("count", *count);
            record.set("resource", value);
        }
        if let Some(message) = &self.message {
            record.set("message", message);
        }
        record
    }
}

pub(crate) fn path(service: &str, slot: Ms) -> String {
    format!("telemetry/application/{service}/{}.jsonl.gz", clock::date(slot))
}

impl Stage<'_> {
    pub(crate) fn app(&mut self, rng: &mut Rng, entry: &Entry<'_>) -> String {
        let id = rng.uuid();
        let line = entry.record(&id, rng).text();
        self.push(Route::Application(entry.service), entry.at, line, Some(id.clone()), Hushable::Never);
        id
    }
}
