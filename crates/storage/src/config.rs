use std::path::PathBuf;

use mainstay_core::Secret;

/// Where media are stored.
#[derive(Clone, Debug)]
pub enum StorageConfig {
    /// A folder of this machine, or one mounted on all machines.
    Folder(PathBuf),
    Bucket(Bucket),
}

/// A bucket of Amazon S3 or a compatible store.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub name: String,
    /// Prefix of the names of our files; may be empty.
    pub prefix: String,
    pub region: String,
    pub endpoint: Option<String>,
    pub access_key_id: Secret,
    pub secret_access_key: Secret,
}
