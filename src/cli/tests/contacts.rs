use serde_json::json;

use super::*;
use crate::domain::{ContactId, Id, TenantId};

#[tokio::test]
async fn two_contacts_become_one() {
    let db = Scratch::migrated().await;
    let operator = operator(&db).await;
    let tenant = on(&operator, "tenant create Olaria").await;
    let tenant: TenantId = tenant["id"].as_str().unwrap().parse().unwrap();
    let sql = "INSERT INTO contacts (tenant_id, id, kind, name, created_at, updated_at) VALUES ($1, $2, 'person', 'Ana', $3, $3)";
    let [into, from] = [1, 2].map(|n| ContactId::from_uuid(uuid::Uuid::from_u128(n)));
    for id in [into, from] {
        operator
            .registry
            .db
            .sql(sql, (tenant, id, operator.registry.clock.now()))
            .run()
            .await
            .unwrap();
    }
    let line = format!("contact merge --tenant Olaria {into} {from}");
    let merged = on(&operator, &line).await;
    assert_eq!(merged, json!({ "contact_id": into, "merged_contact_id": from }));
    let again = try_on(&operator, &line).await.unwrap_err();
    assert!(
        again.to_string().contains(&format!("there is no contact {from}")),
        "{again}"
    );
    let itself = try_on(&operator, &format!("contact merge --tenant Olaria {into} {into}")).await;
    assert!(itself.unwrap_err().to_string().contains("not merged with itself"));
}

#[tokio::test]
async fn a_tenants_data_is_kept_for_as_long_as_the_operator_says() {
    let db = Scratch::migrated().await;
    let operator = operator(&db).await;
    on(&operator, "tenant create Olaria").await;
    let set = "tenant set Olaria --retention messages=30 --retention media=7";
    assert_eq!(
        on(&operator, set).await["retention"],
        json!({ "messages": 30, "media": 7, "events": null })
    );
    let less = on(&operator, "tenant set Olaria --retention messages=default").await;
    assert_eq!(
        less["retention"],
        json!({ "messages": null, "media": 7, "events": null })
    );
    for (wrong, said) in [
        ("messages=7", "for 8 to"),
        ("messages", "--retention: write NAME=NUMBER"),
        ("messages=never", "\"never\" is neither"),
        ("raw=8", "use messages, media and events"),
    ] {
        let refused = try_on(&operator, &format!("tenant set Olaria --retention {wrong}")).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(said), "{refused}");
    }
}
