use std::sync::Arc;

use anyhow::Context;
use object_store::{ClientOptions, aws::AmazonS3Builder, local::LocalFileSystem, path::Path};

use super::Storage;
use crate::{config, crypto};

impl Storage {
    /// Opens a folder, which is made if it is missing, or a bucket, which is not asked yet.
    pub fn open(config: &config::Storage) -> anyhow::Result<Self> {
        match config {
            config::Storage::Folder(folder) => {
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
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
                let mut builder = AmazonS3Builder::new()
                    .with_bucket_name(&bucket.name)
                    .with_region(&bucket.region)
                    .with_access_key_id(bucket.access_key_id.expose())
                    .with_secret_access_key(bucket.secret_access_key.expose());
                if let Some(endpoint) = &bucket.endpoint {
                    // Stores other than Amazon's take the bucket in the path; not all take it in the host.
                    builder = builder
                        .with_endpoint(endpoint)
                        .with_virtual_hosted_style_request(false)
                        .with_client_options(ClientOptions::new().with_allow_http(endpoint.starts_with("http://")));
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
