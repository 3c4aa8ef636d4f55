//! One worker per SQLite file. The rates that Meta permits are kept in the memory of the process that sends: two would each use the whole
//! of them, and Meta would refuse what is beyond. With PostgreSQL and Redis the rates are shared.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use crate::{config::Config, db::sqlite_file};

/// The lock of a database file, held while the process lives and given up by the kernel however it ends.
pub struct Sole(#[expect(dead_code, reason = "held, not read")] File);

/// Takes the lock on the database file of this configuration; `None` where the database is no file.
pub fn lock(config: &Config) -> anyhow::Result<Option<Sole>> {
    let Some(file) = sqlite_file(&config.database_url) else {
        return Ok(None);
    };
    let path = beside(&file);
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    let mut lock = opened.with_context(|| format!("{}: the lock of the database cannot be opened", path.display()))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => bail!(
            "DATABASE_URL: {} is worked on by another process ({}). Two workers would each use the whole of the rates that Meta permits: \
             stop the other, or use PostgreSQL and Redis, where several share them",
            file.display(),
            holder(&mut lock)
        ),
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("{}: cannot be locked", path.display()));
        }
    }
    let name = format!("pid {}, started for {}\n", std::process::id(), config.listen);
    lock.set_len(0).and_then(|()| lock.write_all(name.as_bytes()))?;
    Ok(Some(Sole(lock)))
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".worker.lock");
    name.into()
}

/// What the holder wrote of itself.
fn holder(lock: &mut File) -> String {
    let mut text = String::new();
    match lock.read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => "which does not say who it is".to_owned(),
    }
}
