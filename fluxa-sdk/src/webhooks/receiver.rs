//! What the extractors of axum and actix-web have in common: limits, checks and refusals.
//!
//! Owns the decision about a delivery from its headers and bytes. Knows no web framework; theirs
//! is to hand over headers and chunks, and to turn a [`Rejection`] into an answer.

use std::error::Error as StdError;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::StatusCode;

use super::Event;
use super::event::VerifiedEvent;
use super::verifier::{SignatureError, Verifier, signature_value};
use crate::contract;
use crate::error::Error;
use crate::time::Timestamp;

/// How long a body may take by default: a third of what Fluxa waits for the answer.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// How an endpoint receives webhooks: its verifier and its limits. Cheap to clone.
///
/// In axum it comes from the router's state, in actix-web from `app_data`: see [`Webhook`].
#[derive(Clone, Debug)]
pub struct Receiver {
    verifier: Arc<Verifier>,
    max_body_bytes: usize,
    read_timeout: Duration,
}

impl Receiver {
    /// Returns a receiver with the default limits: bodies of 1 MiB, read within 10 s.
    pub fn new(verifier: Verifier) -> Self {
        Self {
            verifier: Arc::new(verifier),
            max_body_bytes: contract::REQUEST_BODY_MAX_BYTES,
            read_timeout: READ_TIMEOUT,
        }
    }

    /// Accepts bodies of up to this many bytes. Default: 1 MiB.
    ///
    /// Bytes are counted as they come, whatever `Content-Length` says. The framework's own limits
    /// for bodies do not count here; a layer that limits all bodies does.
    #[must_use]
    pub fn max_body_bytes(mut self, max_body_bytes: usize) -> Self {
        self.max_body_bytes = max_body_bytes;
        self
    }

    /// Waits this long for the whole body. Default: 10 s.
    ///
    /// Fluxa waits 30 s for the answer, so that more than that is of no use. A runtime made by hand
    /// needs its timers on (`enable_time`); those of axum's and actix-web's own macros have them.
    #[must_use]
    pub fn read_timeout(mut self, read_timeout: Duration) -> Self {
        self.read_timeout = read_timeout;
        self
    }

    /// Returns the signature of a request that is worth reading, and when it came.
    ///
    /// The body is not read when its headers alone say that it cannot be accepted, so that such a
    /// request neither takes memory nor waits for the body. One with a well-formed, fresh header
    /// and a made-up signature is read, within the limits: only the body can tell.
    pub(super) fn admit<'a>(
        &self,
        signatures: impl Iterator<Item = &'a [u8]>,
        mut encodings: impl Iterator<Item = &'a [u8]>,
        content_length: Option<&[u8]>,
    ) -> Result<Admitted<'a>, Rejection> {
        // Age counts from here: what a slow body takes is not the signature's.
        let received_at = Timestamp::now();
        let signature = signature_value(signatures)
            .and_then(|value| {
                self.verifier.check_header(value, received_at)?;
                Ok(value)
            })
            .map_err(Rejection::Signature)?;
        let plain = |coding: &[u8]| {
            let coding = coding.trim_ascii();
            coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")
        };
        if !encodings.all(|value| value.split(|byte| *byte == b',').all(plain)) {
            return Err(Rejection::Encoded);
        }
        // Only to refuse early; what counts are the bytes that come.
        let declared = content_length.and_then(|text| str::from_utf8(text).ok());
        match declared.map(str::parse::<usize>) {
            Some(Ok(bytes)) if bytes > self.max_body_bytes => Err(self.too_large()),
            _ => Ok(Admitted {
                signature,
                received_at,
            }),
        }
    }

    /// Reads a body to its end, within the limits.
    pub(super) async fn read<E>(
        &self,
        mut chunks: impl Stream<Item = Result<Bytes, E>> + Unpin,
        unread: impl Fn(E) -> Rejection,
    ) -> Result<Bytes, Rejection> {
        let read = async {
            // Most bodies come in one piece, which is then kept as it is.
            let mut first = Bytes::new();
            let mut whole = BytesMut::new();
            while let Some(chunk) = poll_fn(|cx| Pin::new(&mut chunks).poll_next(cx)).await {
                let chunk = chunk.map_err(&unread)?;
                let so_far = first.len().max(whole.len());
                if chunk.len() > self.max_body_bytes.saturating_sub(so_far) {
                    return Err(self.too_large());
                }
                if so_far == 0 {
                    first = chunk;
                    continue;
                }
                if whole.is_empty() {
                    whole.extend_from_slice(&first);
                }
                whole.extend_from_slice(&chunk);
            }
            let one_piece = whole.is_empty();
            Ok(if one_piece { first } else { whole.freeze() })
        };
        let timeout = self.read_timeout;
        match tokio::time::timeout(timeout, read).await {
            Ok(body) => body,
            Err(_) => Err(Rejection::ReadTimeout { timeout }),
        }
    }

    /// Verifies a body that was read.
    pub(super) fn verify<E: WebhookEvent, R>(
        &self,
        admitted: &Admitted<'_>,
        body: &Bytes,
    ) -> Result<Webhook<E, R>, Rejection> {
        if body.is_empty() {
            return Err(Rejection::EmptyBody);
        }
        let verified = self
            .verifier
            .verify_received_at(body, admitted.signature, admitted.received_at)
            .map_err(Rejection::Signature)?;
        let event = E::from_verified(verified).map_err(Rejection::Unreadable)?;
        let endpoint = PhantomData;
        Ok(Webhook { event, endpoint })
    }

    fn too_large(&self) -> Rejection {
        Rejection::BodyTooLarge {
            max_body_bytes: Some(self.max_body_bytes),
        }
    }
}

