//! Verifying a delivery: the signature over the raw bytes, then its age.
//!
//! Owns reading the header. The order matters: nothing of the body is looked at before the
//! signature over it holds.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use subtle::{Choice, ConstantTimeEq};

use super::event::VerifiedEvent;
use super::head::Head;
use super::signature::hmac;
use crate::client::read_env;
use crate::contract;
use crate::error::Error;
use crate::generated::events::EventType;
use crate::secret::WebhookSecret;
use crate::time::Timestamp;

/// The length of an HMAC-SHA256.
const SIGNATURE_BYTES: usize = 32;
/// The most digits of a timestamp: enough for the next 30 000 years.
const MAX_TIMESTAMP_DIGITS: usize = 12;

/// Why a delivery was not accepted. Answer it with a 4xx; do not act on the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureError {
    /// There is no `X-Fluxa-Signature`.
    MissingHeader,
    /// The header is not `t=<unix seconds>,v1=<hex>`; the text says how.
    MalformedHeader(&'static str),
    /// No signature is by a secret this verifier knows.
    NoMatch,
    /// The signature is this many seconds too old or too far ahead: see [`Verifier::tolerance`].
    ///
    /// A `Verifier` says so of good signatures alone; a `Receiver` before it reads the body, and so
    /// of any.
    OutsideTolerance {
        /// Seconds since signing; negative when that is in the future.
        age_seconds: i64,
    },
    /// The signature is good, but the body is no event: JSON with an `id`, not empty, and a `type`.
    NotAnEvent,
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingHeader => {
                write!(f, "the request has no {} header", contract::SIGNATURE)
            }
            Self::MalformedHeader(how) => {
                write!(f, "the {} header is malformed: {how}", contract::SIGNATURE)
            }
            Self::NoMatch => f.write_str(
                "no signature matches; check that the secret is this endpoint's and that the body \
                 is the raw bytes received, not parsed and written again",
            ),
            Self::OutsideTolerance { age_seconds } => write!(
                f,
                "the signature is {age_seconds} s old, outside the tolerance; check this \
                 machine's clock"
            ),
            Self::NotAnEvent => f.write_str("the signed body is not an event"),
        }
    }
}

impl std::error::Error for SignatureError {}

/// Verifies that deliveries come from Fluxa. Cheap to share; make one and keep it.
#[derive(Clone, Debug)]
pub struct Verifier {
    secrets: Vec<WebhookSecret>,
    tolerance: Option<Duration>,
}

impl Verifier {
    /// Returns a verifier for an endpoint's secret (`whsec_…`), used as it is.
    ///
    /// # Errors
    /// [`Error::Config`] when the secret is empty or has white space in it.
    pub fn new<S>(secret: S) -> Result<Self, Error>
    where
        S: TryInto<WebhookSecret>,
        S::Error: Into<Error>,
    {
        let secrets = vec![secret.try_into().map_err(Into::into)?];
        Ok(Self {
            secrets,
            tolerance: Some(contract::WEBHOOK_TOLERANCE),
        })
    }

    /// Returns a verifier for the secret in `FLUXA_WEBHOOK_SECRET`.
    ///
    /// # Errors
    /// [`Error::Config`] when the variable is not set or not a secret.
    pub fn from_env() -> Result<Self, Error> {
        let name = contract::ENV_WEBHOOK_SECRET;
        let secret = read_env(name)?.ok_or_else(|| {
            Error::config(format!(
                "the environment variable {name} is not set (`{}…`)",
                contract::WEBHOOK_SECRET_PREFIX
            ))
        })?;
        Self::new(secret)
    }

    /// Accepts this secret too: the old or the new one while it is rotated.
    ///
    /// # Errors
    /// [`Error::Config`] when the secret is empty or has white space in it.
    pub fn also_accept<S>(mut self, secret: S) -> Result<Self, Error>
    where
        S: TryInto<WebhookSecret>,
        S::Error: Into<Error>,
    {
        self.secrets.push(secret.try_into().map_err(Into::into)?);
        Ok(self)
    }

