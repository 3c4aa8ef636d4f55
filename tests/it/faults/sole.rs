//! Two workers on one SQLite file.

use crate::support::{deployment::Deployment, process::MAINSTAY};

#[tokio::test]
async fn a_second_worker_on_a_sqlite_file_is_refused_with_the_name_of_the_first() {
    let mut deployment = Deployment::embedded().await;
    deployment.start().await;
    let first = format!("pid {}", deployment.api_id());
    deployment.set("PORT", "0");
    // Another name of the same file.
    let other = deployment.folder().join("other.db");
    std::os::unix::fs::symlink(deployment.folder().join("mainstay.db"), &other).unwrap();
    deployment.set("DATABASE_URL", &format!("sqlite://{}", other.display()));
    let mut second = deployment.spawn(MAINSTAY, &["serve"]);
    assert_eq!(second.exit_code().await, Some(1), "{}", second.output());
    let said = second.output();
    assert!(said.contains(&first) && said.contains("PostgreSQL and Redis"), "{said}");
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let line = format!("{first} on {}, since 2", host.trim());
    assert!(said.contains(&line), "host and time: {line}: {said}");
    // The command line works beside it, and however the first ends, the next starts.
    deployment.operate(&["tenant", "list"]).await;
    deployment.kill_api().await;
    deployment.start().await;
    deployment.assert_running();
}
