//! `mainstay segment`.

use mainstay_test_macros::both_sizes;
use serde_json::json;

use super::Stage;
use crate::support::process::MAINSTAY;

#[both_sizes]
async fn a_filter_is_checked_and_counted(stage: Stage) {
    let checked = [
        "--json",
        "segment",
        "check",
        "--tenant",
        "Acme",
        "country=\"DE\" or (name is known)",
    ];
    let mut check = stage.deployment.spawn(MAINSTAY, &checked);
    assert_eq!(check.exit_code().await, Some(0), "{}", check.output());
    assert!(
        check.output().contains(r#"country = \"DE\" or name is known"#),
        "{}",
        check.output()
    );
    let wrong = ["segment", "check", "--tenant", "Acme", "contry = \"DE\""];
    let mut refused = stage.deployment.spawn(MAINSTAY, &wrong);
    assert_eq!(refused.exit_code().await, Some(1));
    assert!(refused.output().contains("column 1: "), "{}", refused.output());
    assert_eq!(
        stage.run("segment count --tenant Acme --filter name=\"Ana\"").await,
        json!({ "count": 0 })
    );
    let nothing = ["segment", "count", "--tenant", "Acme"];
    assert_eq!(stage.deployment.spawn(MAINSTAY, &nothing).exit_code().await, Some(1));
}
