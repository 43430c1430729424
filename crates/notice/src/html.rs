//! The same text as HTML: headings, paragraphs, lists; everything escaped first.
//!
//! No links, images or scripts: a notice that asks people to click looks like the fraud it warns of.

/// One self-contained page.
pub(crate) fn to_html(markdown: &str, language: &str, point_size: u8) -> String {
    let mut body = String::new();
    for block in markdown.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
        body.push_str(&block_html(block));
    }
    let language: String =
        language.chars().filter(|character| character.is_ascii_alphanumeric() || *character == '-').collect();
    format!(
        "<!doctype html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\"></head>\n<body style=\"font-family: sans-serif; font-size: {point_size}pt; line-height: 1.4; max-width: 42em\">\n{body}</body></html>\n"
    )
}

fn block_html(block: &str) -> String {
    if let Some(title) = block.strip_prefix("# ") {
        return heading("h1", title);
    }
    if let Some(title) = block.strip_prefix("## ") {
        return heading("h2", title);
    }
    let mut out = String::new();
    let mut lines: Vec<String> = Vec::new();
    let mut items: Vec<String> = Vec::new();
    for line in block.lines() {
        if let Some(item) = line.strip_prefix("- ") {
            flush_paragraph(&mut out, &mut lines);
            items.push(escape(item));
        } else if line.starts_with("  ") && !items.is_empty() {
            // A continued item.
            if let Some(item) = items.last_mut() {
                item.push(' ');
                item.push_str(&escape(line.trim()));
            }
        } else {
            flush_list(&mut out, &mut items);
            lines.push(escape(line));
        }
    }
    flush_paragraph(&mut out, &mut lines);
    flush_list(&mut out, &mut items);
    out
}

fn heading(tag: &str, block: &str) -> String {
    // Lines right after a heading are a paragraph of their own.
    let (title, rest) = block.split_once('\n').unwrap_or((block, ""));
    let after = if rest.trim().is_empty() { String::new() } else { block_html(rest) };
    format!("<{tag}>{}</{tag}>\n{after}", escape(title.trim()))
}

fn flush_paragraph(out: &mut String, lines: &mut Vec<String>) {
    if !lines.is_empty() {
        out.push_str(&format!("<p>{}</p>\n", lines.join("<br>\n")));
        lines.clear();
    }
}

fn flush_list(out: &mut String, items: &mut Vec<String>) {
    if !items.is_empty() {
        let list: String = items.iter().map(|item| format!("<li>{item}</li>\n")).collect();
        out.push_str(&format!("<ul>\n{list}</ul>\n"));
        items.clear();
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_values_stays_text() {
        let html = to_html("# T\n\n## H\n\n<script>alert(1)</script> & \"x\"\n\n- a\n- b\n", "en\"><x", 11);
        assert!(!html.contains("<script>"));
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot;"));
        assert!(html.contains("<h1>T</h1>\n<h2>H</h2>"));
        assert!(html.contains("<ul>\n<li>a</li>\n<li>b</li>\n</ul>"));
        assert!(html.contains("<html lang=\"enx\">"));
    }
}
