//! Calls about single customers: read receipts and blocks.

use super::{BlockResult, BlockTarget, BlockedPage, CallError, Provider, Providers, Receipt, access, capabilities};
use crate::directory::Route;

impl Providers {
    /// Marks an inbound message and all before it as read; with a typing indicator if the receipt says so.
    pub async fn mark_read(&self, route: &Route, wamid: &str, receipt: Receipt) -> Result<(), CallError> {
        capabilities(route.provider).check_read_receipts()?;
        match route.provider {
            Provider::Meta => Ok(self.meta.mark_read(access(route)?, wamid, receipt).await?),
        }
    }

    /// Blocks customers on a number. Returns a result for each.
    pub async fn block(&self, route: &Route, targets: &[BlockTarget]) -> Result<Vec<BlockResult>, CallError> {
        capabilities(route.provider).check_blocks()?;
        match route.provider {
            Provider::Meta => Ok(self.meta.block_users(access(route)?, targets).await?),
        }
    }

    /// Unblocks customers on a number. Returns a result for each.
    pub async fn unblock(&self, route: &Route, targets: &[BlockTarget]) -> Result<Vec<BlockResult>, CallError> {
        capabilities(route.provider).check_blocks()?;
        match route.provider {
            Provider::Meta => Ok(self.meta.unblock_users(access(route)?, targets).await?),
        }
    }

    /// Returns a page of the blocked customers of a number.
    pub async fn blocked(&self, route: &Route, limit: i64, after: Option<&str>) -> Result<BlockedPage, CallError> {
        capabilities(route.provider).check_blocks()?;
        match route.provider {
            Provider::Meta => Ok(self.meta.blocked_users(access(route)?, limit, after).await?),
        }
    }
}
