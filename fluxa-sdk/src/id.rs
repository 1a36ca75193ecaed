//! Identifiers: one newtype for each kind of object, so that they cannot be mixed up.
//!
//! Owns the `id_type!` macro that generated code invokes and the strict check made before an id
//! reaches a path. What comes *from* the server is never checked: a longer id, or one with a new
//! alphabet, must not fail a whole response.

use crate::contract;
use crate::error::Error;

/// The most characters after the prefix of an id given by the caller.
const MAX_SUFFIX_CHARS: usize = 64;

pub(crate) mod sealed {
    /// Keeps traits of this crate closed to others, so that they may grow.
    ///
    /// ```compile_fail,E0277
    /// struct Numbers;
    /// impl fluxa_sdk::pagination::Page for Numbers {
    ///     type Item = u32;
    ///     fn has_more(&self) -> bool { false }
    ///     fn next_cursor(&self) -> Option<&str> { None }
    ///     fn into_items(self) -> Vec<u32> { Vec::new() }
    /// }
    /// ```
    /// ```compile_fail,E0277
    /// struct Order(String);
    /// impl fluxa_sdk::expand::Identified for Order {
    ///     type Id = String;
    ///     fn id(&self) -> &String { &self.0 }
    /// }
    /// ```
    pub trait Sealed {}
    impl Sealed for &str {}
    impl Sealed for String {}
    impl Sealed for &String {}
}

/// An identifier of one kind of object. Implemented by the SDK's id types only.
pub trait Id: Clone + sealed::Sealed {
    /// The prefix of the id, its underscore included.
    const PREFIX: &'static str;
    /// What the id names, in words.
    const RESOURCE: &'static str;

    /// Returns the id as text.
    fn as_str(&self) -> &str;

    /// Returns the id after checking its prefix and alphabet.
    ///
    /// # Errors
    /// [`Error::Config`] when `text` is not an id of this kind. Nothing has been sent.
    fn parse(text: &str) -> Result<Self, Error>;

    /// Returns the text as an id, unchecked.
    #[doc(hidden)]
    fn unchecked(text: String) -> Self;
}

/// What may be given where an id is wanted: the id itself, or text that is checked.
///
/// The check is made for ids that came from a response too, since responses are read leniently:
/// an empty id, or one with a `/`, would reach another route than the one meant.
pub trait IntoId<I>: sealed::Sealed {
    /// Returns the id.
    ///
    /// # Errors
    /// [`Error::Config`] when this is not an id of the kind wanted. Nothing has been sent.
    fn into_id(self) -> Result<I, Error>;

    /// Returns the id unchecked: for the setter of a body, which is checked as a whole when the
    /// call that sends it is made.
    #[doc(hidden)]
    fn into_unchecked(self) -> I;
}

impl<I: Id> IntoId<I> for I {
    fn into_id(self) -> Result<I, Error> {
        check(self.as_str(), I::PREFIX, I::RESOURCE)?;
        Ok(self)
    }

    fn into_unchecked(self) -> I {
        self
    }
}

impl<I: Id> sealed::Sealed for &I {}

impl<I: Id> IntoId<I> for &I {
    fn into_id(self) -> Result<I, Error> {
        self.clone().into_id()
    }

    fn into_unchecked(self) -> I {
        self.clone()
    }
}

impl<I: Id> IntoId<I> for &str {
    fn into_id(self) -> Result<I, Error> {
        I::parse(self)
    }

    fn into_unchecked(self) -> I {
        I::unchecked(self.to_owned())
    }
}

impl<I: Id> IntoId<I> for String {
    fn into_id(self) -> Result<I, Error> {
        I::parse(&self)
    }

    fn into_unchecked(self) -> I {
        I::unchecked(self)
    }
}

impl<I: Id> IntoId<I> for &String {
    fn into_id(self) -> Result<I, Error> {
        I::parse(self)
    }

    fn into_unchecked(self) -> I {
        I::unchecked(self.clone())
    }
}

