//! The command line as scripts and people meet it: exit codes, words, JSON, completions.

use axum::{
    Json as Answered, Router,
    extract::{Path as At, Request},
    http::StatusCode,
    routing::{get, post},
};
use commerce::customers::CustomerCommand;
use engine::{
    Ask,
    handlers::{Errand, Letter, LetterState, Request as Asked, Store},
};
use flows::Command as ShopCommand;
use kernel::{CommandId, PersonId, Timestamp};
use serde_json::{Value as Json, json};
use server::shop::RunningShop;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
};

fn cartage(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cartage"));
    command.args(args).current_dir(folder);
    for name in ["CARTAGE_STAFF_KEY", "CARTAGE_URL", "CARTAGE_CONFIG", "CARTAGE_BLESS"] {
        command.env_remove(name);
    }
    command.output().expect("the program starts")
}

/// Its exit code, and what it said on both streams.
fn told(folder: &Path, args: &[&str]) -> (i32, String) {
    let done = cartage(folder, args);
    let said = [done.stdout, done.stderr].concat();
    (done.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
}

fn as_json(folder: &Path, args: &[&str]) -> Json {
    let done = cartage(folder, args);
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("it is JSON")
}

fn start() -> Timestamp {
    "2026-11-20T10:00:00Z".parse().expect("it is a time")
}

const SOMEBODY: u128 = 7;

/// A folder with a shop in which somebody was met, and one letter.
fn a_shop() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let data = folder.path().join("cartage-data");
    let shop = RunningShop::open(&data, start()).expect("the folder is new");
    let person = PersonId(uuid::Uuid::from_u128(SOMEBODY));
    let meet = CustomerCommand::Meet { country: "France".into(), email: None };
    let command = ShopCommand::Customer(person, meet);
    let ask = Ask::by_system(CommandId(uuid::Uuid::from_u128(1)), command);
    shop.engine.ask(ask).expect("it runs").expect("nobody refuses");
    shop.settle().expect("nothing is under way");
    shop.stop().expect("nothing is wrong with it");
    keep_letter(&data.join("letters.db"));
    (folder, data)
}

fn a_letter() -> Letter {
    Letter {
        id: "pay/1".to_owned(),
        handler: "pay".to_owned(),
        errand: Errand {
            position: 1,
            at: start(),
            correlation: None,
            request: Asked { key: "order/1".to_owned(), body: json!({"a": 1}), reference: None },
            attempts: 12,
            revision: 0,
        },
        reason: "no such account".to_owned(),
        state: LetterState::Parked,
        told: true,
        since: start(),
        notes: Vec::new(),
    }
}

fn as_the_api_shows_it() -> Json {
    json!({
        "id": "pay:1", "handler": "pay", "position": 1, "key": "order/1", "request": {"a": 1},
        "reason": "no such account", "state": "parked", "attempts": 12, "since": start(), "notes": [],
    })
}

fn keep_letter(path: &Path) {
    drop(Store::open(path, "outside").expect("it can be opened"));
    let letters = rusqlite::Connection::open(path).expect("it can be opened");
    let letter = serde_json::to_string(&a_letter()).expect("letters are plain data");
    letters
        .execute("INSERT INTO letters VALUES ('outside', 'pay/1', 1, 0, ?)", [letter])
        .expect("it has this table");
}

