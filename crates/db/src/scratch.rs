//! A SQLite database for one test, deleted afterwards.

use std::{
    ops::Deref,
    path::{Path, PathBuf},
};

use super::Db;
use mainstay_core::clock::{Clock, uuid_at};

/// An open SQLite database in a folder of its own.
pub struct Scratch {
    db: Db,
    folder: PathBuf,
}

impl Scratch {
    pub async fn migrated() -> Self {
        let scratch = Self::empty().await;
        scratch.db.migrate().await.expect("the migrations run");
        scratch
    }

    pub async fn empty() -> Self {
        let folder = std::env::temp_dir().join(format!("mainstay-{}", uuid_at(Clock::default().now()).simple()));
        let db = Db::open(&url(&folder), 2).await.expect("a file can be made there");
        Self { db, folder }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn url(&self) -> String {
        url(&self.folder)
    }
}

fn url(folder: &Path) -> String {
    format!("sqlite://{}/mainstay.db", folder.display())
}

impl Deref for Scratch {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
