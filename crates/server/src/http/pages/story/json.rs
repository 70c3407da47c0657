//! A fact as the journal writes it, laid out for people. Fields keep their order.

use flows::Shop;
use kernel::{Business, Recorded};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The end of a line of the journal.
#[derive(Deserialize)]
struct Written {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    body: Option<Box<RawValue>>,
}

fn written(recorded: &Recorded<Shop>) -> Option<Written> {
    let mut text = Vec::new();
    Shop::write_fact(&recorded.fact, &mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// The wire name: `orders/placed@1`.
pub(super) fn kind(recorded: &Recorded<Shop>) -> String {
    written(recorded).map(|written| written.kind).unwrap_or_default()
}

/// The body, one field a line; nothing where there is none.
pub(super) fn body(recorded: &Recorded<Shop>) -> String {
    let body = written(recorded).and_then(|written| written.body);
    body.map(|body| lay_out(body.get())).unwrap_or_default()
}

/// Breaks JSON without blanks into lines.
fn lay_out(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut letters = json.chars().peekable();
    while let Some(letter) = letters.next() {
        if quoted {
            text.push(letter);
            quoted = escaped || letter != '"';
            escaped = letter == '\\' && !escaped;
            continue;
        }
        match letter {
            '{' | '[' => {
                text.push(letter);
                if let Some(end) = letters.next_if(|next| matches!(next, '}' | ']')) {
                    text.push(end);
                    continue;
                }
                depth += 1;
                new_line(&mut text, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut text, depth);
                text.push(letter);
            }
            ',' => {
                text.push(letter);
                new_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            _ => {
                quoted = letter == '"';
                text.push(letter);
            }
        }
    }
    text
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_as_serde_does_it_but_in_its_own_order() {
        let text = r#"{"a":[1,{"b":"x,\"{y}\\"}],"c":{},"d":[],"e":null}"#;
        let value: serde_json::Value = serde_json::from_str(text).expect("plain JSON");
        assert_eq!(lay_out(text), serde_json::to_string_pretty(&value).expect("plain data"));
        assert_eq!(lay_out(r#"{"z":1,"a":2}"#), "{\n  \"z\": 1,\n  \"a\": 2\n}");
    }
}
