//! Lists: one page by awaiting the call, every item by streaming it.
//!
//! Owns walking the pages. A page that is empty but not the last is walked over; a cursor that
//! comes twice is an error and not an endless loop; an error keeps the cursor it failed at.

use std::collections::{HashSet, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

use crate::client::Client;
use crate::contract;
use crate::error::{DecodeError, Error, Outcome, Trace};
use crate::request::{Call, CallOptions, Operation, RunFn, dispatch};
use crate::response::Response;

/// Parameters of a list. Implemented by generated types.
#[doc(hidden)]
pub trait Paginated: Clone {
    /// Sets how many items a page has.
    fn set_limit(&mut self, limit: u32);
    /// Sets the cursor the page starts after.
    fn set_after(&mut self, cursor: String);
}

/// One page of a list. Implemented by generated types.
pub trait Page {
    /// What the list is of.
    type Item;

    /// Returns the items, whether more follow, and the cursor they follow.
    fn into_parts(self) -> (Vec<Self::Item>, bool, Option<String>);
}

impl<T: Page, P: Paginated> Call<T, P> {
    /// Asks for pages of this many items, 1 to 100. The server's default is 20.
    pub fn limit(mut self, limit: u32) -> Self {
        self.options.limit_is_set = true;
        self.try_map_params(|params| {
            if limit == 0 || limit > contract::LIST_LIMIT_MAX {
                return Err(Error::config(format!(
                    "a page has 1 to {} items; to take fewer or more of them, use \
                     `collect_up_to` or `stream`",
                    contract::LIST_LIMIT_MAX
                )));
            }
            params.set_limit(limit);
            Ok(())
        })
    }

    /// Starts after this cursor: a page's `next_cursor`, or the id of an item.
    pub fn after(self, cursor: impl Into<String>) -> Self {
        self.map_params(|params| params.set_after(cursor.into()))
    }
}

impl<T, P> Call<T, P>
where
    T: Page + Send + 'static,
    T::Item: Send + Unpin,
    P: Paginated + Send + Unpin + 'static,
{
    /// Returns every item from here on, page by page as they are wanted.
    ///
    /// The call's options hold for each page. After an error the stream ends; start again with
    /// `.after(…)` at the error's [`Error::cursor`].
    pub fn stream(self) -> ItemStream<T, P> {
        let Self {
            client,
            operation,
            params,
            options,
            run,
        } = self;
        let state = match params {
            Ok(params) => State::Ready(params),
            Err(error) => State::Failed(error.with_operation(operation.id)),
        };
        ItemStream {
            source: Source {
                client,
                operation,
                options,
                run,
            },
            state,
            items: VecDeque::new(),
            cursor: None,
            seen: HashSet::new(),
        }
    }

    /// Returns the first `count` items, or all when there are fewer.
    ///
    /// Pages are as large as is useful unless [`Call::limit`] was set.
    ///
    /// # Errors
    /// The first [`Error`] of a page; items already read are dropped, use [`Call::stream`] to keep
    /// them.
    pub async fn collect_up_to(self, count: usize) -> Result<Vec<T::Item>, Error> {
        let mut items = Vec::new();
        if count == 0 {
            return Ok(items);
        }
        let call = match self.options.limit_is_set {
            true => self,
            false => {
                let most = contract::LIST_LIMIT_MAX;
                self.limit(u32::try_from(count).unwrap_or(most).min(most))
            }
        };
        let mut stream = call.stream();
        while items.len() < count {
            match stream.next().await {
                Some(item) => items.push(item?),
                None => break,
            }
        }
        Ok(items)
    }
}

/// What is needed to send the call of any page.
struct Source<T, P> {
    client: Client,
    operation: &'static Operation,
    options: CallOptions,
    run: RunFn<T, P>,
}

type PageFuture<T> = Pin<Box<dyn Future<Output = Result<Response<T>, Error>> + Send>>;

enum State<T, P> {
    Ready(P),
    Fetching(P, PageFuture<T>),
    Failed(Error),
    Done,
}

/// Every item of a list: a [`Stream`], and [`ItemStream::next`] for those without one.
#[must_use = "a stream does nothing until it is read"]
pub struct ItemStream<T: Page, P> {
    source: Source<T, P>,
    state: State<T, P>,
    items: VecDeque<T::Item>,
    /// The cursor of the page being fetched or read; none for the first.
    cursor: Option<String>,
    seen: HashSet<String>,
}

impl<T, P> ItemStream<T, P>
where
    T: Page + Send + 'static,
    T::Item: Send + Unpin,
    P: Paginated + Send + Unpin + 'static,
{
    /// Returns the next item, or `None` after the last one or an error.
    pub async fn next(&mut self) -> Option<Result<T::Item, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    fn turn_page(&mut self, mut params: P, page: T) -> State<T, P> {
        let (items, has_more, next) = page.into_parts();
        self.items.extend(items);
        if !has_more {
            return State::Done;
        }
        let fault = match next {
            None => "more items are announced, but there is no cursor to them",
            Some(cursor)
                if Some(&cursor) == self.cursor.as_ref() || self.seen.contains(&cursor) =>
            {
                "the list came back to a cursor it has passed"
            }
            Some(cursor) => {
                self.seen.extend(self.cursor.replace(cursor.clone()));
                params.set_after(cursor);
                return State::Ready(params);
            }
        };
        let trace = Trace {
            operation: self.source.operation.id,
            attempts: 1,
            outcome: Outcome::Unknown,
            cursor: self.cursor.clone(),
            ..Trace::default()
        };
        let path = "next_cursor".to_owned();
        let error = DecodeError::new(trace, path, fault.to_owned(), Bytes::new());
        State::Failed(Error::Decode(Box::new(error)))
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
            match std::mem::replace(&mut this.state, State::Done) {
                State::Ready(params) => {
                    let future = this.source.fetch(params.clone());
                    this.state = State::Fetching(params, future);
                }
                State::Fetching(params, mut future) => match future.as_mut().poll(context) {
                    Poll::Pending => {
                        this.state = State::Fetching(params, future);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(page)) => {
                        this.state = this.turn_page(params, page.into_inner());
                    }
                    Poll::Ready(Err(error)) => {
                        let error = error.with_cursor(this.cursor.clone());
                        return Poll::Ready(Some(Err(error)));
                    }
                },
                State::Failed(error) => return Poll::Ready(Some(Err(error))),
                State::Done => return Poll::Ready(None),
            }
        }
    }
}

impl<T: Send + 'static, P: Send + 'static> Source<T, P> {
    fn fetch(&self, params: P) -> PageFuture<T> {
        let (client, options) = (self.client.clone(), self.options.clone());
        let (operation, run) = (self.operation, self.run);
        Box::pin(async move { dispatch(&client, operation, &options, run, params).await })
    }
}

impl<T: Page, P> std::fmt::Debug for ItemStream<T, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ItemStream")
            .field("operation", &self.source.operation.id)
            .field("cursor", &self.cursor)
            .field("buffered", &self.items.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