/// Checks that `text` is `prefix` and 1 to 64 ASCII letters or digits.
///
/// The message never repeats `text`: what was passed by mistake may be a secret key.
pub(crate) fn check(text: &str, prefix: &str, resource: &str) -> Result<(), Error> {
    let fault = match text.strip_prefix(prefix) {
        Some("") => "nothing follows the prefix".to_owned(),
        Some(rest) if !rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            "only ASCII letters and digits may follow the prefix".to_owned()
        }
        Some(rest) if rest.len() > MAX_SUFFIX_CHARS => {
            format!("more than {MAX_SUFFIX_CHARS} characters follow the prefix")
        }
        Some(_) => return Ok(()),
        None if text.is_empty() => "it is empty".to_owned(),
        None => match looks_like(text) {
            Some((found, other)) => format!(
                "this looks like the id of {} {other} (`{found}…`)",
                article(other)
            ),
            None => "it has another prefix".to_owned(),
        },
    };
    Err(Error::config(format!(
        "not {article} {resource} id: {fault}; {article} {resource} id starts with `{prefix}`",
        article = article(resource)
    )))
}

fn article(noun: &str) -> &'static str {
    match noun.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U']) {
        true => "an",
        false => "a",
    }
}

fn looks_like(text: &str) -> Option<(&'static str, &'static str)> {
    let mut known = contract::ID_PREFIXES.into_iter();
    known.find(|(prefix, _)| text.starts_with(prefix))
}

/// Declares an id: `id_type! { /// doc\n PaymentId, "pay_", "payment" }`.
macro_rules! id_type {
    ($(#[$meta:meta])* $name:ident, $prefix:expr, $resource:expr) => {
        $(#[$meta])*
        #[derive(
            Clone, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The prefix of these ids, its underscore included.
            pub const PREFIX: &'static str = $prefix;

            /// Returns the id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Returns the id after checking its prefix and alphabet.
            ///
            /// # Errors
            /// `Error::Config` when `text` is not an id of this kind. Nothing has been sent.
            pub fn parse(text: &str) -> ::std::result::Result<Self, $crate::Error> {
                $crate::id::check(text, $prefix, $resource)?;
                Ok(Self(text.to_owned()))
            }

            /// Checks an id that was taken unchecked.
            #[allow(dead_code, clippy::allow_attributes, reason = "not every id is in a body")]
            pub(crate) fn check(&self) -> ::std::result::Result<(), $crate::Error> {
                $crate::id::check(&self.0, $prefix, $resource)
            }
        }

        impl $crate::id::sealed::Sealed for $name {}

        impl $crate::id::Id for $name {
            const PREFIX: &'static str = $prefix;
            const RESOURCE: &'static str = $resource;

            fn as_str(&self) -> &str {
                &self.0
            }

            fn parse(text: &str) -> ::std::result::Result<Self, $crate::Error> {
                Self::parse(text)
            }

            fn unchecked(text: String) -> Self {
                Self(text)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Debug::fmt(&self.0, f)
            }
        }

        impl ::std::convert::AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::Error;

            fn from_str(text: &str) -> ::std::result::Result<Self, $crate::Error> {
                Self::parse(text)
            }
        }

        impl ::std::convert::From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}
pub(crate) use id_type;

#[cfg(test)]
mod tests {
    use super::*;

    id_type! {
        /// A payment's id.
        PaymentId, "pay_", "payment"
    }

    fn convert(id: impl IntoId<PaymentId>) -> Result<PaymentId, Error> {
        id.into_id()
    }

    #[test]
    fn every_form_of_a_good_id_converts() {
        let id = PaymentId::parse("pay_7f3a1b2c4d5e6f70").unwrap();
        assert_eq!(convert(&id).unwrap(), id);
        assert_eq!(convert("pay_7f3a1b2c4d5e6f70").unwrap(), id);
        let text = String::from(id.clone());
        assert_eq!(convert(&text).unwrap(), id);
        assert_eq!(convert(text).unwrap(), id);
        assert_eq!(convert(id.clone()).unwrap(), id);
    }

    #[test]
    fn an_id_that_would_reach_another_route_is_refused() {
        let long = format!("pay_{}", "a".repeat(65));
        for bad in [
            "", "pay_", "pay_a/b", "pay_..", "pay_a b", "pay_é", "pay_a?", "x", &long,
        ] {
            assert!(convert(bad).is_err(), "{bad:?}");
        }
        let lenient: PaymentId = serde_json::from_str("\"pay_a/../b\"").unwrap();
        assert!(
            convert(lenient).is_err(),
            "an id read from a response is checked too"
        );
    }

    #[test]
    fn a_foreign_id_is_named() {
        let text = convert("cus_0123").unwrap_err().to_string();
        assert!(text.contains("customer") && text.contains("pay_"), "{text}");
    }

    #[test]
    fn a_secret_passed_by_mistake_is_not_repeated() {
        let error = convert("sk_test_verysecret").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("verysecret"));
    }
}
