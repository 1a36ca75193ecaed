//! Lists: one page by sending the call, and every page or item by walking it.
//!
//! Owns walking the pages. A page that is empty but not the last is walked over, but not a thousand
//! in a row; a cursor that comes twice is an error and not an endless loop; an error keeps the cursor
//! it failed at.
//!
//! ```no_run
//! # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
//! use fluxa_sdk::types::PaymentState;
//!
//! // Every item, page by page as they are wanted.
//! let mut settled = fluxa.payments().list().state(PaymentState::Settled).stream();
//! while let Some(payment) = settled.next().await {
//!     println!("{}", payment?.id);
//! }
//! // Whole pages, with what their headers say.
//! let mut pages = fluxa.payments().list().limit(100).pages();
//! while let Some(page) = pages.next().await {
//!     let page = page?;
//!     println!("{} payments, {:?}", page.data.len(), page.request_id());
//! }
//! // The first of them.
//! let latest = fluxa.payments().list().collect_up_to(10).await?;
//! # let _ = latest; Ok(())
//! # }
//! ```
//!
//! # Going on after an error
//!
//! A walk ends with its first error. [`Error::cursor`] is where the page that failed starts: a
//! call `.after(…)` it gives exactly what has not been given yet, in this process or another.
//! Without a cursor the failed page was the list's first.
//!
//! ```no_run
//! # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
//! let list = fluxa.payments().list();
//! let mut payments = list.clone().stream();
//! while let Some(payment) = payments.next().await {
//!     match payment {
//!         Ok(payment) => println!("{}", payment.id),
//!         Err(error) => match error.cursor() {
//!             // In earnest: wait, and not for ever.
//!             Some(cursor) => payments = list.clone().after(cursor).stream(),
//!             None => return Err(error),
//!         },
//!     }
//! }
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "blocking")]
mod blocking;
mod partial;
mod walk;

pub use partial::PartialList;
pub use walk::{ItemStream, PageStream};

use crate::contract;
use crate::error::Error;
use crate::id::sealed::Sealed;
use crate::request::Call;
use crate::validate;

/// Parameters of a list. Implemented by generated types.
#[doc(hidden)]
pub trait Paginated: Clone {
    /// Sets how many items a page has.
    fn set_limit(&mut self, limit: u32);
    /// Sets the cursor the page starts after.
    fn set_after(&mut self, cursor: String);
    /// Returns the cursor the page starts after.
    fn after(&self) -> Option<&str>;
}

/// One page of a list. Implemented by the SDK's types only.
pub trait Page: Sealed {
    /// What the list is of.
    type Item;

    /// Returns whether more items follow.
    fn has_more(&self) -> bool;

    /// Returns the cursor that the next page starts after.
    fn next_cursor(&self) -> Option<&str>;

    /// Returns the items.
    fn into_items(self) -> Vec<Self::Item>;
}

impl<T: Page, P: Paginated, M> Call<T, P, M> {
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

    /// Starts after this cursor: a page's `next_cursor`, the id of an item, or where a walk failed
    /// ([`Error::cursor`]).
    ///
    /// An empty one, which would start the list again, is refused when the call is sent.
    pub fn after(self, cursor: impl Into<String>) -> Self {
        let cursor = cursor.into();
        self.try_map_params(|params| {
            validate::cursor(&cursor)?;
            params.set_after(cursor);
            Ok(())
        })
    }

    /// Returns every page from here on, as they are wanted: a stream, or an iterator when blocking.
    ///
    /// Each is a [`Response`](crate::Response), with its request id and rate limit. The call's
    /// options hold for each page. After an error it ends; go on with `.after(…)` at the error's
    /// [`Error::cursor`].
    pub fn pages(self) -> PageStream<T, P, M> {
        PageStream::new(self)
    }

    /// Returns every item from here on, page by page as they are wanted: a stream, or an iterator
    /// when blocking.
    ///
    /// The call's options hold for each page. After an error it ends; go on with `.after(…)` at
    /// the error's [`Error::cursor`].
    pub fn stream(self) -> ItemStream<T, P, M> {
        ItemStream::new(self.pages())
    }

    /// Returns the walk of the first `count` items, in pages as large as is useful.
    fn first(self, count: usize) -> ItemStream<T, P, M> {
        let call = match self.options.limit_is_set {
            true => self,
            false => {
                let most = contract::LIST_LIMIT_MAX;
                self.limit(u32::try_from(count).unwrap_or(most).clamp(1, most))
            }
        };
        call.stream()
    }
}

impl<T, P> Call<T, P>
where
    T: Page + Send + 'static,
    T::Item: Send + Unpin,
    P: Paginated + Send + Unpin + 'static,
{
    /// Returns the first `count` items, or all when there are fewer.
    ///
    /// Pages are as large as is useful unless [`Call::limit`] was set.
    ///
    /// # Errors
    /// The first error of a page, as a [`PartialList`] with the items read before it. `?` makes an
    /// [`Error`] of it, whose cursor is where this call started, since the items are gone then.
    pub async fn collect_up_to(self, count: usize) -> Result<Vec<T::Item>, PartialList<T::Item>> {
        let mut stream = self.first(count);
        let start = stream.cursor().map(str::to_owned);
        let mut items = Vec::new();
        while items.len() < count {
            match stream.next().await {
                Some(Ok(item)) => items.push(item),
                Some(Err(error)) => return Err(PartialList::new(items, error, start)),
                None => break,
            }
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests;
