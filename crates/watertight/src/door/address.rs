//! Where the server listens for commands: one socket in the data directory, for its owner alone.
//!
//! The lease says who may write; this file only says where to knock. A socket that a dead server left behind refuses whoever
//! knocks and is replaced by the next server.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

use crate::exit::{Failure, OrFail as _};

const NAME: &str = "serve.sock";

/// What `sockaddr_un` holds, less the zero at its end: 108 bytes on Linux, 104 on the BSDs and macOS.
const PATH_BYTES_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// The path of the socket would not fit into an address.
#[derive(Debug, thiserror::Error)]
#[error(
    "the socket for commands, `{path}`, has a name of {bytes} bytes and the system takes {PATH_BYTES_MAX}: name the data directory by a shorter path, a symbolic link perhaps"
)]
pub(super) struct TooLong {
    path: String,
    bytes: usize,
}

/// The socket of a data directory.
pub(super) fn of(dir: &Path) -> Result<PathBuf, TooLong> {
    fits(dir.join(NAME))
}

fn fits(path: PathBuf) -> Result<PathBuf, TooLong> {
    let bytes = path.as_os_str().len();
    if bytes <= PATH_BYTES_MAX {
        return Ok(path);
    }
    Err(TooLong { path: path.display().to_string(), bytes })
}

/// A socket that is there as long as its server takes commands.
#[derive(Debug)]
pub(super) struct Bound {
    path: PathBuf,
    /// Who may knock: whoever owns the socket, which is who runs the server.
    pub(super) owner: u32,
}

/// Listens at `path`. Whoever calls holds the lease, so what lies there belongs to nobody alive.
pub(super) fn bind(path: &Path) -> Result<(UnixListener, Bound), Failure> {
    let doing = format!("failed to listen for commands at `{}`", path.display());
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).or_fail(&doing),
        _ => {}
    }
    let listener = UnixListener::bind(path).or_fail(&doing)?;
    // Whoever slips in before this line is turned away by their credentials.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).or_fail(&doing)?;
    let owner = std::fs::metadata(path).or_fail(&doing)?.uid();
    Ok((listener, Bound { path: path.to_owned(), owner }))
}

impl Drop for Bound {
    fn drop(&mut self) {
        // One that stays behind refuses whoever knocks.
        drop(std::fs::remove_file(&self.path));
    }
}

/// The administrator of the machine can be anybody anyway.
const ROOT: u32 = 0;

/// Whether the process at the other end may be talked to: the owner's, or the administrator's.
pub(super) fn is_trusted(peer: u32, owner: u32) -> bool {
    peer == owner || peer == ROOT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_does_not_fit_is_said_with_its_length() {
        assert!(fits(PathBuf::from("x".repeat(PATH_BYTES_MAX))).is_ok());
        let refused = fits(PathBuf::from("x".repeat(PATH_BYTES_MAX + 1))).unwrap_err().to_string();
        assert!(refused.contains(&format!("{} bytes", PATH_BYTES_MAX + 1)), "{refused}");
    }

    #[test]
    fn only_the_owner_and_the_administrator_are_trusted() {
        assert!(is_trusted(1000, 1000) && is_trusted(0, 1000));
        assert!(!is_trusted(1001, 1000) && !is_trusted(1000, 0));
    }
}
