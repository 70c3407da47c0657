//! What was written once is read for ever, and written again as it was.

use crate::golden::{kinds, lines, names};
use flows::Shop;
use kernel::Business;
use std::collections::BTreeSet;

#[test]
fn every_golden_line_is_read_and_written_byte_for_byte() {
    for line in lines() {
        let mut json = Vec::new();
        Shop::write_fact(&line.fact, &mut json).expect("a fact can be written");
        let json = String::from_utf8(json).expect("JSON is text");
        let stream = Shop::stream_of_fact(&line.fact);
        assert_eq!(format!(r#"{{"stream":"{stream}",{}"#, &json[1..]), line.text);
    }
}

#[test]
fn every_fact_of_the_table_has_a_golden_line() {
    let known: BTreeSet<String> = lines().into_iter().map(|line| line.name).collect();
    let all = kinds();
    let mut missing: Vec<String> = all.iter().flat_map(|kind| names(kind)).collect();
    missing.retain(|name| !known.contains(name));
    assert_eq!(missing, Vec::<String>::new(), "add a line to tests/golden/facts.jsonl");
    assert!(all.iter().any(|kind| kind == "order") && all.len() > 15, "{all:?}");
}
