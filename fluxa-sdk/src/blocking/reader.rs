//! Reading an answer that streams, such as the event stream's, without async.

use std::fmt;
use std::future::poll_fn;
use std::io;

use bytes::{Buf, Bytes};
use progenitor_client::ByteStream;

use super::Blocking;
use crate::error::{Error, NetworkError, NetworkFault, Outcome, Trace};
use crate::request::{Call, Operation};
use crate::response::Response;

/// The body of an answer that streams, to be read as it comes.
///
/// A read waits for as long as the server sends nothing: the event stream sends a comment now and
/// then to show that it lives.
pub struct BodyReader {
    mode: Blocking,
    operation: &'static Operation,
    /// None when it has ended or failed.
    stream: Option<ByteStream>,
    /// Whether it failed: every read from then on says so, since a clean end would be taken for
    /// the whole.
    failed: bool,
    rest: Bytes,
}

impl<P: Send + 'static> Call<ByteStream, P, Blocking> {
    /// Sends the call and waits for the head of its answer; the body is read from what is returned.
    ///
    /// # Errors
    /// Any [`Error`]; its `outcome()` says whether the request may have taken effect.
    pub fn read(self) -> Result<Response<BodyReader>, Error> {
        let (mode, operation) = (self.mode.clone(), self.operation);
        let response = self.send()?;
        Ok(response.map(|stream| BodyReader {
            mode,
            operation,
            stream: Some(stream),
            failed: false,
            rest: Bytes::new(),
        }))
    }
}

impl BodyReader {
    /// Waits for more of the body, unless it has ended.
    fn fill(&mut self) -> Result<(), Error> {
        if self.failed && self.rest.is_empty() {
            return Err(interrupted(self.operation, None));
        }
        while self.rest.is_empty()
            && let Some(mut stream) = self.stream.take()
        {
            let (operation, key) = (self.operation, None);
            // Until it is known better: the stream is lost if the wait is.
            self.failed = true;
            let next = self.mode.wait(operation, key, async move {
                let chunk = poll_fn(|context| stream.as_mut().poll_next(context)).await;
                Ok((chunk, stream))
            })?;
            match next {
                (Some(Ok(chunk)), stream) => {
                    self.failed = false;
                    self.rest = chunk;
                    self.stream = Some(stream);
                }
                (Some(Err(error)), _) => return Err(interrupted(operation, Some(error))),
                (None, _) => self.failed = false,
            }
        }
        Ok(())
    }
}

/// The error of a body that broke off.
fn interrupted(operation: &'static Operation, source: Option<reqwest::Error>) -> Error {
    let trace = Trace {
        operation: operation.id,
        attempts: 1,
        outcome: Outcome::Unknown,
        reads: true,
        ..Trace::default()
    };
    let error = NetworkError::new(trace, NetworkFault::Interrupted, source);
    Error::Network(Box::new(error))
}

impl io::Read for BodyReader {
    /// Returns what has come, waiting for the first byte; 0 at the end.
    ///
    /// Once the body has broken off, every read is an error: what was read is not the whole.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fill().map_err(io::Error::other)?;
        let count = self.rest.len().min(buffer.len());
        self.rest.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

impl fmt::Debug for BodyReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyReader")
            .field("operation", &self.operation.id)
            .field("ended", &self.stream.is_none())
            .finish_non_exhaustive()
    }
}
