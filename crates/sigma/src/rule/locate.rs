//! Finds the place in a rule's text that a complaint is about. The parser works on a value tree without positions, so
//! this searches for the author's own words; when they are not found, the start of the document is named.

/// A place in one document: 0-based line and column (in characters), and how many characters it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) length: usize,
}

impl Place {
    /// The first appearance of `needle`, not looking before line `from`.
    pub(crate) fn find_after(document: &str, from: usize, needle: &str) -> Option<Self> {
        if needle.is_empty() {
            return None;
        }
        document.lines().enumerate().skip(from).find_map(|(line, text)| {
            let (before, _) = text.split_once(needle)?;
            let is_comment = before.trim_start().starts_with('#');
            (!is_comment).then(|| Self { line, column: before.chars().count(), length: needle.chars().count() })
        })
    }

    /// The line that holds the top-level key `key`, or the first line of the document.
    pub(crate) fn of_key(document: &str, key: &str) -> Self {
        Self::find_key(document, key).unwrap_or_else(|| Self::start(document))
    }

    /// A whole document may be indented: its first line tells by how much.
    fn find_key(document: &str, key: &str) -> Option<Self> {
        let first = document.lines().nth(Self::start(document).line).unwrap_or_default();
        let indent = first.chars().take_while(|character| *character == ' ').count();
        document.lines().enumerate().find_map(|(line, text)| {
            let rest = text.strip_prefix(&" ".repeat(indent))?.strip_prefix(key)?;
            rest.trim_start().starts_with(':').then(|| Self { line, column: indent, length: key.chars().count() })
        })
    }

    /// Somewhere below the top-level key `section`, else the section, else the start.
    pub(crate) fn inside(document: &str, section: &str, needle: &str) -> Self {
        let section_place = Self::find_key(document, section);
        let from = section_place.map_or(0, |place| place.line);
        Self::find_after(document, from, needle).or(section_place).unwrap_or_else(|| Self::start(document))
    }

    /// The first line that says something.
    pub(crate) fn start(document: &str) -> Self {
        let says_something = |text: &str| {
            let text = text.trim();
            !text.is_empty() && !text.starts_with('#') && text != "---"
        };
        let line = document.lines().position(says_something).unwrap_or(0);
        let length = document.lines().nth(line).map_or(1, |text| text.trim_end().chars().count());
        Self { line, column: 0, length }
    }

    /// A place given by the YAML reader, 1-based. It takes more characters for the end of a line than editors do.
    pub(crate) fn at(document: &str, line: usize, column: usize) -> Self {
        let mut rest = document;
        for _ in 1..line {
            let Some(end) = rest.find(['\r', '\n', '\u{85}', '\u{2028}', '\u{2029}']) else { break };
            let (_, from) = rest.split_at(end);
            let broken = from.strip_prefix("\r\n").or_else(|| from.strip_prefix(|_: char| true));
            rest = broken.unwrap_or_default();
        }
        let before = document.get(..document.len() - rest.len()).unwrap_or_default();
        let own_line = before.rsplit('\n').next().unwrap_or_default();
        let line = before.matches('\n').count().min(document.lines().count().saturating_sub(1));
        let column = own_line.chars().count() + column.saturating_sub(1);
        Self { line, column, length: 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    const RULE: &str = "# name: not here\ntitle: a\ndetection:\n  selection:\n    é|not: x\n  condition: selection\n";

    #[test]
    fn places_of_the_yaml_reader_are_those_of_editors() {
        let document = "a: 1\r\nb\r\rc: 2\nd: {\n";
        assert_eq!(Place::at(document, 2, 1), Place { line: 1, column: 0, length: 1 });
        assert_eq!(Place::at(document, 4, 3), Place { line: 1, column: 5, length: 1 });
        assert_eq!(Place::at(document, 5, 4), Place { line: 2, column: 3, length: 1 });
        assert_eq!(Place::at(document, 99, 1).line, 2);
    }

    #[test]
    fn places_count_characters_and_skip_comments() {
        assert_eq!(Place::inside(RULE, "detection", "|not"), Place { line: 4, column: 5, length: 4 });
        assert_eq!(Place::of_key(RULE, "title"), Place { line: 1, column: 0, length: 5 });
        assert_eq!(Place::find_after(RULE, 0, "name"), None);
        assert_eq!(Place::inside(RULE, "detection", "nowhere").line, 2);
        assert_eq!(Place::of_key(RULE, "level").line, 1);
    }
}
