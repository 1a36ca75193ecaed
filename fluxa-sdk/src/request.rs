//! Calls: one type for every operation, with its options, sent by awaiting it.
//!
//! Owns [`Call`] and what may be set on it. What is sent and how often is `transport`'s; which
//! operations there are is generated. How the answer is waited for is the call's mode: [`Async`]
//! here, the other in `blocking`.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use progenitor_client::ResponseValue;
use tokio::runtime::Handle;

use crate::client::Client;
use crate::context::Limits;
pub(crate) use crate::context::{ApiContext, CallContext, RunError};
use crate::contract;
use crate::error::{ConfigError, Error, Outcome};
use crate::expand::{self, SupportsExpand};
use crate::idempotency::IdempotencyKey;
use crate::response::Response;
use crate::retry;
use crate::secret::Mode;
use crate::validate;

/// A longer time-out than this is taken as this: no call waits for a year.
const MAX_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Headers that have an option of their own, or that would break the request.
const PROTECTED_HEADERS: [&str; 12] = [
    contract::AUTHORIZATION,
    contract::VERSION,
    contract::IDEMPOTENCY_KEY,
    contract::SANDBOX_TIMING,
    "Accept",
    "Connection",
    "Content-Length",
    "Content-Type",
    "Host",
    "Proxy-Authorization",
    "Transfer-Encoding",
    "User-Agent",
];

/// One operation of the API. Generated code makes statics of it.
#[derive(Debug)]
pub(crate) struct Operation {
    /// The `operationId`.
    pub(crate) id: &'static str,
    /// The HTTP method in upper case.
    pub(crate) method: &'static str,
    /// The path with its parameters in braces.
    pub(crate) path: &'static str,
    /// Whether the body of a success is read by the caller, bit by bit.
    pub(crate) streaming: bool,
}

/// What an operation's generated code returns.
pub(crate) type RunFuture<T> =
    Pin<Box<dyn Future<Output = Result<ResponseValue<T>, RunError>> + Send>>;

/// An operation's generated code.
pub(crate) type RunFn<T, P> = fn(ApiContext, P) -> RunFuture<T>;

/// The mode of a [`Client`]'s calls: they are futures.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Async;

/// A call that has not been sent yet: set options, then `.await` it.
///
/// A call is sent once; every POST carries an idempotency key, made for this call when none is
/// given, and is retried with the same key and the same bytes. Clone it before to be able to
/// repeat it: see [`Call::resume`].
///
/// `T` is what is answered, `P` the operation's parameters. `M` is [`Async`], or `Blocking` for the
/// calls of a `blocking::Client` (feature `blocking`): the same options, and `send` waits.
#[must_use = "a call does nothing until it is sent"]
pub struct Call<T, P = (), M = Async> {
    pub(crate) client: Client,
    pub(crate) mode: M,
    pub(crate) operation: &'static Operation,
    pub(crate) params: Result<P, Box<ConfigError>>,
    pub(crate) options: CallOptions,
    pub(crate) run: RunFn<T, P>,
}

/// What was set on one call.
#[derive(Clone, Default)]
pub(crate) struct CallOptions {
    idempotency_key: Option<IdempotencyKey>,
    timeout: Option<Duration>,
    attempt_timeout: Option<Duration>,
    max_retries: Option<u32>,
    headers: HeaderMap,
    pub(crate) limit_is_set: bool,
    /// Set by [`Call::resume`]: its key is not to be changed any more.
    resumed: bool,
    /// Whether the call that this one resumes may have been carried out.
    pub(crate) earlier_unknown: bool,
    /// What tells a raw call from others, which all have one operation: a hash, since errors are
    /// logged and paths carry ids.
    pub(crate) target: Option<u64>,
}

impl<T, P, M> Call<T, P, M> {
    /// Returns the call of an operation. Faulty parameters are reported when it is sent.
    pub(crate) fn new(
        client: &Client,
        mode: M,
        operation: &'static Operation,
        params: Result<P, Error>,
        run: RunFn<T, P>,
    ) -> Self {
        let options = CallOptions::default();
        let params = match client.mode() {
            Mode::Live if contract::is_sandbox_path(operation.path) => {
                Err(live_sandbox("an operation of the sandbox"))
            }
            _ => params,
        };
        Self {
            client: client.clone(),
            mode,
            operation,
            params: params.map_err(ConfigError::from_fault),
            options,
            run,
        }
    }

