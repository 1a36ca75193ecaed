//! The Fluxa SDK.
