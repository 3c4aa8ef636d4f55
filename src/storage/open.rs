use std::{sync::Arc, time::Duration};

use anyhow::Context;
use object_store::{ClientOptions, RetryConfig, aws::AmazonS3Builder, local::LocalFileSystem, path::Path};

use super::Storage;
use crate::{config, crypto, permissions};

/// For the next bytes from a bucket. The whole of a file may take as long as its reader does.
const SILENCE: Duration = Duration::from_secs(60);
/// Requests to a bucket that failed in passing are repeated so often, within two seconds or so; after that, whoever asked tries again later.
const RETRIES: usize = 4;

impl Storage {
    /// Opens a folder, which is made if it is missing, or a bucket, which is not asked yet.
    pub fn open(config: &config::Storage) -> anyhow::Result<Self> {
        match config {
            config::Storage::Folder(folder) => {
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
                permissions::close_to_others(folder);
                // What the store writes to is the folder's true path, and so must what we do beside it.
                let folder = std::fs::canonicalize(folder)?;
                Ok(Self {
                    store: Arc::new(LocalFileSystem::new_with_prefix(&folder)?),
                    folder: Some(Arc::new(folder)),
                    prefix: Path::default(),
                })
            }
            config::Storage::Bucket(bucket) => {
                crypto::install_tls();
                let options = ClientOptions::new()
                    .with_timeout_disabled()
                    .with_read_timeout(SILENCE)
                    .with_allow_http(bucket.endpoint.as_ref().is_some_and(|it| it.starts_with("http://")));
                let retry = RetryConfig {
                    max_retries: RETRIES,
                    ..RetryConfig::default()
                };
                let mut builder = AmazonS3Builder::new()
                    .with_client_options(options)
                    .with_retry(retry)
                    .with_bucket_name(&bucket.name)
                    .with_region(&bucket.region)
                    .with_access_key_id(bucket.access_key_id.expose())
                    .with_secret_access_key(bucket.secret_access_key.expose());
                if let Some(endpoint) = &bucket.endpoint {
                    // Stores other than Amazon's take the bucket in the path; not all take it in the host.
                    builder = builder.with_endpoint(endpoint).with_virtual_hosted_style_request(false);
                }
                Ok(Self {
                    store: Arc::new(builder.build()?),
                    folder: None,
                    prefix: Path::from(bucket.prefix.as_str()),
                })
            }
        }
    }
}