    /// Changes the parameters, unless they are faulty already.
    pub(crate) fn map_params(mut self, change: impl FnOnce(&mut P)) -> Self {
        if let Ok(params) = &mut self.params {
            change(params);
        }
        self
    }

    /// Changes the parameters by something that may be refused when the call is sent.
    pub(crate) fn try_map_params(
        mut self,
        change: impl FnOnce(&mut P) -> Result<(), Error>,
    ) -> Self {
        if let Ok(params) = &mut self.params
            && let Err(error) = change(params)
        {
            self.params = Err(ConfigError::from_fault(error));
        }
        self
    }

    /// Sends this idempotency key instead of a random one.
    ///
    /// Give one that follows from your own data to be safe across a crash of your process: see
    /// [`IdempotencyKey::derive`]. A key that is not valid is reported when the call is sent, and so
    /// is another key than that of the call which [`Call::resume`] repeats.
    pub fn idempotency_key<K>(mut self, key: K) -> Self
    where
        K: TryInto<IdempotencyKey>,
        K::Error: Into<Error>,
    {
        match key.try_into() {
            Ok(key)
                if self.options.resumed && self.options.idempotency_key.as_ref() != Some(&key) =>
            {
                self.fail(Error::config(
                    "`resume` repeats a call with the key it was sent with; another idempotency \
                     key would make it another call, so leave one of the two out",
                ))
            }
            Ok(key) => {
                self.options.idempotency_key = Some(key);
                self
            }
            Err(error) => self.fail(error.into()),
        }
    }

    /// Repeats the call that failed with `error`: sends that call's idempotency key.
    ///
    /// For the question at 2 a.m.: the refund timed out, was the money sent? Nobody knows, and
    /// [`Error::outcome`] says so. Sending the call anew would make a new key, and maybe a second
    /// refund. With the key of the error the server answers what it answered the first time, or
    /// carries the call out now if it never saw it:
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::Outcome;
    /// use fluxa_sdk::types::CreateRefund;
    ///
    /// let call = fluxa.refunds().create(CreateRefund::new("pay_5f8b2c1e2a4b4d8c"));
    /// let refund = match call.clone().await {
    ///     Err(error) if error.outcome() == Outcome::Unknown => call.resume(&error).await?,
    ///     answer => answer?,
    /// };
    /// println!("{} (answered before: {})", refund.id, refund.idempotent_replayed());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The call must be the same one, with the same parameters: the server refuses the key on
    /// another path or body ([`is_idempotency_conflict`](crate::error::ApiError::is_idempotency_conflict)).
    /// The server keeps a key for 24 hours. After a `Rejected` error it may repeat its stored
    /// refusal: mend the call and send it without. An error lives as long as the process: to be
    /// safe across a crash, give a key that follows from your own data from the start
    /// ([`IdempotencyKey::derive`]), and then simply send the call again.
    ///
    /// As long as the first call may have been carried out, so may this one: an error of it that
    /// proves nothing about the first (no connection, no time, a revoked key, too many requests)
    /// has the outcome `Unknown` too, and can be resumed in turn.
    ///
    /// Refused when the call is sent: an error without a key (of a GET, or of a call that was
    /// refused before it was sent), of another operation, or of a client of the other mode (test
    /// or live). Another key of the same mode is let through, since keys are rolled; that it is of
    /// the same account is yours to see to.
    pub fn resume(mut self, error: &Error) -> Self {
        let wanted = self.operation.id;
        if error.operation() != wanted {
            let found = match error.operation() {
                "" => "no call at all",
                other => other,
            };
            return self.fail(Error::config(format!(
                "`resume` repeats the call that failed, but the error is of `{found}` and the call \
                 is `{wanted}`"
            )));
        }
        let Some(key) = error.idempotency_key() else {
            return self.fail(Error::config(format!(
                "`resume` needs the idempotency key that was sent, and this error of `{wanted}` has \
                 none: {}",
                match error {
                    Error::Config(_) => "nothing was sent; mend the call and send it",
                    _ => "the operation is safe to repeat; send the call again without `resume`",
                }
            )));
        };
        if error.target() != self.options.target {
            return self.fail(Error::config(
                "`resume` repeats the call that failed, but the error is of a raw call with \
                 another method or path",
            ));
        }
        if error.mode().is_some_and(|mode| mode != self.client.mode()) {
            let name = |mode| match mode {
                Mode::Test => "test",
                Mode::Live => "live",
            };
            let wanted = self.client.mode();
            let found = error.mode().unwrap_or(wanted);
            return self.fail(Error::config(format!(
                "`resume` repeats the call that failed, but the error is of a {} mode client and \
                 the call is in {} mode, where that idempotency key was never sent",
                name(found),
                name(wanted)
            )));
        }
        self.options.idempotency_key = Some(key.clone());
        self.options.resumed = true;
        self.options.earlier_unknown |= error.outcome() == Outcome::Unknown;
        self
    }

