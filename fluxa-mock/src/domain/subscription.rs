//! Owns subscriptions: trials, renewals, dunning, proration.
