//! Who else on the machine may read what is stored.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use mainstay_test_macros::both_sizes;
use serde_json::json;

use crate::{faults::Client, support::deployment::Deployment};

const USUAL_UMASK: [&str; 3] = ["sh", "-c", "umask 022; exec \"$0\" \"$@\""];

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Every file and folder below, with its mode.
fn below(folder: &Path, found: &mut Vec<(PathBuf, u32)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        found.push((path.clone(), mode(&path)));
        if path.is_dir() {
            below(&path, found);
        }
    }
}

#[both_sizes]
async fn only_the_owner_may_read(mut deployment: Deployment) {
    deployment.start_api_in(&USUAL_UMASK).await;
    let client = Client::of(&deployment);
    assert_eq!(client.post_webhook().await.status, 200);
    let made = client.post("/admin/tenants", &json!({ "name": "Owner" })).await;
    let key = made.body["api_key"].as_str().expect("a key").to_owned();
    let file = BASE64_STANDARD.encode("a document");
    let upload = json!({ "base64": file, "type": "document", "mime_type": "text/plain", "filename": "a.txt" });
    let request = reqwest::Client::new()
        .post(deployment.url("/api/v1/media/import"))
        .bearer_auth(key)
        .json(&upload);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 201);
    let mut found = Vec::new();
    below(deployment.folder(), &mut found);
    let least = if deployment.is_embedded() { 5 } else { 3 };
    assert!(
        found.len() >= least,
        "a database, its log, a folder for media, a file: {found:?}"
    );
    for (path, mode) in found {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{} is {mode:o}", path.display());
    }
}

/// As an earlier version left it.
#[tokio::test]
async fn a_database_that_everybody_may_read_is_closed_to_others() {
    let mut deployment = Deployment::embedded().await;
    let media = deployment.folder().join("media");
    let database = deployment.folder().join("mainstay.db");
    fs::create_dir_all(&media).unwrap();
    fs::set_permissions(&media, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&database, fs::Permissions::from_mode(0o644)).unwrap();
    deployment.start_api_in(&USUAL_UMASK).await;
    assert_eq!(
        (mode(&media), mode(&database)),
        (0o750, 0o640),
        "the group is the operator's to choose"
    );
    assert_eq!(mode(&deployment.folder().join("mainstay.db-wal")) & 0o007, 0);
}
