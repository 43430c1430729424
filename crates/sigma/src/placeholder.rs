//! Names that rules leave open, as content describes them (`placeholders.toml`). Beside plain lists there are names that
//! stand for whatever another list does not hold: a pattern for regular expressions, because a text that names us and a
//! stranger cannot be judged by whether it names us. Reads no file and knows no rule.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// One name that rules leave open.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placeholder {
    /// For whoever fills it in.
    pub means: String,
    /// What the examples inside the rules are run with.
    #[serde(default)]
    pub test: Vec<String>,
    /// Not filled in at all, but made of the values of another name.
    pub other_than: Option<Others>,
}

/// What the values of another name leave over, as a regular expression.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Others {
    /// Whose values are left out.
    pub name: String,
    /// What all values are made of, as between the brackets of a regular expression (`0-9`, `a-z0-9.-`); values with other
    /// letters, once `after` is taken off, are passed over.
    pub letters: String,
    /// How long all values are; without it a value ends where its letters do. Something shorter or longer that begins
    /// unlike all values is found too: counting the rest behind every letter would make the pattern six times as large.
    pub length: Option<usize>,
    /// What stands in front of every value, such as `@`.
    #[serde(default)]
    pub after: String,
}

/// Adds the names that are made of others. Where nothing is known to be ours, everything is other: a rule for which that
/// would be noise requires the name that this one is made of.
pub fn add_others(known: &BTreeMap<String, Placeholder>, values: &mut BTreeMap<String, Vec<String>>) {
    for (name, placeholder) in known {
        let Some(others) = &placeholder.other_than else { continue };
        let ours = values.get(&others.name).map(Vec::as_slice).unwrap_or_default();
        let pattern = others.pattern(ours);
        values.insert(name.clone(), vec![pattern]);
    }
}

impl Others {
    /// Finds what is made of the letters and is none of `ours`. With a thousand values and more it becomes too large to
    /// compile, and the rules that use it are refused by name.
    #[must_use]
    pub fn pattern(&self, ours: &[String]) -> String {
        let trimmed = ours.iter().filter_map(|value| value.strip_prefix(&self.after));
        let fits = |value: &&str| self.length.is_none_or(|length| value.chars().count() == length);
        let ours: BTreeSet<Vec<char>> = trimmed
            .filter(fits)
            .filter(|value| !value.is_empty())
            .map(|value| value.to_lowercase().chars().collect())
            .collect();
        let ours: Vec<&[char]> = ours.iter().map(Vec::as_slice).collect();
        format!("(?i:{}{})", escape(&self.after), self.not_in(&ours, 0))
    }

    /// What follows `depth` letters that all of `ours` have in common, and makes none of them.
    fn not_in(&self, ours: &[&[char]], depth: usize) -> String {
        let letters = &self.letters;
        let mut ways = Vec::new();
        let ends_here = ours.iter().any(|value| value.len() == depth);
        if self.length.is_none() && !ends_here && 0 < depth {
            ways.push(format!("(?:[^{letters}]|$)"));
        }
        let next: BTreeSet<char> = ours.iter().filter_map(|value| value.get(depth).copied()).collect();
        let spelled: String = next.iter().map(|letter| escape(&letter.to_string())).collect();
        let other = if next.is_empty() { format!("[{letters}]") } else { format!("[[{letters}]--[{spelled}]]") };
        // To the end of the value, so that a rule can say what must follow it.
        ways.push(format!("{other}[{letters}]*"));
        for letter in next {
            let begun: Vec<&[char]> = ours.iter().copied().filter(|value| value.get(depth) == Some(&letter)).collect();
            let is_last = self.length == Some(depth + 1);
            if !is_last {
                ways.push(format!("{}{}", escape(&letter.to_string()), self.not_in(&begun, depth + 1)));
            }
        }
        format!("(?:{})", ways.join("|"))
    }
}

/// A text as a regular expression that finds just it, inside brackets too.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if !letter.is_alphanumeric() && letter.is_ascii() {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::Others;
    use crate::predicate::regex::{Flags, Search};

    fn finds(others: &Others, ours: &[&str], text: &str) -> bool {
        let ours: Vec<String> = ours.iter().map(|value| (*value).to_owned()).collect();
        let pattern = others.pattern(&ours);
        let flags = Flags { ignore_case: false, multi_line: false, dot_matches_newline: false };
        Search::new(&format!("<{pattern}"), flags).unwrap().finds(text.as_bytes())
    }

    #[test]
    fn numbers_of_one_length() {
        let accounts = Others { name: String::new(), letters: "0-9".to_owned(), length: Some(4), after: String::new() };
        // Everything of four digits, against the obvious answer.
        let ours = ["1111", "1112", "2000", "12345", "not-a-number"];
        for number in 0..10_000 {
            let text = format!("<{number:04}>");
            assert_eq!(finds(&accounts, &ours, &text), ![1111, 1112, 2000].contains(&number), "{text}");
        }
        assert!(!finds(&accounts, &ours, "<111>"), "the beginning of ours is not another");
        assert!(finds(&accounts, &["subscription-a"], "<1111>"), "nothing is known to be ours");
    }

    #[test]
    fn names_that_end_where_their_letters_do() {
        let domains =
            Others { name: String::new(), letters: "a-z0-9.-".to_owned(), length: None, after: "@".to_owned() };
        let ours = ["@ours.example", "@ours.example.org", "@a-b.c", "ignored"];
        for (text, expected) in [
            ("<@ours.example>", false),
            ("<@OURS.example", false),
            ("<@ours.example.org;", false),
            ("<@a-b.c\"", false),
            ("<@ours.example.net>", true),
            ("<@ours.exampl>", true),
            ("<@theirs.example>", true),
            ("<@xours.example>", true),
            ("<@ours.example.or", true),
            ("<@>", false),
            ("<@a>", true),
        ] {
            assert_eq!(finds(&domains, &ours, text), expected, "{text}");
        }
    }

    #[test]
    fn many_values_still_compile() {
        let accounts =
            Others { name: String::new(), letters: "0-9".to_owned(), length: Some(12), after: String::new() };
        let ours: Vec<String> =
            (0..500_u64).map(|n| format!("{:012}", n * 7_919_777_333 % 1_000_000_000_000)).collect();
        let ours: Vec<&str> = ours.iter().map(String::as_str).collect();
        assert!(!finds(&accounts, &ours, &format!("<{}", ours[123])));
        assert!(finds(&accounts, &ours, "<999999999999"));
    }
}
