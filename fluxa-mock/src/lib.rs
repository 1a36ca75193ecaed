//! The Fluxa sandbox server.
