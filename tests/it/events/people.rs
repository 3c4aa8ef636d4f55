use mainstay_test_macros::both_databases;
use serde_json::json;

use super::{of_type, schema};
use crate::support::{
    app::TestApp,
    webhook::{ANA, BEN, T0, Who, change, message, text},
};

#[both_databases]
async fn a_new_contact_is_told_with_all_that_is_known(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", T0, "hello")).await;
    let told = of_type(&test, "contact.created").await;
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["name"], &told[0]["kind"]), (&json!("Ana"), &json!("person")));
    let known = [
        json!({ "kind": "phone", "value": ANA.phone }),
        json!({ "kind": "user_id", "value": ANA.user_id }),
    ];
    assert_eq!(told[0]["identities"].as_array().unwrap(), &known);
    let written = &of_type(&test, "message.received").await[0];
    assert_eq!(
        written["contact"],
        json!({ "id": told[0]["contact_id"], "name": "Ana", "phone": ANA.phone, "user_id": ANA.user_id, "username": null })
    );
    assert_eq!(written["message"]["contact_id"], told[0]["contact_id"]);
    for kind in ["contact.updated", "contact.identity_changed"] {
        assert!(of_type(&test, kind).await.is_empty(), "{kind}");
    }
}

#[both_databases]
async fn a_name_is_told_when_it_is_another_one_and_not_an_older_one(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", T0, "hello")).await;
    test.receive(&text(ANA, "wamid.2", T0 + 1, "it is me")).await;
    test.receive(&text(
        Who { name: "Ana M.", ..ANA },
        "wamid.3",
        T0 + 9,
        "I have married",
    ))
    .await;
    test.receive(&text(ANA, "wamid.4", T0 + 5, "came late")).await;
    test.receive(&text(Who { name: "Ana M.", ..ANA }, "wamid.5", T0 + 12, "still"))
        .await;
    let told = of_type(&test, "contact.updated").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (&told[0]["name"], &told[0]["username"]),
        (&json!("Ana M."), &json!(null))
    );
    // The time of the name goes on with each message: an older one is known to be older.
    test.receive(&text(
        Who { name: "Anna", ..ANA },
        "wamid.6",
        T0 + 11,
        "older than the last",
    ))
    .await;
    assert_eq!(of_type(&test, "contact.updated").await.len(), 1);
}

#[both_databases]
async fn a_changed_number_tells_what_is_new_and_what_is_gone(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", T0, "old number")).await;
    let system = json!({ "type": "system", "system": {
        "type": "user_changed_number", "body": "Ana changed from A to B", "wa_id": "5491187654321",
        "user_id": "AR.2001", "previous_user_id": "AR.1001" } });
    let change = change("messages", message(ANA, "wamid.2", T0 + 10, system));
    test.receive(&change).await;
    test.receive(&change).await;
    let told = of_type(&test, "contact.identity_changed").await;
    assert_eq!(told.len(), 1, "{told:?}");
    let of = |kind: &str, value: &str| json!({ "kind": kind, "value": value });
    assert_eq!(
        told[0]["added"],
        json!([of("phone", "5491187654321"), of("user_id", "AR.2001")])
    );
    assert_eq!(
        told[0]["retired"],
        json!([of("phone", ANA.phone.unwrap()), of("user_id", "AR.1001")])
    );
}

#[both_databases]
async fn what_somebody_wants_is_told_unless_something_later_is_known(test: TestApp) {
    let preference = |value: &str, at: i64| {
        change(
            "user_preferences",
            json!({
        "contacts": [{ "wa_id": BEN.phone, "profile": { "name": "Ben" } }],
        "user_preferences": [{ "wa_id": BEN.phone, "category": "marketing_messages", "value": value, "timestamp": at, "detail": "by request" }] }),
        )
    };
    for (value, at) in [
        ("stop", T0 + 10),
        ("resume", T0),
        ("stop", T0 + 10),
        ("resume", T0 + 20),
    ] {
        test.receive(&preference(value, at)).await;
    }
    assert_eq!(of_type(&test, "contact.opted_out").await.len(), 1);
    assert_eq!(
        of_type(&test, "contact.opted_in").await.len(),
        1,
        "the older one is not told"
    );
    schema::told(&test.app.db).await;
}
