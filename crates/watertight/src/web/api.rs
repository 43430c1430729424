//! The JSON API: the folded documents as they are, and the log's tiles and checkpoint as C2SP tlog-tiles names them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::{Site, WebError};
use crate::store::SourceSums;

type Answer = Result<Json<Value>, WebError>;

pub(super) async fn overview(State(site): State<Site>) -> Answer {
    let total = SourceSums::total(&site.store.source_sums().await?);
    Ok(Json(json!({
        "tenant": site.store.tenant(),
        "now": site.clock.now(),
        "records": total.records,
        "events": total.events,
        "rejected": total.rejected,
        "findings": total.findings,
        "held_back": total.held_back,
        "suppressed": total.suppressed,
        "incidents": site.store.documents("incident").await?.len(),
        "obligations": site.store.documents("obligation").await?.len(),
        "notices": site.store.documents("notice").await?.len(),
        "log_entries": site.store.size().await?,
    })))
}

pub(super) async fn incidents(State(site): State<Site>) -> Answer {
    list(&site, "incident").await
}

pub(super) async fn obligations(State(site): State<Site>) -> Answer {
    list(&site, "obligation").await
}

pub(super) async fn notices(State(site): State<Site>) -> Answer {
    list(&site, "notice").await
}

pub(super) async fn batches(State(site): State<Site>) -> Answer {
    list(&site, "batch").await
}

async fn list(site: &Site, kind: &str) -> Answer {
    Ok(Json(Value::Array(site.store.documents(kind).await?)))
}

pub(super) async fn incident(State(site): State<Site>, Path(id): Path<String>) -> Answer {
    site.store.document("incident", &id).await?.map(Json).ok_or(WebError::NotFound)
}

/// A file of the log's directory: `checkpoint` or a tile. Nothing else is served, whatever the path says.
pub(super) async fn log_file(State(site): State<Site>, Path(path): Path<String>) -> Result<Response, WebError> {
    let plain = path
        .split('/')
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.') && part != "..");
    let known = path == evidence::store::CHECKPOINT_FILE || path.starts_with("tile/");
    if !plain || !known {
        return Err(WebError::NotFound);
    }
    let bytes = tokio::fs::read(site.log_dir.join(&path)).await.map_err(|_| WebError::NotFound)?;
    let kind =
        if path == evidence::store::CHECKPOINT_FILE { "text/plain; charset=utf-8" } else { "application/octet-stream" };
    Ok(([(header::CONTENT_TYPE, kind)], bytes).into_response())
}
