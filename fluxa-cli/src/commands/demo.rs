//! `fluxa demo`
use super::Context;
use crate::error::Result;
pub(crate) async fn run(_c: &Context) -> Result<()> {
    Ok(())
}
