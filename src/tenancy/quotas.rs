use std::collections::{BTreeMap, HashMap};

use super::{TenancyError, TenantService};
use crate::{
    domain::{Quota, TenantId},
    records::{quotas, tenants},
};

/// Returns the quotas of a tenant by name, defaults included.
pub async fn quotas(service: &TenantService, tenant: TenantId) -> Result<BTreeMap<String, i64>, TenancyError> {
    Ok(complete(quotas::list(service.db.reader(), tenant).await?))
}

/// Returns the quotas of several tenants.
pub(crate) async fn quotas_of(
    service: &TenantService,
    tenants: &[TenantId],
) -> Result<Vec<BTreeMap<String, i64>>, TenancyError> {
    let mut set: HashMap<TenantId, Vec<(String, i64)>> = HashMap::new();
    for (tenant, name, most) in quotas::list_all(service.db.reader()).await? {
        set.entry(tenant).or_default().push((name, most));
    }
    let of = |tenant: &TenantId| complete(set.remove(tenant).unwrap_or_default());
    Ok(tenants.iter().map(of).collect())
}

/// Adds the defaults of quotas that are not set.
fn complete(set: Vec<(String, i64)>) -> BTreeMap<String, i64> {
    let usual = Quota::ALL.map(|quota| (quota.as_str().to_owned(), quota.default()));
    usual.into_iter().chain(set).collect()
}

/// Sets quotas of a tenant; `None` restores the default. Existing resources above a quota stay.
pub async fn set_quotas(
    service: &TenantService,
    tenant: TenantId,
    wanted: &[(Quota, Option<i64>)],
) -> Result<(), TenancyError> {
    for (quota, most) in wanted {
        if most.is_some_and(|most| !(0..=quota.most()).contains(&most)) {
            return Err(TenancyError::Invalid(format!(
                "quotas: {} must be 0 to {}, or nothing for the default, {}",
                quota.as_str(),
                quota.most(),
                quota.default()
            )));
        }
    }
    let mut tx = service.db.begin().await?;
    if tenants::find(tx.on(), tenant).await?.is_none() {
        tx.rollback().await?;
        return Err(TenancyError::NotFound(format!("tenant {tenant}")));
    }
    for (quota, most) in wanted {
        quotas::set(tx.on(), tenant, *quota, *most).await?;
    }
    Ok(tx.commit().await?)
}
