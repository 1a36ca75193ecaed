//! The commands, one module for each noun.

pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod events;
pub(crate) mod keys;
pub(crate) mod listen;
pub(crate) mod mock;
pub(crate) mod trigger;

use crate::config::Settings;
use crate::ui::Ui;

/// What every command has at hand.
pub(crate) struct Context {
    pub(crate) settings: Settings,
    pub(crate) ui: Ui,
}
