//! Real bodies, where somebody has a folder of them: `WEBHOOK_CORPUS=… cargo test --lib corpus -- --nocapture`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::value::RawValue;

use super::super::{Change, Malformed, Webhook, parse};

#[test]
fn every_object_in_the_corpus_parses_into_items_that_can_be_kept() {
    let Some(folder) = std::env::var_os("WEBHOOK_CORPUS") else {
        return;
    };
    let mut counts = BTreeMap::<String, usize>::new();
    let mut files = 0;
    for path in json_files(Path::new(&folder)) {
        let body = std::fs::read(&path).expect("a readable file");
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match parse(&body) {
            Ok(webhook) => check(&name, &webhook, &mut counts),
            Err(Malformed::NotAnObject) => {}
            Err(Malformed::NotJson(error)) => panic!("{name}: {error}"),
        }
        files += 1;
    }
    assert!(files > 0, "no *.json in {folder:?}");
    println!("{files} files");
    for (kind, count) in counts {
        println!("{count:5} {kind}");
    }
}

fn json_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a readable folder");
    let paths = entries.map(|entry| entry.expect("a readable entry").path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|it| it == "json"))
        .collect();
    files.sort();
    files
}

fn check(name: &str, webhook: &Webhook, counts: &mut BTreeMap<String, usize>) {
    assert!(!webhook.items.is_empty(), "{name} came to nothing");
    for item in &webhook.items {
        let (kind, raw) = describe(&item.change);
        serde_json::from_str::<&RawValue>(raw).unwrap_or_else(|error| panic!("{name} {}: {error}", item.path));
        println!("{name} {} {} {kind}", item.path, item.field);
        *counts.entry(kind).or_default() += 1;
    }
}

fn describe(change: &Change) -> (String, &str) {
    match change {
        Change::Message(it) => (format!("message {} {}", it.kind, variant(&it.content)), &it.raw),
        Change::Echo(it) => (format!("echo {} {}", it.kind, variant(&it.content)), &it.raw),
        Change::History(it) => (format!("history {}", variant(&it.message.content)), &it.message.raw),
        Change::Status(it) => (format!("status {}", it.status.as_str()), &it.raw),
        Change::Error(it) => ("error".to_owned(), &it.raw),
        Change::AppContact(it) => ("app contact".to_owned(), &it.raw),
        Change::Preference(it) => ("preference".to_owned(), &it.raw),
        Change::Account(it) => (format!("account {} {}", it.event, variant(&it.detail)), &it.raw),
        Change::Unknown(it) => (format!("unknown {}", it.reason.as_str()), &it.raw),
    }
}

fn variant(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}")
        .split(['(', ' '])
        .next()
        .unwrap_or_default()
        .to_owned()
}