/// A request that is worth reading.
pub(super) struct Admitted<'a> {
    signature: &'a str,
    received_at: Timestamp,
}

impl From<Verifier> for Receiver {
    fn from(verifier: Verifier) -> Self {
        Self::new(verifier)
    }
}

impl AsRef<Receiver> for Receiver {
    fn as_ref(&self) -> &Receiver {
        self
    }
}

/// A webhook from Fluxa: the extractor for handlers of axum and actix-web.
///
/// A handler that takes it runs only for a request whose signature over the raw body holds and is
/// fresh. `Webhook` hands over the [`VerifiedEvent`], `Webhook<Event>` the typed [`Event`]; a type
/// that is new arrives as `Event::Unknown`. Everything else is answered by the [`Rejection`]; to
/// see it, take a `Result<Webhook, Rejection>` and return the error after a look.
///
/// The extractor reads the body itself. So that it is the raw one:
///
/// - It is the only extractor that takes the body: not `Json<Event>` beside it, nor instead of it,
///   for that one verifies nothing. axum does not compile a second one; under actix-web the second
///   one finds the body empty, which is refused with [`Rejection::EmptyBody`].
/// - No layer may rewrite the body before it: decompress, parse and write again, or trim. The
///   signature then does not match.
///
/// # axum
///
/// `R` says where the [`Receiver`] is in the state, so that one that is missing does not compile.
/// It is the `Receiver` itself, or for several endpoints a type of your own for each:
///
/// ```
/// # #[cfg(feature = "axum")] mod example {
/// # use axum_core::extract::FromRef;
/// use fluxa_sdk::webhooks::{Event, Receiver, Webhook};
///
/// #[derive(Clone)]
/// struct AppState { shop: Receiver, platform: Receiver }
///
/// struct Platform(Receiver);
///
/// impl AsRef<Receiver> for Platform {
///     fn as_ref(&self) -> &Receiver { &self.0 }
/// }
/// impl FromRef<AppState> for Platform {
///     fn from_ref(state: &AppState) -> Self { Self(state.platform.clone()) }
/// }
/// impl FromRef<AppState> for Receiver {
///     fn from_ref(state: &AppState) -> Self { state.shop.clone() }
/// }
///
/// async fn shop(webhook: Webhook) { println!("{}", webhook.event.id()) }
/// async fn platform(webhook: Webhook<Event, Platform>) { println!("{}", webhook.event.id()) }
/// # }
/// ```
///
/// A state in an `Arc` needs a type of your own too, for Rust does not let you implement
/// `FromRef<Arc<…>>` for `Receiver`.
///
/// # actix-web
///
/// `R` is looked for in `app_data`, as it is or in `web::Data`, the resource's before the app's:
/// several endpoints have each their `.app_data(receiver)`. One that is missing is an answer of
/// 500 and [`Rejection::NotConfigured`].
pub struct Webhook<E = VerifiedEvent, R = Receiver> {
    /// The event.
    pub event: E,
    endpoint: PhantomData<fn() -> R>,
}

impl<E, R> Webhook<E, R> {
    /// Returns the event.
    pub fn into_event(self) -> E {
        self.event
    }
}

impl<E, R> Deref for Webhook<E, R> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.event
    }
}

impl<E: fmt::Debug, R> fmt::Debug for Webhook<E, R> {
    /// Names the event by what it is; a typed event shows its object, so it is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").finish_non_exhaustive()
    }
}

/// What a [`Webhook`] can hand over: [`VerifiedEvent`] or [`Event`].
pub trait WebhookEvent: sealed::FromVerified {}

impl WebhookEvent for VerifiedEvent {}
impl WebhookEvent for Event {}

mod sealed {
    use super::{Error, Event, VerifiedEvent};

    /// Made from a verified event, and from nothing else.
    pub trait FromVerified: Sized {
        fn from_verified(verified: VerifiedEvent) -> Result<Self, Error>;
    }

    impl FromVerified for VerifiedEvent {
        fn from_verified(verified: VerifiedEvent) -> Result<Self, Error> {
            Ok(verified)
        }
    }

    impl FromVerified for Event {
        fn from_verified(verified: VerifiedEvent) -> Result<Self, Error> {
            verified.event()
        }
    }
}