    /// Limits the call as a whole, its retries and waits included. Default: the client's, 90 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Limits each attempt. Default: the client's, 30 s.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.options.attempt_timeout = Some(timeout);
        self
    }

    /// Allows this many retries, 0 to 4; more is taken as 4. Default: the client's, 4.
    pub fn max_retries(mut self, max_retries: u32) -> Self {
        self.options.max_retries = Some(max_retries);
        self
    }

    /// Asks for another version of the API than the one this SDK was made for.
    ///
    /// The types stay those of [`contract::API_VERSION`]; unknown fields and values are survived.
    pub fn api_version(self, version: &str) -> Self {
        self.set_header(contract::VERSION, version)
    }

    /// Sets the pace of what this call creates in the sandbox: `instant`, `5s`, `manual`, or
    /// `settling=5s,settled=1m,refund=1s`.
    ///
    /// Anything else, and a live key, are refused when the call is sent.
    pub fn sandbox_timing(self, timing: &str) -> Self {
        if self.client.mode() == Mode::Live {
            return self.fail(live_sandbox("`sandbox_timing`"));
        }
        if let Err(error) = validate::sandbox_timing(timing) {
            return self.fail(error);
        }
        self.set_header(contract::SANDBOX_TIMING, timing)
    }

    /// Sends one more header.
    ///
    /// Those with an option of their own (authorisation, version, idempotency key) and those that
    /// frame the request (host, length, type) are refused when the call is sent.
    pub fn header(self, name: &str, value: &str) -> Self {
        if PROTECTED_HEADERS
            .iter()
            .any(|protected| protected.eq_ignore_ascii_case(name))
        {
            return self.fail(Error::config(format!(
                "the header `{name}` is the SDK's to set; use the option made for it"
            )));
        }
        self.set_header(name, value)
    }

    fn set_header(mut self, name: &str, value: &str) -> Self {
        let Ok(header_name) = HeaderName::from_bytes(name.as_bytes()) else {
            return self.fail(Error::config(
                "a header name has a character that none may have",
            ));
        };
        let Ok(header_value) = HeaderValue::from_str(value) else {
            return self.fail(Error::config(format!(
                "the value of the header `{name}` has a character that none may have"
            )));
        };
        self.options.headers.insert(header_name, header_value);
        self
    }

    /// Returns the call with another way to run it, and so another answer.
    pub(crate) fn with_run<U>(self, run: RunFn<U, P>) -> Call<U, P, M> {
        Call {
            client: self.client,
            mode: self.mode,
            operation: self.operation,
            params: self.params,
            options: self.options,
            run,
        }
    }

    /// Remembers the first fault, to be reported when the call is sent.
    pub(crate) fn fail(mut self, error: Error) -> Self {
        self.params = self.params.and(Err(ConfigError::from_fault(error)));
        self
    }

    /// Returns the parameters, or their fault as the error of this call.
    pub(crate) fn checked(
        operation: &'static Operation,
        params: Result<P, Box<ConfigError>>,
    ) -> Result<P, Error> {
        params.map_err(|fault| Error::Config(fault).with_operation(operation.id))
    }
}

impl<T, P: SupportsExpand, M> Call<T, P, M> {
    /// Asks for whole objects instead of ids: `["customer", "settlement"]`, dotted paths up to
    /// three levels. A deeper path is reported when the call is sent.
    pub fn expand<S: Into<String>>(self, paths: impl IntoIterator<Item = S>) -> Self {
        let paths: Vec<String> = paths.into_iter().map(Into::into).collect();
        self.try_map_params(|params| {
            paths.iter().try_for_each(|path| expand::check_path(path))?;
            params.expand_mut().get_or_insert_default().extend(paths);
            Ok(())
        })
    }
}

