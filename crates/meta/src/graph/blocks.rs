//! Block list of a business number (`/{phone_number_id}/block_users`). Meta blocks only users who wrote within 24 hours, at most 64,000 per
//! number, and reports each user's result separately.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{
    Access, Error, GraphClient, errors,
    response::{list, number, text},
};
use crate::{error_data, webhook::phone};

/// Maximum number of users in one request.
pub const MAX_BLOCK_USERS: usize = 1_000;

/// A user to block or unblock, as Meta names them. Parent user ids are not accepted here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockTarget {
    /// Digits.
    Phone(String),
    UserId(String),
}

/// The result of blocking or unblocking one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockResult {
    pub target: BlockTarget,
    /// Other ids that Meta reports for this user: the number as WhatsApp knows it, the business-scoped id.
    pub other_ids: Vec<BlockTarget>,
    /// Meta's error code and message, if the change failed.
    pub error: Option<(i64, String)>,
}

/// An entry of the block list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockListEntry {
    pub phone: Option<String>,
    pub user_id: Option<String>,
}

/// A page of the block list with the cursor of the next page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockedPage {
    pub users: Vec<BlockListEntry>,
    pub after: Option<String>,
}

impl BlockTarget {
    fn text(&self) -> &str {
        match self {
            Self::Phone(text) | Self::UserId(text) => text,
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Phone(digits) => json!({ "user": format!("+{digits}") }),
            Self::UserId(id) => json!({ "user_id": id }),
        }
    }

    /// Returns whether an entry of the answer is about this user. Meta repeats the given id (`input`) and adds those it knows.
    fn matches(&self, entry: &Value) -> bool {
        let same = |member: &str| {
            let id = text(&entry[member]);
            id.is_some_and(|id| id.trim_start_matches('+') == self.text())
        };
        match self {
            Self::Phone(_) => same("input") || same("wa_id"),
            Self::UserId(_) => same("input") || same("user_id"),
        }
    }

    /// Returns the other ids that an entry gives for this user.
    fn other_ids(&self, entry: &Value) -> Vec<Self> {
        let number = text(&entry["wa_id"]).and_then(|it| phone(&it)).map(Self::Phone);
        let id = text(&entry["user_id"]).map(Self::UserId);
        number.into_iter().chain(id).filter(|it| it != self).collect()
    }
}

impl GraphClient {
    /// Blocks up to [`MAX_BLOCK_USERS`] users. Returns one result per user.
    pub async fn block_users(&self, access: Access<'_>, targets: &[BlockTarget]) -> Result<Vec<BlockResult>, Error> {
        let request = self.blocks_request(access, Method::POST);
        self.update_blocks("block", request, access, targets).await
    }

    pub async fn unblock_users(&self, access: Access<'_>, targets: &[BlockTarget]) -> Result<Vec<BlockResult>, Error> {
        let request = self.blocks_request(access, Method::DELETE);
        self.update_blocks("unblock", request, access, targets).await
    }

    /// Lists blocked users; `after` is the cursor from the previous page.
    pub async fn blocked_users(
        &self,
        access: Access<'_>,
        limit: i64,
        after: Option<&str>,
    ) -> Result<BlockedPage, Error> {
        let mut request = self.blocks_request(access, Method::GET).query(&[("limit", limit)]);
        if let Some(after) = after {
            request = request.query(&[("after", after)]);
        }
        let answer = self.request_json("blocked", request, access.token).await?;
        let target = |entry: &Value| BlockListEntry {
            phone: text(&entry["wa_id"]),
            user_id: text(&entry["user_id"]),
        };
        let paging = &answer["paging"];
        Ok(BlockedPage {
            users: list(&answer["data"]).iter().map(target).collect(),
            after: text(&paging["cursors"]["after"]).filter(|_| paging["next"].is_string()),
        })
    }

    fn blocks_request(&self, access: Access<'_>, method: Method) -> RequestBuilder {
        let url = self.url(&[access.phone_number_id, "block_users"]);
        let request = self.http.request(method, url);
        request.bearer_auth(access.token.expose()).timeout(self.timeout)
    }

    /// Posts a change of the block list. On partial success Meta answers an error that lists both the changed and the failed users.
    async fn update_blocks(
        &self,
        what: &'static str,
        request: RequestBuilder,
        access: Access<'_>,
        targets: &[BlockTarget],
    ) -> Result<Vec<BlockResult>, Error> {
        let targets_json: Vec<Value> = targets.iter().map(BlockTarget::json).collect();
        let request = request.json(&json!({ "messaging_product": "whatsapp", "block_users": targets_json }));
        let answer = self
            .request_partial(what, request, access.token, Some("block_users"))
            .await?;
        let answered = &answer["block_users"];
        let failed = list(&answered["failed_users"]);
        let refusal = |target: &BlockTarget| {
            let entry = failed.iter().find(|entry| target.matches(entry))?;
            let reported = &entry["errors"][0];
            let message = error_data::details(&reported["error_data"]).or_else(|| text(&reported["message"]));
            let code =
                number(&reported["code"]).map(|code| errors::effective_code(code, number(&reported["error_subcode"])));
            Some((code.unwrap_or(139_100), message.unwrap_or_default()))
        };
        let changed = ["added_users", "removed_users"].map(|members| list(&answered[members]));
        let other_ids = |target: &BlockTarget| {
            let entry = changed.iter().copied().flatten().find(|entry| target.matches(entry));
            entry.map(|entry| target.other_ids(entry)).unwrap_or_default()
        };
        let change = |target: &BlockTarget| BlockResult {
            target: target.clone(),
            other_ids: other_ids(target),
            error: refusal(target),
        };
        Ok(targets.iter().map(change).collect())
    }
}
