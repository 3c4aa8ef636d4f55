//! The secrets of the demo.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::crypto::{ApiToken, Keyring};

/// Secrets generated on the first start and stored beside the database, readable by their owner only, so that the demo can be restarted
/// on the same data.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct DemoSecrets {
    pub master_key: String,
    pub admin_token: String,
    pub app_secret: String,
    pub verify_token: String,
    /// The API key; the database holds only its digest.
    pub api_key: Option<String>,
    /// Signs the events that are passed on; earlier versions had none.
    #[serde(default)]
    pub webhook_secret: Option<String>,
}

const FILE: &str = "demo.json";

impl DemoSecrets {
    /// Reads the secrets of the folder, or generates them.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("{} cannot be read", path.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let fresh = Self::generate();
                fresh.save(folder)?;
                Ok(fresh)
            }
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    /// Writes a new file and renames it, so that the file is never half written.
    pub fn save(&self, folder: &Path) -> anyhow::Result<()> {
        let (path, beside) = (folder.join(FILE), folder.join(".demo.json.new"));
        let write = || -> io::Result<()> {
            fs::create_dir_all(folder)?;
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&beside)?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            file.sync_all()?;
            fs::rename(&beside, &path)
        };
        write().with_context(|| format!("{} cannot be written", path.display()))
    }

    fn generate() -> Self {
        Self {
            master_key: Keyring::generate(),
            admin_token: word(),
            app_secret: word(),
            verify_token: word(),
            api_key: None,
            webhook_secret: None,
        }
    }
}

fn word() -> String {
    ApiToken::generate().expose().trim_start_matches("mk_").to_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::db::Scratch;

    #[tokio::test]
    async fn what_was_made_up_once_is_kept_for_its_owner_only() {
        let scratch = Scratch::empty().await;
        let folder = scratch.folder().join("data");
        let mut first = DemoSecrets::open(&folder).unwrap();
        first.api_key = Some("mk_kept".to_owned());
        first.save(&folder).unwrap();
        let second = DemoSecrets::open(&folder).unwrap();
        assert_eq!(
            (&second.master_key, &second.api_key),
            (&first.master_key, &first.api_key)
        );
        let mode = fs::metadata(folder.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
