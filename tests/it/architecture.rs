//! The architecture, as far as a machine can hold us to it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use mainstay::db::{Db, Sql};

use crate::support::app::{TestApp, on_both};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Every source file of the library with its path from `src/`.
fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(Path::new(ROOT).join("src")).unwrap().to_owned(), text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(ROOT).join("src"), &mut found);
    assert!(found.len() > 50, "the sources were not found");
    found
}

/// The module at the top that a file belongs to.
fn module(path: &Path) -> String {
    path.iter()
        .next()
        .unwrap()
        .to_string_lossy()
        .trim_end_matches(".rs")
        .to_owned()
}

#[test]
fn a_module_imports_only_those_above_it() {
    let map = fs::read_to_string(Path::new(ROOT).join("src/lib.rs")).unwrap();
    let order: Vec<&str> = map
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    let place = |name: &str| {
        order
            .iter()
            .position(|it| *it == name)
            .unwrap_or_else(|| panic!("lib.rs lacks {name}"))
    };
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module(&path);
        if module == "lib" {
            continue;
        }
        for used in used_modules(&text) {
            if order.contains(&used.as_str()) && place(&used) > place(&module) {
                wrong.push(format!(
                    "{} imports {used}, which stands below {module}",
                    path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The modules named after `crate::`, also within braces.
fn used_modules(text: &str) -> Vec<String> {
    let code: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let text = code.join("\n");
    let mut used = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let (mut depth, mut word, mut begins) = (1, String::new(), true);
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => begins = true,
                    c if depth == 1 && begins && (c.is_alphanumeric() || c == '_') => word.push(c),
                    _ if !word.is_empty() => {
                        used.push(std::mem::take(&mut word));
                        begins = false;
                    }
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            used.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    used
}

#[test]
fn only_their_homes_know_certain_crates() {
    let homes = [
        ("apalis", "queue"),
        ("redis::", "queue governor doctor"),
        ("aes_gcm", "crypto"),
        ("clap", "config cli process"),
        ("governor", "http"),
        ("object_store", "storage"),
        ("image::", "media"),
        ("infer", "media"),
        ("url::", "net"),
    ];
    for (path, text) in sources() {
        let place = path.to_string_lossy();
        for (name, allowed) in homes {
            let uses = text
                .lines()
                .any(|line| line.trim_start().starts_with("use ") && line.contains(&format!("use {name}")));
            let at_home = allowed.split(' ').any(|home| place.contains(home));
            assert!(!uses || at_home, "{place} uses {name}; that belongs in {allowed}");
        }
    }
}

#[test]
fn files_stay_short() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.lines().count() > 320)
        .map(|(path, text)| format!("{}: {} lines", path.display(), text.lines().count()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

on_both! {
    async fn every_statement_of_the_store_prepares(test: TestApp) {
        let mut prepared = 0;
        for (path, text) in sources() {
            if !["store", "queue"].contains(&module(&path).as_str()) {
                continue;
            }
            for (name, sql) in constants(&text) {
                let for_other = if test.app.db.is_postgres() { name.contains("SQLITE") } else { name.contains("POSTGRES") };
                if for_other {
                    continue;
                }
                if let Some(sql) = complete(&sql, &test.app.db) {
                    let result = prepare(&test.app.db, &sql).await;
                    assert!(result.is_ok(), "{} {name}: {}\n{sql}", path.display(), result.unwrap_err());
                    prepared += 1;
                }
            }
        }
        assert!(prepared > 30, "only {prepared} statements were found");
    }
}

/// The text constants of a file that look like SQL.
fn constants(text: &str) -> Vec<(String, String)> {
    let words = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"];
    text.split("const ")
        .skip(1)
        .filter_map(|rest| {
            let (name, rest) = rest.split_once(": &str = \"")?;
            let sql = rest.split_once("\";")?.0.replace("\\\n", " ");
            let is_sql = name.len() < 40 && words.iter().any(|word| sql.trim_start().starts_with(word));
            is_sql.then(|| (name.to_owned(), sql))
        })
        .collect()
}

/// Fills what is filled at run time. Rows on PostgreSQL are arrays, whose types only the program knows: the suite runs those.
fn complete(sql: &str, db: &Db) -> Option<String> {
    let mut sql = sql.replace("{t}", "raw_events").replace("{lane}", "1");
    if sql.contains("{rows}") {
        if db.is_postgres() {
            return None;
        }
        let columns = sql.split_once('(')?.1.split_once(')')?.0.split(',').count();
        sql = sql
            .replace("{key}", "IS NOT NULL")
            .replace("{rows}", &format!("VALUES ({})", vec!["?"; columns].join(",")));
    }
    (!sql.contains('{')).then_some(sql)
}

async fn prepare(db: &Db, sql: &str) -> sqlx::Result<()> {
    use sqlx::{AssertSqlSafe, Executor, SqlSafeStr};
    let sql = AssertSqlSafe(sql.to_owned()).into_sql_str();
    match db {
        Db::Sqlite { write, .. } => write.acquire().await?.prepare(sql).await.map(drop),
        Db::Postgres { pool, .. } => pool.acquire().await?.prepare(sql).await.map(drop),
    }
}

on_both! {
    async fn a_statement_with_too_few_arguments_is_refused(test: TestApp) {
        let result = test.app.db.sql(Sql::from("SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT)"), (1i64,)).run().await;
        assert!(result.is_err());
    }
}
