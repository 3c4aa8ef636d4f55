//! Imports of the rows of a campaign.

use std::collections::BTreeMap;

use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::{
    fences::kill_until_done,
    stage::{show, work},
};
use crate::support::{app::TestApp, http::Client};

const ROWS: usize = 6_000;

/// Creates a draft for its rows, and returns its id.
async fn draft(test: &TestApp) -> String {
    let client = Client::tenant(test);
    let channels = client.get("/api/v1/channels").await.ok().json();
    let draft = json!({
        "name": "Vouchers", "audience": { "rows": true }, "channels": [channels["data"][0]["id"]],
        "template": { "name": "voucher", "language": "en_US" },
        "variables": { "body.1": { "field": "row.code" } },
    });
    let made = client.post("/api/v1/campaigns", draft).await.created().json();
    made["id"].as_str().unwrap().to_owned()
}

async fn upload(test: &TestApp, campaign: &str, csv: String) -> String {
    let path = format!("/api/v1/campaigns/{campaign}/rows");
    let answer = Client::tenant(test).csv(&path, csv).await;
    assert_eq!(answer.status.as_u16(), 202, "{}", answer.text());
    let import = answer.json();
    assert_eq!(import["campaign_id"], campaign, "{import:#}");
    import["id"].as_str().unwrap().to_owned()
}

async fn campaign(test: &TestApp, id: &str) -> Value {
    let path = format!("/api/v1/campaigns/{id}");
    Client::tenant(test).get(&path).await.ok().json()
}

/// A file in which people come again, in the same chunk and in later ones, and what is to become of it: the last code of each number.
fn file() -> (String, BTreeMap<String, Value>) {
    let (mut csv, mut last) = ("phone,name,code\n".to_owned(), BTreeMap::new());
    for n in 0..ROWS {
        let number = match n % 10 {
            3 => n - 2,
            7 if n > 3_000 => n - 2_999,
            _ => n,
        };
        let phone = format!("49151{}", 20_000_000 + number);
        csv += &format!("+{phone},Name {n},code-{n}\n");
        last.insert(phone, json!({ "code": format!("code-{n}") }));
    }
    (csv, last)
}

#[both_databases]
async fn rows_whose_import_is_killed_again_and_again_are_one_for_each_person(test: TestApp) {
    const ALL: &str = "
        SELECT i.value, r.params FROM campaign_rows r JOIN contact_identities i ON i.contact_id = r.contact_id
        WHERE i.kind = 'phone'";
    let id = draft(&test).await;
    let (csv, expected) = file();
    let import = upload(&test, &id, csv).await;
    kill_until_done(&test, &import).await;
    assert_eq!(show(&test, &import).await["state"], "completed");
    let rows: Vec<(String, String)> = test.app.db.reader().sql(ALL, ()).all().await.unwrap();
    assert_eq!(rows.len(), expected.len(), "one for each");
    let found = rows
        .into_iter()
        .map(|(phone, params)| (phone, serde_json::from_str(&params).unwrap()));
    assert_eq!(found.collect::<BTreeMap<String, Value>>(), expected);
    let shown = campaign(&test, &id).await["rows"].clone();
    assert_eq!(
        shown,
        json!({ "count": expected.len(), "columns": ["code"], "import_id": import })
    );
}

#[both_databases]
async fn a_campaign_that_is_no_draft_any_more_gets_no_rows(test: TestApp) {
    const LAUNCHED: &str = "UPDATE campaigns SET status = 'scheduled'";
    let id = draft(&test).await;
    let import = upload(&test, &id, "phone,code\n+4915120000001,A\n".to_owned()).await;
    test.app.db.sql(LAUNCHED, ()).run().await.unwrap();
    work(&test.app).await;
    let ended = show(&test, &import).await;
    assert_eq!(
        (&ended["state"], &ended["error"]),
        (&json!("failed"), &json!("campaign_not_draft")),
        "{ended:#}"
    );
    assert_eq!(test.count("SELECT COUNT(*) FROM campaign_rows").await, 0);
    let client = Client::tenant(&test);
    let path = format!("/api/v1/campaigns/{id}/rows");
    let refused = client.csv(&path, "phone,code\n+4915120000001,A\n").await;
    assert_eq!(refused.problem(409), "wrong-state");
    assert_eq!(client.delete(&path).await.problem(409), "wrong-state");
    let unknown = "/api/v1/campaigns/cmp_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f/rows";
    assert_eq!(
        client.csv(unknown, "phone\n+4915120000001\n").await.problem(404),
        "not-found"
    );
}

