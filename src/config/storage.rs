use std::path::{Path, PathBuf};

use super::{Bucket, ConfigError, Environment, Secret, StorageConfig};

/// Reads where media are stored.
pub fn read(environment: &Environment) -> Result<StorageConfig, ConfigError> {
    let text = environment.storage.as_deref().map(str::trim);
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(StorageConfig::Folder(default_folder(&environment.database_url)));
    };
    match text.strip_prefix("s3://") {
        None => Ok(StorageConfig::Folder(text.into())),
        Some(rest) => bucket(environment, rest).map(StorageConfig::Bucket),
    }
}

fn bucket(environment: &Environment, text: &str) -> Result<Bucket, ConfigError> {
    let (name, prefix) = text.split_once('/').unwrap_or((text, ""));
    if name.is_empty() {
        return Err(ConfigError::new(
            "MAINSTAY_STORAGE",
            "names no bucket",
            "use e.g. s3://my-bucket/media",
        ));
    }
    let given = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
    let key = |variable, value: &Option<String>| {
        let missing = || ConfigError::new(variable, "unset, but MAINSTAY_STORAGE names a bucket", "set it");
        given(value).map(Secret::new).ok_or_else(missing)
    };
    Ok(Bucket {
        name: name.to_owned(),
        prefix: prefix.trim_matches('/').to_owned(),
        region: environment.s3_region.clone(),
        endpoint: given(&environment.s3_endpoint),
        access_key_id: key("AWS_ACCESS_KEY_ID", &environment.s3_access_key_id)?,
        secret_access_key: key("AWS_SECRET_ACCESS_KEY", &environment.s3_secret_access_key)?,
    })
}

/// Returns the folder `media` beside a SQLite file, or below `data` for PostgreSQL.
fn default_folder(database_url: &str) -> PathBuf {
    let file = database_url.strip_prefix("sqlite://").map(|rest| {
        let file = rest.split_once('?').map_or(rest, |(file, _)| file);
        // The address is a URI, in which these two are escaped.
        file.replace("%3F", "?").replace("%25", "%")
    });
    let folder = file.as_deref().map(Path::new).and_then(Path::parent);
    folder.unwrap_or(Path::new("data")).join("media")
}
