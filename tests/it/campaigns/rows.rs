//! Campaigns to the people of a file, with values that the file has for each.

use std::collections::BTreeMap;

use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::phone;
use crate::{
    sending::world::{DEADLINE, World},
    support::wait::wait_until,
};

impl World {
    /// Sends a file of rows, and waits until they are in.
    async fn rows(&self, id: &str, csv: String) {
        let answer = self.client.csv(&format!("/api/v1/campaigns/{id}/rows"), csv).await;
        assert_eq!(answer.status.as_u16(), 202, "{}", answer.text());
        let path = format!("/api/v1/contacts/imports/{}", answer.json()["id"].as_str().unwrap());
        wait_until(DEADLINE, "the rows are in", async || {
            self.client.get(&path).await.ok().json()["state"] == "completed"
        })
        .await;
    }

    /// What was sent to each number for the first variable.
    fn values(&self) -> BTreeMap<String, String> {
        let sends = self.simulator.graph().sends();
        let value = |json: Value| {
            let text = json["template"]["components"][0]["parameters"][0]["text"].as_str();
            let to = json["to"].as_str().unwrap().trim_start_matches('+');
            (format!("+{to}"), text.unwrap_or_default().to_owned())
        };
        sends.iter().map(|it| value(it.json())).collect()
    }
}

#[both_sizes]
async fn the_people_of_a_file_get_what_the_file_has_for_each(world: World) {
    world.offers().await;
    world.people(3, "all").await;
    let mut draft = world.draft("all");
    draft["audience"] = json!({ "rows": true });
    draft["variables"] = json!({ "body.1": { "field": "row.Voucher code", "fallback": "WELCOME" } });
    let id = world.create(draft).await;
    let csv = format!(
        "Phone;Voucher code\n{};A-1\n{};\n{};first\n{};last\n",
        phone(0),
        phone(7),
        phone(8),
        phone(8)
    );
    world.rows(&id, csv).await;
    world.rows(&id, format!("phone,Voucher code\n{},B-9\n", phone(9))).await;
    let launched = world.post(&format!("campaigns/{id}/launch"), json!({})).await;
    assert_eq!(launched.status.as_u16(), 200, "{}", launched.text());
    let campaign = world.until_status(&id, "completed").await;
    let expected = [(0, "A-1"), (7, "WELCOME"), (8, "last"), (9, "B-9")];
    let expected = expected.map(|(n, value)| (phone(n), value.to_owned()));
    assert_eq!(world.values(), BTreeMap::from(expected), "{campaign:#}");
    assert_eq!(
        (&campaign["progress"]["total"], &campaign["rows"]["count"]),
        (&json!(4), &json!(4)),
        "{campaign:#}"
    );
    world.end().await;
}

#[both_sizes]
async fn rows_are_a_term_of_an_audience_like_any_other(world: World) {
    world.offers().await;
    world.people(6, "all").await;
    let mut draft = world.draft("all");
    draft["audience"] = json!({ "tag": "all", "rows": true });
    draft["exclude"] = json!([{ "tag": "rivals" }]);
    draft["variables"] = json!({ "body.1": { "field": "row.code" } });
    world.post("tags", json!({ "name": "rivals" })).await;
    let id = world.create(draft).await;
    let csv = format!(
        "phone,code,tags\n{},one,\n{},two,rivals\n{},,\n{},stranger,\n",
        phone(1),
        phone(2),
        phone(3),
        phone(9)
    );
    world.rows(&id, csv).await;
    let launched = world.post(&format!("campaigns/{id}/launch"), json!({})).await;
    assert_eq!(launched.status.as_u16(), 200, "{}", launched.text());
    let campaign = world.until_status(&id, "completed").await;
    assert_eq!(
        world.values(),
        BTreeMap::from([(phone(1), "one".to_owned())]),
        "{campaign:#}"
    );
    let suppressed = world.recipients(&id, "&status=suppressed").await;
    assert_eq!(suppressed.len(), 1, "{campaign:#}");
    assert_eq!(suppressed[0]["reason"], "variable_missing");
    world.end().await;
}

#[both_sizes]
async fn rows_that_make_no_sense_are_refused(world: World) {
    world.offers().await;
    let ids = world.people(1, "all").await;
    let with = |path: &str, value: Value| {
        let mut draft = world.draft("all");
        draft[path] = value;
        draft
    };
    for (draft, field) in [
        (with("audience", json!({ "rows": true, "contacts": ids })), "audience"),
        (with("exclude", json!([{ "rows": true }])), "exclude"),
        (
            with("variables", json!({ "body.1": { "field": "row.code" } })),
            "variables.body.1",
        ),
        (
            with("variables", json!({ "body.1": { "field": "row." } })),
            "variables.body.1",
        ),
    ] {
        let refused = world.post("campaigns", draft).await;
        assert_eq!(refused.status.as_u16(), 422, "{field}: {}", refused.text());
        assert_eq!(refused.json()["field"], field, "{}", refused.text());
    }
    world.end().await;
}
