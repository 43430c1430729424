//! `cargo xtask gen`: rewrites pages that repeat what content files already say, so that they cannot drift.
//!
//! Today: `docs/rules.md` from `content/rules` and `content/baselines`. `gen --check` compares instead of writing and fails on a difference.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::{root, say};

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let check_only = args.iter().any(|arg| arg == "--check");
    let page = rules_page()?;
    let path = root().join("docs/rules.md");
    let current = std::fs::read_to_string(&path).unwrap_or_default();
    if current == page {
        say("gen: docs/rules.md is up to date");
        return Ok(());
    }
    if check_only {
        return Err("docs/rules.md does not match content/rules; run `cargo xtask gen`".to_owned());
    }
    std::fs::write(&path, page).map_err(|error| format!("{}: {error}", path.display()))?;
    say("gen: docs/rules.md rewritten");
    Ok(())
}

fn rules_page() -> Result<String, String> {
    let (mut rows, mut correlations): (Vec<String>, usize) = (Vec::new(), 0);
    for path in yaml_files(&root().join("content/rules")) {
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let shown = path.strip_prefix(root().join("content/rules")).unwrap_or(&path).display().to_string();
        // A file holds one document, or a correlation after the rules that it is about.
        for document in text.split("\n---\n") {
            let title = top_level(document, "title").replace("''", "'");
            let kind = if document.contains("\ncorrelation:") { "correlation" } else { "rule" };
            correlations += usize::from(kind == "correlation");
            let level = top_level(document, "level");
            rows.push(format!("| {title} | {kind} | {level} | [{shown}](../content/rules/{shown}) |"));
        }
    }
    let mut baselines = 0;
    for path in yaml_files(&root().join("content/baselines")) {
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let shown = path.strip_prefix(root().join("content")).unwrap_or(&path).display().to_string();
        let title = top_level(&text, "title").replace("''", "'");
        let level = top_level(&text, "level");
        rows.push(format!("| {title} | baseline | {level} | [{shown}](../content/{shown}) |"));
        baselines += 1;
    }
    let mut page = String::from(
        "# Rules\n\nGenerated from `content/rules` and `content/baselines` by `cargo xtask gen`; edit the rules, not this page.\n\n| title | kind | level | file |\n|---|---|---|---|\n",
    );
    for row in &rows {
        writeln!(page, "{row}").map_err(|error| error.to_string())?;
    }
    writeln!(
        page,
        "\n{} rules, {correlations} correlations, {baselines} baselines.",
        rows.len() - correlations - baselines
    )
    .map_err(|error| error.to_string())?;
    Ok(page)
}

/// The scalar after `key:` at the start of a line. Rules write these on one line; `rule check` enforces it.
fn top_level<'a>(text: &'a str, key: &str) -> &'a str {
    let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    value.unwrap_or_default().trim().trim_matches(['"', '\''])
}

fn yaml_files(dir: &Path) -> Vec<PathBuf> {
    walkdir::WalkDir::new(dir)
        .sort_by_file_name()
        .into_iter()
        .flatten()
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml"))
        .collect()
}
