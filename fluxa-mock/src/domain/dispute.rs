//! Owns disputes: opened, evidence, deadline, outcome.
