//! One writer at a time: a lock on a file in the data directory, held as long as the process lives.
//!
//! The operating system drops it with the process, however it dies, so there is no stale lease to clean up. A person's command
//! beside a running server goes through `door`, which asks here only when no server answers.

use std::fs::File;
use std::path::Path;

use crate::exit::{Failure, OrFail as _};

/// Held by whoever may append.
#[derive(Debug)]
pub(crate) struct Lease {
    _file: File,
}

impl Lease {
    /// Takes it, or says who is in the way.
    pub(crate) fn take(data_dir: &Path) -> Result<Self, Failure> {
        Self::if_free(data_dir)?.ok_or_else(|| {
            Failure::failed(format!("another watertight process is writing to `{}`", data_dir.display()))
                .help("`watertight serve` reads the sources by itself; reading commands and a person's commands work meanwhile")
        })
    }

    /// `None` while another process has it.
    pub(crate) fn if_free(data_dir: &Path) -> Result<Option<Self>, Failure> {
        let path = data_dir.join("lease");
        let doing = format!("failed to take the lease `{}`", path.display());
        let file = File::options().create(true).truncate(false).write(true).open(&path).or_fail(&doing)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(error).or_fail(&doing),
        }
    }
}
