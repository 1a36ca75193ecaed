//! What is left of collecting a list when one of its pages fails.

use std::fmt;

use crate::error::Error;

/// The items read before a page failed, and why it failed.
///
/// Nothing is lost: the items and, from [`PartialList::cursor`], the rest of the list.
///
/// ```no_run
/// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
/// let payments = match fluxa.payments().list().collect_up_to(1000).await {
///     Ok(payments) => payments,
///     Err(partial) => {
///         eprintln!("{partial}");
///         let (mut payments, error) = partial.into_parts();
///         let Some(cursor) = error.cursor() else { return Err(error) };
///         let wanted = 1000 - payments.len();
///         payments.extend(fluxa.payments().list().after(cursor).collect_up_to(wanted).await?);
///         payments
///     }
/// };
/// # let _ = payments; Ok(())
/// # }
/// ```
pub struct PartialList<I>(Box<Inner<I>>);

struct Inner<I> {
    items: Vec<I>,
    error: Error,
    /// The cursor the collecting started after.
    start: Option<String>,
}

impl<I> PartialList<I> {
    pub(super) fn new(items: Vec<I>, error: Error, start: Option<String>) -> Self {
        Self(Box::new(Inner {
            items,
            error,
            start,
        }))
    }

    /// Returns the items read before the error.
    pub fn items(&self) -> &[I] {
        &self.0.items
    }

    /// Returns why the next page failed.
    pub fn error(&self) -> &Error {
        &self.0.error
    }

    /// Returns the cursor to go on at: a call `.after(…)` it gives what follows the items.
    ///
    /// `None` when the list's first page failed.
    pub fn cursor(&self) -> Option<&str> {
        self.0.error.cursor()
    }

    /// Returns the items, and why the next page failed.
    pub fn into_parts(self) -> (Vec<I>, Error) {
        (self.0.items, self.0.error)
    }
}

impl<I> From<PartialList<I>> for Error {
    /// Drops the items. The error's cursor is then where the collecting started, so that going on
    /// at it skips none of them.
    fn from(partial: PartialList<I>) -> Self {
        partial.0.error.with_cursor(partial.0.start)
    }
}

impl<I> fmt::Display for PartialList<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.error, f)?;
        let count = self.0.items.len();
        match self.cursor() {
            Some(cursor) => write!(
                f,
                "; the {count} items before it are in `items()`, go on with `.after(\"{cursor}\")`"
            ),
            None => f.write_str("; no item was read, repeat the call"),
        }
    }
}

impl<I> fmt::Debug for PartialList<I> {
    /// Leaves out the items: they carry personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartialList")
            .field("items", &self.0.items.len())
            .field("error", &self.0.error)
            .finish()
    }
}

impl<I> std::error::Error for PartialList<I> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.error.source()
    }
}
