//! The family of a user agent: what stays when a program is updated.
//!
//! Not a database of browsers: the same program must give the same word, no more.

/// Longer families are cut; nobody reads them and hostile ones are endless.
const FAMILY_CHARS_MAX: usize = 48;

/// Names that browsers put behind `Mozilla/5.0`, the more particular ones first.
const BROWSERS: [(&str, &str); 8] = [
    ("edg", "edge"),
    ("opr/", "opera"),
    ("firefox/", "firefox"),
    ("fxios/", "firefox"),
    ("crios/", "chrome"),
    ("chrome/", "chrome"),
    ("safari/", "safari"),
    ("trident/", "internet explorer"),
];

/// `aws-cli/2.15 Python/3.11` is `aws-cli`; of a browser, its name.
pub(crate) fn family(agent: &str) -> String {
    let agent = agent.trim_matches(|c: char| c.is_whitespace() || c == '[' || c == ']' || c == '"');
    let lower = agent.to_lowercase();
    if lower.starts_with("mozilla/") {
        let known = BROWSERS.iter().find(|(mark, _)| lower.contains(mark));
        return known.map_or("other browser", |(_, name)| name).to_owned();
    }
    let end = lower.find(|c: char| c == '/' || c.is_whitespace() || c == ';' || c == '(');
    let (name, _) = end.map_or((lower.as_str(), ""), |end| lower.split_at(end));
    name.chars().take(FAMILY_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::family;

    #[test]
    fn versions_do_not_matter() {
        let cases = [
            ("aws-cli/2.15.1 Python/3.11 Linux/6.1", "aws-cli"),
            ("[Boto3/1.34.2 md/Botocore#1.34.2]", "boto3"),
            ("Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", "chrome"),
            ("Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0", "edge"),
            ("Mozilla/5.0 (Macintosh; rv:120.0) Gecko/20100101 Firefox/120.0", "firefox"),
            ("s3.amazonaws.com", "s3.amazonaws.com"),
            ("", ""),
        ];
        for (agent, expected) in cases {
            assert_eq!(family(agent), expected, "{agent}");
        }
        assert_eq!(family(&"é".repeat(10_000)).chars().count(), 48);
    }
}
