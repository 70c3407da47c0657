//! A short piece of the real trade, for tests that need a shop at work.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

const TRADE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/online-retail/online_retail.csv.zst");

/// The first rows of the year as a file of their own.
pub(crate) fn beginning(folder: &Path, rows: usize) -> PathBuf {
    let path = folder.join("trade.csv");
    let packed = fs::File::open(TRADE).expect("the trade is part of the project");
    let unpacked = zstd::Decoder::new(packed).expect("it is packed with zstd");
    let mut beginning = fs::File::create(&path).expect("the folder is writable");
    for line in BufReader::new(unpacked).lines().take(rows + 1) {
        writeln!(beginning, "{}", line.expect("it is text")).expect("the folder is writable");
    }
    path
}
