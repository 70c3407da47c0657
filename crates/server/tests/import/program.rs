//! The program itself: words, exit codes, JSON.

use super::folder;
use serde_json::Value as Json;
use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

/// Its exit code, and both of its streams.
fn cartage(here: &Path, args: &[&str], input: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cartage"));
    command.args(args).current_dir(here).env_remove("CARTAGE_CONFIG").env_remove("CARTAGE_BLESS");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut started = command.spawn().expect("the program starts");
    // It may have had enough before it has read all.
    let _ = started.stdin.take().expect("it is piped").write_all(input.as_bytes());
    let done = started.wait_with_output().expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (done.status.code().unwrap_or(-1), text(done.stdout), text(done.stderr))
}

#[test]
fn the_program_tells_by_words_codes_and_json_how_it_went() {
    let here = folder();
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/import");
    let (table, products) =
        (format!("{examples}/products.csv"), format!("{examples}/products.jsonl"));
    let both = ["import", &table, &products, "--data", "shop"];
    let (code, out, err) = cartage(here.path(), &both, "");
    assert_eq!(
        (code, &*out),
        (0, "7 rows: 7 created, 0 changed, 0 unchanged, 0 refused\n"),
        "{err}"
    );
    let (code, out, _) = cartage(here.path(), &both, "");
    assert_eq!((code, &*out), (0, "7 rows: 0 created, 0 changed, 7 unchanged, 0 refused\n"));
    let bad = "sku,name,price\nNEW,New,1\nWORSE,Worse,cheap\n";
    let args = ["import", "-", "--format", "csv", "--data", "shop", "--refused", "no.jsonl"];
    let (code, _, err) = cartage(here.path(), &[&args[..], &["--dry-run"]].concat(), bad);
    assert_eq!(code, 1);
    assert!(
        err.contains("-: line 3: price: \"cheap\" is no price: write 19.99 (IMPORT_BAD_VALUE)")
    );
    let (code, out, err) = cartage(here.path(), &[&args[..], &["--json"]].concat(), bad);
    let told: Json = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!((code, err.as_str()), (1, ""));
    assert_eq!(
        (&told["created"], &told["refused"], &told["complete"]),
        (&1.into(), &1.into(), &true.into())
    );
    let kept = fs::read_to_string(here.path().join("no.jsonl")).expect("it was written");
    let kept: Json = serde_json::from_str(&kept).expect("one line");
    assert_eq!(kept, told["refusals"][0]);
    assert_eq!((&kept["line"], &kept["code"]), (&3.into(), &"IMPORT_BAD_VALUE".into()));
}

#[test]
fn the_program_says_what_to_do_when_it_cannot_begin() {
    let here = folder();
    fs::write(here.path().join("a.csv"), "sku,colour of roof\n").expect("there is room");
    for (code, args, words) in [
        (2, &["import"][..], "<FILE>"),
        (2, &["import", "-"][..], "--format csv or --format jsonl"),
        (2, &["import", "a.csv"][..], "there is no column \"colour of roof\""),
        (2, &["import", "-", "-", "--format", "csv"][..], "read once"),
        (2, &["import", "-", "--format", "csv"][..], "none of them is `sku`"),
        (2, &["import", "a.csv", "--refused", "none/x"][..], "make it first"),
        (1, &["import", "none.csv"][..], "none.csv cannot be read"),
        (1, &["import", ".", "--format", "csv"][..], "cannot be read"),
    ] {
        let (found, out, err) = cartage(here.path(), args, "");
        assert_eq!(found, code, "{args:?}: {out}{err}");
        assert!(err.contains(words), "{args:?}: {words:?} is not in {err}");
        assert!(!err.contains("panicked"), "{args:?}: {err}");
    }
    assert!(!here.path().join("cartage-data").exists(), "nothing is made before a file is right");
    let ignored = ["import", "a.csv", "--ignore", "Colour of roof"];
    let (code, out, _) = cartage(here.path(), &ignored, "");
    assert_eq!((code, &*out), (0, "0 rows: 0 created, 0 changed, 0 unchanged, 0 refused\n"));
    let in_use = journal::sqlite::open(&here.path().join("cartage-data")).expect("nobody has it");
    let (code, _, err) = cartage(here.path(), &ignored, "");
    assert_eq!(code, 3);
    assert!(
        err.contains("in use by another program") && err.contains("POST /api/v1/products"),
        "{err}"
    );
    drop(in_use);
}
