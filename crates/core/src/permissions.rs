//! File modes: files of this process are 0600 and its folders 0700, whatever the umask at the start.

use std::{io, os::unix::fs::PermissionsExt, path::Path};

use rustix::fs::Mode;

/// Sets the umask to 077. Must be called first: the mask applies to the whole process and so to what SQLite, the storage folder and
/// libraries create.
pub fn set_private_umask() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Removes the permissions of others from an existing file or folder. A missing one is ignored; one of another user is left alone and
/// logged.
pub fn remove_other_access(path: &Path) {
    if let Err(error) = clear_other_bits(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, file = %path.display(), "this file or folder is accessible to others, and its mode could not be changed");
    }
}

fn clear_other_bits(path: &Path) -> io::Result<()> {
    let mut permissions = std::fs::metadata(path)?.permissions();
    let mode = permissions.mode();
    if mode & 0o007 == 0 {
        return Ok(());
    }
    permissions.set_mode(mode & !0o007);
    std::fs::set_permissions(path, permissions)?;
    tracing::info!(file = %path.display(), "removed the access of others to this file or folder");
    Ok(())
}
