//! Pages and JSON API over the folded documents, and the sealed log as C2SP lays it out.
//!
//! Read-only in this version and bound to the loopback address, because there is no sign-in yet. It draws; it decides nothing.

mod api;
mod incident_page;
mod overview;
mod shown;
mod who;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::exit::{Failure, OrFail as _};
use crate::store::{LogError, Store};

/// What every handler reads from.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) store: Arc<Store>,
    pub(crate) log_dir: std::path::PathBuf,
    pub(crate) clock: Clock,
}

/// A page that cannot be shown. The visitor gets the number, the reason goes to our own log under the same number.
#[derive(Debug)]
enum WebError {
    NotFound,
    Inside(String),
}

impl From<LogError> for WebError {
    fn from(error: LogError) -> Self {
        Self::Inside(error.to_string())
    }
}

impl From<askama::Error> for WebError {
    fn from(error: askama::Error) -> Self {
        Self::Inside(error.to_string())
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "there is nothing at this address\n").into_response(),
            Self::Inside(reason) => {
                let mut id = [0_u8; 6];
                // Without randomness the id is all zeros; it still joins the two messages.
                let _random: Result<(), getrandom::Error> = getrandom::fill(&mut id);
                let id = crate::content::hex(&id);
                tracing::error!(request = %id, %reason, "page failed");
                (StatusCode::INTERNAL_SERVER_ERROR, format!("this page could not be made; request {id}\n"))
                    .into_response()
            }
        }
    }
}

type Page = Result<Html<String>, WebError>;

pub(crate) fn router(site: Site) -> Router {
    Router::new()
        .route("/", get(overview::page))
        .route("/incidents/{id}", get(incident_page::page))
        .route("/style.css", get(style))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/api/v1/overview", get(api::overview))
        .route("/api/v1/incidents", get(api::incidents))
        .route("/api/v1/incidents/{id}", get(api::incident))
        .route("/api/v1/obligations", get(api::obligations))
        .route("/api/v1/notices", get(api::notices))
        .route("/api/v1/batches", get(api::batches))
        .route("/log/{*path}", get(api::log_file))
        .layer(axum::middleware::from_fn(only_by_our_own_name))
        .layer(axum::middleware::map_response(harden))
        .with_state(site)
}

/// Listens, so that nothing is begun where nobody could look. Refuses addresses that others could reach.
pub(crate) async fn listen(listen: &str) -> Result<TcpListener, Failure> {
    let address: SocketAddr = listen.parse().or_usage(format!("`{listen}` is not an address and port"))?;
    if !address.ip().is_loopback() {
        return Err(Failure::usage(format!("refusing to listen on `{listen}`: this version has no sign-in"))
            .help("listen on 127.0.0.1 and put a proxy with sign-in before it"));
    }
    TcpListener::bind(address).await.or_fail(format!("failed to listen on `{listen}`"))
}

/// Serves until `stop` is done.
pub(crate) async fn serve(
    site: Site,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Failure> {
    axum::serve(listener, router(site)).with_graceful_shutdown(stop).await.or_fail("the server stopped")
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../templates/style.css"))
}

/// Without sign-in the address is the only guard: a page elsewhere that points its own name at the loopback address must not
/// read what is here.
async fn only_by_our_own_name(request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.parse::<u16>().is_ok() { name } else { host });
    if ["127.0.0.1", "localhost", "[::1]"].contains(&name) {
        return next.run(request).await;
    }
    (StatusCode::MISDIRECTED_REQUEST, "ask for 127.0.0.1 or localhost\n").into_response()
}

/// Log content is shown on these pages: no script may run and nothing may be loaded from elsewhere.
async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
