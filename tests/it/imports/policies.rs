//! What becomes of contacts that exist, of bad cells and of conflicts.

use mainstay_test_macros::both_databases;
use serde_json::json;

use super::stage::{counts, errors, imported, people, show, upload, work};
use crate::support::{
    app::TestApp,
    http::Client,
    webhook::{ANA, T0, text},
};

const OLD: &str = "phone,external_id,name,country,tags\n+4915123456701,c-1,Ann,DE,old\n+4915123456702,c-2,,,\n";
const NEW: &str = "phone,external_id,name,country,tags\n+4915123456701,,Anna,AT,new\n+4915123456702,c-2,Ben,FR,\n+4915123456703,,Cid,,\n";

#[both_databases]
async fn existing_contacts_are_updated_filled_or_skipped(test: TestApp) {
    imported(&test, "", OLD).await;
    let skip = imported(&test, "on_existing=skip", NEW).await;
    assert_eq!(counts(&skip), [3, 1, 0, 0, 2, 0], "{skip}");
    let fill = imported(&test, "on_existing=fill_empty", NEW).await;
    assert_eq!(counts(&fill), [3, 0, 2, 1, 0, 0], "{fill}");
    let now = people(&test).await;
    assert_eq!(now["4915123456701"]["given_name"], "Ann");
    assert_eq!(now["4915123456701"]["tags"], json!(["new", "old"]));
    assert_eq!(now["4915123456702"]["country"], "FR");
    let update = imported(&test, "", NEW).await;
    assert_eq!(counts(&update), [3, 0, 1, 2, 0, 0], "{update}");
    let now = people(&test).await;
    assert_eq!(now["4915123456701"]["given_name"], "Anna");
    assert_eq!(now["4915123456701"]["external_id"], "c-1", "a blank cell says nothing");
}

#[both_databases]
async fn bad_cells_are_dropped_where_that_is_asked_for(test: TestApp) {
    let csv = "phone,name,country\n+4915123456701,Ann,Germany\n+49,Ben,DE\n";
    let import = imported(&test, "on_bad_field=drop", csv).await;
    assert_eq!(counts(&import), [2, 1, 0, 0, 0, 1], "{import}");
    assert_eq!(import["errors"], 2);
    assert_eq!(people(&test).await["4915123456701"]["country"], json!(null));
}

#[both_databases]
async fn a_row_with_identities_of_two_contacts_fails_or_merges_them(test: TestApp) {
    imported(&test, "", "phone,external_id\n+4915123456701,c-1\n+4915123456702,c-2\n").await;
    let csv = "phone,external_id,name\n+4915123456701,c-2,Ann\n+4915123456703,,Ben\n";
    let failed = imported(&test, "", csv).await;
    assert_eq!(counts(&failed), [2, 1, 0, 0, 0, 1], "{failed}");
    let told = errors(&test, failed["id"].as_str().unwrap()).await;
    assert_eq!(told[0][1], "identity_conflict");
    assert_eq!(told[0][3].matches("con_").count(), 2, "{:?}", told[0]);
    let merged = imported(&test, "on_conflict=merge", csv).await;
    assert_eq!(counts(&merged), [2, 0, 1, 1, 0, 0], "{merged}");
    assert_eq!(people(&test).await.len(), 2);
    assert_eq!(test.count("SELECT COUNT(*) FROM contact_redirects").await, 1);
}

#[both_databases]
async fn a_trial_shows_what_would_happen_and_writes_nothing(test: TestApp) {
    imported(&test, "", OLD).await;
    let before = people(&test).await;
    let trial = imported(&test, "dry_run=true&tags=never", format!("{NEW}+49,Dan,,,\n")).await;
    assert_eq!(counts(&trial), [4, 1, 2, 0, 0, 1], "{trial}");
    let preview = trial["preview"].as_array().unwrap();
    let shown: Vec<_> = preview.iter().map(|it| (&it["row"], &it["outcome"])).collect();
    let outcomes =
        [(2, "updated"), (3, "updated"), (4, "created"), (5, "failed")].map(|(row, it)| (json!(row), json!(it)));
    assert_eq!(shown, outcomes.iter().map(|(row, it)| (row, it)).collect::<Vec<_>>());
    assert!(preview[0]["contact_id"].is_string() && preview[2]["contact_id"].is_null());
    assert_eq!(errors(&test, trial["id"].as_str().unwrap()).await.len(), 1);
    assert_eq!(before, people(&test).await);
    assert_eq!(test.count("SELECT COUNT(*) FROM tags WHERE name = 'never'").await, 0);
    let events = "SELECT COUNT(*) FROM events WHERE type LIKE 'import.%'";
    assert_eq!(test.count(events).await, 1, "only the first import tells");
}

