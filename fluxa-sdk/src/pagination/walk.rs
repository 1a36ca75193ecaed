//! The walk over a list's pages: which comes next, and when it ends.
//!
//! The rules are one state machine; asynchronous and blocking walks only differ in how they wait
//! for a page.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use super::{Page, Paginated};
use crate::client::Client;
use crate::error::{DecodeError, Error, Outcome, Trace};
use crate::request::{Async, Call, CallOptions, Operation, RunFn, dispatch};
use crate::response::Response;

/// Every page of a list: a [`Stream`] with a [`next`](PageStream::next) of its own, or an
/// [`Iterator`] when blocking. Made by [`Call::pages`].
#[must_use = "a walk does nothing until it is read"]
pub struct PageStream<T, P, M = Async> {
    client: Client,
    #[cfg_attr(
        not(feature = "blocking"),
        expect(dead_code, reason = "asynchronous walks have all they need")
    )]
    pub(super) mode: M,
    pub(super) operation: &'static Operation,
    pub(super) options: CallOptions,
    run: RunFn<T, P>,
    pub(super) state: State<T, P>,
    /// The cursor the page being fetched starts after; none for the list's first.
    cursor: Option<String>,
    seen: HashSet<String>,
}

/// Every item of a list: a [`Stream`] with a [`next`](ItemStream::next) of its own, or an
/// [`Iterator`] when blocking. Made by [`Call::stream`].
#[must_use = "a walk does nothing until it is read"]
pub struct ItemStream<T: Page, P, M = Async> {
    pub(super) pages: PageStream<T, P, M>,
    pub(super) items: VecDeque<T::Item>,
    /// How many pages in a row had no items.
    empty_pages: u32,
}

/// How many pages in a row may be empty. A filter may leave some of them so; a server that sends
/// nothing else would hold one `next` for ever.
const MAX_EMPTY_PAGES: u32 = 1000;

pub(super) type PageFuture<T> = Pin<Box<dyn Future<Output = Result<Response<T>, Error>> + Send>>;

pub(super) enum State<T, P> {
    Ready(P),
    Fetching(P, PageFuture<T>),
    Failed(Error),
    Done,
}

impl<T: Page, P: Paginated, M> PageStream<T, P, M> {
    pub(super) fn new(call: Call<T, P, M>) -> Self {
        let operation = call.operation;
        let (state, cursor) = match Call::<T, P, M>::checked(operation, call.params) {
            Ok(params) => {
                let cursor = params.after().map(str::to_owned);
                (State::Ready(params), cursor)
            }
            Err(error) => (State::Failed(error), None),
        };
        Self {
            client: call.client,
            mode: call.mode,
            operation,
            options: call.options,
            run: call.run,
            state,
            cursor,
            seen: HashSet::new(),
        }
    }

    /// Takes note of a page's answer: where the next one starts, or that there is none.
    pub(super) fn turn(
        &mut self,
        mut params: P,
        answer: Result<Response<T>, Error>,
    ) -> Result<Response<T>, Error> {
        let page = answer.map_err(|error| error.with_cursor(self.cursor.clone()))?;
        let fault = match page.next_cursor() {
            _ if !page.has_more() => return Ok(page),
            None | Some("") => "more items are announced, but there is no cursor to them",
            Some(next) if self.cursor.as_deref() == Some(next) || self.seen.contains(next) => {
                "the list came back to a cursor it has passed"
            }
            Some(next) => {
                params.set_after(next.to_owned());
                self.seen.extend(self.cursor.replace(next.to_owned()));
                self.state = State::Ready(params);
                return Ok(page);
            }
        };
        // This page is given first. No cursor leads to the rest: not the one that was passed
        // already, and the one of this page would give it again.
        self.state = State::Failed(undecodable(self.trace(&page), fault.to_owned()));
        Ok(page)
    }

    /// The facts of a page, for an error.
    fn trace(&self, page: &Response<T>) -> Trace {
        Trace {
            operation: self.operation.id,
            attempts: page.attempts(),
            outcome: Outcome::Unknown,
            request_id: page.request_id().map(str::to_owned),
            reads: true,
            ..Trace::default()
        }
    }
}

