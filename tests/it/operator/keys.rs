//! The master key and the database belong together.

use mainstay::{
    crypto::Keyring,
    tenancy::{self, MasterKeyError, TenantService},
};
use mainstay_test_macros::{both_databases, both_sizes};

use super::Stage;
use crate::support::{
    app::TestApp,
    process::{API, MAINSTAY},
};

#[both_sizes]
async fn a_ring_without_the_key_of_the_database_is_refused_by_every_program(mut stage: Stage) {
    let right = stage.deployment.variable("MAINSTAY_MASTER_KEY").to_owned();
    let (next, lost) = (Keyring::generate(), Keyring::generate());
    stage.deployment.set("MAINSTAY_MASTER_KEY", &next);
    for line in ["tenant create Books", "tenant list", "key rotate"] {
        let said = stage.refused(line).await;
        assert!(
            said.starts_with("MAINSTAY_MASTER_KEY: none of its keys"),
            "{line}: {said}"
        );
    }
    let (program, arguments) = match stage.deployment.is_embedded() {
        true => (MAINSTAY, &["serve"][..]),
        false => (API, &[][..]),
    };
    let mut serving = stage.deployment.spawn(program, arguments);
    assert_eq!(serving.exit_code().await, Some(1), "{}", serving.output());
    assert!(serving.output().contains("none of its keys"), "{}", serving.output());
    let (code, found, _) = stage.deployment.attempt("doctor --offline").await;
    assert_eq!(code, Some(1));
    let finding = found.as_array().unwrap().iter().find(|it| it["check"] == "keys");
    assert!(
        finding.unwrap()["what"]
            .as_str()
            .unwrap()
            .contains("MAINSTAY_MASTER_KEY"),
        "{found}"
    );

    // One of several is enough; a rotation makes the first the database's.
    stage.deployment.set("MAINSTAY_MASTER_KEY", &format!("{next},{right}"));
    let listed = stage.run("tenant list").await;
    assert_eq!(listed.as_array().unwrap().len(), 1, "nothing was made before: {listed}");
    stage.run("key rotate").await;
    stage.deployment.set("MAINSTAY_MASTER_KEY", &right);
    stage.refused("tenant list").await;
    stage.deployment.set("MAINSTAY_MASTER_KEY", &next);
    stage.run("tenant list").await;
    stage.deployment.start().await;

    // A key that is lost is given up by a command of its own.
    stage.deployment.set("MAINSTAY_MASTER_KEY", &lost);
    let adopted = stage.run("key adopt").await;
    assert_eq!(adopted["closed"], serde_json::json!([listed[0]["id"]]));
    stage.run("tenant create Books").await;
}

fn ring(test: &TestApp, keys: &str) -> TenantService {
    TenantService {
        keyring: Keyring::parse(keys).unwrap(),
        ..test.registry.clone()
    }
}

async fn is_refused(registry: &TenantService) -> bool {
    match tenancy::check_master_key(registry).await {
        Ok(()) => false,
        Err(MasterKeyError::Foreign) => true,
        Err(error) => panic!("{error}"),
    }
}

#[both_databases]
async fn a_database_from_before_takes_the_key_that_opens_it_and_no_other(test: TestApp) {
    let (old, new) = (test.master_key.clone(), Keyring::generate());
    let noted = async || test.count("SELECT COUNT(*) FROM master_key").await;
    assert!(is_refused(&ring(&test, &new)).await);
    assert_eq!(noted().await, 0, "whoever opens nothing notes nothing");
    assert!(!is_refused(&ring(&test, &format!("{new},{old}"))).await);
    assert_eq!(noted().await, 1);
    // Nothing was sealed anew: it is still the old key that counts.
    assert!(is_refused(&ring(&test, &new)).await);
    assert!(!is_refused(&ring(&test, &old)).await);
    // A tenant under the first key is in doubt no reason to take it for the database's.
    let both = ring(&test, &format!("{new},{old}"));
    tenancy::create_tenant(&both, "Books").await.unwrap();
    test.app.db.sql("DELETE FROM master_key", ()).run().await.unwrap();
    assert!(!is_refused(&both).await && !is_refused(&ring(&test, &old)).await);
    assert!(is_refused(&ring(&test, &new)).await);
    tenancy::rotate_keys(&both).await.unwrap();
    assert!(is_refused(&ring(&test, &old)).await && !is_refused(&ring(&test, &new)).await);
}

#[both_databases]
async fn an_empty_database_takes_the_first_key_that_comes(test: TestApp) {
    for sql in [
        "DELETE FROM channel_checks",
        "DELETE FROM channels",
        "DELETE FROM api_keys",
        "DELETE FROM tenants",
    ] {
        test.app.db.sql(sql, ()).run().await.unwrap();
    }
    let (first, second) = (Keyring::generate(), Keyring::generate());
    assert!(!is_refused(&ring(&test, &first)).await);
    assert!(is_refused(&ring(&test, &second)).await);
}
