//! Checks that the master keys decrypt the stored secrets.

use super::Finding;
use crate::{
    crypto::Keyring,
    db::Db,
    directory::{open_tenant_key, purpose},
    records::{
        channels::{self, Channel},
        master_key, tenants,
    },
    webhooks::store::endpoints::{self, Endpoint, headers_purpose, secrets_purpose},
};

const CHECK: &str = "keys";

/// Checks that the master keys decrypt the stored secrets.
pub async fn check(db: &Db, keyring: &Keyring) -> Vec<Finding> {
    match examine(db, keyring).await {
        Ok(findings) => findings,
        Err(error) => vec![Finding::fail(
            CHECK,
            format!("the tenants cannot be read: {error}"),
            "fix the database first",
        )],
    }
}

async fn examine(db: &Db, keyring: &Keyring) -> sqlx::Result<Vec<Finding>> {
    let noted = master_key::find(db.reader()).await?;
    if noted.is_some_and(|noted| !keyring.has_fingerprint(&noted)) {
        let what = "MAINSTAY_MASTER_KEY does not hold the key of this database: every process refuses to start";
        let cure = "put it back, or set DATABASE_URL to the database of this key; if it is lost: `mainstay key adopt`";
        return Ok(vec![Finding::fail(CHECK, what, cure)]);
    }
    let (mut lost, mut old, mut secrets) = (Vec::new(), 0, 0);
    let tenants = tenants::all(db.reader()).await?;
    for tenant in &tenants {
        let Some(key) = open_tenant_key(keyring, tenant) else {
            lost.push(format!("the key of {}", tenant.id));
            continue;
        };
        old += usize::from(keyring.needs_resealing(&tenant.sealed_key));
        for channel in channels::of_tenant(db.reader(), tenant.id).await? {
            for (what, sealed) in sealed(&channel) {
                secrets += 1;
                if key.open(&purpose(what, channel.id), sealed).is_err() {
                    lost.push(format!("the {} of {}", what.replace('-', " "), channel.id));
                }
            }
        }
        for endpoint in endpoints::list(db.reader(), tenant.id, None, i64::MAX).await? {
            for (what, purpose, sealed) in sealed_of_endpoint(&endpoint) {
                secrets += 1;
                if key.open(&purpose, sealed).is_err() {
                    lost.push(format!("the {what} of {}", endpoint.id));
                }
            }
        }
    }
    let mut findings = Vec::new();
    if lost.is_empty() {
        let what = format!(
            "the keys of {} tenants and {secrets} secrets of channels and endpoints open",
            tenants.len()
        );
        findings.push(Finding::ok(CHECK, what));
    } else {
        let cure = "put the key they were sealed under into MAINSTAY_MASTER_KEY behind the first, after a comma; if it is lost, \
                    make their tenants anew";
        findings.push(Finding::fail(
            CHECK,
            format!("cannot be opened: {}", lost.join(", ")),
            cure,
        ));
    }
    if old > 0 {
        let what = format!("{old} tenants are still sealed under an older master key");
        let cure = "run `mainstay key rotate`, then the older key can be taken out of MAINSTAY_MASTER_KEY";
        findings.push(Finding::warn(CHECK, what, cure));
    }
    Ok(findings)
}

fn sealed(channel: &Channel) -> impl Iterator<Item = (&'static str, &[u8])> {
    let all = [
        ("access-token", channel.access_token.as_deref()),
        ("app-secret", channel.app_secret.as_deref()),
        ("credentials", channel.credentials.as_deref()),
    ];
    all.into_iter().filter_map(|(what, sealed)| Some((what, sealed?)))
}

fn sealed_of_endpoint(endpoint: &Endpoint) -> impl Iterator<Item = (&'static str, String, &[u8])> {
    let secrets = [Some(&endpoint.secret), endpoint.previous_secret.as_ref()]
        .into_iter()
        .flatten();
    let secrets = secrets.map(|sealed| ("secret", secrets_purpose(endpoint.id), sealed.as_slice()));
    let headers = endpoint.headers.as_deref();
    secrets.chain(headers.map(|sealed| ("headers", headers_purpose(endpoint.id), sealed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cli::doctor::finding::FindingStatus,
        clock::Clock,
        config::Secret,
        db::Scratch,
        domain::Ctx,
        egress::{EgressClient, EgressPolicy},
        tenancy::{self, NewChannel, TenantService},
        webhooks::{NewEndpoint, WebhookService},
    };

    async fn with_a_channel_and_an_endpoint(db: &Db, keyring: &Keyring) {
        let registry = TenantService {
            db: db.clone(),
            clock: Clock::default(),
            keyring: keyring.clone(),
        };
        let (tenant, _) = tenancy::create_tenant(&registry, "Vinho e Pão").await.unwrap();
        let channel = NewChannel {
            phone_number_id: "1170001".to_owned(),
            waba_id: "2080001".to_owned(),
            access_token: Secret::new("token"),
            app_secret: Some(Secret::new("secret")),
        };
        tenancy::add_channel(&registry, &Ctx::operator(tenant.id), channel)
            .await
            .unwrap();
        let subscriptions = WebhookService {
            db: registry.db,
            clock: registry.clock,
            keyring: registry.keyring,
            egress: EgressClient::new(EgressPolicy::default()).unwrap(),
        };
        let endpoint = NewEndpoint {
            url: "https://example.com/webhooks".to_owned(),
            description: None,
            event_types: vec!["*".to_owned()],
            channels: None,
            rate_limit_per_second: None,
            headers: [("x-gateway-key".to_owned(), "s3cret".to_owned())].into(),
            ordered: false,
            max_concurrent: None,
            enabled: true,
        };
        subscriptions.create(&Ctx::operator(tenant.id), endpoint).await.unwrap();
    }

    fn statuses(findings: &[Finding]) -> Vec<FindingStatus> {
        findings.iter().map(|finding| finding.status).collect()
    }

    #[tokio::test]
    async fn secrets_open_under_their_key_and_not_under_another() {
        let db = Scratch::migrated().await;
        let (first, second) = (Keyring::generate(), Keyring::generate());
        let keyring = Keyring::parse(&first).unwrap();
        with_a_channel_and_an_endpoint(&db, &keyring).await;

        let found = check(&db, &keyring).await;
        assert_eq!(
            found,
            [Finding::ok(
                CHECK,
                "the keys of 1 tenants and 4 secrets of channels and endpoints open"
            )]
        );

        let both = Keyring::parse(&format!("{second},{first}")).unwrap();
        assert_eq!(
            statuses(&check(&db, &both).await),
            [FindingStatus::Ok, FindingStatus::Warn]
        );

        let lost = Keyring::parse(&second).unwrap();
        assert_eq!(statuses(&check(&db, &lost).await), [FindingStatus::Fail]);
    }

    #[tokio::test]
    async fn a_secret_that_was_changed_in_the_database_is_named() {
        let db = Scratch::migrated().await;
        let keyring = Keyring::parse(&Keyring::generate()).unwrap();
        with_a_channel_and_an_endpoint(&db, &keyring).await;
        db.sql("UPDATE channels SET app_secret = access_token", ())
            .run()
            .await
            .unwrap();
        let found = check(&db, &keyring).await;
        assert_eq!(statuses(&found), [FindingStatus::Fail]);
        assert!(found[0].what.contains("the app secret of chn_"), "{}", found[0]);
        db.sql("UPDATE endpoints SET headers = secret", ()).run().await.unwrap();
        let found = check(&db, &keyring).await;
        assert!(found[0].what.contains("the headers of ep_"), "{}", found[0]);
    }
}
