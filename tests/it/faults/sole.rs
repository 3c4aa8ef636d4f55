//! Two workers on one SQLite file.

use crate::support::{deployment::Deployment, process::MAINSTAY};

#[tokio::test]
async fn a_second_worker_on_a_sqlite_file_is_refused_with_the_name_of_the_first() {
    let mut deployment = Deployment::embedded().await;
    deployment.start().await;
    let first = format!("pid {}", deployment.api_id());
    deployment.set("PORT", "0");
    let mut second = deployment.spawn(MAINSTAY, &["serve"]);
    assert_eq!(second.exit_code().await, Some(1), "{}", second.output());
    let said = second.output();
    assert!(said.contains(&first) && said.contains("PostgreSQL and Redis"), "{said}");
    // The command line works beside it, and however the first ends, the next starts.
    deployment.operate(&["tenant", "list"]).await;
    deployment.kill_api().await;
    deployment.start().await;
    deployment.assert_running();
}
