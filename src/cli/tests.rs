//! What the commands answer, against a database of their own.

mod campaigns;
mod channels;
mod contacts;
mod endpoint;
mod queues;
mod send;

use std::collections::BTreeSet;

use clap::CommandFactory;
use serde_json::{Value, json};

use super::*;
use crate::{
    config::{Config, Environment, Purpose},
    crypto::Keyring,
    db::Scratch,
};

fn config(url: &str) -> Config {
    let mut environment = Environment::try_parse_from(std::iter::empty::<&str>()).unwrap();
    environment.database_url = url.to_owned();
    environment.redis_url = None;
    environment.master_key = Some(Keyring::generate());
    environment.check(Purpose::Operate).unwrap()
}

async fn operator(db: &Scratch) -> OperatorContext {
    OperatorContext::with(config(&db.url())).await.unwrap()
}

async fn try_on(operator: &OperatorContext, line: &str) -> anyhow::Result<CommandOutput> {
    let words = std::iter::once("mainstay").chain(line.split(' '));
    match Cli::try_parse_from(words).expect("it is understood").command {
        Command::Replay(args) => args.run(operator).await,
        Command::Send(args) => args.run(operator).await,
        Command::Tenant(command) => command.run(operator).await,
        Command::Channel(command) => command.run(operator).await,
        Command::Endpoint(command) => command.run(operator).await,
        Command::Contact(command) => command.run(operator).await,
        Command::Campaign(command) => command.run(operator).await,
        Command::Message(command) => command.run(operator).await,
        Command::Queue(command) => command.run(operator).await,
        Command::Key(command) => command.run(operator).await,
        other => panic!("{other:?} needs no operator"),
    }
}

async fn on(operator: &OperatorContext, line: &str) -> Value {
    try_on(operator, line).await.unwrap().json
}