    /// Accepts signatures up to this old, or this far in the future. Default: 300 s.
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = Some(tolerance);
        self
    }

    /// Accepts signatures of any age, and so deliveries that someone recorded and replays.
    ///
    /// For stored deliveries only; [`Verifier::verify_received_at`] is safer where it is known
    /// when they came in.
    pub fn without_tolerance_accepting_replays(mut self) -> Self {
        self.tolerance = None;
        self
    }

    /// Verifies a delivery received now.
    ///
    /// `body` is the raw bytes of the request; `signature_header` its `X-Fluxa-Signature`.
    ///
    /// # Errors
    /// [`SignatureError`]; the body must then not be acted upon.
    pub fn verify(
        &self,
        body: impl AsRef<[u8]>,
        signature_header: &str,
    ) -> Result<VerifiedEvent, SignatureError> {
        self.verify_received_at(body, signature_header, Timestamp::now())
    }

    /// Verifies a delivery by the headers of its request.
    ///
    /// # Errors
    /// [`SignatureError`], also when the header is missing or there is more than one.
    pub fn verify_headers(
        &self,
        body: impl AsRef<[u8]>,
        headers: &HeaderMap,
    ) -> Result<VerifiedEvent, SignatureError> {
        self.verify_headers_received_at(body, headers, Timestamp::now())
    }

    /// Verifies a delivery that was received earlier by the headers it came with.
    ///
    /// # Errors
    /// [`SignatureError`], also when the header is missing or there is more than one.
    pub fn verify_headers_received_at(
        &self,
        body: impl AsRef<[u8]>,
        headers: &HeaderMap,
        received_at: impl Into<Timestamp>,
    ) -> Result<VerifiedEvent, SignatureError> {
        let values = headers.get_all(contract::SIGNATURE).iter();
        let value = signature_value(values.map(HeaderValue::as_bytes))?;
        self.verify_received_at(body, value, received_at)
    }

    /// Verifies a delivery that was received earlier, such as one taken from a queue.
    ///
    /// # Errors
    /// [`SignatureError`]; the body must then not be acted upon.
    pub fn verify_received_at(
        &self,
        body: impl AsRef<[u8]>,
        signature_header: &str,
        received_at: impl Into<Timestamp>,
    ) -> Result<VerifiedEvent, SignatureError> {
        let body = body.as_ref();
        let header = Header::read(signature_header)?;
        if !self.matches(&header, body) {
            return Err(SignatureError::NoMatch);
        }
        self.check_age(&header, received_at.into())?;
        let head = Head::read(body);
        let (Some(id), Some(event_type)) = (head.id, head.event_type) else {
            return Err(SignatureError::NotAnEvent);
        };
        // No store could tell it from another, so the inbox would answer 503 for ever.
        if id.is_empty() {
            return Err(SignatureError::NotAnEvent);
        }
        Ok(VerifiedEvent::new(
            Bytes::copy_from_slice(body),
            id.into_owned(),
            EventType::from(event_type.as_ref()),
            header.timestamp,
        ))
    }

    /// Tells what no body could mend: a header that is malformed, or whose time is outside the
    /// tolerance.
    #[cfg(any(feature = "actix-web", feature = "axum"))]
    pub(super) fn check_header(
        &self,
        signature_header: &str,
        received_at: Timestamp,
    ) -> Result<(), SignatureError> {
        self.check_age(&Header::read(signature_header)?, received_at)
    }

    fn check_age(&self, header: &Header<'_>, received_at: Timestamp) -> Result<(), SignatureError> {
        let age_seconds = received_at.as_second().saturating_sub(header.timestamp);
        match self.tolerance {
            Some(limit) if age_seconds.unsigned_abs() > limit.as_secs() => {
                Err(SignatureError::OutsideTolerance { age_seconds })
            }
            _ => Ok(()),
        }
    }

    /// Compares every secret with every signature, always all of them, each in constant time.
    fn matches(&self, header: &Header<'_>, body: &[u8]) -> bool {
        let mut matched = Choice::from(0);
        for secret in &self.secrets {
            let expected = hmac(
                secret.expose().as_bytes(),
                header.timestamp_text.as_bytes(),
                body,
            );
            for signature in header.signatures() {
                matched |= equal(expected.as_ref(), signature);
            }
        }
        matched.into()
    }
}

