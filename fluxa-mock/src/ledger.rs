//! Owns the double-entry ledger: every movement is a set of entries whose debits equal its credits.
//! Entries are append-only. The ledger, not the state, is the truth; `domain/invariants` compares.

use crate::domain::Metadata;
use crate::domain::error::DomainError;
use crate::domain::payment::{Payment, PaymentState};
use crate::store::{Resource, Tx};
use crate::time::Time;
use fluxa_sdk::contract;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The launch currency, the only one that accounts are kept in.
pub(crate) const CURRENCY: &str = "GBP";

/// What cardholders have paid.
pub(crate) const CARDHOLDER: &str = "cardholder";
/// Captured, held by the payment partner.
pub(crate) const PARTNER_CLEARING: &str = "partner_clearing";
/// On its way to the bank.
pub(crate) const SETTLEMENT_IN_FLIGHT: &str = "settlement_in_flight";
/// In the merchant's bank account.
pub(crate) const MERCHANT_BANK: &str = "merchant_bank";
/// Fluxa's fees.
pub(crate) const FEES: &str = "fees";
/// Returned to cardholders.
pub(crate) const REFUNDS: &str = "refunds";
/// Withheld for disputes that are open.
pub(crate) const DISPUTES: &str = "disputes";

/// Every account that this server books on.
pub(crate) const ACCOUNTS: &[&str] = &[
    CARDHOLDER,
    PARTNER_CLEARING,
    SETTLEMENT_IN_FLIGHT,
    MERCHANT_BANK,
    FEES,
    REFUNDS,
    DISPUTES,
];

/// One line of the ledger.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LedgerEntry {
    id: String,
    object: String,
    livemode: bool,
    created_at: Time,
    metadata: Metadata,
    payment: Option<String>,
    account: String,
    direction: String,
    amount: i64,
    currency: String,
    transaction: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    internal: Option<Internal>,
}

/// What the server keeps for itself about an entry that the payment's own moves did not make.
#[derive(Debug, Serialize, Deserialize)]
struct Internal {
    /// The refund or dispute that moved the money.
    cause: String,
}

impl Resource for LedgerEntry {
    const TABLE: &'static str = "ledger_entries";
    const PREFIX: &'static str = contract::prefix::LEDGER_ENTRY;

    fn id(&self) -> &str {
        &self.id
    }

    fn column(&self, name: &'static str) -> Option<Option<Cow<'_, str>>> {
        Some(match name {
            "payment" => self.payment.as_deref().map(Cow::from),
            "account" => Some(self.account.as_str().into()),
            "created_at" => Some(self.created_at.to_string().into()),
            _ => return None,
        })
    }
}

/// The account where a payment's money is. A refund before settlement ends the way to the bank: what
/// is left is with the payment partner, as far as it had come.
pub(crate) fn position(
    state: PaymentState,
    ledger_state: Option<PaymentState>,
) -> Option<&'static str> {
    match (state, ledger_state?) {
        (_, PaymentState::Captured) | (PaymentState::Refunded, PaymentState::Settling) => {
            Some(PARTNER_CLEARING)
        }
        (_, PaymentState::Settling) => Some(SETTLEMENT_IN_FLIGHT),
        (_, PaymentState::Settled) => Some(MERCHANT_BANK),
        _ => None,
    }
}

/// Books a payment's move.
pub(crate) fn record_transition(
    tx: &Tx<'_>,
    payment: &Payment,
    previous: PaymentState,
    next: PaymentState,
) -> Result<(), DomainError> {
    let (Some(fee), Some(net)) = (payment.fee, payment.net) else {
        return Ok(());
    };
    match (previous, next) {
        (_, PaymentState::Captured) => book(
            tx,
            payment,
            None,
            &[
                (PARTNER_CLEARING, net),
                (FEES, fee),
                (CARDHOLDER, -payment.amount),
            ],
        ),
        (_, PaymentState::Settling) => book(
            tx,
            payment,
            None,
            &[(SETTLEMENT_IN_FLIGHT, net), (PARTNER_CLEARING, -net)],
        ),
        (_, PaymentState::Settled) => book(
            tx,
            payment,
            None,
            &[(MERCHANT_BANK, net), (SETTLEMENT_IN_FLIGHT, -net)],
        ),
        (_, PaymentState::Failed) => {
            let Some(account) = position(previous, payment.ledger_state) else {
                return Ok(());
            };
            book(
                tx,
                payment,
                None,
                &[(CARDHOLDER, payment.amount), (account, -net), (FEES, -fee)],
            )
        }
        // It will not settle any more. The refund itself books its amount.
        (PaymentState::Settling, PaymentState::Refunded) => book(
            tx,
            payment,
            None,
            &[(PARTNER_CLEARING, net), (SETTLEMENT_IN_FLIGHT, -net)],
        ),
        (_, PaymentState::Refunded | PaymentState::PaymentReceived) => Ok(()),
    }
}

/// Books a refund of `amount`, paid from where the payment's money is: the merchant's bank once it is
/// settled, and no batch changes then; else the partner, where a refunded payment's money has returned
/// to. The fee is not returned.
pub(crate) fn record_refund(
    tx: &Tx<'_>,
    payment: &Payment,
    refund: &str,
    amount: i64,
) -> Result<(), DomainError> {
    let account = position(payment.state, payment.ledger_state)
        .ok_or_else(|| DomainError::internal("a payment was refunded before it was captured"))?;
    book(
        tx,
        payment,
        Some(refund),
        &[(REFUNDS, amount), (account, -amount)],
    )
}

