// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Accessors: `client.<resource>().<verb>(…)`.
mod api_keys;
mod checkout;
mod customers;
mod disputes;
mod events;
mod ledger;
mod listen_sessions;
mod merchant;
mod payment_methods;
mod payments;
mod refunds;
mod request_logs;
mod sandbox;
mod settlements;
mod status;
mod subscriptions;
mod webhook_endpoints;
pub use api_keys::*;
pub use checkout::*;
pub use customers::*;
pub use disputes::*;
pub use events::*;
pub use ledger::*;
pub use listen_sessions::*;
pub use merchant::*;
pub use payment_methods::*;
pub use payments::*;
pub use refunds::*;
pub use request_logs::*;
pub use sandbox::*;
pub use settlements::*;
pub use status::*;
pub use subscriptions::*;
pub use webhook_endpoints::*;
