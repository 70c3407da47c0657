//! A replay that is killed at any moment goes on where it was and ends as if nothing had happened.

use serde_json::{Map, Value};
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const TRADE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/online-retail/online_retail.csv.zst");
/// Rows of the trade that are played: a morning.
const ROWS: usize = 700;
const PATIENCE: Duration = Duration::from_secs(120);

/// What a run measures is its own; all else must be the same.
const MEASURED: [&str; 9] = [
    "seconds",
    "check_seconds",
    "orders_per_second",
    "facts_per_second",
    "journal_bytes",
    "journal_bytes_per_fact",
    "index_bytes",
    "peak_rss_bytes",
    "complaints",
];

/// The first rows of the year as a file of their own.
fn a_morning(folder: &Path) -> PathBuf {
    let path = folder.join("morning.csv");
    let packed = fs::File::open(TRADE).expect("the trade is part of the project");
    let unpacked = zstd::Decoder::new(packed).expect("it is packed with zstd");
    let mut morning = fs::File::create(&path).expect("the folder is writable");
    for line in BufReader::new(unpacked).lines().take(ROWS + 1) {
        writeln!(morning, "{}", line.expect("it is text")).expect("the folder is writable");
    }
    path
}

fn replay(trade: &Path, data: &Path, report: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_cartage"))
        .args(["replay".as_ref(), trade.as_os_str()])
        .args(["--data".as_ref(), data.as_os_str(), "--report".as_ref(), report.as_os_str()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts")
}

fn ended(mut child: Child, report: &Path) -> Map<String, Value> {
    let status = child.wait().expect("it was started");
    assert!(status.success(), "{status}: something does not hold in {}", report.display());
    let text = fs::read_to_string(report).expect("it has written its report");
    let Value::Object(mut found) = serde_json::from_str(&text).expect("it is JSON") else {
        panic!("the report is no object: {text}");
    };
    MEASURED.iter().for_each(|name| drop(found.remove(*name)));
    found
}

/// Kills it as soon as its journal has grown by so many bytes; false when it had ended before.
fn killed_after(mut child: Child, journal: &Path, more: u64) -> bool {
    let size = || journal::sqlite::file_size(journal);
    let (before, begin) = (size(), Instant::now());
    while size() < before + more {
        assert!(begin.elapsed() < PATIENCE, "the journal does not grow");
        if child.try_wait().expect("it was started").is_some() {
            return false;
        }
        std::thread::yield_now();
    }
    child.kill().expect("it was running");
    child.wait().expect("it was started");
    true
}

#[test]
fn a_replay_that_was_killed_goes_on_and_ends_with_the_same_report() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let trade = a_morning(folder.path());
    let (whole, torn) = (folder.path().join("whole"), folder.path().join("torn"));
    let report = folder.path().join("report.json");
    let undisturbed = ended(replay(&trade, &whole, &report), &report);
    let mut kills = 0;
    for more in [1, 20_000, 60_000, 1, 100_000] {
        let child = replay(&trade, &torn, &report);
        kills += u32::from(killed_after(child, &torn.join("journal.db"), more));
    }
    assert!(kills >= 3, "it was killed {kills} times only: the trade is too small");
    assert_eq!(ended(replay(&trade, &torn, &report), &report), undisturbed);
}
