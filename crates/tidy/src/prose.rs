//! Links of Markdown files: what they point to exists, down to the heading or the line.

use crate::{Flaw, Tree};

const GONE: &str = "mend the link, or write what it promises";

/// Every link of one Markdown file that stays in the house.
pub fn check(path: &str, text: &str, tree: &Tree) -> Vec<Flaw> {
    let flaws = links(text).into_iter().filter_map(|(line, target)| {
        let what = wrong(path, text, target, tree)?;
        Some(Flaw::new(path, line, format!("`{target}` {what}"), GONE))
    });
    flaws.collect()
}

/// What is wrong with a target, if anything is.
fn wrong(path: &str, text: &str, target: &str, tree: &Tree) -> Option<&'static str> {
    let outside = ["http://", "https://", "mailto:"].iter().any(|start| target.starts_with(start));
    if outside {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    if file.is_empty() {
        return (!has_heading(text, anchor)).then_some("is no heading of this file");
    }
    let Some(file) = resolve(path, file) else { return Some("leads out of the house") };
    if !tree.paths.contains(&file) {
        return Some("does not exist");
    }
    let linked = tree.file(&file).map(|file| file.text.as_str()).unwrap_or_default();
    match anchor.strip_prefix('L') {
        _ if anchor.is_empty() => None,
        Some(lines) if !file.ends_with(".md") => {
            let last = lines.rsplit("-L").next().and_then(|line| line.parse::<usize>().ok());
            let there = last.is_some_and(|last| last <= linked.lines().count());
            (!there).then_some("points behind the end of the file")
        }
        _ => (!has_heading(linked, anchor)).then_some("names a heading that is not there"),
    }
}

/// A path relative to the file that holds the link, made relative to the root.
fn resolve(from: &str, to: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in to.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()?),
            "" => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Line and target of every `[text](target)` and `[name]: target` outside of code.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        if line.starts_with('[')
            && let Some((_, target)) = line.split_once("]: ")
        {
            found.push((number, target.trim()));
        }
        let mut spans = line.split('`').enumerate().peekable();
        let mut rest = line;
        // A link's text may hold code, its target may not; so targets are looked for in the whole line,
        // and only those that begin within code are passed over.
        let mut code = Vec::new();
        let mut place = 0;
        while let Some((index, span)) = spans.next() {
            if index % 2 == 1 && spans.peek().is_some() {
                code.push(place..place + span.len());
            }
            place += span.len() + 1;
        }
        while let Some(start) = rest.find("](") {
            let from = line.len() - rest.len() + start + 2;
            rest = &line[from..];
            let Some(end) = rest.find(')') else { break };
            if !code.iter().any(|span| span.contains(&from)) {
                found.push((number, rest[..end].split(' ').next().unwrap_or_default()));
            }
        }
    }
    found
}

/// Lines outside of fenced code, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// Whether a heading gets this anchor: lower case, punctuation dropped, spaces as hyphens.
fn has_heading(text: &str, anchor: &str) -> bool {
    prose(text)
        .any(|(_, line)| line.starts_with('#') && slug(line.trim_start_matches('#')) == anchor)
}

fn slug(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::File;

    fn house() -> Tree {
        let file = |path: &str, text: &str| File { path: path.into(), text: text.into() };
        let files = vec![
            file("docs/one.md", "# One\n## The way, of a `command`\n"),
            file("crates/a.rs", "1\n2\n3\n"),
        ];
        let mut paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
        paths.extend(["docs".into(), "crates".into(), "docs/picture.png".into()]);
        Tree { files, paths }
    }

    fn whats(path: &str, text: &str) -> Vec<String> {
        check(path, text, &house()).into_iter().map(|flaw| flaw.what).collect()
    }

    #[test]
    fn links_that_lead_somewhere_are_left_alone() {
        let text = "# Top\n[a](docs/one.md) [b](docs/one.md#the-way-of-a-command) [c](crates/a.rs#L2-L3)\n\
                    [d](#top) [e](https://example.org/x#y) [folder](docs/) ![p](docs/picture.png)\n";
        assert_eq!(whats("README.md", text), Vec::<String>::new());
        assert_eq!(whats("docs/two.md", "[a](one.md) [b](../crates/a.rs)"), Vec::<String>::new());
    }

    #[test]
    fn a_link_to_nothing_is_found_with_its_line() {
        let flaws = check("README.md", "fine\n\n[`code`](docs/none.md)\n", &house());
        assert_eq!(flaws.len(), 1);
        assert_eq!((flaws[0].line, flaws[0].what.as_str()), (3, "`docs/none.md` does not exist"));
    }

    #[test]
    fn headings_and_lines_are_looked_up_too() {
        let text = "[a](#nowhere) [b](docs/one.md#two) [c](crates/a.rs#L4)";
        let expected = [
            "`#nowhere` is no heading of this file",
            "`docs/one.md#two` names a heading that is not there",
            "`crates/a.rs#L4` points behind the end of the file",
        ];
        assert_eq!(whats("README.md", text), expected);
    }

    #[test]
    fn nothing_leads_out_of_the_house() {
        let expected =
            ["`../shared/x.md` leads out of the house", "`/etc/x` leads out of the house"];
        assert_eq!(whats("README.md", "[a](../shared/x.md) [b](/etc/x)"), expected);
    }

    #[test]
    fn code_is_no_link() {
        let text = "`[a](none.md)`\n```text\n[b](none.md)\n```\n[c]: none.md\n";
        assert_eq!(whats("README.md", text), ["`none.md` does not exist"]);
    }
}
