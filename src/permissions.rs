//! Modes of files and folders: those this process makes are 0600 and 0700, whatever umask it was started with.

use std::{io, os::unix::fs::PermissionsExt, path::Path};

use rustix::fs::Mode;

/// Sets the umask to 077. Call it first thing: the mask is the whole process's, so it covers what SQLite, the storage folder and
/// every library create.
pub fn keep_files_private() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Takes from everybody but owner and group what they may do with a file or folder that was there before. One that is missing, or
/// belongs to another user, stays as it is; the latter is logged.
pub fn close_to_others(path: &Path) {
    if let Err(error) = take_from_others(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, file = %path.display(), "others may read this file or folder, and its mode could not be changed");
    }
}

fn take_from_others(path: &Path) -> io::Result<()> {
    let mut permissions = std::fs::metadata(path)?.permissions();
    let mode = permissions.mode();
    if mode & 0o007 == 0 {
        return Ok(());
    }
    permissions.set_mode(mode & !0o007);
    std::fs::set_permissions(path, permissions)?;
    tracing::info!(file = %path.display(), "others could read this file or folder; no longer");
    Ok(())
}
