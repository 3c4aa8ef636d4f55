//! The routes: forms and files, refusals, other tenants.

use mainstay::tenancy;
use mainstay_test_macros::both_databases;
use serde_json::json;

use super::stage::{counts, field, imported, show, work};
use crate::support::{app::TestApp, http::Client};

const PATH: &str = "/api/v1/contacts/imports";

#[both_databases]
async fn a_file_may_come_in_a_form(test: TestApp) {
    let client = Client::tenant(&test);
    let member =
        |name: &str, value: &str| format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let file = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"people.csv\"\r\n\r\nMobile,name\n+4915123456701,Ann\n\r\n--B--\r\n";
    let form = member("mapping", r#"{"Mobile": "phone"}"#) + &member("tags", "a,b") + file;
    let taken = client.form(PATH, "B", form).await;
    assert_eq!(taken.status.as_u16(), 202, "{}", taken.text());
    let import = taken.json();
    assert_eq!(
        (&import["state"], &import["filename"]),
        (&json!("waiting"), &json!("people.csv"))
    );
    assert_eq!(import["tags"], json!(["a", "b"]));
    work(&test.app).await;
    assert_eq!(
        counts(&show(&test, import["id"].as_str().unwrap()).await),
        [1, 1, 0, 0, 0, 0]
    );
    let unknown = client.form(PATH, "B", member("colour", "red") + file).await;
    assert_eq!(unknown.problem(400), "invalid-request");
    let without = client.form(PATH, "B", member("tags", "a") + "--B--\r\n").await;
    assert_eq!(without.problem(400), "invalid-request");
}

#[both_databases]
async fn what_is_wrong_with_a_file_as_a_whole_is_told_at_once(test: TestApp) {
    let client = Client::tenant(&test);
    let quote = format!("phone,name\n+4915123456701,\"{}", "x".repeat(1_100_000));
    for (query, csv, status, problem) in [
        ("", "", 422, "not-importable"),
        ("", "phone,name\n", 422, "not-importable"),
        ("", "PK\u{3}\u{4}xl/workbook.xml", 422, "not-importable"),
        ("", "name\nAnn\n", 422, "invalid-field"),
        ("", quote.as_str(), 422, "not-importable"),
        (
            "",
            "phone,name\n+4915123456701,\"Ann\n+4915123456702,Ben\n",
            422,
            "not-importable",
        ),
        (
            "",
            "phone,name\n+4915123456701,\"Ann\n+4915123456702,\"Ben\"\n",
            422,
            "not-importable",
        ),
        ("encoding=klingon", "phone\n+4915123456701\n", 422, "not-importable"),
        ("delimiter=xx", "phone\n1\n", 422, "invalid-field"),
        ("mapping=%5B%5D", "phone\n1\n", 422, "invalid-field"),
        ("mapping=%7B%22x%22:%22phone%22%7D", "phone\n1\n", 422, "invalid-field"),
        ("on_existing=explode", "phone\n1\n", 422, "invalid-field"),
        ("default_country=Germany", "phone\n1\n", 422, "invalid-field"),
        ("dry_run=perhaps", "phone\n1\n", 422, "invalid-field"),
        ("colour=red", "phone\n1\n", 400, "invalid-request"),
    ] {
        let answer = client.csv(&format!("{PATH}?{query}"), csv.to_owned()).await;
        assert_eq!(answer.problem(status), problem, "{query}: {}", answer.text());
    }
    let json = client.post(PATH, json!({})).await;
    assert_eq!(json.problem(415), "not-csv");
    assert_eq!(
        test.count("SELECT COUNT(*) FROM tasks").await,
        0,
        "nothing is left of them"
    );
}

#[both_databases]
async fn another_tenants_imports_do_not_exist(test: TestApp) {
    let import = imported(&test, "", "phone\n+4915123456701\n").await;
    let id = import["id"].as_str().unwrap();
    let (_, key) = tenancy::create_tenant(&test.registry, "Other").await.unwrap();
    let other = Client::of(&test.app).with(key.token.expose());
    for path in [format!("{PATH}/{id}"), format!("{PATH}/{id}/errors.csv")] {
        assert_eq!(other.get(&path).await.problem(404), "not-found");
    }
    assert_eq!(other.delete(&format!("{PATH}/{id}")).await.problem(404), "not-found");
    assert!(other.all(&format!("{PATH}?limit=9")).await.0.is_empty());
}

#[both_databases]
async fn the_sample_file_can_be_imported_as_it_is(test: TestApp) {
    let client = Client::tenant(&test);
    for (key, kind) in [
        ("note", "text"),
        ("age", "number"),
        ("member", "boolean"),
        ("born", "date"),
        ("seen", "datetime"),
    ] {
        field(&test, json!({ "key": key, "type": kind, "label": key })).await;
    }
    let size = json!({ "key": "size", "type": "choice", "label": "Size", "choices": ["S, or so", "M"] });
    field(&test, size).await;
    let sample = client.get(&format!("{PATH}/sample.csv")).await.ok();
    assert_eq!(sample.header("content-type"), Some("text/csv; charset=utf-8"));
    let import = imported(&test, "", sample.text()).await;
    assert_eq!(counts(&import), [1, 1, 0, 0, 0, 0], "{import}");
    assert_eq!((&import["errors"], &import["ignored_columns"]), (&json!(0), &json!([])));
}
