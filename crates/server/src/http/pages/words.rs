//! Figures and times as people read them.

use kernel::Timestamp;
use std::time::Duration;

/// `1234567` → `1,234,567`.
pub(super) fn thousands(figure: i64) -> String {
    let digits = figure.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if figure < 0 { format!("-{text}") } else { text }
}

/// Two parts at most: `3 h 12 min`, `5 s`.
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    let both = |(more, unit): (u64, &str), (less, part): (u64, &str)| match less {
        0 => format!("{more} {unit}"),
        _ => format!("{more} {unit} {less} {part}"),
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest} s"),
        (0, 0, _) => both((minutes, "min"), (rest, "s")),
        (0, ..) => both((hours, "h"), (minutes, "min")),
        (1..10, ..) => both((days, "d"), (hours, "h")),
        (days, ..) => format!("{} d", thousands(i64::try_from(days).unwrap_or(i64::MAX))),
    }
}

/// `2010-12-01 08:26:00`, in UTC.
pub(super) fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..19).unwrap_or(&text).replacen('T', " ", 1)
}

/// `partly_shipped` → `partly shipped`.
pub(super) fn plain(word: &str) -> String {
    word.replace(['_', '-'], " ")
}

/// HTML of a text in which what stands between backticks is code.
pub(super) fn ticks(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 16);
    for (at, piece) in text.split('`').enumerate() {
        let escaped = piece
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;");
        match at % 2 {
            0 => html.push_str(&escaped),
            _ => html.push_str(&format!("<code>{escaped}</code>")),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_and_spans_read_as_people_write_them() {
        assert_eq!(thousands(-1_234_567), "-1,234,567");
        assert_eq!((thousands(0), thousands(999)), ("0".to_owned(), "999".to_owned()));
        let spans = [5, 60, 3_700, 90_000, 86_400 * 400].map(|s| span(Duration::from_secs(s)));
        assert_eq!(spans, ["5 s", "1 min", "1 h 1 min", "1 d 1 h", "400 d"]);
    }
}