/// Books what is held back while a dispute is open. It comes out of the partner's clearing account
/// wherever the payment's money is by then: a settled payment leaves the merchant owing there, and the
/// moves of the payment itself need not know of it.
pub(crate) fn record_hold(
    tx: &Tx<'_>,
    payment: &Payment,
    dispute: &str,
    amount: i64,
) -> Result<(), DomainError> {
    book(
        tx,
        payment,
        Some(dispute),
        &[(DISPUTES, amount), (PARTNER_CLEARING, -amount)],
    )
}

/// Books the return of a hold: the dispute was won.
pub(crate) fn record_hold_returned(
    tx: &Tx<'_>,
    payment: &Payment,
    dispute: &str,
    amount: i64,
) -> Result<(), DomainError> {
    book(
        tx,
        payment,
        Some(dispute),
        &[(PARTNER_CLEARING, amount), (DISPUTES, -amount)],
    )
}

/// Books a lost dispute: what was held goes to the cardholder, and the clearing account stays short
/// of it until a settlement makes it good. Money of the payment that will never settle stands there
/// already, and makes its part good without an entry.
pub(crate) fn record_loss(
    tx: &Tx<'_>,
    payment: &Payment,
    dispute: &str,
    amount: i64,
) -> Result<(), DomainError> {
    book(
        tx,
        payment,
        Some(dispute),
        &[(CARDHOLDER, amount), (DISPUTES, -amount)],
    )
}

/// Books what a settlement makes good of a lost dispute.
pub(crate) fn record_deduction(
    tx: &Tx<'_>,
    payment: &Payment,
    dispute: &str,
    amount: i64,
) -> Result<(), DomainError> {
    book(
        tx,
        payment,
        Some(dispute),
        &[(PARTNER_CLEARING, amount), (MERCHANT_BANK, -amount)],
    )
}

/// Books what goes back to the merchant of a deduction, the payment's own money paying for it.
pub(crate) fn record_deduction_returned(
    tx: &Tx<'_>,
    payment: &Payment,
    dispute: &str,
    amount: i64,
) -> Result<(), DomainError> {
    book(
        tx,
        payment,
        Some(dispute),
        &[(MERCHANT_BANK, amount), (PARTNER_CLEARING, -amount)],
    )
}

/// Books that a lost dispute is void, its payment having failed: of its amount `owed` was still to be
/// made good, and `deducted` goes back to the merchant.
pub(crate) fn record_loss_undone(
    tx: &Tx<'_>,
    payment: &Payment,
    dispute: &str,
    owed: i64,
    deducted: i64,
) -> Result<(), DomainError> {
    book(
        tx,
        payment,
        Some(dispute),
        &[
            (PARTNER_CLEARING, owed),
            (MERCHANT_BANK, deducted),
            (CARDHOLDER, -(owed + deducted)),
        ],
    )
}

/// Adds the lines of one movement: positive amounts are debits, negative ones credits.
fn book(
    tx: &Tx<'_>,
    payment: &Payment,
    cause: Option<&str>,
    lines: &[(&str, i64)],
) -> Result<(), DomainError> {
    if lines.iter().map(|(_, amount)| amount).sum::<i64>() != 0 {
        return Err(DomainError::internal(
            "a movement of the ledger does not balance",
        ));
    }
    let mut transaction = String::new();
    for (account, amount) in lines.iter().filter(|(_, amount)| *amount != 0) {
        let id = tx.new_id(LedgerEntry::PREFIX);
        if transaction.is_empty() {
            transaction.clone_from(&id);
        }
        tx.insert(&LedgerEntry {
            id,
            object: "ledger_entry".to_owned(),
            livemode: false,
            created_at: tx.now(),
            metadata: Metadata::new(),
            payment: Some(payment.id.clone()),
            account: (*account).to_owned(),
            direction: if *amount > 0 { "debit" } else { "credit" }.to_owned(),
            amount: amount.abs(),
            currency: payment.currency.clone(),
            transaction: transaction.clone(),
            internal: cause.map(|cause| Internal {
                cause: cause.to_owned(),
            }),
        })?;
    }
    Ok(())
}

/// Debits and credits of every account, apart for each currency; the launch currency is always shown.
pub(crate) fn balances(tx: &Tx<'_>) -> Result<Value, DomainError> {
    let mut statement = tx.connection().prepare_cached(
        "SELECT body->>'$.currency' AS currency, account, \
         sum(iif(body->>'$.direction' = 'debit', body->>'$.amount', 0)), \
         sum(iif(body->>'$.direction' = 'credit', body->>'$.amount', 0)) \
         FROM ledger_entries GROUP BY currency, account",
    )?;
    let mut sums: BTreeMap<String, BTreeMap<String, (i64, i64)>> = BTreeMap::new();
    sums.insert(CURRENCY.to_owned(), BTreeMap::new());
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let accounts = sums.entry(row.get(0)?).or_default();
        accounts.insert(row.get(1)?, (row.get(2)?, row.get(3)?));
    }
    let mut balances = Vec::new();
    for (currency, accounts) in &sums {
        for account in ACCOUNTS {
            let (debits, credits) = accounts.get(*account).copied().unwrap_or_default();
            balances.push(json!({
                "account": account, "currency": currency,
                "debits": debits, "credits": credits, "balance": debits - credits,
            }));
        }
    }
    Ok(json!({
        "object": "ledger_balances", "livemode": false, "as_of": tx.now(), "balances": balances,
    }))
}
