//! Values that begin with anything but hold a rare literal (`…8Q~…`): found by the literal, then matched around it.

use memchr::memmem::Finder;
use regex_automata::{Anchored, Input, meta, util::syntax};

use crate::identifier::{Detector, Identifier, IdentifierError};

/// One literal and the pattern around it.
#[derive(Debug)]
pub(crate) struct AroundLiteral {
    pub(crate) identifier: u16,
    finder: Finder<'static>,
    behind: usize,
    regex: meta::Regex,
}

/// Compiles every identifier with `detector = "anchor"`.
pub(crate) fn compile(identifiers: &[Identifier]) -> (Vec<AroundLiteral>, Vec<IdentifierError>) {
    let (mut all, mut errors) = (Vec::new(), Vec::new());
    for (index, identifier) in (0_u16..).zip(identifiers) {
        let (Detector::Anchor, Some(anchor)) = (identifier.detector, &identifier.anchor) else { continue };
        let syntax = syntax::Config::new().unicode(false).utf8(false);
        match meta::Builder::new().syntax(syntax).build(&identifier.pattern) {
            Ok(regex) => {
                let finder = Finder::new(&anchor.literal).into_owned();
                all.push(AroundLiteral { identifier: index, finder, behind: anchor.behind, regex });
            }
            Err(error) => {
                let reason = error.to_string();
                errors.push(IdentifierError::Pattern { id: identifier.id.to_string(), reason });
            }
        }
    }
    (all, errors)
}

impl AroundLiteral {
    /// Calls `each` with the first and last byte of every match.
    pub(crate) fn find(&self, text: &str, mut each: impl FnMut(usize, usize)) {
        for place in self.finder.find_iter(text.as_bytes()) {
            let Some(start) = place.checked_sub(self.behind) else { continue };
            let free = start.checked_sub(1).and_then(|before| text.as_bytes().get(before));
            if free.is_some_and(u8::is_ascii_alphanumeric) {
                continue;
            }
            let input = Input::new(text.as_bytes()).range(start..).anchored(Anchored::Yes);
            if let Some(found) = self.regex.find(input) {
                each(found.start(), found.end());
            }
        }
    }
}
