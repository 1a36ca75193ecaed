//! The `fluxa` binary.

fn main() {}