#[both_databases]
async fn rows_are_complete_and_have_the_columns_of_variables_before_a_launch(test: TestApp) {
    const UNDER_WAY: &str = "UPDATE tasks SET state = 'running' WHERE kind = 'import'";
    const FAILED: &str = "UPDATE tasks SET state = 'dead' WHERE kind = 'import'";
    let id = draft(&test).await;
    let client = Client::tenant(&test);
    let (launch, rows) = (
        format!("/api/v1/campaigns/{id}/launch"),
        format!("/api/v1/campaigns/{id}/rows"),
    );
    let refused = client.post(&launch, json!({})).await;
    assert_eq!(refused.json()["field"], "audience.rows", "{}", refused.text());
    upload(&test, &id, "phone,shade\n+4915120000001,red\n".to_owned()).await;
    let refused = client.post(&launch, json!({})).await;
    assert_eq!(refused.problem(409), "rows-pending", "it has not begun");
    assert_eq!(client.delete(&rows).await.problem(409), "rows-pending");
    work(&test.app).await;
    let refused = client.post(&launch, json!({})).await;
    assert_eq!(refused.status.as_u16(), 422, "{}", refused.text());
    assert_eq!(refused.json()["field"], "variables.body.1", "{}", refused.text());
    test.app.db.sql(UNDER_WAY, ()).run().await.unwrap();
    assert_eq!(client.post(&launch, json!({})).await.problem(409), "rows-pending");
    test.app.db.sql(FAILED, ()).run().await.unwrap();
    assert_eq!(client.post(&launch, json!({})).await.problem(409), "rows-pending");
    let before = campaign(&test, &id).await;
    assert_eq!(before["rows"]["count"], 1);
    assert_eq!(client.delete(&rows).await.status.as_u16(), 204);
    let after = campaign(&test, &id).await;
    assert_eq!(after["rows"], json!({ "count": 0, "columns": [], "import_id": null }));
    assert!(
        after["version"].as_i64() > before["version"].as_i64(),
        "who saw the rows has seen another draft"
    );
    assert_eq!(test.count("SELECT COUNT(*) FROM campaign_rows").await, 0);
}

#[both_databases]
async fn no_more_than_twenty_columns_are_kept(test: TestApp) {
    let id = draft(&test).await;
    let path = format!("/api/v1/campaigns/{id}/rows");
    let file = |columns: usize| {
        let (names, cells): (Vec<String>, Vec<String>) = (0..columns).map(|n| (format!("c{n}"), n.to_string())).unzip();
        format!("phone,{}\n+4915120000001,{}\n", names.join(","), cells.join(","))
    };
    let client = Client::tenant(&test);
    let refused = client.csv(&path, file(21)).await;
    assert_eq!(refused.status.as_u16(), 422, "{}", refused.text());
    assert_eq!(refused.json()["field"], "mapping");
    let long = format!("phone,{}\n+4915120000001,x\n", "c".repeat(101));
    assert_eq!(client.csv(&path, long).await.status.as_u16(), 422);
    let ignoring = format!("{path}?mapping=%7B%22c20%22:%22ignore%22%7D");
    assert_eq!(client.csv(&ignoring, file(21)).await.status.as_u16(), 202);
    work(&test.app).await;
    let columns = campaign(&test, &id).await["rows"]["columns"].clone();
    assert_eq!(columns.as_array().unwrap().len(), 20, "{columns}");
    assert_eq!(
        client.delete(&format!("/api/v1/campaigns/{id}")).await.status.as_u16(),
        204
    );
    assert_eq!(
        test.count("SELECT COUNT(*) FROM campaign_rows").await,
        0,
        "they go with the draft"
    );
}

#[both_databases]
async fn two_contacts_who_are_one_person_have_one_row(test: TestApp) {
    let (id, other) = (draft(&test).await, draft(&test).await);
    let both = "phone,code\n+4915120000001,stays\n+4915120000002,goes\n";
    upload(&test, &id, both.to_owned()).await;
    upload(&test, &other, "phone,code\n+4915120000002,moves\n".to_owned()).await;
    work(&test.app).await;
    const CONTACT: &str = "SELECT contact_id FROM contact_identities WHERE value = $1";
    let db = &test.app.db;
    let contact = async |phone: &str| {
        let (id,): (mainstay::domain::ContactId,) = db.reader().sql(CONTACT, (phone.to_owned(),)).one().await.unwrap();
        id
    };
    let (into, from) = (contact("4915120000001").await, contact("4915120000002").await);
    let path = format!("/api/v1/contacts/{into}/merge");
    Client::tenant(&test).post(&path, json!({ "from": from })).await.ok();
    const PARAMS: &str = "SELECT params FROM campaign_rows WHERE contact_id = $1 ORDER BY campaign_id";
    let left: Vec<(String,)> = db.reader().sql(PARAMS, (into,)).all().await.unwrap();
    let left: Vec<String> = left.into_iter().map(|(params,)| params).collect();
    assert_eq!(left, [r#"{"code":"stays"}"#, r#"{"code":"moves"}"#]);
    assert_eq!(test.count("SELECT COUNT(*) FROM campaign_rows").await, 2);
    for id in [id, other] {
        assert_eq!(campaign(&test, &id).await["rows"]["count"], 1);
    }
}
