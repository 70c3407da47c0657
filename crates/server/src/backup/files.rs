//! Files of a backup: copied, synced, summed; and new folders that have their name once they are whole.

use super::{BackupError, FileEntry, Result};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File, Permissions},
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A folder that is being filled beside the place it will have; gone when it is dropped unfinished.
pub(super) struct NewFolder {
    filling: TempDir,
    to: PathBuf,
}

impl NewFolder {
    /// Makes it; what stands there already must be empty.
    pub(super) fn begin(to: &Path) -> Result<NewFolder> {
        if is_filled(to)? {
            return Err(BackupError::NotEmpty { path: to.to_owned() });
        }
        let name = to.file_name().ok_or(BackupError::NoName { path: to.to_owned() })?;
        let parent = match to.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(parent).map_err(BackupError::io(parent))?;
        // Only its owner can look into it.
        let filling = tempfile::Builder::new()
            .prefix(&format!(".{}-", name.to_string_lossy()))
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .map_err(BackupError::io(parent))?;
        Ok(NewFolder { filling, to: to.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        self.filling.path()
    }

    /// Gives it its name, for good.
    pub(super) fn finish(self) -> Result<()> {
        let synced = File::open(self.path()).and_then(|folder| folder.sync_all());
        synced.map_err(BackupError::io(self.path()))?;
        fs::rename(self.path(), &self.to).map_err(|source| match source.kind() {
            // Somebody was quicker.
            io::ErrorKind::DirectoryNotEmpty => BackupError::NotEmpty { path: self.to.clone() },
            _ => BackupError::Io { path: self.to.clone(), source },
        })?;
        // What it was called until now is no longer there to be deleted.
        let _ = self.filling.keep();
        let parent = self.to.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        let synced = File::open(parent).and_then(|folder| folder.sync_all());
        synced.map_err(BackupError::io(parent))
    }
}

fn is_filled(folder: &Path) -> Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(BackupError::Io { path: folder.to_owned(), source }),
    }
}

/// Copies a plain file with its permissions, and syncs it.
pub(super) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).map_err(BackupError::io(from))?;
    File::open(to).and_then(|file| file.sync_all()).map_err(BackupError::io(to))
}

/// Size and sum of a file, read to its end.
pub(super) fn entry(folder: &Path, name: &str) -> Result<FileEntry> {
    let path = folder.join(name);
    let mut file = File::open(&path).map_err(BackupError::io(&path))?;
    let (mut sum, mut bytes) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 17];
    loop {
        let count = file.read(&mut buffer).map_err(BackupError::io(&path))?;
        if count == 0 {
            break;
        }
        sum.update(&buffer[..count]);
        bytes += count as u64;
    }
    let sha256 = sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(FileEntry { name: name.to_owned(), bytes, sha256 })
}
