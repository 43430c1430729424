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
use crate::config::{Config, HttpInlet, InletAuth, Place};
use crate::exit::{Failure, OrFail as _};
use crate::output;

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
    let missing = |key: &str, help: &str| Failure::usage(format!("source `{source}`: `{key}` is missing")).help(help);
    let secret = || -> Result<Secret, Failure> {
        let name = http.secret_env.as_deref();
        let name =
            name.ok_or_else(|| missing("secret_env", "name the environment variable that holds the sender's secret"))?;
        let text = std::env::var(name).or_usage(format!("source `{source}`: failed to read `{name}`"))?;
        Secret::new(&text).or_usage(format!("source `{source}`: `{name}`"))
    };
    let name = || -> Result<String, Failure> {
        let name = http.name.clone().filter(|name| !name.is_empty());
        name.ok_or_else(|| missing("name", "the user, the header or the query parameter that comes with the secret"))
    };
    let auth = match http.auth {
        InletAuth::None if http.protocol == Protocol::Beacon => Auth::Anybody,
        InletAuth::None => {
            return Err(Failure::usage(format!("source `{source}`: anybody could send to it"))
                .help("`auth = \"none\"` is for a beacon alone; choose another and give the sender a secret"));
        }
        InletAuth::Bearer => Auth::Bearer(secret()?),
        InletAuth::Basic => Auth::Basic { user: name()?, password: secret()? },
        InletAuth::Header => Auth::Header { name: name()?.to_ascii_lowercase(), secret: secret()? },
        InletAuth::Query => Auth::Query { name: name()?, secret: secret()? },
        InletAuth::Webhook => Auth::Webhook(secret()?),
        InletAuth::Hub => Auth::HubSignature(secret()?),
    };
    Ok(Inlet { protocol: http.protocol, auth, body_bytes_max: http.protocol.body_bytes_max() })
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
