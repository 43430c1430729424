//! Puts `content/` into the binary, so that an installed `watertight` needs no files beside it, and asks for a small one.
//!
//! It writes one Rust array of (path, text); reading content from a directory instead is `content.rs`' business.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    fold_identical_functions();
    let content = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content");
    println!("cargo::rerun-if-changed={}", content.display());
    let mut files = Vec::new();
    collect(&content, &mut files);
    files.sort();
    let mut code = String::from(
        "/// Every content file, path relative to `content/`.\npub(crate) const EMBEDDED: &[(&str, &str)] = &[\n",
    );
    for file in &files {
        let name = file.strip_prefix(&content).expect("collected below content").to_string_lossy().replace('\\', "/");
        let path = file.canonicalize().expect("a file that was just listed");
        writeln!(code, "    ({name:?}, include_str!({path:?})),").expect("writing to a string");
    }
    code.push_str("];\n");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("content.rs");
    std::fs::write(out, code).expect("OUT_DIR is writable");
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    println!("cargo::rerun-if-changed={}", dir.display());
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path
            .extension()
            .is_some_and(|e| ["yml", "yaml", "toml", "md", "j2", "json", "sql", "txt"].iter().any(|x| e == *x))
        {
            files.push(path);
        }
    }
}

/// Generic code of the query engine comes out the same for many types; keeping one copy takes a tenth off the binary. The
/// linker that comes with Rust on this target can do that; another one that somebody configured may not.
fn fold_identical_functions() {
    let is_ours = std::env::var("TARGET").is_ok_and(|target| target == "x86_64-unknown-linux-gnu");
    if is_ours && std::env::var_os("RUSTC_LINKER").is_none() {
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
    }
}
