//! Owns the control of snapshots: taken, listed, carried in and out, put back.

use super::{finish, request_id, whole};
use crate::accounts::Accounts;
use crate::domain::error::DomainError;
use crate::http::reply::{self, JSON, Reply};
use crate::http::{Account, body};
use crate::sandbox::Sandbox;
use crate::snapshots::{Snapshot, check_name};
use crate::store::check_snapshot;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Largest snapshot that is carried in, 256 MiB.
const UPLOAD_CAP: usize = 256 << 20;

/// The routes.
pub(super) fn router() -> Router<Arc<Accounts>> {
    Router::new()
        .route("/_mock/snapshots", get(list).post(take))
        .route(
            "/_mock/snapshots/{name}",
            get(download).put(upload).delete(remove),
        )
        .route("/_mock/snapshots/{name}/restore", post(restore))
}

async fn list(Extension(sandbox): Account, request: Request) -> Response {
    let all = json!({ "data": sandbox.snapshots.list() });
    finish(Ok(all.to_string()), &request_id(&request))
}

/// `{"name": "before-refunds"}`
async fn take(Extension(sandbox): Account, request: Request) -> Response {
    let id = request_id(&request);
    let (parts, content) = request.into_parts();
    let config = &sandbox.config;
    let name = body::read(content, config.body_cap, config.body_timeout)
        .await
        .and_then(|bytes| body::parse(&parts.headers, &bytes))
        .and_then(|(raw, _)| read_name(&raw));
    let taken = match name {
        Ok(name) => take_now(&sandbox, &name).await,
        Err(error) => Err(error),
    };
    match taken {
        Ok(view) => Reply::new(201, JSON, view.to_string(), &id).into_response(),
        Err(error) => Reply::refusal(&error, &id).into_response(),
    }
}

async fn take_now(sandbox: &Sandbox, name: &str) -> Result<Value, DomainError> {
    let bytes = sandbox.store.take_snapshot().await?;
    let now = sandbox.store.shared().clock.now();
    let snapshot = Snapshot::from_bytes(bytes);
    sandbox.snapshots.keep(name, snapshot, now)
}

fn read_name(raw: &Map<String, Value>) -> Result<String, DomainError> {
    if let Some(unknown) = raw.keys().find(|key| *key != "name") {
        let message = "A snapshot is taken with name alone.";
        return Err(DomainError::invalid("parameter_unknown", message).about(unknown));
    }
    let name = raw.get("name").and_then(Value::as_str).ok_or_else(|| {
        let message = "Give the snapshot a name, as text.";
        DomainError::invalid("parameter_missing", message).about("name")
    })?;
    check_name(name)?;
    Ok(name.to_owned())
}

async fn download(
    Extension(sandbox): Account,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let id = request_id(&request);
    match sandbox.snapshots.get(&name) {
        Err(error) => Reply::refusal(&error, &id).into_response(),
        Ok(snapshot) => {
            let media = "application/vnd.sqlite3";
            let mut response = Reply::new(200, media, String::new(), &id).into_response();
            reply::set(&mut response, CONTENT_TYPE.as_str(), media);
            *response.body_mut() = Body::from(snapshot.as_bytes().to_vec());
            response
        }
    }
}

async fn upload(
    Extension(sandbox): Account,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let id = request_id(&request);
    let limit = sandbox.config.body_timeout;
    let kept = async {
        check_name(&name)?;
        let bytes = body::read(request.into_body(), UPLOAD_CAP, limit).await?;
        // Minutes of reading for a large one: not on a thread that serves requests.
        let checked = tokio::task::spawn_blocking(move || {
            check_snapshot(&bytes).map(|now| (Snapshot::from_bytes(bytes), now))
        });
        let (snapshot, now) = checked.await.map_err(DomainError::internal)??;
        sandbox.snapshots.keep(&name, snapshot, now)
    };
    finish(kept.await.map(|view| view.to_string()), &id)
}

async fn remove(
    Extension(sandbox): Account,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let removed = sandbox.snapshots.remove(&name);
    let text = removed.map(|()| json!({ "name": name, "removed": true }).to_string());
    finish(text, &request_id(&request))
}

async fn restore(
    Extension(sandbox): Account,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let restored = whole(async move {
        let snapshot = sandbox.snapshots.get(&name)?;
        sandbox.restore(snapshot.as_bytes().to_vec()).await?;
        let now = sandbox.store.shared().clock.now();
        Ok(json!({ "status": "restored", "name": name, "clock": now }))
    });
    finish(restored.await, &request_id(&request))
}