#[test]
fn exit_codes_tell_what_went_wrong() {
    let (folder, data) = a_shop();
    let here = folder.path();
    for (code, args, words) in [
        (0, &["journal", "verify"][..], "sound: 1 blocks, 1 facts"),
        (2, &["jurnal"][..], "unrecognized subcommand"),
        (2, &[][..], "Usage:"),
        (2, &["replay"][..], "<FILE>"),
        (2, &["replay", "x.csv", "--until", "soon"][..], "write 2011-01-01"),
        (2, &["journal", "show", "nobody"][..], "names no stream"),
        (2, &["journal", "show", "stock/A", "--at", "noon"][..], "neither a position"),
        (2, &["views", "rebuild", "pick_lists"][..], "there is no view \"pick_lists\""),
        (2, &["restore", "cartage-data", "--data", "new"][..], "is no backup"),
        (2, &["backup", "cartage-data"][..], "is not empty"),
        (2, &["config", "--set", "http.timeout_seconds=x"][..], "seconds, 1 to 600"),
        (2, &["config", "--set", "nonsense"][..], "KEY=VALUE"),
        (2, &["letters", "edit", "pay/1", "--request", "[]", "--why", "so"][..], "no JSON object"),
        (
            2,
            &["letters", "edit", "pay/1", "--request", "null", "--why", "so"][..],
            "no JSON object",
        ),
        (1, &["journal", "show", "stock/A"][..], "nothing has happened in stock/A"),
        (1, &["replay", "none.csv"][..], "none.csv cannot be read"),
        (1, &["letters", "retry", "pay/2"][..], "no letter pay/2"),
        (3, &["journal", "tail", "--data", "none"][..], "there is no none/journal.db"),
        (3, &["backup", "b", "--data", "none"][..], "there is no none/journal.db"),
        (3, &["views", "rebuild", "--data", "none"][..], "there is no none/journal.db"),
        (3, &["letters", "list", "--data", "none"][..], "there is no none/journal.db"),
        (3, &["letters", "list", "--url", "http://127.0.0.1:9"][..], "is the shop running there"),
    ] {
        let (found, said) = told(here, args);
        assert_eq!(found, code, "{args:?}: {said}");
        assert!(said.contains(words), "{args:?}: {words:?} is not in {said}");
        assert!(!said.contains("panicked"), "{args:?}: {said}");
    }
    assert!(!here.join("none").exists(), "looking makes nothing");
    let in_use = journal::sqlite::open(&data).expect("nobody has it");
    for args in [&["views", "rebuild"][..], &["letters", "list"][..]] {
        let (found, said) = told(here, args);
        assert_eq!(found, 3, "{args:?}: {said}");
        assert!(said.contains("is in use by another program"), "{said}");
    }
    assert!(told(here, &["letters", "list"]).1.contains("--url http://localhost:7070"));
    assert_eq!(told(here, &["journal", "tail"]).0, 0, "looking needs no lock");
    drop(in_use);
}

