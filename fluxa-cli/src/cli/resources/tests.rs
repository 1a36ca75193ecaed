//! The table against the contract, and the commands against clap.
