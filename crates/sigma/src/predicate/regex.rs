//! Regular expressions, found anywhere in a text. Where a pattern cannot match without some fixed text, that text is
//! looked for first, which is many times faster and fails almost always.

use memchr::memmem::Finder;
use regex_automata::meta::{Builder, Config, Regex};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};

/// The largest compiled regular expression. A rule file is content from outside and must not take all memory.
const REGEX_BYTES_MAX: usize = 4 << 20;

/// The modifiers `i`, `m` and `s`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flags {
    pub(crate) ignore_case: bool,
    pub(crate) multi_line: bool,
    pub(crate) dot_matches_newline: bool,
}

#[derive(Debug)]
pub(crate) struct Search {
    regex: Regex,
    required: Option<Finder<'static>>,
}

impl Search {
    /// Compiles a pattern, or says in few words why not.
    pub(crate) fn new(pattern: &str, flags: Flags) -> Result<Self, String> {
        let mut parser = ParserBuilder::new()
            .case_insensitive(flags.ignore_case)
            .multi_line(flags.multi_line)
            .dot_matches_new_line(flags.dot_matches_newline)
            .build();
        let hir = parser.parse(pattern).map_err(|error| reason(&error))?;
        let config = Config::new().nfa_size_limit(Some(REGEX_BYTES_MAX)).hybrid_cache_capacity(REGEX_BYTES_MAX);
        let built = Builder::new().configure(config).build_from_hir(&hir);
        let regex = built.map_err(|_| "it is too large".to_owned())?;
        let required = required(&hir).map(|text| Finder::new(text).into_owned());
        Ok(Self { regex, required })
    }

    /// Text that every match must hold, if there is such.
    pub(crate) fn required(&self) -> Option<&[u8]> {
        self.required.as_ref().map(Finder::needle)
    }

    pub(crate) fn finds(&self, text: &[u8]) -> bool {
        if let Some(required) = &self.required
            && required.find(text).is_none()
        {
            return false;
        }
        self.regex.is_match(text)
    }
}

/// The longest text that every match must hold.
fn required(hir: &Hir) -> Option<&[u8]> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(&literal.0),
        HirKind::Concat(parts) => parts.iter().filter_map(required).max_by_key(|text| text.len()),
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if 0 < repetition.min => required(&repetition.sub),
        _ => None,
    }
}

fn reason(error: &regex_syntax::Error) -> String {
    match error {
        regex_syntax::Error::Parse(error) => error.kind().to_string(),
        regex_syntax::Error::Translate(error) => error.kind().to_string(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Flags, Search};

    fn search(pattern: &str, ignore_case: bool) -> Search {
        Search::new(pattern, Flags { ignore_case, multi_line: false, dot_matches_newline: false }).unwrap()
    }

    #[test]
    fn what_every_match_must_hold() {
        let cases = [
            (".+:assumed-role/aws:.+", false, Some(":assumed-role/aws:")),
            ("(abc)+x", false, Some("abc")),
            ("abc|abd", false, None),
            ("(abc)?", false, None),
            ("abc", true, None),
        ];
        for (pattern, ignore_case, expected) in cases {
            let search = search(pattern, ignore_case);
            let found = search.required.as_ref().map(|finder| std::str::from_utf8(finder.needle()).unwrap());
            if pattern == "abc|abd" {
                // The parser factors out what both begin with.
                assert!(found.is_none() || found == Some("ab"), "{found:?}");
            } else {
                assert_eq!(found, expected, "{pattern}");
            }
        }
        assert!(search("^a.c$", false).finds(b"abc"));
        assert!(search("A.C", true).finds("xaécx".as_bytes()));
        assert!(!search(".+:x:.+", false).finds(b":x:y"));
    }

    #[test]
    fn what_cannot_be_used() {
        let flags = Flags { ignore_case: false, multi_line: false, dot_matches_newline: false };
        for pattern in ["(?=a)b", "a{1000000}", "(", r"(a)\1", "[z-a]"] {
            assert!(Search::new(pattern, flags).is_err(), "{pattern}");
        }
    }
}
