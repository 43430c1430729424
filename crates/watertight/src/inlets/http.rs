//! The HTTP inlets: one listener, one address below `/in/` for each source.
//!
//! A reply goes out when the records are on disk and not before. TLS is ended in front of us.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use receive::Spool;
use receive::http::{Answer, Auth, Inlet, Protocol, Reply, Request, Secret};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Spools;
use crate::clock::Clock;
use crate::config::{Config, HttpInlet, Place};
use crate::exit::{Failure, OrFail as _};
use crate::output;

/// Firehose sends at most 64 MiB; nobody else here sends as much.
const BODY_BYTES_MAX: usize = 64 << 20;
/// Browsers' reports, which anybody can send.
const REPORT_BYTES_MAX: usize = 64 << 10;
/// Requests of one source whose bodies are in memory at the same time: its senders wait for each other, and nobody for them.
/// A body stands there three times at most: as sent, decompressed, and in records.
const REQUESTS_MAX: usize = 2;
const REPORTS_MAX: usize = 64;
/// A body that takes longer than this makes room for the next.
const BODY_TIME_MAX: Duration = Duration::from_secs(60);

/// One source's address.
struct Sent {
    inlet: Inlet,
    spool: Spool,
    places: Semaphore,
}

#[derive(Clone)]
struct Site {
    sent: Arc<BTreeMap<String, Sent>>,
    clock: Clock,
}

pub(super) async fn open(
    config: &Config,
    spools: &Spools,
    clock: Clock,
    tasks: &mut JoinSet<()>,
) -> Result<(), Failure> {
    let mut sent = BTreeMap::new();
    for source in &config.source {
        if let (Place::Http(http), Some(spool)) = (source.place(), spools.get(&source.id)) {
            let inlet = inlet(&source.id, http)?;
            let places = Semaphore::new(if inlet.protocol == Protocol::Beacon { REPORTS_MAX } else { REQUESTS_MAX });
            sent.insert(source.id.clone(), Sent { inlet, spool: spool.clone(), places });
        }
    }
    if sent.is_empty() {
        return Ok(());
    }
    let listen = &config.inlets.listen;
    let listener = tokio::net::TcpListener::bind(listen).await;
    let listener = listener.or_usage(format!("failed to listen on `{listen}` ([inlets] listen)"))?;
    output::talk(format!("inlets are at http://{listen}/in/<source>: {}", list(&sent)));
    let site = Site { sent: Arc::new(sent), clock };
    let router = Router::new().route("/in/{source}", axum::routing::any(deliver)).with_state(site);
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!("the HTTP inlets stopped: {error}");
        }
    });
    Ok(())
}

fn list(sent: &BTreeMap<String, Sent>) -> String {
    sent.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn inlet(source: &str, http: &HttpInlet) -> Result<Inlet, Failure> {
    let of_source = || format!("source `{source}`");
    let protocol = match http.protocol.as_str() {
        "plain" => Protocol::Plain,
        "firehose" => Protocol::Firehose,
        "eventgrid" => Protocol::EventGrid,
        "okta" => Protocol::OktaHook,
        "xapi" => Protocol::Xapi,
        "beacon" => Protocol::Beacon,
        other => {
            return Err(Failure::usage(format!("{}: `{other}` is not a protocol that is known", of_source()))
                .help("one of: plain, firehose, eventgrid, okta, xapi, beacon"));
        }
    };
    let secret = || -> Result<Secret, Failure> {
        let name = http.secret_env.as_deref().ok_or_else(|| {
            Failure::usage(format!("{}: `secret_env` is missing", of_source()))
                .help("name the environment variable that holds the sender's secret")
        })?;
        let text = std::env::var(name).or_usage(format!("{}: failed to read `{name}`", of_source()))?;
        Secret::new(&text).or_usage(format!("{}: `{name}`", of_source()))
    };
    let named = || http.name.clone().unwrap_or_default();
    let auth = match http.auth.as_str() {
        "none" if protocol == Protocol::Beacon => Auth::Anybody,
        "bearer" => Auth::Bearer(secret()?),
        "basic" => Auth::Basic { user: named(), password: secret()? },
        "header" => Auth::Header { name: named().to_ascii_lowercase(), secret: secret()? },
        "query" => Auth::Query { name: named(), secret: secret()? },
        "webhook" => Auth::Webhook(secret()?),
        "hub" => Auth::HubSignature(secret()?),
        other => {
            return Err(Failure::usage(format!("{}: auth `{other}` cannot be used", of_source()))
                .help("one of: bearer, basic, header, query, webhook, hub; `none` for a beacon alone"));
        }
    };
    if matches!(http.auth.as_str(), "basic" | "header" | "query") && http.name.as_deref().is_none_or(str::is_empty) {
        return Err(Failure::usage(format!("{}: `name` is missing", of_source()))
            .help("the user, the header or the query parameter that comes with the secret"));
    }
    let body_bytes_max = if protocol == Protocol::Beacon { REPORT_BYTES_MAX } else { BODY_BYTES_MAX };
    Ok(Inlet { protocol, auth, body_bytes_max })
}

async fn deliver(State(site): State<Site>, Path(source): Path<String>, request: HttpRequest) -> Response {
    let Some(sent) = site.sent.get(&source) else {
        return (StatusCode::NOT_FOUND, "there is no such source\n").into_response();
    };
    let (parts, body) = request.into_parts();
    let (method, query, headers) = (&parts.method, parts.uri.query().unwrap_or_default(), &parts.headers);
    let now_ms = site.clock.now().as_millisecond();
    // Who is a stranger takes nobody's place.
    if let Some(reply) = sent.inlet.turned_away(&Request { method, query, headers, body: &[] }, now_ms) {
        return response(reply);
    }
    let Ok(_place) = sent.places.acquire().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    // One byte more than is taken, so that `answer` is the one to refuse it in the sender's own words.
    let read = axum::body::to_bytes(body, sent.inlet.body_bytes_max + 1);
    let body = match tokio::time::timeout(BODY_TIME_MAX, read).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large or broke off\n").into_response(),
        Err(_) => return (StatusCode::REQUEST_TIMEOUT, "the body took too long\n").into_response(),
    };
    let request = Request { method, query, headers, body: &body };
    let reply = match sent.inlet.answer(&request, now_ms) {
        Answer::Reply(reply) => reply,
        Answer::Take { records, reply } => match sent.spool.put(records).await {
            Ok(()) => reply,
            Err(refused) => {
                tracing::warn!(%source, "a delivery was refused: {refused}");
                sent.inlet.busy(&request, &refused.to_string(), now_ms)
            }
        },
    };
    response(reply)
}

fn response(reply: Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = reply.status;
    for (name, value) in reply.headers {
        // What senders ask to be told back may hold what no header can.
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}
