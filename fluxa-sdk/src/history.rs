//! The history of a payment as CSV: the one operation that answers something else than JSON.
//!
//! Owns `.csv()` on its call. The generated client knows one form of an answer each.

use http::header::CONTENT_TYPE;

use crate::context::{ApiContext, RunError};
use crate::error::Error;
use crate::generated::resources::PaymentsHistoryParams;
use crate::generated::types::PaymentHistoryEntryList;
use crate::raw;
use crate::request::{Call, RunFuture};

const CSV: &str = "text/csv";

impl<M> Call<PaymentHistoryEntryList, PaymentsHistoryParams, M> {
    /// Asks for the whole history as CSV, oldest move first, instead of a page of it.
    ///
    /// The first line names the columns: `payment,at,actor,previous_state,new_state,reason`. The
    /// call keeps its options, retries and errors; a cursor or a limit is refused when it is sent,
    /// since the CSV has no pages. At most 64 MiB are read.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let csv = fluxa.payments().history("pay_5f8b2c1e2a4b4d8c").csv().await?;
    /// println!("{}", *csv);
    /// # Ok(())
    /// # }
    /// ```
    pub fn csv(self) -> Call<String, PaymentsHistoryParams, M> {
        let whole = self.try_map_params(|params| {
            if params.after.is_none() && params.limit.is_none() {
                return Ok(());
            }
            Err(Error::config(
                "the CSV of a history is whole and has no pages; leave out `limit` and `after`",
            ))
        });
        whole.with_run(run)
    }
}

fn run(api: ApiContext, params: PaymentsHistoryParams) -> RunFuture<String> {
    Box::pin(async move {
        // The id is checked: letters, digits and an underscore.
        let path = api
            .context
            .operation
            .path
            .replace("{id}", params.id.as_str());
        let request = api.http.get(format!("{}{path}", api.base_url));
        let answer = raw::fetch(&api, request, Some(CSV)).await?;
        let context = &api.context;
        let answered = context.report().headers.get(CONTENT_TYPE).cloned();
        let json = answered.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        if json {
            return Err(RunError::Unreadable("it is JSON and not CSV"));
        }
        raw::convert(answer, raw::text)
    })
}
