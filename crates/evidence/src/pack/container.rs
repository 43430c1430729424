//! The zip file of a pack. Members always get the same date and order of bytes, and the archive comment holds the SHA-256 of
//! everything before it: a changed byte in a header shows as surely as one in a member. Unpacking and packing again with another
//! tool drops the comment and nothing else; the members are sealed by the manifest.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::manifest::Member;
use crate::hash::Hash;

/// Before the 64 hex digits of the digest.
pub(crate) const COMMENT_START: &str = "watertight/pack/v1 sha256:";
pub(crate) const DIGEST_HEX: usize = 64;

pub(super) struct Container {
    zip: ZipWriter<File>,
    open: Option<OpenMember>,
}

struct OpenMember {
    name: String,
    bytes: u64,
    sha256: Sha256,
}

impl Container {
    pub(super) fn new(file: File) -> Self {
        Self { zip: ZipWriter::new(file), open: None }
    }

    /// Begins a member; what is written next goes into it.
    pub(super) fn start(&mut self, name: &str) -> io::Result<()> {
        // Hash tiles do not compress.
        let hashes = name.contains("/tile/") && !name.contains("/entries/");
        let method = if hashes { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        self.zip.start_file(name, SimpleFileOptions::default().compression_method(method))?;
        self.open = Some(OpenMember { name: name.to_owned(), bytes: 0, sha256: Sha256::new() });
        Ok(())
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        let member = self.open.as_mut().expect("a member is started before it is written");
        member.bytes += bytes.len() as u64;
        member.sha256.update(bytes);
        self.zip.write_all(bytes)
    }

    /// Ends the member that is open.
    pub(super) fn end(&mut self) -> Member {
        let OpenMember { name, bytes, sha256 } = self.open.take().expect("a member is started before it is ended");
        Member { name, bytes, sha256: Hash(sha256.finalize().into()) }
    }

    pub(super) fn member(&mut self, name: &str, bytes: &[u8]) -> io::Result<Member> {
        self.start(name)?;
        self.push(bytes)?;
        Ok(self.end())
    }

    /// Ends the archive and stamps its digest into the comment.
    pub(super) fn finish(mut self) -> io::Result<(File, Hash)> {
        self.zip.set_comment(format!("{COMMENT_START}{}", "0".repeat(DIGEST_HEX)))?;
        let mut file = self.zip.finish()?;
        let end = file.seek(SeekFrom::End(0))?;
        let digest = digest_before_comment(&mut file, end)?;
        file.seek(SeekFrom::Start(end - DIGEST_HEX as u64))?;
        file.write_all(digest.to_hex().as_bytes())?;
        file.sync_data()?;
        Ok((file, digest))
    }
}

impl std::fmt::Debug for Container {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Container")
            .field("open", &self.open.as_ref().map(|member| &member.name))
            .finish_non_exhaustive()
    }
}

/// The SHA-256 of a pack file of `bytes` bytes, without the 64 digits at its end.
pub(crate) fn digest_before_comment(file: &mut File, bytes: u64) -> io::Result<Hash> {
    file.seek(SeekFrom::Start(0))?;
    let mut rest = file.take(bytes.saturating_sub(DIGEST_HEX as u64));
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = rest.read(&mut buffer)?;
        if read == 0 {
            return Ok(Hash(hasher.finalize().into()));
        }
        hasher.update(&buffer[..read]);
    }
}
