//! Enums of texts, the columns that hold them, and the statements that name them: a word that only one of the three knows is a mistake.

use std::collections::BTreeSet;

use mainstay::domain::{
    AttemptOutcome, CampaignStatus, DeliveryState, Direction, Evidence, HoldReason, MessageTemplateState,
    MissedRunPolicy, OnMarketingCap, OnUnknown, Origin, Provider, RecipientKind, RunStatus, Status, TaskKind,
    WorkState,
};

use crate::{architecture::sources, support::app::TestApp};

/// A column, the tables whose it is, and the texts that it may hold.
struct Column {
    name: &'static str,
    tables: &'static [&'static str],
    texts: Vec<&'static str>,
}

fn columns() -> Vec<Column> {
    let column = |name, tables, texts| Column { name, tables, texts };
    let directions = || Direction::ALL.map(Direction::as_str).to_vec();
    let origins = || Origin::ALL.map(Origin::as_str).to_vec();
    const QUEUES: &[&str] = &[
        "raw_events",
        "sends",
        "media",
        "media_files",
        "template_syncs",
        "channel_checks",
        "endpoint_jobs",
        "event_consumers",
        "campaign_jobs",
        "tasks",
        "schedules",
    ];
    vec![
        column(
            "state",
            &["message_templates"],
            MessageTemplateState::ALL.map(MessageTemplateState::as_str).to_vec(),
        ),
        column("provider", &["channels"], Provider::ALL.map(Provider::as_str).to_vec()),
        column("source", &["raw_events"], Provider::ALL.map(Provider::as_str).to_vec()),
        column("direction", &["messages"], directions()),
        column("last_message_direction", &["conversations"], directions()),
        column("origin", &["messages", "media"], origins()),
        column(
            "status",
            &["campaigns"],
            CampaignStatus::ALL.map(CampaignStatus::as_str).to_vec(),
        ),
        column(
            "on_unknown",
            &["campaigns"],
            OnUnknown::ALL.map(OnUnknown::as_str).to_vec(),
        ),
        column(
            "on_marketing_cap",
            &["campaigns"],
            OnMarketingCap::ALL.map(OnMarketingCap::as_str).to_vec(),
        ),
        column(
            "kind",
            &["campaign_recipients"],
            RecipientKind::ALL.map(RecipientKind::as_str).to_vec(),
        ),
        column("status", &["messages"], Status::ALL.map(Status::as_str).to_vec()),
        column(
            "recipient_kind",
            &["sends"],
            RecipientKind::ALL.map(RecipientKind::as_str).to_vec(),
        ),
        column("held", &["sends"], HoldReason::ALL.map(HoldReason::as_str).to_vec()),
        column(
            "outcome",
            &["send_attempts"],
            AttemptOutcome::ALL.map(AttemptOutcome::as_str).to_vec(),
        ),
        column(
            "evidence",
            &["send_attempts"],
            Evidence::ALL.map(Evidence::as_str).to_vec(),
        ),
        column("kind", &["tasks"], TaskKind::ALL.map(TaskKind::as_str).to_vec()),
        column(
            "missed",
            &["schedules"],
            MissedRunPolicy::ALL.map(MissedRunPolicy::as_str).to_vec(),
        ),
        column(
            "status",
            &["schedule_runs"],
            RunStatus::ALL.map(RunStatus::as_str).to_vec(),
        ),
        column("state", QUEUES, WorkState::ALL.map(WorkState::as_str).to_vec()),
        column(
            "state",
            &["deliveries"],
            DeliveryState::ALL.map(DeliveryState::as_str).to_vec(),
        ),
    ]
}

/// The texts in single quotes.
fn quoted(sql: &str) -> BTreeSet<&str> {
    sql.split('\'').skip(1).step_by(2).collect()
}

#[tokio::test]
async fn postgres_holds_what_the_enums_know() {
    const CHECK: &str = "
        SELECT pg_get_constraintdef(c.oid) FROM pg_constraint c
        WHERE c.conname = $1 || '_' || $2 || '_is_known' AND c.conrelid = CAST($1 AS regclass)";
    let test = TestApp::postgres().await;
    for column in columns() {
        for table in column.tables {
            let args = ((*table).to_owned(), column.name.to_owned());
            let found: Vec<(String,)> = test.app.db.sql(CHECK, args).all().await.unwrap();
            let [(check,)] = found.as_slice() else {
                panic!("{table}.{} has no constraint", column.name)
            };
            let texts: BTreeSet<&str> = column.texts.iter().copied().collect();
            assert_eq!(quoted(check), texts, "{table}.{}", column.name);
        }
    }
}

#[test]
fn statements_name_only_what_the_enums_know() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (path, text) in sources() {
        for column in ["direction", "origin", "recipient_kind", "held", "evidence"] {
            let known: BTreeSet<&str> = columns()
                .into_iter()
                .filter(|it| it.name == column)
                .flat_map(|it| it.texts)
                .collect();
            for named in named(&text, column) {
                count += 1;
                if !known.contains(named) {
                    wrong.push(format!("{}: {column} {named:?}", path.display()));
                }
            }
        }
    }
    assert!(count > 10, "only {count} texts were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The texts that a column is compared with or set to: after `=`, `<>` or `IN`.
fn named<'t>(text: &'t str, column: &str) -> Vec<&'t str> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(column) {
        let before = text[..at].chars().next_back();
        let rest = text[at + column.len()..].trim_start();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let values = if let Some(rest) = rest.strip_prefix("IN (") {
            rest.split_once(')').map(|(list, _)| list)
        } else {
            let one = rest.strip_prefix("= ").or_else(|| rest.strip_prefix("<> "));
            one.filter(|rest| rest.starts_with('\''))
                .and_then(|rest| rest.get(..rest[1..].find('\'')? + 2))
        };
        found.extend(values.into_iter().flat_map(quoted));
    }
    found
}

#[tokio::test]
async fn a_text_that_no_enum_knows_is_an_error_and_no_other_variant() {
    let test = TestApp::sqlite().await;
    let read: sqlx::Result<(RecipientKind,)> = test.app.db.sql("SELECT 'fax'", ()).one().await;
    assert!(read.unwrap_err().to_string().contains("\"fax\" is no RecipientKind"));
    let read: (RecipientKind,) = test.app.db.sql("SELECT 'user_id'", ()).one().await.unwrap();
    assert_eq!(read.0, RecipientKind::UserId);
}
