//! Owns the form of the table in `generated/`: every operation of the contract, as a command needs
//! it; and finding a resource in it.
//!
//! Knows nothing of clap, nor of sending.

use crate::generated::RESOURCES;
use crate::schema::Schema;

/// The operations that share a noun.
pub(crate) struct Resource {
    /// `checkout-sessions`
    pub(crate) noun: &'static str,
    /// What else it may be called.
    pub(crate) aliases: &'static [&'static str],
    pub(crate) about: &'static str,
    pub(crate) operations: &'static [Operation],
}

/// One operation of the contract.
pub(crate) struct Operation {
    /// Its `operationId`.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "tests hold the table against openapi.json")
    )]
    pub(crate) id: &'static str,
    pub(crate) verb: &'static str,
    /// What else the verb may be called; empty for nothing.
    pub(crate) alias: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) description: &'static str,
    pub(crate) method: &'static str,
    /// With `{id}` in it when [`Operation::identified`].
    pub(crate) path: &'static str,
    pub(crate) identified: Option<Id>,
    pub(crate) query: &'static [Field],
    pub(crate) has_body: bool,
    pub(crate) body: &'static [Field],
    /// The contract's example of the body, as flags.
    pub(crate) example: &'static str,
    /// Fields that can be expanded.
    pub(crate) expand: &'static [&'static str],
    /// What a table shows of each item, when it lists: field, as a dotted name, and heading.
    pub(crate) columns: &'static [(&'static str, &'static str)],
    /// Whether it lists page by page.
    pub(crate) paged: bool,
    /// Whether it takes an idempotency key.
    pub(crate) idempotent: bool,
    /// Whether it takes a pace of the sandbox.
    pub(crate) timing: bool,
    /// Whether it answers CSV too.
    pub(crate) csv: bool,
    /// Whether it answers with a stream of events.
    pub(crate) streaming: bool,
    /// Whether something is gone after it.
    pub(crate) destructive: bool,
    /// Whether the answer holds a secret that is shown once.
    pub(crate) issues: bool,
    /// What it answers.
    pub(crate) answer: &'static Schema,
}

/// The id in a path.
pub(crate) struct Id {
    pub(crate) prefix: &'static str,
    pub(crate) what: &'static str,
    pub(crate) example: &'static str,
}

/// A parameter of the query, or a property of the body.
pub(crate) struct Field {
    /// As it is sent: `success_url`, `created_at[gte]`; nested properties as `card.number`.
    pub(crate) name: &'static str,
    /// As it is typed, without the dashes.
    pub(crate) flag: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    pub(crate) about: &'static str,
}

/// What a field takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Text,
    /// Text that is never shown again.
    Secret,
    Integer,
    /// An integer of seconds.
    Seconds,
    /// An integer in minor units.
    Money,
    Boolean,
    Time,
    /// An absolute URL.
    Url,
    /// An id with this prefix.
    Id(&'static str),
    /// One of these.
    OneOf(&'static [&'static str]),
    List(&'static Kind),
    /// Names and texts.
    Map,
}

/// Returns the resource of a noun.
pub(crate) fn resource(noun: &str) -> Option<&'static Resource> {
    RESOURCES.into_iter().find(|resource| resource.noun == noun)
}

impl Resource {
    /// Returns the operation of a verb.
    pub(crate) fn operation(&self, verb: &str) -> Option<&'static Operation> {
        self.operations
            .iter()
            .find(|operation| operation.verb == verb)
    }
}