#[both_databases]
async fn contacts_tell_of_themselves_only_where_that_is_asked_for(test: TestApp) {
    imported(&test, "", OLD).await;
    let events = "SELECT COUNT(*) FROM events WHERE type LIKE 'contact.%'";
    assert_eq!(test.count(events).await, 0);
    imported(&test, "events=true", NEW).await;
    let of = |kind: &'static str| test.count(kind);
    assert_eq!(
        of("SELECT COUNT(*) FROM events WHERE type = 'contact.created'").await,
        1
    );
    assert_eq!(
        of("SELECT COUNT(*) FROM events WHERE type = 'contact.updated'").await,
        2
    );
    let page = Client::tenant(&test).get("/api/v1/events?limit=200").await.ok().json();
    let mut told = page["data"].as_array().unwrap().iter();
    let last = told.rfind(|it| it["type"] == "import.completed").unwrap();
    assert_eq!(last["data"]["updated"], 2, "{last}");
    assert!(last["actor"].as_str().unwrap().starts_with("key_"), "{last}");
}

#[both_databases]
async fn an_archived_contact_comes_back_and_one_known_by_whatsapp_keeps_its_profile_name(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", T0, "hello")).await;
    let client = Client::tenant(&test);
    let known = client.all("/api/v1/contacts?limit=9").await.0;
    let id = known[0]["id"].as_str().unwrap();
    client.delete(&format!("/api/v1/contacts/{id}")).await;
    let csv = format!("phone,name\n+{},Señora Ana\n", ANA.phone.unwrap());
    let import = imported(&test, "", csv).await;
    assert_eq!(counts(&import), [1, 0, 1, 0, 0, 0], "{import}");
    let now = client.get(&format!("/api/v1/contacts/{id}")).await.ok().json();
    assert_eq!(now["given_name"], "Señora Ana");
    assert_eq!(
        (&now["profile_name"], &now["archived_at"]),
        (&json!(ANA.name), &json!(null))
    );
}

#[both_databases]
async fn an_import_of_which_most_rows_fail_is_stopped(test: TestApp) {
    let mut csv = "phone\n".to_owned();
    for n in 0..5_000 {
        csv += &if n % 3 == 0 {
            format!("+49151234{n:05}\n")
        } else {
            "what\n".to_owned()
        };
    }
    let id = upload(&test, "", csv).await["id"].as_str().unwrap().to_owned();
    work(&test.app).await;
    let import = show(&test, &id).await;
    assert_eq!(
        (&import["state"], &import["error"]),
        (&json!("failed"), &json!("looks_wrong"))
    );
    let [rows, created, .., failed] = counts(&import);
    assert!(rows < 5_000 && created + failed == rows, "{import}");
    assert_eq!(people(&test).await.len() as i64, created, "what is in stays");
    let events = "SELECT COUNT(*) FROM events WHERE type = 'import.failed'";
    assert_eq!(test.count(events).await, 1);
}

#[both_databases]
async fn a_row_whose_contact_has_no_room_for_its_tags_fails_or_goes_without_them(test: TestApp) {
    let names = |of: std::ops::Range<usize>| of.map(|n| format!("t{n}")).collect::<Vec<_>>().join(",");
    let first = format!("phone,tags\n+4915123456701,\"{}\"\n+4915123456702,a\n", names(0..95));
    imported(&test, "", first).await;
    let second = format!(
        "phone,name,tags\n+4915123456701,Ann,\"{}\"\n+4915123456702,Ben,\"{}\"\n+4915123456703,Cid,\"{}\"\n+4915123456704,Dan,\"{}\"\n",
        names(90..101),
        names(0..99),
        names(0..100),
        names(0..99),
    );
    // With the tag of every row they are 102, 101, 101 and 100.
    let failing = imported(&test, "tags=all", second.clone()).await;
    assert_eq!(counts(&failing), [4, 1, 0, 0, 0, 3], "{failing}");
    let said = errors(&test, failing["id"].as_str().unwrap()).await;
    let codes: Vec<&str> = said.iter().map(|it| it[1].as_str()).collect();
    assert_eq!(codes, ["too_many_tags"; 3], "{said:?}");
    let skipping = imported(&test, "tags=all&on_existing=skip", second.clone()).await;
    assert_eq!(counts(&skipping), [4, 0, 0, 0, 3, 1], "{skipping}");
    let dropping = imported(&test, "tags=all&on_bad_field=drop", second).await;
    assert_eq!(counts(&dropping), [4, 1, 2, 1, 0, 0], "{dropping}");
    let now = people(&test).await;
    let number = |phone: &str| now[phone]["tags"].as_array().unwrap().len();
    let numbers = ["4915123456701", "4915123456702", "4915123456703", "4915123456704"].map(number);
    assert_eq!(
        (numbers, &now["4915123456702"]["given_name"]),
        ([95, 1, 0, 100], &json!("Ben"))
    );
}

#[both_databases]
async fn a_row_for_which_contacts_are_merged_counts_as_an_update(test: TestApp) {
    imported(&test, "", "phone,external_id\n+4915123456701,\n,c-2\n").await;
    let merged = imported(&test, "on_conflict=merge", "phone,external_id\n+4915123456701,c-2\n").await;
    assert_eq!(counts(&merged), [1, 0, 1, 0, 0, 0], "{merged}");
    let again = imported(&test, "on_conflict=merge", "phone,external_id\n+4915123456701,c-2\n").await;
    assert_eq!(counts(&again), [1, 0, 0, 1, 0, 0], "{again}");
}
