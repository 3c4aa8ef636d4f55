//! A temporary folder of one's own.

use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Mutex,
};

use super::databases;

/// A folder only its owner can enter, removed with all it holds when dropped.
///
/// It lies in `TMPDIR`, which `./test` sets to a folder that goes away even when the tests are killed, that the user
/// PostgreSQL runs as can reach, and whose path is short enough for a Unix socket (108 bytes).
pub struct Folder {
    path: PathBuf,
    /// On the shared PostgreSQL. They go when the folder goes.
    databases: Mutex<Vec<String>>,
}

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mainstay-{name}-{:016x}", rand::random::<u64>()));
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .expect("the temporary folder is writable");
        Folder {
            path,
            databases: Mutex::default(),
        }
    }

    /// Makes a database of the shared PostgreSQL part of what goes with the folder.
    pub fn add_database(&self, name: String) {
        self.databases.lock().expect("nobody panics with it").push(name);
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A process that is just ending may still add a file; a folder left in /tmp is no reason to fail a test.
        let _ = fs::remove_dir_all(&self.path);
        let databases = self.databases.get_mut().expect("nobody panics with it");
        databases::no_longer_used(databases);
    }
}