impl<T, P> Call<T, P> {
    /// Sends the call. The same as awaiting it.
    ///
    /// # Errors
    /// Any [`Error`]; its `outcome()` says whether the request may have taken effect.
    pub async fn send(self) -> Result<Response<T>, Error> {
        let params = Self::checked(self.operation, self.params)
            .map_err(|error| self.options.judge(error, self.client.mode()))?;
        dispatch(
            &self.client,
            self.operation,
            &self.options,
            self.run,
            params,
        )
        .await
    }
}

impl<T, P: Clone, M: Clone> Clone for Call<T, P, M> {
    /// Returns the same call once more. Without a key of your own each is sent with its own: use
    /// [`Call::resume`] to repeat what may have been carried out.
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            mode: self.mode.clone(),
            operation: self.operation,
            params: self.params.clone(),
            options: self.options.clone(),
            run: self.run,
        }
    }
}

impl<T: Send + 'static, P: Send + 'static> IntoFuture for Call<T, P> {
    type Output = Result<Response<T>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<T, P, M> fmt::Debug for Call<T, P, M> {
    /// Leaves out the parameters: they carry personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("operation", &self.operation.id)
            .field("path", &self.operation.path)
            .field("idempotency_key", &self.options.idempotency_key)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// The refusal of what is for the sandbox, on a client with a live key.
///
/// Refused here and not by the server, since what would be sent may hold a card's number.
pub(crate) fn live_sandbox(what: &str) -> Error {
    Error::config(format!(
        "{what} needs a test key, and this client's key is live; use the one that starts with \
         `sk_test_` or `rk_test_`"
    ))
}

/// Sends one call. The idempotency key is settled here: once per call, before any attempt.
pub(crate) async fn dispatch<T, P>(
    client: &Client,
    operation: &'static Operation,
    options: &CallOptions,
    run: RunFn<T, P>,
    params: P,
) -> Result<Response<T>, Error> {
    if Handle::try_current().is_err() {
        // The connection would panic, deep inside and without a word on what to do.
        return Err(Error::config(
            "a call is awaited outside a tokio runtime; await it inside one, such as below \
             `#[tokio::main]`, or use `blocking::Client` (feature `blocking`)",
        )
        .with_operation(operation.id));
    }
    let context = CallContext::new(
        client.clone(),
        operation,
        options.key_for(operation),
        options.headers.clone(),
        options.limits(client.limits()),
        options.earlier_unknown,
    );
    let api = ApiContext {
        base_url: client.base_url().to_owned(),
        http: client.http(),
        context: context.clone(),
    };
    let result = context.finish(run(api, params).await);
    result.map_err(|error| options.judge(error, client.mode()))
}

impl CallOptions {
    /// Returns the key to send: the caller's, or a random one when the operation takes one.
    pub(crate) fn key_for(&self, operation: &Operation) -> Option<IdempotencyKey> {
        match &self.idempotency_key {
            Some(key) => Some(key.clone()),
            None if operation.method == "POST" => Some(IdempotencyKey::new_v4()),
            None => None,
        }
    }

    /// Returns the error with which call it was, and what is known of the one that it resumes.
    pub(crate) fn judge(&self, error: Error, mode: Mode) -> Error {
        let error = error.of_call(self.target, mode);
        match self.earlier_unknown {
            true => error.after_unknown(self.idempotency_key.as_ref()),
            false => error,
        }
    }

    /// Fixes the key to send, so that it is known before and after; returns it.
    #[cfg(feature = "blocking")]
    pub(crate) fn settle_key(&mut self, operation: &Operation) -> Option<IdempotencyKey> {
        self.idempotency_key = self.key_for(operation);
        self.idempotency_key.clone()
    }

    fn limits(&self, defaults: Limits) -> Limits {
        let max_retries = self.max_retries.unwrap_or(defaults.max_retries);
        Limits {
            total: self.timeout.unwrap_or(defaults.total).min(MAX_TIMEOUT),
            attempt: self
                .attempt_timeout
                .unwrap_or(defaults.attempt)
                .min(MAX_TIMEOUT),
            max_retries: max_retries.min(retry::MAX_ATTEMPTS - 1),
            ..defaults
        }
    }
}
