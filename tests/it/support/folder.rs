//! A temporary folder of one's own.

use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// A folder only its owner can enter, removed with all it holds when dropped.
///
/// It lies in `TMPDIR`, which `./test` sets to a folder that goes away even when the tests are killed, that the user
/// PostgreSQL runs as can reach, and whose path is short enough for a Unix socket (108 bytes).
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mainstay-{name}-{:016x}", rand::random::<u64>()));
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .expect("the temporary folder is writable");
        Folder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A process that is just ending may still add a file; a folder left in /tmp is no reason to fail a test.
        let _ = fs::remove_dir_all(&self.0);
    }
}
