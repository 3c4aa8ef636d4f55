//! One worker per SQLite file. Meta's rate limits are tracked in the memory of the process that sends: two workers would each use the whole
//! limit, and Meta would reject the excess. With PostgreSQL and Redis the limits are shared.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use chrono::{DateTime, SecondsFormat, Utc};

use crate::{config::Config, db::sqlite_file};

/// The lock on a database file, held while the process lives and released by the kernel however it ends.
pub(crate) struct WorkerLock(#[expect(dead_code, reason = "held, not read")] File);

/// Locks the database file of this configuration, which exists; returns `None` if the database is not a file.
pub fn lock(config: &Config, now: DateTime<Utc>) -> anyhow::Result<Option<WorkerLock>> {
    let Some(file) = sqlite_file(&config.database_url) else {
        return Ok(None);
    };
    // Two names of one file have one lock.
    let path = beside(&file.canonicalize().unwrap_or_else(|_| file.clone()));
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
            "DATABASE_URL: {} is in use by another process of Mainstay: {}. Two would each use the whole of Meta's rate limits: \
             stop the other, or use PostgreSQL and Redis, where several share them",
            file.display(),
            holder(&mut lock)
        ),
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("{}: cannot be locked", path.display()));
        }
    }
    let name = format!(
        "pid {} on {}, since {}, started for {}\n",
        std::process::id(),
        rustix::system::uname().nodename().to_string_lossy(),
        now.to_rfc3339_opts(SecondsFormat::Secs, true),
        config.listen
    );
    lock.set_len(0).and_then(|()| lock.write_all(name.as_bytes()))?;
    Ok(Some(WorkerLock(lock)))
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".worker.lock");
    name.into()
}

/// Reads which process holds the lock.
fn holder(lock: &mut File) -> String {
    let mut text = String::new();
    match lock.read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => "unknown".to_owned(),
    }
}
