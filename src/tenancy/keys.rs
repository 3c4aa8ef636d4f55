use super::{TenancyError, TenantService, text};
use crate::{
    clock::Clock,
    crypto::ApiToken,
    db::{On, Tx},
    domain::{ApiKeyId, Ctx, Quota, Scopes},
    records::{
        api_keys::{self, ApiKey},
        quotas, tenants,
    },
};

/// A new API key with its token, which is shown only once.
#[derive(Clone)]
pub struct NewApiKey {
    pub id: ApiKeyId,
    pub token: ApiToken,
}

/// Creates an API key.
pub async fn create_api_key(
    service: &TenantService,
    ctx: &Ctx,
    name: &str,
    scopes: &Scopes,
) -> Result<NewApiKey, TenancyError> {
    let tenant = ctx.tenant;
    let name = text("the name of the key", name, 200)?;
    if tenants::find(service.db.writer(), tenant).await?.is_none() {
        return Err(TenancyError::NotFound(format!("tenant {tenant}")));
    }
    let make = async |tx: &mut Tx| {
        quotas::admit(tx, tenant, Quota::ApiKeys).await??;
        insert(tx.on(), &service.clock, ctx, name, scopes).await
    };
    service.db.transaction_as(tenant, make).await
}

/// Inserts a new API key.
pub(super) async fn insert(
    on: On<'_>,
    clock: &Clock,
    ctx: &Ctx,
    name: &str,
    scopes: &Scopes,
) -> Result<NewApiKey, TenancyError> {
    let token = ApiToken::generate();
    let key = ApiKey {
        id: clock.new_id(),
        tenant_id: ctx.tenant,
        name: name.to_owned(),
        scopes: scopes.to_string(),
        created_at: clock.now(),
        last_used_at: None,
        revoked_at: None,
        created_by: Some(ctx.actor.to_string()),
    };
    api_keys::insert(on, &key, ApiToken::digest(token.expose())).await?;
    Ok(NewApiKey { id: key.id, token })
}

/// Revokes a key. Takes effect at once.
pub async fn revoke_api_key(service: &TenantService, id: ApiKeyId) -> Result<(), TenancyError> {
    match api_keys::revoke(service.db.writer(), id, service.clock.now()).await? {
        0 => Err(TenancyError::NotFound(format!("live API key {id}"))),
        _ => Ok(()),
    }
}
