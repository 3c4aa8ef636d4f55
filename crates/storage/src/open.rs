use std::{sync::Arc, time::Duration};

use anyhow::Context;
use object_store::{ClientOptions, RetryConfig, aws::AmazonS3Builder, local::LocalFileSystem, path::Path};

use super::{Storage, StorageConfig};
use mainstay_core::permissions;

/// Time limit for the next bytes of a bucket. A whole file may take as long as its reader.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// Number of retries after a transient failure of a bucket, within about two seconds; after that the caller retries later.
const MAX_RETRIES: usize = 4;

impl Storage {
    /// Opens a folder, created if missing, or a bucket, which is not contacted yet.
    pub fn open(config: &StorageConfig) -> anyhow::Result<Self> {
        match config {
            StorageConfig::Folder(folder) => {
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("cannot create the folder {}", folder.display()))?;
                permissions::remove_other_access(folder);
                // The store resolves symlinks, so paths built beside it must use the same canonical folder.
                let folder = std::fs::canonicalize(folder)?;
                Ok(Self {
                    store: Arc::new(LocalFileSystem::new_with_prefix(&folder)?),
                    folder: Some(Arc::new(folder)),
                    prefix: Path::default(),
                })
            }
            StorageConfig::Bucket(bucket) => {
                mainstay_crypto::install_tls();
                let options = ClientOptions::new()
                    .with_timeout_disabled()
                    .with_read_timeout(READ_TIMEOUT)
                    .with_allow_http(bucket.endpoint.as_ref().is_some_and(|it| it.starts_with("http://")));
                let retry = RetryConfig {
                    max_retries: MAX_RETRIES,
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
                    // Other stores than Amazon's expect the bucket in the path; not all support it in the host name.
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
