//! `.env` in the working directory.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use mainstay::crypto::Keyring;

use crate::support::{
    folder::Folder,
    process::{API, MAINSTAY, Process, WORKER, command},
};

/// Runs a program in a folder, and returns its exit code and what it wrote.
async fn run(folder: &Path, program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = command(program, arguments, environment);
    command.current_dir(folder);
    let mut process = Process::spawn(command);
    (process.exit_code().await, process.output())
}

fn write(folder: &Path, text: &str, mode: u32) {
    let path = folder.join(".env");
    fs::write(&path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn every_program_reads_it_and_the_environment_wins() {
    let folder = Folder::new("env");
    let path = folder.path();
    let key = Keyring::generate();
    write(
        path,
        &format!("# ours\nexport DATABASE_URL=\"sqlite://here.db\"\nMAINSTAY_MASTER_KEY={key}\n"),
        0o600,
    );
    let (code, said) = run(path, MAINSTAY, &["migrate"], &[]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(path.join("here.db").exists());
    let (code, said) = run(path, MAINSTAY, &["tenant", "create", "Acme"], &[]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("readable by other users"), "{said}");
    let elsewhere = [("DATABASE_URL", "sqlite://elsewhere.db")];
    let (code, said) = run(path, MAINSTAY, &["tenant", "list"], &elsewhere).await;
    assert!(
        code == Some(1) && said.contains("there is no database at elsewhere.db"),
        "{said}"
    );

    // A secret in a file that the environment names is not another than that in `.env`.
    fs::write(path.join("other.key"), Keyring::generate()).unwrap();
    let named = [("MAINSTAY_MASTER_KEY_FILE", "other.key")];
    let (code, said) = run(path, MAINSTAY, &["tenant", "list"], &named).await;
    assert!(code == Some(1) && said.contains("none of its keys"), "{said}");

    for program in [API, WORKER] {
        write(
            path,
            "DATABASE_URL=postgres://nobody@127.0.0.1:9/x\nREDIS_URL=nonsense\n",
            0o600,
        );
        let (code, said) = run(path, program, &[], &[]).await;
        assert!(
            code == Some(1) && said.contains("REDIS_URL: not a Redis address"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn one_that_others_may_read_is_warned_of_and_a_broken_one_is_refused() {
    let folder = Folder::new("env");
    let path = folder.path();
    write(
        path,
        &format!(
            "DATABASE_URL=sqlite://here.db\nMAINSTAY_MASTER_KEY={}\n",
            Keyring::generate()
        ),
        0o644,
    );
    run(path, MAINSTAY, &["migrate"], &[]).await;
    let (code, said) = run(path, MAINSTAY, &["tenant", "list"], &[]).await;
    assert!(
        code == Some(0) && said.contains(".env is readable by other users"),
        "{said}"
    );
    let (code, said) = run(path, MAINSTAY, &["doctor", "--offline", "--json"], &[]).await;
    assert!(code == Some(3) && said.contains("chmod 600 .env"), "{said}");
    write(path, "MAINSTAY_MASTER_KEYS=mistyped\n", 0o600);
    let key = Keyring::generate();
    let (_, said) = run(
        path,
        MAINSTAY,
        &["doctor", "--offline", "--json"],
        &[("MAINSTAY_MASTER_KEY", &key)],
    )
    .await;
    assert!(said.contains("nothing reads MAINSTAY_MASTER_KEYS"), "{said}");
    write(path, "PORT=8080\nsesame\n", 0o600);
    let (code, said) = run(path, MAINSTAY, &["tenant", "list"], &[]).await;
    assert!(
        code == Some(1) && said.contains(".env: line 2") && !said.contains("sesame"),
        "{said}"
    );
}
