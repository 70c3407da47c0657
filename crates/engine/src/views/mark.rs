//! Whether `views.db` can be trusted although nothing of it is synced while it is written.
//!
//! What a program has written survives its end, but not that of the machine. So a mark lies beside the
//! file as long as somebody writes there; it names the machine's start. A mark of an earlier start:
//! the machine went down meanwhile, the file may lack anything, and the views are built again.

use super::{Error, Result};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Where Linux tells a number that is new at each start of the machine.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// Lies beside a file that is being written.
#[derive(Debug)]
pub(super) struct Mark(PathBuf);

impl Mark {
    /// Marks a file; none where the machine does not tell its starts apart, and the file must be
    /// synced as it is written.
    ///
    /// # Errors
    /// When the machine went down while somebody wrote there, or the mark cannot be written.
    pub(super) fn set(file: &Path) -> Result<Option<Mark>> {
        let Ok(boot) = fs::read_to_string(BOOT) else { return Ok(None) };
        let mark = Mark(beside(file, "-boot"));
        let is_there = match fs::read_to_string(&mark.0) {
            Ok(found) if found == boot => true,
            Ok(_) if file.exists() => {
                return Err(Error::Interrupted { file: file.to_owned() });
            }
            Ok(_) => false,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(source) => return Err(Error::Io { file: mark.0, source }),
        };
        let write = || {
            if is_there {
                // Not written anew: whoever is killed here must not leave half of it. Synced again,
                // since whoever wrote it may have been killed before that.
                File::open(&mark.0)?.sync_all()?;
            } else {
                let mut file = File::create(&mark.0)?;
                file.write_all(boot.as_bytes())?;
                file.sync_all()?;
            }
            // The name, too, before anything is written that it warns of.
            let folder = mark.0.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        };
        match write() {
            Ok(()) => Ok(Some(mark)),
            Err(source) => Err(Error::Io { file: mark.0, source }),
        }
    }

    /// All that was written is on the disk.
    ///
    /// # Errors
    /// When it cannot be taken away.
    pub(super) fn take_away(self) -> io::Result<()> {
        fs::remove_file(self.0)
    }
}

/// A file that belongs to another one.
pub(super) fn beside(file: &Path, end: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(end);
    path.into()
}
