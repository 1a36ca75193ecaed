//! Enumerations that stay open: a value the SDK does not know is kept, never an error.
//!
//! Owns the `open_enum!` macro that generated code invokes. New states and types may come at any
//! time (never renamed ones), and a merchant's build must survive them.

/// Declares an open enum: `open_enum! { /// doc\n State { /// doc\n Settled => "SETTLED" } }`.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        $name:ident { $($(#[$variant_meta:meta])* $variant:ident => $text:literal),* $(,)? }
    ) => {
        $(#[$meta])*
        ///
        /// Compared, ordered and hashed by the value as sent, however it was made.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)*
            /// A value this version of the SDK does not know, as it was sent.
            Unknown(String),
        }

        impl $name {
            /// Every value this version of the SDK knows, as sent.
            pub const KNOWN: &'static [&'static str] = &[$($text),*];

            /// Every value this version of the SDK knows.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the value as sent.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Unknown(text) => text,
                }
            }

            /// Returns whether this version of the SDK knows the value.
            pub fn is_known(&self) -> bool {
                !matches!(self, Self::Unknown(_))
            }
        }

        impl ::std::cmp::PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl ::std::cmp::Eq for $name {}

        impl ::std::cmp::PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> ::std::option::Option<::std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl ::std::cmp::Ord for $name {
            fn cmp(&self, other: &Self) -> ::std::cmp::Ordering {
                self.as_str().cmp(other.as_str())
            }
        }

        impl ::std::hash::Hash for $name {
            fn hash<H: ::std::hash::Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }

        impl ::std::convert::From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)*
                    other => Self::Unknown(other.to_owned()),
                }
            }
        }

        impl ::std::convert::From<String> for $name {
            fn from(text: String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::std::convert::Infallible;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                Ok(Self::from(text))
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::convert::AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                let text = <::std::borrow::Cow<'de, str> as ::serde::Deserialize>::deserialize(
                    deserializer,
                )?;
                Ok(Self::from(text.as_ref()))
            }
        }
    };
}
pub(crate) use open_enum;

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macro is made for public enums")]
mod tests {
    open_enum! {
        /// A state.
        State {
            /// Settled.
            Settled => "SETTLED",
            /// Failed.
            Failed => "FAILED",
        }
    }

    #[test]
    fn known_values_make_the_round_trip() {
        for (state, text) in State::ALL.iter().zip(State::KNOWN) {
            assert_eq!(serde_json::to_string(state).unwrap(), format!("\"{text}\""));
            assert_eq!(
                &serde_json::from_str::<State>(&format!("\"{text}\"")).unwrap(),
                state
            );
            assert_eq!(&text.parse::<State>().unwrap(), state);
        }
    }

    #[test]
    fn values_are_the_same_by_what_they_say() {
        let by_hand = State::Unknown("SETTLED".to_owned());
        assert_eq!(by_hand, State::Settled);
        assert_ne!(by_hand, State::Failed);
        assert!(by_hand.cmp(&State::Settled).is_eq());
        let set = std::collections::HashSet::from([State::Settled, by_hand]);
        assert_eq!(set.len(), 1);
    }

    #[test]
    fn an_unknown_value_is_kept() {
        let state: State = serde_json::from_str("\"TELEPORTED\"").unwrap();
        assert_eq!(state, State::Unknown("TELEPORTED".to_owned()));
        assert_eq!(serde_json::to_string(&state).unwrap(), "\"TELEPORTED\"");
        assert!(!state.is_known());
    }
}