#[test]
fn a_damaged_journal_is_told_by_a_code_of_its_own() {
    let (folder, data) = a_shop();
    let database = rusqlite::Connection::open(data.join("journal.db")).expect("it can be opened");
    database.execute("UPDATE blocks SET sum = sum + 1", []).expect("it has this table");
    drop(database);
    let (code, said) = told(folder.path(), &["journal", "verify"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("sound up to position 0") || said.contains("broken at"), "{said}");
}

#[test]
fn what_is_listed_can_be_had_as_json() {
    let (folder, _data) = a_shop();
    let here = folder.path();
    assert_eq!(as_json(here, &["journal", "verify", "--json"])["facts"], 1);
    let stream = format!("person/{}", uuid::Uuid::from_u128(SOMEBODY));
    let shown = as_json(here, &["journal", "show", &stream, "--json"]);
    assert_eq!((&shown["version"], &shown["facts"][0]["position"]), (&json!(1), &json!(1)));
    assert_eq!(as_json(here, &["journal", "tail", "--json"])["stream"], stream);
    assert_eq!(as_json(here, &["views", "list", "--json"])["tip"], 1);
    assert_eq!(as_json(here, &["views", "check", "--json"])["equal"], true);
    assert_eq!(as_json(here, &["views", "rebuild", "--json"])["alarms"], json!([]));
    assert_eq!(as_json(here, &["config", "--json"])["listen"]["value"], "127.0.0.1:7070");
    let made = as_json(here, &["backup", "saved", "--json"]);
    assert_eq!((&made["position"], &made["format"]), (&json!(1), &json!(1)));
    let restored = as_json(here, &["restore", "saved", "--data", "again", "--json"]);
    assert_eq!(restored["position"], 1);
}

#[test]
fn letters_of_a_stopped_shop_are_seen_edited_retried_and_dropped_in_its_folder() {
    let (folder, _data) = a_shop();
    let here = folder.path();
    let listed = as_json(here, &["letters", "list", "--json"]);
    assert_eq!(listed["items"], json!([as_the_api_shows_it()]));
    assert!(told(here, &["letters", "list"]).1.contains("no such account"));
    let preview = as_json(here, &["letters", "preview", "pay/1"]);
    assert_eq!(preview["request"], json!({"a": 1}));
    let edit = ["letters", "edit", "pay:1", "--request", "{\"a\":2}", "--why", "wrong account"];
    assert_eq!(told(here, &edit).0, 0);
    let edited = as_json(here, &["letters", "show", "pay/1"]);
    assert_eq!(edited["request"], json!({"a": 2}));
    assert_eq!(edited["notes"][0]["before"], json!({"a": 1}));
    assert_eq!(
        told(here, &["letters", "retry", "--all"]),
        (0, "1 of 1 letters are tried again\n".to_owned())
    );
    assert_eq!(as_json(here, &["letters", "show", "pay/1"])["state"], "retrying");
    let (code, said) = told(here, &["letters", "drop", "pay/1", "--why", "paid by hand"]);
    assert_eq!(code, 1, "it is being retried");
    assert!(said.contains("wait for the outcome"), "{said}");
}

type Seen = Arc<Mutex<Vec<(String, String)>>>;

/// A shop that only knows letters, and notes what it is asked.
async fn letters_over_http(seen: Seen) -> String {
    let note = move |request: &Request| {
        let header = |name: &str| {
            let found = request.headers().get(name).and_then(|value| value.to_str().ok());
            found.unwrap_or_default().to_owned()
        };
        let once = if header("idempotency-key").is_empty() { "" } else { " once" };
        let asked = format!("{} {}{once}", request.method(), request.uri());
        seen.lock().expect("nobody panics").push((asked, header("authorization")));
    };
    let (listing, retrying) = (note.clone(), note);
    let list = move |request: Request| async move {
        listing(&request);
        Answered(json!({ "items": [as_the_api_shows_it()], "page": { "next": null } }))
    };
    let retry = move |At(id): At<String>, request: Request| async move {
        retrying(&request);
        let problem = json!({ "code": "LETTER_NOT_FIRST", "detail": format!("{id} waits") });
        (StatusCode::CONFLICT, Answered(problem))
    };
    let letters = "/api/v1/dead-letters";
    let router = Router::new()
        .route(letters, get(list))
        .route(&format!("{letters}/{{id}}/retry"), post(retry));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("there is a port");
    let address = listener.local_addr().expect("it has one");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_of_a_running_shop_are_reached_over_http() {
    let seen = Seen::default();
    let url = letters_over_http(seen.clone()).await;
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let ask = |args: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_cartage"))
            .arg("letters")
            .args(args)
            .env("CARTAGE_URL", &url)
            .env("CARTAGE_STAFF_KEY", "a key of staff, long")
            .current_dir(folder.path())
            .output()
            .expect("the program starts");
        (
            done.status.code(),
            String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned(),
        )
    };
    let (code, said) = ask(&["list", "--json"]);
    let listed: Json = serde_json::from_str(&said).expect("it is JSON");
    assert_eq!((code, &listed["items"]), (Some(0), &json!([as_the_api_shows_it()])));
    let (code, said) = ask(&["retry", "pay/1"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("the shop refuses (409): LETTER_NOT_FIRST: pay:1 waits"), "{said}");
    let seen = seen.lock().expect("nobody panics");
    let asked: Vec<_> = seen.iter().map(|(asked, _)| asked.as_str()).collect();
    assert_eq!(asked, ["GET /api/v1/dead-letters", "POST /api/v1/dead-letters/pay:1/retry once"]);
    assert!(seen.iter().all(|(_, key)| key == "Bearer a key of staff, long"));
}

#[test]
fn every_command_teaches_by_examples_and_the_help_tells_the_exit_codes() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let (code, help) = told(folder.path(), &["--help"]);
    assert_eq!(code, 0);
    for known in ["Exit codes:", "130  interrupted"] {
        assert!(help.contains(known), "{help}");
    }
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    // Further lines of a command's description are indented deeper.
    let names = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names: Vec<&str> = names.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.contains(&"backup") && names.len() > 8, "{names:?}");
    for name in names.into_iter().filter(|name| *name != "help") {
        let (code, help) = told(folder.path(), &[name, "--help"]);
        assert_eq!(code, 0);
        assert!(help.contains(&format!("  cartage {name}")), "{name} has no example:\n{help}");
    }
}

#[test]
fn shells_can_complete_every_command() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    for shell in ["bash", "zsh", "fish"] {
        let (code, script) = told(folder.path(), &["completions", shell]);
        assert_eq!(code, 0);
        for name in ["replay", "letters", "restore", "--data"] {
            assert!(script.contains(name.trim_start_matches('-')), "{shell}: {name}");
        }
    }
}

#[test]
fn a_setting_in_the_working_folder_holds_and_its_mistakes_are_told() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let file = folder.path().join("cartage.toml");
    fs::write(&file, "data = \"elsewhere\"\n").expect("the folder is writable");
    let (code, said) = told(folder.path(), &["journal", "tail"]);
    assert!(code == 3 && said.contains("there is no elsewhere/journal.db"), "{said}");
    assert!(told(folder.path(), &["config"]).1.contains("# cartage.toml"));
    fs::write(&file, "[http]\nbody = 1\n").expect("the folder is writable");
    let (code, said) = told(folder.path(), &["config"]);
    assert!(
        code == 2 && said.contains("cartage.toml: there is no setting \"http.body\""),
        "{said}"
    );
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    let (folder, _data) = a_shop();
    for args in [&["config"][..], &["journal", "export"][..], &["completions", "bash"][..]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cartage"))
            .args(args)
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        drop(child.stdout.take());
        let done = child.wait_with_output().expect("it was started");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success() && said.is_empty(), "{args:?}: {said}");
    }
}
