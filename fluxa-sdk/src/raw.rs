//! Raw calls: any method and path, JSON in and anything out, with all the machinery of typed ones.
//!
//! Owns the way out for operations newer than this SDK. Paths are checked, since here they are
//! the caller's own.

use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderValue, Method};
use progenitor_client::ResponseValue;
use serde_json::Value;

use crate::client::Client;
use crate::context::{ApiContext, RunError};
use crate::contract;
use crate::error::Error;
use crate::request::{Call, Operation, RunFuture, live_sandbox};
use crate::secret::Mode;
use crate::transport;

/// The parameters of a raw call.
#[derive(Clone, Debug)]
pub struct RawParams {
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    body: Option<Value>,
    /// What is asked for, when it is not JSON.
    accept: Option<String>,
}

const fn operation(method: &'static str) -> Operation {
    Operation {
        id: "raw",
        method,
        path: "(raw)",
        streaming: false,
    }
}

static GET: Operation = operation("GET");
static HEAD: Operation = operation("HEAD");
static POST: Operation = operation("POST");
static PUT: Operation = operation("PUT");
static PATCH: Operation = operation("PATCH");
static DELETE: Operation = operation("DELETE");

/// Returns the call of any operation, by its method and its path below the base URL.
pub(crate) fn call<M>(
    client: &Client,
    mode: M,
    method: &str,
    path: &str,
) -> Call<Value, RawParams, M> {
    let known = [&GET, &HEAD, &POST, &PUT, &PATCH, &DELETE];
    let operation = known
        .into_iter()
        .find(|known| known.method.eq_ignore_ascii_case(method));
    let params = match (
        operation,
        Method::from_bytes(method.to_ascii_uppercase().as_bytes()),
    ) {
        (Some(_), Ok(method)) => check(client, path).map(|()| RawParams {
            method,
            path: path.to_owned(),
            query: Vec::new(),
            body: None,
            accept: None,
        }),
        _ => Err(Error::config(
            "a raw call is GET, HEAD, POST, PUT, PATCH or DELETE",
        )),
    };
    let mut target = DefaultHasher::new();
    (operation.map(|known| known.method), path).hash(&mut target);
    let mut call = Call::new(client, mode, operation.unwrap_or(&GET), params, run);
    call.options.target = Some(target.finish());
    call
}

impl<M> Call<Value, RawParams, M> {
    /// Asks for text of this media type, such as `text/csv`, instead of JSON.
    ///
    /// The answer is given as it comes, of whatever type the server makes it: see
    /// [`Response::headers`](crate::Response::headers). One that is no UTF-8 is an
    /// [`Error::Decode`].
    pub fn text(self, accept: &str) -> Call<String, RawParams, M> {
        self.accepting(accept).with_run(run_text)
    }

    /// Asks for an answer of this media type, such as `application/pdf`, instead of JSON.
    ///
    /// The answer is given as it comes, of whatever type the server makes it, up to 64 MiB.
    pub fn bytes(self, accept: &str) -> Call<Vec<u8>, RawParams, M> {
        self.accepting(accept).with_run(run_bytes)
    }

    fn accepting(self, accept: &str) -> Self {
        self.try_map_params(|params| {
            if accept.is_empty() || HeaderValue::from_str(accept).is_err() {
                return Err(Error::config(
                    "what a raw call asks for is a media type, such as `text/csv`",
                ));
            }
            params.accept = Some(accept.to_owned());
            Ok(())
        })
    }
}

impl<T, M> Call<T, RawParams, M> {
    /// Sends this JSON as the body.
    pub fn json(self, body: Value) -> Self {
        self.map_params(|params| params.body = Some(body))
    }

    /// Adds a query parameter; names and values are encoded.
    pub fn query(self, name: &str, value: impl ToString) -> Self {
        self.map_params(|params| params.query.push((name.to_owned(), value.to_string())))
    }
}

fn check(client: &Client, path: &str) -> Result<(), Error> {
    check_path(path)?;
    // Percent signs are decoded by the server, so they are no way around this either.
    let decoded = decode(path).unwrap_or_default();
    if client.mode() == Mode::Live && contract::is_sandbox_path(&decoded.to_ascii_lowercase()) {
        return Err(live_sandbox("a path of the sandbox"));
    }
    Ok(())
}

