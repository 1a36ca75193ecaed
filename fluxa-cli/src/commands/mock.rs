//! `fluxa mock`: the sandbox server on this machine.
pub(crate) const WELL_KNOWN_KEY: &str = concat!("sk_", "test_mock0000000000000000000000000000");
use super::Context;
use crate::cli::MockArguments;
use crate::error::Result;
pub(crate) async fn start_if_absent(_c: &Context) -> Result<Option<()>> {
    Ok(None)
}
pub(crate) async fn run(_c: &Context, _a: MockArguments) -> Result<()> {
    Ok(())
}