/// Compares in constant time, by words: byte by byte costs as much as two blocks of hashing.
fn equal(expected: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> Choice {
    let (expected, rest) = expected.as_chunks();
    let (signature, _) = signature.as_chunks();
    let pairs = expected.iter().zip(signature);
    let same =
        |(a, b): (&[u8; 16], &[u8; 16])| u128::from_ne_bytes(*a).ct_eq(&u128::from_ne_bytes(*b));
    let lengths = Choice::from(u8::from(
        expected.len() == signature.len() && rest.is_empty(),
    ));
    pairs.map(same).fold(lengths, |all, one| all & one)
}

/// Returns the one signature among the values of a request's signature headers.
pub(super) fn signature_value<'a>(
    mut values: impl Iterator<Item = &'a [u8]>,
) -> Result<&'a str, SignatureError> {
    let malformed = SignatureError::MalformedHeader;
    let value = values.next().ok_or(SignatureError::MissingHeader)?;
    if values.next().is_some() {
        return Err(malformed("it is there more than once"));
    }
    match str::from_utf8(value) {
        Ok(text) if text.is_ascii() => Ok(text),
        _ => Err(malformed("it is not ASCII")),
    }
}

/// What a signature header says. The signatures stand in place: a list of them would cost an
/// allocation a delivery.
struct Header<'a> {
    timestamp: i64,
    timestamp_text: &'a str,
    decoded: [[u8; SIGNATURE_BYTES]; contract::SIGNATURE_MAX_V1],
    /// How many of these were 64 hexadecimal digits.
    count: usize,
}

impl<'a> Header<'a> {
    fn read(text: &'a str) -> Result<Self, SignatureError> {
        let malformed = |how| Err(SignatureError::MalformedHeader(how));
        if text.len() > contract::SIGNATURE_HEADER_MAX_BYTES {
            return malformed("it is too long");
        }
        let mut timestamp_text = None;
        let mut decoded = [[0; SIGNATURE_BYTES]; contract::SIGNATURE_MAX_V1];
        let (mut v1_count, mut count) = (0, 0);
        for element in text.split(',') {
            match element.trim().split_once('=') {
                Some(("t", _)) if timestamp_text.is_some() => {
                    return malformed("there is more than one `t`");
                }
                Some(("t", value)) => timestamp_text = Some(value),
                Some(("v1", value)) => {
                    v1_count += 1;
                    if v1_count > contract::SIGNATURE_MAX_V1 {
                        return malformed("there are too many `v1`");
                    }
                    if let Some(signature) = decode_hex(value) {
                        decoded[count] = signature;
                        count += 1;
                    }
                }
                // Other schemes may come beside this one.
                _ => {}
            }
        }
        if v1_count == 0 {
            return malformed("there is no `v1`");
        }
        let Some(timestamp_text) = timestamp_text else {
            return malformed("there is no `t`");
        };
        let digits = timestamp_text.bytes().all(|byte| byte.is_ascii_digit());
        match timestamp_text.parse() {
            Ok(timestamp) if digits && timestamp_text.len() <= MAX_TIMESTAMP_DIGITS => Ok(Self {
                timestamp,
                timestamp_text,
                decoded,
                count,
            }),
            _ => malformed("`t` is not 1 to 12 digits"),
        }
    }

    fn signatures(&self) -> &[[u8; SIGNATURE_BYTES]] {
        &self.decoded[..self.count]
    }
}

/// Returns the signature when `text` is 64 hexadecimal digits.
///
/// Without a branch on a digit: they are random, so that a processor would guess wrong half the
/// time, which costs as much as a fifth of the HMAC.
fn decode_hex(text: &str) -> Option<[u8; SIGNATURE_BYTES]> {
    let digits: &[u8; 2 * SIGNATURE_BYTES] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; SIGNATURE_BYTES];
    let mut seen = 0;
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let (high, low) = (NIBBLES[usize::from(pair[0])], NIBBLES[usize::from(pair[1])]);
        seen |= high | low;
        *byte = high << 4 | low & 0x0f;
    }
    (seen & NO_DIGIT == 0).then_some(bytes)
}

/// Marks what is no hexadecimal digit.
const NO_DIGIT: u8 = 0x80;

/// The value of each hexadecimal digit.
const NIBBLES: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        table[b"0123456789abcdef"[value] as usize] = value as u8;
        table[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    table
};
