//! Owns the operations of the ledger.

use crate::http::operation::{Answer, Operation, ParamKind, optional};
use crate::ledger::{self, LedgerEntry};
use fluxa_sdk::contract::prefix;

/// Accounts that the contract names; the mock books on those in `crate::ledger`.
const ACCOUNTS: &[&str] = &[
    "cardholder",
    "partner_clearing",
    "settlement_in_flight",
    "merchant_bank",
    "fees",
    "refunds",
    "disputes",
];

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::get("/ledger/entries", "ledger", |tx, input| {
        input.list::<LedgerEntry>(tx, &["payment", "account", "created_at"], None)
    })
    .list()
    .params(&[
        optional("payment", ParamKind::Id(prefix::PAYMENT)),
        optional("account", ParamKind::Choice(ACCOUNTS)),
        optional("created_at", ParamKind::TimeRange),
    ]),
    Operation::get("/ledger/balances", "ledger", |tx, _| {
        Ok(Answer::ok(ledger::balances(tx)?))
    }),
];
