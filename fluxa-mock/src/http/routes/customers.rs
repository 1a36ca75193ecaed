//! Owns the operations of customers and their payment methods.

use crate::domain::customer::{self, Customer};
use crate::domain::payment_method::{self, PaymentMethod};
use crate::http::expand::Node;
use crate::http::operation::{Answer, Operation, Param, ParamKind, optional, required};
use crate::store::{Resource, Scope};
use fluxa_sdk::contract::prefix;

const NAME: Param = optional("name", ParamKind::Text(200));
const PHONE: Param = optional("phone", ParamKind::Text(40));
const METADATA: Param = optional("metadata", ParamKind::Metadata);

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::post("/customers", "customers", |tx, input| {
        Ok(Answer::created(
            customer::create(tx, input.parse()?)?.render(tx),
        ))
    })
    .params(&[required("email", ParamKind::Email), NAME, PHONE, METADATA])
    .expand(Node::Customer),
    Operation::get("/customers", "customers", |tx, input| {
        input.list::<Customer>(tx, &["email", "created_at"], None)
    })
    .list()
    .params(&[
        optional("email", ParamKind::Text(254)),
        optional("created_at", ParamKind::TimeRange),
    ])
    .expand(Node::Customer),
    Operation::get("/customers/{id}", "customers", |tx, input| {
        input.retrieve::<Customer>(tx)
    })
    .id(prefix::CUSTOMER)
    .expand(Node::Customer),
    Operation::patch("/customers/{id}", "customers", |tx, input| {
        Ok(Answer::ok(
            customer::update(tx, input.id(), input.parse()?)?.render(tx),
        ))
    })
    .id(prefix::CUSTOMER)
    .params(&[
        optional("email", ParamKind::Email),
        NAME,
        PHONE,
        optional(
            "default_payment_method",
            ParamKind::Id(prefix::PAYMENT_METHOD),
        ),
        METADATA,
    ])
    .expand(Node::Customer),
    Operation::delete("/customers/{id}", "customers", |tx, input| {
        customer::delete(tx, input.id())?;
        Ok(Answer::deleted(input.id(), "customer"))
    })
    .id(prefix::CUSTOMER),
    Operation::get(
        "/customers/{id}/payment_methods",
        "payment_methods",
        |tx, input| {
            tx.get::<Customer>(input.id())?;
            let scope = Scope::new("customer", input.id());
            input.list::<PaymentMethod>(tx, &[], Some(scope))
        },
    )
    .id(prefix::CUSTOMER)
    .list()
    .expand(Node::PaymentMethod),
    Operation::get("/payment_methods/{id}", "payment_methods", |tx, input| {
        input.retrieve::<PaymentMethod>(tx)
    })
    .id(prefix::PAYMENT_METHOD)
    .expand(Node::PaymentMethod),
    Operation::post(
        "/payment_methods/{id}/attach",
        "payment_methods",
        |tx, input| {
            let customer = input.text("customer").unwrap_or_default();
            Ok(Answer::ok(
                payment_method::attach(tx, input.id(), customer)?.render(tx),
            ))
        },
    )
    .id(prefix::PAYMENT_METHOD)
    .params(&[required("customer", ParamKind::Id(prefix::CUSTOMER))])
    .expand(Node::PaymentMethod),
    Operation::post(
        "/payment_methods/{id}/detach",
        "payment_methods",
        |tx, input| {
            Ok(Answer::ok(
                payment_method::detach(tx, input.id())?.render(tx),
            ))
        },
    )
    .id(prefix::PAYMENT_METHOD)
    .expand(Node::PaymentMethod),
];
