//! Owns the log of requests to the API.
