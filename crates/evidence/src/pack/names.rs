//! Names of things in a pack, for the writer and for the verifier, which meets hostile ones.

pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const SEAL: &str = "manifest.sig";
pub(crate) const README: &str = "README.md";
/// The log inside a pack has the same layout as the log on disk, below this prefix.
pub(crate) const LOG_PREFIX: &str = "log/";
pub(crate) const POPULATIONS_PREFIX: &str = "populations/";
pub(crate) const CERTIFICATE_END: &str = ".certificate.json";
pub(crate) const LISTING_END: &str = ".jsonl";
pub(crate) const SAMPLES_PREFIX: &str = "samples/";
pub(crate) const ARTEFACTS_PREFIX: &str = "artefacts/";
pub(crate) const PROOFS_PREFIX: &str = "proofs/";
pub(crate) const OSCAL_PREFIX: &str = "oscal/";

/// Longest member name.
const NAME_BYTES_MAX: usize = 240;

/// A relative path of plain segments: nothing that could leave a directory or look like something else.
pub(crate) fn is_member_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '=');
    let segment_is_plain =
        |segment: &str| !segment.is_empty() && !segment.starts_with('.') && segment.chars().all(plain);
    name.len() <= NAME_BYTES_MAX && !name.is_empty() && name.split('/').all(segment_is_plain)
}

/// One plain segment, for populations and samples.
pub(crate) fn is_plain_name(name: &str) -> bool {
    is_member_name(name) && !name.contains('/')
}

pub(crate) fn listing_of(population: &str) -> String {
    format!("{POPULATIONS_PREFIX}{population}{LISTING_END}")
}

pub(crate) fn certificate_of(population: &str) -> String {
    format!("{POPULATIONS_PREFIX}{population}{CERTIFICATE_END}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_refused() {
        for wrong in
            ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "a\\b", "C:x", ".hidden", "a/.b", "a\nb", "ä", "a b"]
        {
            assert!(!is_member_name(wrong), "{wrong:?}");
        }
        assert!(!is_member_name(&"a".repeat(241)));
        for right in ["manifest.json", "log/tile/0/x001/000.p/7", "artefacts/notice-1/letter.pdf", "a=b@c_d-e"] {
            assert!(is_member_name(right), "{right:?}");
        }
        assert!(!is_plain_name("a/b"));
    }
}