fn names(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

const ADD: &str =
    "channel add --tenant Olaria --phone-number-id 1170001 --waba-id 2080001 --access-token EAAG --no-check";

#[tokio::test]
async fn a_tenant_is_made_with_an_id_and_a_key_and_then_listed() {
    let db = Scratch::migrated().await;
    let operator = operator(&db).await;
    let made = on(&operator, "tenant create Olaria").await;
    assert_eq!(names(&made), BTreeSet::from(["id", "api_key"]));
    assert!(made["id"].as_str().unwrap().starts_with("ten_"));
    assert!(made["api_key"].as_str().unwrap().starts_with("mk_"));
    let listed = on(&operator, "tenant list").await;
    assert_eq!(listed[0]["id"], made["id"]);
    let shown = [
        "id",
        "name",
        "created_at",
        "messages_per_second",
        "hold_unknown",
        "require_opt_in",
        "retention",
        "quotas",
    ];
    assert_eq!(names(&listed[0]), BTreeSet::from(shown));
    let again = try_on(&operator, "tenant create Olaria").await.unwrap_err();
    assert!(again.to_string().contains("exists already"), "{again}");
}

#[tokio::test]
async fn an_endpoint_is_added_listed_disabled_enabled_and_removed() {
    let db = Scratch::migrated().await;
    let operator = operator(&db).await;
    let tenant = on(&operator, "tenant create Olaria").await;
    let add = "endpoint add --tenant Olaria --url https://example.com/hooks";
    let added = on(&operator, &format!("{add} --event-types message.*,contact.created")).await;
    assert!(added["secret"].as_str().unwrap().starts_with("whsec_"), "{added}");
    let id = added["id"].as_str().unwrap();
    for line in ["endpoint list", "endpoint list --tenant Olaria"] {
        let listed = on(&operator, line).await;
        assert_eq!(
            (&listed[0]["id"], &listed[0]["tenant_id"]),
            (&added["id"], &tenant["id"])
        );
        assert_eq!(listed[0]["event_types"], json!(["contact.created", "message.*"]));
        assert!(!listed.to_string().contains("whsec_"), "{listed}");
    }
    let disabled = on(&operator, &format!("endpoint disable --tenant Olaria {id}")).await;
    assert!(
        disabled["enabled"] == false && disabled["disabled_reason"].is_string(),
        "{disabled}"
    );
    let enabled = on(&operator, &format!("endpoint enable --tenant Olaria {id}")).await;
    assert_eq!(
        (&enabled["enabled"], &enabled["disabled_reason"]),
        (&json!(true), &Value::Null)
    );
    let replay = format!("endpoint replay --tenant Olaria {id} --from 2026-11-01 --states dead,missing");
    assert_eq!(on(&operator, &replay).await, json!({ "replayed": 0, "breaker": null }));
    on(&operator, "tenant create Books").await;
    for (line, says) in [
        (
            "endpoint add --tenant Olaria --url https://10.0.0.1/".to_owned(),
            "url: the address 10.0.0.1 is private",
        ),
        (format!("{add} --event-types everything"), "event_types: "),
        (
            format!("endpoint remove --tenant Books {id}"),
            "there is no endpoint ep_",
        ),
    ] {
        let error = try_on(&operator, &line).await.unwrap_err().to_string();
        assert!(error.contains(says), "{line}: {error}");
    }
    on(&operator, &format!("endpoint remove --tenant Olaria {id}")).await;
    assert_eq!(on(&operator, "endpoint list").await, json!([]));
}

#[tokio::test]
async fn a_key_is_made_listed_and_revoked_once() {
    let db = Scratch::migrated().await;
    let operator = operator(&db).await;
    on(&operator, "tenant create Olaria").await;
    let made = on(
        &operator,
        "key create --tenant Olaria --name inbox --scopes read,events",
    )
    .await;
    let id = made["id"].as_str().unwrap();
    assert!(made["api_key"].as_str().unwrap().starts_with("mk_"));
    let listed = on(&operator, "key list").await;
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(
        (&listed[1]["name"], &listed[1]["scopes"]),
        (&json!("inbox"), &json!(["read", "events"]))
    );
    assert!(!listed.to_string().contains(made["api_key"].as_str().unwrap()));
    let revoke = format!("key revoke {id}");
    assert_eq!(on(&operator, &revoke).await, json!({ "id": id, "revoked": true }));
    assert!(on(&operator, "key list").await[1]["revoked_at"].is_string());
    assert!(try_on(&operator, &revoke).await.is_err());
}

#[tokio::test]
async fn rotation_tells_how_many_were_sealed_anew() {
    let db = Scratch::migrated().await;
    let operator = operator(&db).await;
    on(&operator, "tenant create Olaria").await;
    on(&operator, ADD).await;
    assert_eq!(
        on(&operator, "key rotate").await,
        json!({ "tenants": 1, "channels": 1, "answers": 0, "overwritten": true })
    );
}

#[tokio::test]
async fn a_replay_answers_with_its_counts_and_a_sample() {
    let db = Scratch::migrated().await;
    let operator = operator(&db).await;
    let nothing = on(&operator, "replay --state dead --dry-run").await;
    assert_eq!(
        nothing,
        json!({ "matched": 0, "replayed": 0, "dry_run": true, "sample": [] })
    );
    let empty = try_on(&operator, "replay --from 2026-11-02 --to 2026-11-01")
        .await
        .unwrap_err();
    assert!(empty.to_string().contains("from must be before to"), "{empty}");
}

#[tokio::test]
async fn a_database_without_its_tables_is_refused_until_it_is_migrated() {
    let db = Scratch::empty().await;
    let config = config(&db.url());
    let refusal = OperatorContext::with(config.clone()).await.err().unwrap().to_string();
    assert!(refusal.contains("run `mainstay migrate` first"), "{refusal}");
    let first = migrate::migrate(&config).await.unwrap();
    let second = migrate::migrate(&config).await.unwrap();
    assert!(first.applied > 0 && second.applied == 0, "{first:?} {second:?}");
    assert!(OperatorContext::with(config).await.is_ok());
}

#[tokio::test]
async fn a_database_that_is_not_there_is_refused_and_not_made() {
    let db = Scratch::empty().await;
    let url = db.url().replace("mainstay.db", "other.db");
    let refusal = OperatorContext::with(config(&url)).await.err().unwrap().to_string();
    assert!(refusal.starts_with("there is no database at"), "{refusal}");
    assert!(!crate::db::sqlite_file(&url).unwrap().exists());
}

#[test]
fn the_version_is_that_of_the_package() {
    let answer = version::run().unwrap();
    assert_eq!(
        answer.json,
        json!({ "name": "mainstay", "version": env!("CARGO_PKG_VERSION") })
    );
    assert_eq!(answer.text, format!("mainstay {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_definition_of_the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_takes_json_behind_its_name() {
    for words in [
        "migrate",
        "doctor",
        "tenant list",
        "channel list",
        "channel remove chn_0198aaaabbbb7ccc8dddeeeeffff0001",
        "endpoint list",
        "queue list inbound",
        "message show msg_0198aaaabbbb7ccc8dddeeeeffff0001",
        "key rotate",
        "version",
    ] {
        let line = format!("mainstay {words} --json");
        let cli = Cli::try_parse_from(line.split(' ')).expect("it is understood");
        assert!(cli.json, "{words}");
    }
}

#[test]
fn a_replay_must_say_of_what() {
    let parse = |line: &str| Cli::try_parse_from(line.split(' ')).map(drop);
    assert!(parse("mainstay replay").is_err());
    assert!(parse("mainstay replay --dry-run").is_err());
    assert!(parse("mainstay replay --state dead").is_ok());
    assert!(parse("mainstay replay --state dead --from 2026-11-01 --to 2026-11-01T12:30:00+02:00").is_ok());
    assert!(parse("mainstay replay --ids raw_0198aaaabbbb7ccc8dddeeeeffff0001 --state dead").is_err());
    assert!(parse("mainstay replay --state running").is_err());
    assert!(parse("mainstay replay --from yesterday").is_err());
}

#[tokio::test]
async fn a_tenants_rules_are_set_one_by_one_and_checked() {
    let db = Scratch::migrated().await;
    let operator = operator(&db).await;
    on(&operator, "tenant create Olaria").await;
    let set = on(&operator, "tenant set Olaria --messages-per-second 12.5").await;
    assert_eq!(
        (&set["messages_per_second"], &set["hold_unknown"]),
        (&json!(12.5), &Value::Null)
    );
    let set = on(&operator, "tenant set Olaria --hold-unknown campaign,reply").await;
    assert_eq!(set["messages_per_second"], 12.5, "what is not named stays");
    assert_eq!(set["hold_unknown"], json!(["reply", "campaign"]));
    let set = on(
        &operator,
        "tenant set Olaria --messages-per-second none --hold-unknown none",
    )
    .await;
    assert_eq!(
        (&set["messages_per_second"], &set["hold_unknown"]),
        (&Value::Null, &json!([]))
    );
    let set = on(&operator, "tenant set Olaria --hold-unknown default").await;
    assert_eq!(set["hold_unknown"], Value::Null);
    let set = on(
        &operator,
        "tenant set Olaria --quota endpoints=7 --quota channels=default",
    )
    .await;
    assert_eq!(
        (&set["quotas"]["endpoints"], &set["quotas"]["channels"]),
        (&json!(7), &json!(100))
    );
    assert_eq!(set["hold_unknown"], Value::Null, "what is not named stays");
    for (line, says) in [
        ("tenant set Olaria --quota endpoints", "NAME=NUMBER"),
        ("tenant set Olaria --quota endpoints=many", "neither a whole number"),
        ("tenant set Olaria --quota messages=7", "there is no quota"),
        ("tenant set Olaria --quota endpoints=-1", "must be 0 to"),
        (
            "tenant set Olaria --messages-per-second fast",
            "neither a number nor `none`",
        ),
        ("tenant set Olaria --messages-per-second 0", "more than 0"),
        ("tenant set Olaria --messages-per-second NaN", "more than 0"),
        ("tenant set Olaria --hold-unknown urgent", "there is no lane \"urgent\""),
        ("tenant set Nobody --hold-unknown none", "there is no tenant"),
    ] {
        let error = try_on(&operator, line).await.unwrap_err();
        assert!(error.to_string().contains(says), "{line}: {error}");
    }
}
