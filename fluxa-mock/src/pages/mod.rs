//! Owns what a person looks at: the hosted checkout at `/pay/<id>` and the inspector at `/_mock/`.
//! Server-rendered and embedded; usable without JavaScript where that can be.

mod checkout;
mod inspector;
mod layout;
mod sign_in;

pub(crate) use inspector::HOME;
pub(crate) use layout::see_other;
pub(crate) use sign_in::sign_in;

use crate::accounts::Accounts;
use axum::Router;
use std::sync::Arc;

/// The routes of every page.
pub(crate) fn router() -> Router<Arc<Accounts>> {
    Router::new()
        .merge(layout::router())
        .merge(checkout::router())
        .merge(inspector::router())
}
