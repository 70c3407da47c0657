//! The page of the manual about imports: what the tables of the program say, and nothing beside them.

use super::{CODES, COLUMNS, COLUMNS_MAX, LINE_BYTES_MAX, ROW_BYTES_MAX, ROWS_MAX, TRIED_MAX};

const HEAD: &str = include_str!("manual.txt");

/// The page, with the tables of columns and codes in their places.
pub fn manual() -> String {
    let columns = COLUMNS.iter().map(|column| {
        let others = column.others.join(", ");
        format!("| `{}` | {others} | {} |\n", column.name, column.about)
    });
    let codes = CODES.iter().map(|(code, meaning)| format!("| `{code}` | {meaning} |\n"));
    let numbers = [
        ("{rows}", ROWS_MAX),
        ("{tried}", TRIED_MAX as u64),
        ("{columns_max}", COLUMNS_MAX as u64),
        ("{row_kib}", (ROW_BYTES_MAX / 1024) as u64),
        ("{line_kib}", (LINE_BYTES_MAX / 1024) as u64),
    ];
    let mut page = HEAD.replace("{columns}\n", &columns.collect::<String>());
    page = page.replace("{codes}\n", &codes.collect::<String>());
    for (place, number) in numbers {
        page = page.replace(place, &grouped(number));
    }
    page
}

/// `10,000,000`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
