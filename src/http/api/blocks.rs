//! The block list of a channel, which Meta keeps.

use axum::{Json as Body, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::sending::To;
use crate::{
    app::App,
    domain::{ChannelId, ContactId, perm},
    http::{
        auth::{May, TenantAccess},
        extract::{Json, Path},
        paging::{Page, Paging, PagingParams, cursor},
        problem::Problem,
    },
    messaging::{self, BlockAction, BlockedCustomer, accept::Address},
    meta::graph::MAX_BLOCK_USERS,
};

const LIST: &str = "blocks";

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Users {
    /// The users; 1 to 1,000.
    #[schema(min_items = 1, max_items = 1_000)]
    users: Vec<To>,
}

/// A result for each user, in the order of the request.
#[derive(Serialize, ToSchema)]
pub(crate) struct BlockResults {
    results: Vec<BlockResult>,
}

#[derive(Serialize, ToSchema)]
struct BlockResult {
    /// Null for a user without a contact here.
    #[schema(required)]
    contact_id: Option<ContactId>,
    done: bool,
    /// Meta's error code, if it failed.
    #[schema(required)]
    error_code: Option<i64>,
    /// Why it failed.
    #[schema(required)]
    error: Option<String>,
}

/// A blocked user.
#[derive(Serialize, ToSchema)]
pub(crate) struct BlockedUser {
    /// Null for a user without a contact here.
    #[schema(required)]
    contact_id: Option<ContactId>,
    #[schema(required)]
    phone: Option<String>,
    #[schema(required)]
    user_id: Option<String>,
}

/// Block customers
///
/// Blocks users of this number at Meta: they cannot write to it, and messages to them are rejected. Only users who wrote within 24 hours
/// can be blocked.
#[utoipa::path(post, path = "/api/v1/channels/{id}/blocks", params(("id" = ChannelId, Path)), request_body = Users,
    responses((status = 200, description = "A result for each", body = BlockResults)))]
pub async fn block(
    caller: May<perm::ContactsWrite>,
    State(app): State<App>,
    Path(id): Path<ChannelId>,
    Json(users): Json<Users>,
) -> Result<Body<BlockResults>, Problem> {
    change(&caller, &app, id, &users, BlockAction::Block).await
}

/// Unblock customers
#[utoipa::path(delete, path = "/api/v1/channels/{id}/blocks", params(("id" = ChannelId, Path)), request_body = Users,
    responses((status = 200, description = "A result for each", body = BlockResults)))]
pub async fn unblock(
    caller: May<perm::ContactsWrite>,
    State(app): State<App>,
    Path(id): Path<ChannelId>,
    Json(users): Json<Users>,
) -> Result<Body<BlockResults>, Problem> {
    change(&caller, &app, id, &users, BlockAction::Unblock).await
}

/// List blocked customers
///
/// Lists users as Meta does, including users blocked with other tools.
#[utoipa::path(get, path = "/api/v1/channels/{id}/blocks", params(("id" = ChannelId, Path), PagingParams),
    responses((status = 200, description = "A page of blocked customers", body = Page<BlockedUser>)))]
pub async fn list(
    caller: May<perm::ContactsRead>,
    State(app): State<App>,
    Path(id): Path<ChannelId>,
    paging: Paging,
) -> Result<Body<Page<BlockedUser>>, Problem> {
    let after: Option<String> = paging.key(LIST)?;
    let directory = app.directory.current();
    let route = super::route(&directory, caller.tenant, id)?;
    let (people, next) = messaging::list_blocked(&app.messaging, route, paging.limit(), after.as_deref()).await?;
    let show = |it: BlockedCustomer| BlockedUser {
        contact_id: it.contact,
        phone: it.phone,
        user_id: it.user_id,
    };
    Ok(Body(Page {
        data: people.into_iter().map(show).collect(),
        next_cursor: next.map(|next| cursor(LIST, &next)),
    }))
}

async fn change(
    caller: &TenantAccess,
    app: &App,
    id: ChannelId,
    users: &Users,
    blocking: BlockAction,
) -> Result<Body<BlockResults>, Problem> {
    if users.users.is_empty() || users.users.len() > MAX_BLOCK_USERS {
        let detail = format!(
            "users: must hold 1 to {MAX_BLOCK_USERS}; it holds {}.",
            users.users.len()
        );
        return Err(Problem::invalid_field("users", detail, Some(MAX_BLOCK_USERS as u64)));
    }
    let mut people: Vec<Address> = Vec::with_capacity(users.users.len());
    for user in &users.users {
        people.push(app.composer.recipient(caller, &user.recipient()?).await?);
    }
    let directory = app.directory.current();
    let route = super::route(&directory, caller.tenant, id)?;
    let results = messaging::change_blocks(&app.messaging, caller, route, &people, blocking).await?;
    let result = |it: messaging::BlockOutcome| BlockResult {
        contact_id: it.contact,
        done: it.refused.is_none(),
        error_code: it.refused.as_ref().and_then(|(code, _)| *code),
        error: it.refused.map(|(_, why)| why),
    };
    Ok(Body(BlockResults {
        results: results.into_iter().map(result).collect(),
    }))
}