/// Why a request was not accepted as a webhook.
///
/// As an answer it tells the sender the status and a few words: Fluxa sends the event again after
/// anything but 2xx, whatever the status, so the status is for those who read logs. A 4xx is the
/// sender's fault; a 5xx is this server's and worth an alarm, and once the endpoint is set up only
/// Fluxa can cause one. The reason is here for you; it shows no body and no secret.
///
/// The extractor emits one `tracing` event at `WARN` for each, "webhook rejected", with `status` and
/// [`reason`](Self::reason); no header's value and no part of the body.
///
/// Under axum the answer's extensions hold it as an `Arc<Rejection>`; under actix-web it is the
/// answer's `error()`.
#[derive(Debug)]
#[non_exhaustive]
pub enum Rejection {
    /// 400: the signature is missing, malformed, too old or not Fluxa's, or the body is no event.
    ///
    /// Not 401, which would ask the sender to log in.
    Signature(SignatureError),
    /// 400: there is no body. Perhaps something before this extractor took it.
    EmptyBody,
    /// 400: the body did not come to its end: cut off, or badly framed.
    BodyIncomplete(Box<dyn StdError + Send + Sync>),
    /// 408: the body took longer than [`Receiver::read_timeout`].
    ReadTimeout {
        /// The limit.
        timeout: Duration,
    },
    /// 413: the body is larger than [`Receiver::max_body_bytes`], or than a layer lets through.
    BodyTooLarge {
        /// The limit; unknown when it is a layer's.
        max_body_bytes: Option<usize>,
    },
    /// 415: the body is compressed. Fluxa does not compress, and the signature is over raw bytes.
    Encoded,
    /// 500: the signature is good, but the object lacks what its type requires.
    ///
    /// Take a [`VerifiedEvent`] to have its bytes all the same.
    Unreadable(Error),
    /// 500: there is no [`Receiver`] in the app's data (actix-web).
    NotConfigured {
        /// The type that was looked for.
        type_name: &'static str,
    },
}

impl Rejection {
    /// Returns the status it is answered with.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Signature(_) | Self::EmptyBody | Self::BodyIncomplete(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::ReadTimeout { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unreadable(_) | Self::NotConfigured { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns why in one word, such as `signature_mismatch`: for logs and counters.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Signature(SignatureError::MissingHeader) => "signature_missing",
            Self::Signature(SignatureError::MalformedHeader(_)) => "signature_malformed",
            Self::Signature(SignatureError::NoMatch) => "signature_mismatch",
            Self::Signature(SignatureError::OutsideTolerance { .. }) => "signature_too_old",
            Self::Signature(SignatureError::NotAnEvent) => "not_an_event",
            Self::EmptyBody => "empty_body",
            Self::BodyIncomplete(_) => "body_incomplete",
            Self::ReadTimeout { .. } => "read_timeout",
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::Encoded => "encoded",
            Self::Unreadable(_) => "unreadable",
            Self::NotConfigured { .. } => "not_configured",
        }
    }

    /// Tells the log: the framework answers, and the handler never sees it.
    pub(super) fn log(&self) {
        let (status, reason) = (self.status().as_u16(), self.reason());
        tracing::warn!(status, reason, "webhook rejected");
    }

    /// Returns why the signature was not accepted, if it was that.
    pub fn signature_error(&self) -> Option<SignatureError> {
        match self {
            Self::Signature(error) => Some(*error),
            _ => None,
        }
    }

    /// What the sender is told: enough for Fluxa's list of deliveries, nothing for a forger.
    pub(super) fn answer(&self) -> &'static str {
        match self {
            Self::Signature(SignatureError::NotAnEvent) => "not an event",
            Self::Signature(SignatureError::MissingHeader) => "not signed",
            Self::Signature(_) => "signature not accepted",
            Self::EmptyBody => "no body",
            Self::BodyIncomplete(_) => "incomplete body",
            Self::ReadTimeout { .. } => "the body came too slowly",
            Self::BodyTooLarge { .. } => "the body is too large",
            Self::Encoded => "send the body without Content-Encoding",
            Self::Unreadable(_) => "the event could not be read",
            Self::NotConfigured { .. } => "the endpoint is not set up",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature(_) => f.write_str("the webhook was not accepted"),
            Self::EmptyBody => f.write_str(
                "the webhook has no body; check that no extractor or layer before this one takes it",
            ),
            Self::BodyIncomplete(_) => f.write_str("the webhook's body did not come to its end"),
            Self::ReadTimeout { timeout } => {
                write!(f, "the webhook's body took longer than {timeout:?}")
            }
            Self::BodyTooLarge {
                max_body_bytes: Some(limit),
            } => write!(f, "the webhook's body has more than {limit} bytes"),
            Self::BodyTooLarge { .. } => f.write_str("a layer's limit cut the webhook's body"),
            Self::Encoded => f.write_str(
                "the webhook's body is compressed; Fluxa does not compress, so look at what is \
                 between",
            ),
            Self::Unreadable(_) => f.write_str(
                "the webhook is signed, but cannot be read; take a VerifiedEvent, or a newer SDK",
            ),
            Self::NotConfigured { type_name } => write!(
                f,
                "there is no `{type_name}` in the app's data; add it with `.app_data(…)`"
            ),
        }
    }
}

impl StdError for Rejection {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Signature(error) => Some(error),
            Self::BodyIncomplete(error) => Some(error.as_ref()),
            Self::Unreadable(error) => Some(error),
            _ => None,
        }
    }
}
