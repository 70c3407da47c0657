//! Alarms: whoever is woken by one finds it in the operating manual.

use crate::{File, Flaw};

/// Where every kind of alarm is explained.
pub const MANUAL: &str = "docs/operating.md";

/// Lines after `raise(` in which its kind may stand.
const NEAR: usize = 3;

/// The kinds that a source file raises, with their lines; those put together elsewhere are not seen.
pub fn raised(text: &str) -> Vec<(usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(call) = ["alarm(", "raise("].iter().find_map(|call| line.split_once(call)) else {
            continue;
        };
        if line.trim_start().starts_with("//") || line.contains("fn ") {
            continue;
        }
        let texts = [call.1].into_iter().chain(lines[at + 1..].iter().take(NEAR).copied());
        let ended = |line: &&str| !line.contains(");");
        let mut before_end = true;
        let near = texts.take_while(|line| std::mem::replace(&mut before_end, ended(line)));
        if let Some(kind) =
            near.flat_map(|line| line.split('"').skip(1).step_by(2)).find(|kind| is_kind(kind))
        {
            found.push((at + 1, kind));
        }
    }
    found
}

/// Kinds raised by a source file that the manual does not explain.
pub fn check(file: &File, manual: &str) -> Vec<Flaw> {
    let explained = |kind: &str| manual.contains(&format!("| `{kind}` |"));
    let missing = raised(&file.text).into_iter().filter(|(_, kind)| !explained(kind));
    let remedy = "say in docs/operating.md what it means and what to do";
    missing
        .map(|(line, kind)| {
            Flaw::new(&file.path, line, format!("nobody explains `{kind}`"), remedy)
        })
        .collect()
}

fn is_kind(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_where_they_are_raised() {
        let text = "alarms.raise(now, \"clock_jump\", text);\nself.alarm(\"view_failed\", format!(\"view {x}\"));\n\
                    a.raise(\n    now,\n    \"dead_letter\",\n    text);\nfn alarm(&self) {}\nraise(now, kind, x);\n\"other\"\n";
        let kinds: Vec<_> = raised(text).into_iter().map(|(_, kind)| kind).collect();
        assert_eq!(kinds, ["clock_jump", "view_failed", "dead_letter"]);
    }

    #[test]
    fn an_alarm_that_nobody_explains_is_named() {
        let text = "alarms.raise(now, \"panic\", text);\nalarms.raise(now, \"flood\", text);\n";
        let file = File { path: "a.rs".into(), text: text.into() };
        let flaws = check(&file, "| `panic` | somebody | do |");
        assert_eq!(flaws.len(), 1);
        assert_eq!((flaws[0].line, flaws[0].what.as_str()), (2, "nobody explains `flood`"));
    }
}
