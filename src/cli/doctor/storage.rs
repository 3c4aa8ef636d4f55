//! Checks the media storage.

use std::time::Duration;

use super::Finding;
use crate::{config::Config, config::StorageConfig as Place, storage::Storage};

const CHECK: &str = "media";
const TIMEOUT: Duration = Duration::from_secs(15);

/// Writes, reads and removes a small file in the media storage.
pub async fn check(config: &Config) -> Vec<Finding> {
    let place = match &config.storage {
        // Not created here: the folder might then belong to another user than the server's.
        Place::Folder(folder) if !folder.exists() => {
            let what = format!(
                "there is no folder {} yet; the server creates it when it starts",
                folder.display()
            );
            return vec![Finding::ok(CHECK, what)];
        }
        Place::Folder(folder) => folder.display().to_string(),
        Place::Bucket(bucket) => format!("the bucket {}", bucket.name),
    };
    let mut findings = vec![match tried(&config.storage).await {
        Ok(()) => Finding::ok(CHECK, format!("files can be written, read and removed in {place}")),
        Err(why) => {
            let cure = "see that MAINSTAY_STORAGE names it and that we may write there; what customers send is fetched again for seven days";
            Finding::fail(CHECK, format!("{place} cannot be used: {why}"), cure)
        }
    }];
    if config.redis.is_some() && matches!(config.storage, Place::Folder(_)) {
        let what = format!("media are kept in {place}, which every api and worker must share");
        let cure = "set MAINSTAY_STORAGE to a bucket, unless all processes run on this machine or share that folder";
        findings.push(Finding::warn(CHECK, what, cure));
    }
    findings
}

async fn tried(place: &Place) -> Result<(), String> {
    let storage = Storage::open(place).map_err(|error| format!("{error:#}"))?;
    match tokio::time::timeout(TIMEOUT, storage.check()).await {
        Ok(checked) => checked.map_err(|error| error.to_string()),
        Err(_) => Err(format!("it does not answer within {} s", TIMEOUT.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cli::doctor::finding::FindingStatus,
        config::{Environment, Purpose, RedisConfig, Secret},
        crypto::Keyring,
    };

    async fn statuses(storage: &std::path::Path, change: impl FnOnce(&mut Config)) -> Vec<FindingStatus> {
        let mut environment = <Environment as clap::Parser>::try_parse_from(std::iter::empty::<&str>()).unwrap();
        environment.database_url = "sqlite://data/mainstay.db".to_owned();
        environment.redis_url = None;
        environment.master_key = Some(Keyring::generate());
        environment.storage = Some(storage.display().to_string());
        let mut config = environment.check(Purpose::Operate).unwrap();
        change(&mut config);
        check(&config).await.iter().map(|finding| finding.status).collect()
    }

    #[tokio::test]
    async fn a_place_for_media_is_tried() {
        let folder = std::env::temp_dir().join(format!("mainstay-doctor-{:016x}", rand::random::<u64>()));
        assert_eq!(statuses(&folder, |_| {}).await, [FindingStatus::Ok], "none yet");
        assert!(!folder.exists(), "looking makes nothing");
        std::fs::create_dir(&folder).unwrap();
        assert_eq!(statuses(&folder, |_| {}).await, [FindingStatus::Ok]);
        let distributed = |config: &mut Config| {
            config.redis = Some(RedisConfig {
                url: Secret::new("redis://localhost"),
                prefix: "m".to_owned(),
            });
        };
        assert_eq!(
            statuses(&folder, distributed).await,
            [FindingStatus::Ok, FindingStatus::Warn]
        );
        let file = folder.join("a file");
        std::fs::write(&file, "in the way").unwrap();
        assert_eq!(statuses(&file, |_| {}).await, [FindingStatus::Fail]);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
