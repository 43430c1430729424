//! Writing files so that a power cut leaves the old file or the new one, never half of either.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use crate::exit::{Failure, OrFail as _};

/// Temporary file, fsync, rename, fsync of the directory.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_mode(path, bytes, 0o644)
}

/// The same, readable by the owner alone.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_mode(path, bytes, 0o600)
}

fn write_mode(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let doing = format!("failed to write `{}`", path.display());
    // A bare file name has an empty parent.
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(dir).or_fail(&doing)?;
    let temporary = path.with_extension("tmp");
    let mut options = File::options();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let mut file = options.open(&temporary).or_fail(&doing)?;
    file.write_all(bytes).or_fail(&doing)?;
    file.sync_all().or_fail(&doing)?;
    fs::rename(&temporary, path).or_fail(&doing)?;
    File::open(dir).and_then(|dir| dir.sync_all()).or_fail(&doing)
}