/// Refuses what would leave the base URL or smuggle a query, now or once a server has decoded it.
fn check_path(path: &str) -> Result<(), Error> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%".contains(&byte);
    // What may not come out of a percent sign: what would be read as part of the path's frame, by
    // one that decodes twice too (`%252e`), or by one that takes `\` for `/`.
    let frames = |decoded: char| decoded.is_control() || "%/\\?#;".contains(decoded);
    let good = |segment: &str| {
        let decoded = decode(segment);
        decoded.is_some_and(|text| {
            !text.is_empty() && text != "." && text != ".." && !text.chars().any(frames)
        })
    };
    if path.bytes().all(plain)
        && path
            .strip_prefix('/')
            .is_some_and(|rest| rest.split('/').all(good))
    {
        return Ok(());
    }
    Err(Error::config(
        "a raw path starts with one `/`, stays below the base URL, has no empty segments, no \
         encoded `/`, `\\`, `%` or control characters, and no query; add that with `.query(…)`",
    ))
}

/// Decodes percent signs; `None` when one is not followed by two hex digits or the text is no
/// UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let pair = [bytes.next()?, bytes.next()?];
                u8::try_from(
                    char::from(pair[0]).to_digit(16)? << 4 | char::from(pair[1]).to_digit(16)?,
                )
                .ok()?
            }
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

fn run(api: ApiContext, params: RawParams) -> RunFuture<Value> {
    Box::pin(async move {
        let answer = send(&api, params).await?;
        convert(answer, |body| match body.is_empty() {
            true => Ok(Value::Null),
            false => serde_json::from_slice(&body).map_err(RunError::Decode),
        })
    })
}

fn run_text(api: ApiContext, params: RawParams) -> RunFuture<String> {
    Box::pin(async move { convert(send(&api, params).await?, text) })
}

fn run_bytes(api: ApiContext, params: RawParams) -> RunFuture<Vec<u8>> {
    Box::pin(async move { convert(send(&api, params).await?, |body| Ok(body.into())) })
}

async fn send(api: &ApiContext, params: RawParams) -> Result<ResponseValue<Bytes>, RunError> {
    let url = format!("{}{}", api.base_url, params.path);
    let mut request = api.http.request(params.method, url);
    if !params.query.is_empty() {
        request = request.query(&params.query);
    }
    if let Some(body) = &params.body {
        request = request.json(body);
    }
    fetch(api, request, params.accept.as_deref()).await
}

/// Sends a request with all the machinery, and returns the body of its answer as it came.
pub(crate) async fn fetch(
    api: &ApiContext,
    request: reqwest::RequestBuilder,
    accept: Option<&str>,
) -> Result<ResponseValue<Bytes>, RunError> {
    let request = match accept {
        Some(accept) => request.header(ACCEPT, accept),
        None => request,
    };
    let request = request.build().map_err(RunError::Transport)?;
    let response = transport::execute(&api.http, request, &api.context)
        .await
        .map_err(RunError::Transport)?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.map_err(RunError::Transport)?;
    Ok(ResponseValue::new(body, status, headers))
}

/// Reads a body as text.
pub(crate) fn text(body: Bytes) -> Result<String, RunError> {
    String::from_utf8(body.into()).map_err(|_| RunError::Unreadable("it is no UTF-8 text"))
}

/// Makes a value of the body; status and headers stay.
pub(crate) fn convert<T>(
    answer: ResponseValue<Bytes>,
    read: impl FnOnce(Bytes) -> Result<T, RunError>,
) -> Result<ResponseValue<T>, RunError> {
    let (status, headers) = (answer.status(), answer.headers().clone());
    Ok(ResponseValue::new(
        read(answer.into_inner())?,
        status,
        headers,
    ))
}

#[cfg(test)]
mod tests {
    use super::check_path;

    #[test]
    fn a_path_stays_below_the_base_url() {
        assert!(check_path("/payments/pay_1/history").is_ok());
        assert!(check_path("/tags/caf%C3%A9%20au%20lait").is_ok());
        for bad in [
            "",
            "payments",
            "//evil.test",
            "/a/../b",
            "/a/%2E%2e/b",
            "/a?b=c",
            "/a#b",
            "/a b",
            "/a\\b",
            "/a%2fb",
            "/.",
            "/@evil",
            "/%5c..%5cadmin",
            "/a/%252e%252e/b",
            "/a%00b",
            "/a%0ab",
            "/a//b",
            "/a/",
            "/",
            "/a%3fb=c",
            "/a%23b",
            "/a%2",
            "/a%zz",
            "/a%c3",
            "https://evil.test/",
        ] {
            assert!(check_path(bad).is_err(), "{bad:?}");
        }
    }
}