/// The error of a page whose `next_cursor` leads nowhere.
fn undecodable(trace: Trace, fault: String) -> Error {
    let path = "next_cursor".to_owned();
    Error::Decode(Box::new(DecodeError::new(trace, path, fault, Bytes::new())))
}

impl<T: Send + 'static, P: Send + 'static, M> PageStream<T, P, M> {
    pub(super) fn fetch(&self, params: P) -> PageFuture<T> {
        let (client, options) = (self.client.clone(), self.options.clone());
        let (operation, run) = (self.operation, self.run);
        Box::pin(async move { dispatch(&client, operation, &options, run, params).await })
    }
}

impl<T, P> PageStream<T, P>
where
    T: Page + Send + 'static,
    P: Paginated + Send + Unpin + 'static,
{
    /// Returns the next page, or `None` after the last one or an error.
    ///
    /// Dropping the future before it is done loses nothing: the next call goes on waiting.
    pub async fn next(&mut self) -> Option<Result<Response<T>, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<T, P> Stream for PageStream<T, P>
where
    T: Page + Send + 'static,
    P: Paginated + Send + Unpin + 'static,
{
    type Item = Result<Response<T>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            match std::mem::replace(&mut this.state, State::Done) {
                State::Ready(params) => {
                    let future = this.fetch(params.clone());
                    this.state = State::Fetching(params, future);
                }
                State::Fetching(params, mut future) => {
                    let Poll::Ready(answer) = future.as_mut().poll(context) else {
                        this.state = State::Fetching(params, future);
                        return Poll::Pending;
                    };
                    return Poll::Ready(Some(this.turn(params, answer)));
                }
                State::Failed(error) => return Poll::Ready(Some(Err(error))),
                State::Done => return Poll::Ready(None),
            }
        }
    }
}

impl<T: Page, P: Paginated, M> ItemStream<T, P, M> {
    pub(super) fn new(pages: PageStream<T, P, M>) -> Self {
        Self {
            pages,
            items: VecDeque::new(),
            empty_pages: 0,
        }
    }

    /// Takes the items of a page; too many empty ones in a row end the walk.
    pub(super) fn accept(&mut self, page: Response<T>) {
        let trace = self.pages.trace(&page);
        self.items = page.into_inner().into_items().into();
        if !self.items.is_empty() {
            self.empty_pages = 0;
            return;
        }
        self.empty_pages += 1;
        if self.empty_pages >= MAX_EMPTY_PAGES && matches!(self.pages.state, State::Ready(_)) {
            let fault = format!("{MAX_EMPTY_PAGES} pages in a row were empty and announced more");
            let error = undecodable(trace, fault);
            let cursor = self.pages.cursor.clone();
            self.pages.state = State::Failed(error.with_cursor(cursor));
        }
    }

    /// Returns the cursor the walk is at.
    pub(super) fn cursor(&self) -> Option<&str> {
        self.pages.cursor.as_deref()
    }
}

impl<T, P> ItemStream<T, P>
where
    T: Page + Send + 'static,
    T::Item: Send + Unpin,
    P: Paginated + Send + Unpin + 'static,
{
    /// Returns the next item, or `None` after the last one or an error.
    ///
    /// Dropping the future before it is done loses nothing: the next call goes on waiting.
    pub async fn next(&mut self) -> Option<Result<T::Item, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<T, P> Stream for ItemStream<T, P>
where
    T: Page + Send + 'static,
    T::Item: Send + Unpin,
    P: Paginated + Send + Unpin + 'static,
{
    type Item = Result<T::Item, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(item) = this.items.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(Pin::new(&mut this.pages).poll_next(context)) {
                Some(Ok(page)) => this.accept(page),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T, P, M> fmt::Debug for PageStream<T, P, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageStream")
            .field("operation", &self.operation.id)
            .field("cursor", &self.cursor)
            .finish_non_exhaustive()
    }
}

impl<T: Page, P, M> fmt::Debug for ItemStream<T, P, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemStream")
            .field("operation", &self.pages.operation.id)
            .field("cursor", &self.pages.cursor)
            .field("buffered", &self.items.len())
            .finish_non_exhaustive()
    }
}
