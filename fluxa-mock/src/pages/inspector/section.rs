//! Owns the table of the inspector's sections: what the navigation shows, which table and ids belong to
//! it, and who draws it.

use super::queries::Reader;
use super::view::View;
use super::{
    checkouts, clock, customers, deliveries, disputes, endpoints, events, faults, keys, ledger,
    payments, requests, settlements, subscriptions,
};
use crate::domain::error::DomainError;
use fluxa_sdk::contract::prefix;
use http::StatusCode;
use maud::Markup;

/// A page: its title and what is in its `main`.
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) title: String,
    pub(super) body: Markup,
    /// Too dear to be drawn anew with each change.
    pub(super) still: bool,
}

impl Page {
    /// A page.
    pub(super) fn new(title: impl Into<String>, body: Markup) -> Self {
        Self {
            status: StatusCode::OK,
            title: title.into(),
            body,
            still: false,
        }
    }

    /// A page that is drawn when asked for only, if `still`.
    pub(super) fn still(mut self, still: bool) -> Self {
        self.still = still;
        self
    }
}

/// What draws a list.
pub(super) type DrawList = fn(&Reader<'_>, &View) -> Result<Page, DomainError>;

/// What draws one object.
pub(super) type DrawOne = fn(&Reader<'_>, &View, &str) -> Result<Page, DomainError>;

/// A section.
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) group: &'static str,
    /// Prefix of the ids that have a page here.
    pub(super) prefix: Option<&'static str>,
    /// None where a route of its own draws it: what it shows is not of one account.
    pub(super) list: Option<DrawList>,
    pub(super) one: Option<DrawOne>,
}

const fn of(
    group: &'static str,
    name: &'static str,
    title: &'static str,
    prefix: &'static str,
    list: DrawList,
    one: DrawOne,
) -> Section {
    Section {
        name,
        title,
        group,
        prefix: Some(prefix),
        list: Some(list),
        one: Some(one),
    }
}

const fn plain(
    group: &'static str,
    name: &'static str,
    title: &'static str,
    list: DrawList,
) -> Section {
    Section {
        name,
        title,
        group,
        prefix: None,
        list: Some(list),
        one: None,
    }
}

const fn of_the_server(group: &'static str, name: &'static str, title: &'static str) -> Section {
    Section {
        name,
        title,
        group,
        prefix: None,
        list: None,
        one: None,
    }
}

const MONEY: &str = "Money";
const PEOPLE: &str = "Customers";
const HOOKS: &str = "Webhooks";
const SANDBOX: &str = "Sandbox";

/// Every section, in the order of the navigation.
#[rustfmt::skip]
pub(super) static ALL: &[Section] = &[
    of(MONEY, "payments", "Payments", prefix::PAYMENT, payments::list, payments::one),
    of(MONEY, "refunds", "Refunds", prefix::REFUND, payments::refunds, payments::refund),
    of(MONEY, "disputes", "Disputes", prefix::DISPUTE, disputes::list, disputes::one),
    of(MONEY, "settlements", "Settlements", prefix::SETTLEMENT, settlements::list, settlements::one),
    of(MONEY, "ledger", "Ledger", prefix::LEDGER_ENTRY, ledger::list, ledger::one),
    of(PEOPLE, "customers", "Customers", prefix::CUSTOMER, customers::list, customers::one),
    of(PEOPLE, "payment_methods", "Cards", prefix::PAYMENT_METHOD, customers::methods, customers::method),
    of(PEOPLE, "subscriptions", "Subscriptions", prefix::SUBSCRIPTION, subscriptions::list, subscriptions::one),
    of(PEOPLE, "sessions", "Checkouts", prefix::CHECKOUT_SESSION, checkouts::list, checkouts::one),
    of(HOOKS, "events", "Events", prefix::EVENT, events::list, events::one),
    of(HOOKS, "deliveries", "Deliveries", prefix::DELIVERY, deliveries::list, deliveries::one),
    of(HOOKS, "endpoints", "Endpoints", prefix::WEBHOOK_ENDPOINT, endpoints::list, endpoints::one),
    of(SANDBOX, "requests", "Requests", prefix::REQUEST, requests::list, requests::one),
    of(SANDBOX, "keys", "Keys", prefix::API_KEY, keys::list, keys::one),
    of_the_server(SANDBOX, "accounts", "Accounts"),
    plain(SANDBOX, "clock", "Clock", clock::page),
    plain(SANDBOX, "faults", "Faults", faults::list),
    plain(SANDBOX, "checks", "Checks", ledger::checks),
];

/// The section of this name.
pub(super) fn named(name: &str) -> Option<&'static Section> {
    ALL.iter().find(|section| section.name == name)
}

/// Whether ids of some section begin so: what a merchant calls `ord_7` is text.
pub(super) fn begins_ids(prefix: &str) -> bool {
    ALL.iter()
        .filter_map(|section| section.prefix)
        .any(|own| own.trim_end_matches('_') == prefix)
}

/// The section that has a page for this id.
pub(super) fn of_id(id: &str) -> Option<&'static Section> {
    let (prefix, digits) = id.split_once('_')?;
    let whole = digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    ALL.iter().filter(|_| whole).find(|section| {
        section
            .prefix
            .is_some_and(|own| own.trim_end_matches('_') == prefix)
    })
}
