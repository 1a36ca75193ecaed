//! Expandable fields: an id, or the object it names when the call asked for it.
//!
//! Owns [`Expandable`] and the depth check of `expand` paths. Which paths exist is the server's
//! business: an unknown one is its `invalid_expand`.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::contract;
use crate::error::Error;
use crate::id::sealed::Sealed;

/// A reference to another object: its id, or the whole object when expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expandable<I, T> {
    /// The id alone.
    Id(I),
    /// The object.
    Object(Box<T>),
}

/// An object that knows its id. Implemented by the SDK's types only.
pub trait Identified: Sealed {
    /// The type of the id.
    type Id;

    /// Returns the object's id.
    fn id(&self) -> &Self::Id;
}

impl<I, T> Expandable<I, T> {
    /// Returns the object when it was expanded.
    pub fn object(&self) -> Option<&T> {
        match self {
            Self::Id(_) => None,
            Self::Object(object) => Some(object),
        }
    }

    /// Returns the object by value when it was expanded.
    pub fn into_object(self) -> Option<T> {
        match self {
            Self::Id(_) => None,
            Self::Object(object) => Some(*object),
        }
    }
}

impl<I, T: Identified<Id = I>> Expandable<I, T> {
    /// Returns the id, expanded or not.
    pub fn id(&self) -> &I {
        match self {
            Self::Id(id) => id,
            Self::Object(object) => object.id(),
        }
    }
}

impl<I: Serialize, T: Serialize> Serialize for Expandable<I, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Id(id) => id.serialize(serializer),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

impl<'de, I: DeserializeOwned, T: DeserializeOwned> Deserialize<'de> for Expandable<I, T> {
    /// Reads text as the id and anything else as the object.
    ///
    /// Not `#[serde(untagged)]`: that answers every fault inside the object with "did not match
    /// any variant", and the fault's own words are what a merchant needs.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            text @ serde_json::Value::String(_) => serde_json::from_value(text)
                .map(Self::Id)
                .map_err(D::Error::custom),
            object => serde_json::from_value(object)
                .map(|object| Self::Object(Box::new(object)))
                .map_err(D::Error::custom),
        }
    }
}

/// Parameters with an `expand` list. Implemented by generated types.
#[doc(hidden)]
pub trait SupportsExpand {
    /// Returns the list to fill.
    fn expand_mut(&mut self) -> &mut Option<Vec<String>>;
}

/// Checks one `expand` path before it is sent.
pub(crate) fn check_path(path: &str) -> Result<(), Error> {
    let segments = path.split('.');
    if segments.clone().any(str::is_empty) {
        return Err(Error::config(
            "an expand path has an empty segment; write it like `customer` or \
             `customer.default_payment_method`",
        ));
    }
    let named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !segments.clone().all(|segment| segment.bytes().all(named)) {
        return Err(Error::config(
            "an expand path has a character that no field has; fields are lower-case letters, \
             digits and underscores, joined by points",
        ));
    }
    let depth = segments.count();
    if depth > contract::EXPAND_MAX_DEPTH {
        return Err(Error::config(format!(
            "an expand path goes {depth} levels deep; the API follows {} at most",
            contract::EXPAND_MAX_DEPTH
        )));
    }
    Ok(())
}

/// Declares that an object has an `id` field: `impl_identified!(Payment, PaymentId)`.
macro_rules! impl_identified {
    ($object:ty, $id:ty) => {
        impl $crate::id::sealed::Sealed for $object {}

        impl $crate::expand::Identified for $object {
            type Id = $id;

            fn id(&self) -> &$id {
                &self.id
            }
        }
    };
}
pub(crate) use impl_identified;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    struct Customer {
        id: String,
        email: String,
    }
    impl_identified!(Customer, String);

    type Reference = Expandable<String, Customer>;

    #[test]
    fn text_is_the_id_and_an_object_is_the_object() {
        let id: Reference = serde_json::from_str("\"cus_1\"").unwrap();
        assert!(id.object().is_none());
        assert_eq!(id.id(), "cus_1");
        let json = r#"{"id":"cus_1","email":"a@b.test"}"#;
        let object: Reference = serde_json::from_str(json).unwrap();
        assert_eq!(object.id(), "cus_1");
        assert_eq!(object.object().unwrap().email, "a@b.test");
        assert_eq!(serde_json::to_string(&object).unwrap(), json);
        assert_eq!(object.into_object().unwrap().id, "cus_1");
    }

    #[test]
    fn a_fault_inside_the_object_keeps_its_words() {
        let error = serde_json::from_str::<Reference>(r#"{"id":"cus_1"}"#).unwrap_err();
        assert!(error.to_string().contains("email"), "{error}");
    }

    #[test]
    fn paths_of_three_levels_pass_and_of_four_do_not() {
        assert!(check_path("customer").is_ok());
        assert!(check_path("a.b.c").is_ok());
        for bad in ["a.b.c.d", "", "a..b", ".a", "a.", "a,b", "A", "a b", "ä"] {
            assert!(check_path(bad).is_err(), "{bad:?}");
        }
    }
}
