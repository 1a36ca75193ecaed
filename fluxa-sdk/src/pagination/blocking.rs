//! Walking a list without async: pages and items as iterators.

use std::iter::FusedIterator;

use super::walk::State;
use super::{ItemStream, Page, PageStream, Paginated, PartialList};
use crate::blocking::Blocking;
use crate::error::Error;
use crate::request::Call;
use crate::response::Response;

impl<T, P> Iterator for PageStream<T, P, Blocking>
where
    T: Page + Send + 'static,
    P: Paginated + Send + 'static,
{
    type Item = Result<Response<T>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Ready(params) => {
                let key = self.options.settle_key(self.operation);
                let page = self.fetch(params.clone());
                let answer = self.mode.wait(self.operation, key, page);
                Some(self.turn(params, answer))
            }
            State::Failed(error) => Some(Err(error)),
            // A blocking walk waits where it fetches.
            State::Fetching(..) | State::Done => None,
        }
    }
}

impl<T, P> Iterator for ItemStream<T, P, Blocking>
where
    T: Page + Send + 'static,
    P: Paginated + Send + 'static,
{
    type Item = Result<T::Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.items.pop_front() {
                return Some(Ok(item));
            }
            match self.pages.next()? {
                Ok(page) => self.accept(page),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl<T, P> FusedIterator for PageStream<T, P, Blocking>
where
    T: Page + Send + 'static,
    P: Paginated + Send + 'static,
{
}

impl<T, P> FusedIterator for ItemStream<T, P, Blocking>
where
    T: Page + Send + 'static,
    P: Paginated + Send + 'static,
{
}

impl<T, P> IntoIterator for Call<T, P, Blocking>
where
    T: Page + Send + 'static,
    P: Paginated + Send + 'static,
{
    type Item = Result<T::Item, Error>;
    type IntoIter = ItemStream<T, P, Blocking>;

    /// Walks every item, as [`Call::stream`] does.
    fn into_iter(self) -> Self::IntoIter {
        self.stream()
    }
}

impl<T, P> Call<T, P, Blocking>
where
    T: Page + Send + 'static,
    P: Paginated + Send + 'static,
{
    /// Returns the first `count` items, or all when there are fewer.
    ///
    /// Pages are as large as is useful unless [`Call::limit`] was set.
    ///
    /// # Errors
    /// The first error of a page, as a [`PartialList`] with the items read before it. `?` makes
    /// an [`Error`] of it, whose cursor is where this call started, since the items are gone
    /// then.
    pub fn collect_up_to(self, count: usize) -> Result<Vec<T::Item>, PartialList<T::Item>> {
        let stream = self.first(count);
        let start = stream.cursor().map(str::to_owned);
        let mut items = Vec::new();
        for item in stream.take(count) {
            match item {
                Ok(item) => items.push(item),
                Err(error) => return Err(PartialList::new(items, error, start)),
            }
        }
        Ok(items)
    }
}
