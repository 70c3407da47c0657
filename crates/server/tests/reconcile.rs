//! The provider's books beside ours, compared by the shop every day and by the command when somebody asks.

use axum::{Router, extract::RawQuery, http::StatusCode, response::IntoResponse, routing::get};
use commerce::payments::{PaymentCommand, PaymentMethod};
use engine::{Ask, Limits};
use gateways::{
    http::{HttpProvider, Partner},
    reconcile::{Disagreement, Movement, Settled},
};
use kernel::{CommandId, Currency, Money, PaymentId, Timestamp};
use serde_json::Value as Json;
use server::{
    reconciling::{Compared, Daily, FILE},
    shop::RunningShop,
};
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
};
use tempfile::{TempDir, tempdir};
use tokio::{net::TcpListener, runtime::Runtime};

fn at(text: &str) -> Timestamp {
    text.parse().expect("it is a time")
}

fn pounds(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}

fn payment(number: u32) -> PaymentId {
    format!("018f0000-0000-7000-8000-000000000001.{number}").parse().expect("a payment")
}

/// A provider that has nothing but settlement files, by day; without any it is closed.
#[derive(Clone, Default)]
struct Files(Arc<Mutex<Shelf>>);

#[derive(Default)]
struct Shelf {
    days: BTreeMap<String, Vec<Settled>>,
    closed: bool,
}

impl Files {
    fn settle(&self, number: u32, amount: i64, time: &str) {
        let line = Settled {
            payment: payment(number),
            movement: Movement::Capture,
            number: 1,
            amount: pounds(amount),
            fee: None,
            at: at(time),
        };
        let mut files = self.0.lock().expect("nobody panics");
        files.days.entry(at(time).day()).or_default().push(line);
    }

    fn close(&self, closed: bool) {
        self.0.lock().expect("nobody panics").closed = closed;
    }

    fn lines(&self, day: &str) -> String {
        let files = self.0.lock().expect("nobody panics");
        let lines = files.days.get(day).into_iter().flatten();
        lines.map(|line| serde_json::to_string(line).expect("plain data") + "\n").collect()
    }

    async fn open(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it listens"));
        let answer = move |RawQuery(query): RawQuery| {
            let closed = self.0.lock().expect("nobody panics").closed;
            let day = query.unwrap_or_default().replace("date=", "");
            let file = self.lines(&day);
            async move {
                match closed {
                    true => StatusCode::SERVICE_UNAVAILABLE.into_response(),
                    false => file.into_response(),
                }
            }
        };
        let router = Router::new().route("/settlement", get(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

struct Scene {
    runtime: Runtime,
    data: TempDir,
    files: Files,
    url: String,
    shop: RunningShop,
}

fn scene(now: &str) -> Scene {
    let runtime = Runtime::new().expect("threads");
    let (data, files) = (tempdir().expect("there is room"), Files::default());
    let url = runtime.block_on(files.clone().open());
    let shop = RunningShop::open_with(data.path(), at(now), Limits::default(), vec![]);
    Scene { runtime, data, files, url, shop: shop.expect("the folder is new") }
}

impl Scene {
    fn daily(&self, since: Timestamp) -> Daily {
        let vault = self.shop.engine.reader().expect("it can be read");
        let partner = Partner::new("payments", self.url.clone());
        let provider = HttpProvider::new(partner, vault).expect("an address");
        Daily::of(&self.shop.engine, self.data.path(), provider, since).expect("it can be read")
    }

    fn look(&self, daily: &mut Daily, now: &str) -> Option<Compared> {
        self.shop.clock.advance_to(at(now));
        self.runtime.block_on(daily.look())
    }

    /// We hear that so much was captured.
    fn hear(&self, number: u32, amount: i64, time: &str) {
        self.captured(number, amount, PaymentMethod::Card, time);
    }

    fn captured(&self, number: u32, amount: i64, method: PaymentMethod, time: &str) {
        self.shop.clock.advance_to(at(time));
        for command in [
            PaymentCommand::Start { amount: pounds(amount), method, token: None },
            PaymentCommand::CaptureDone { capture: 1, amount: pounds(amount) },
        ] {
            let id = CommandId::derive("test", &format!("{number}/{command:?}"));
            let command = flows::Command::Payment(payment(number), command);
            let answer = self.shop.engine.ask(Ask::by_system(id, command)).expect("it runs");
            answer.expect("news is never refused");
        }
    }

    fn alarms(&self) -> Vec<&'static str> {
        self.shop.alarms().all().iter().map(|alarm| alarm.kind).collect()
    }
}

/// Payments 1 to 3 agree, each in its own way; 4, 5 and 6 do not; 7 is no affair of the provider's.
fn a_day(scene: &Scene) {
    scene.files.settle(3, 300, "2026-11-18T12:00:00Z");
    scene.hear(1, 100, "2026-11-20T09:00:00Z");
    scene.files.settle(1, 100, "2026-11-20T09:00:01Z");
    scene.hear(3, 300, "2026-11-20T10:00:00Z");
    scene.hear(4, 400, "2026-11-20T11:00:00Z");
    scene.captured(7, 700, PaymentMethod::CashOnDelivery, "2026-11-20T11:30:00Z");
    scene.hear(5, 500, "2026-11-20T12:00:00Z");
    scene.files.settle(5, 499, "2026-11-20T12:00:00Z");
    scene.files.settle(6, 600, "2026-11-20T13:00:00Z");
    scene.hear(2, 200, "2026-11-20T23:59:59Z");
    scene.files.settle(2, 200, "2026-11-21T00:00:01Z");
}

fn wrong(compared: &Compared) -> Vec<(u32, Disagreement)> {
    let one = |found: &gateways::reconcile::Difference| (found.payment.number, found.what.clone());
    compared.differences.iter().map(one).collect()
}

fn planted() -> Vec<(u32, Disagreement)> {
    vec![
        (4, Disagreement::MissingThere { ours: pounds(400) }),
        (5, Disagreement::Amount { ours: pounds(500), theirs: pounds(499) }),
        (6, Disagreement::MissingHere { theirs: pounds(600) }),
    ]
}

#[test]
fn a_day_that_is_over_is_compared_once_and_what_differs_is_an_alarm() {
    let scene = scene("2026-11-20T08:00:00Z");
    let mut daily = scene.daily(Timestamp::MIN);
    a_day(&scene);
    let found = scene.look(&mut daily, "2026-11-21T01:00:00Z").expect("the day is over");
    assert_eq!((&*found.first, &*found.last), ("2026-11-20", "2026-11-20"));
    assert_eq!(wrong(&found), planted());
    assert_eq!(scene.alarms(), ["books_differ"]);
    assert_eq!(scene.look(&mut daily, "2026-11-21T02:00:00Z"), None, "once");
    // After a restart as well; and a day on which nothing is wrong is no alarm.
    let mut daily = scene.daily(Timestamp::MIN);
    assert_eq!(scene.look(&mut daily, "2026-11-21T23:00:00Z"), None);
    let next = scene.look(&mut daily, "2026-11-22T01:00:00Z").expect("the next day is over");
    assert_eq!((&*next.first, wrong(&next)), ("2026-11-21", vec![]));
    assert_eq!(scene.alarms(), ["books_differ"]);
}

#[test]
fn days_that_were_missed_are_made_up_for_and_a_closed_provider_is_asked_again() {
    let scene = scene("2026-11-19T08:00:00Z");
    let mut daily = scene.daily(Timestamp::MIN);
    assert!(scene.look(&mut daily, "2026-11-19T08:00:00Z").is_some(), "the first time");
    a_day(&scene);
    scene.files.close(true);
    assert_eq!(scene.look(&mut daily, "2026-11-23T08:00:00Z"), None);
    assert_eq!(scene.look(&mut daily, "2026-11-23T08:10:00Z"), None);
    assert_eq!(scene.alarms(), ["not_reconciled"], "told once, not at every try");
    scene.files.close(false);
    let found = scene.look(&mut daily, "2026-11-23T08:20:00Z").expect("it answers");
    assert_eq!((&*found.first, &*found.last), ("2026-11-19", "2026-11-22"));
    assert_eq!(wrong(&found), planted());
    // What is written down is whole, or as if it were not there.
    fs::write(scene.data.path().join(FILE), "{").expect("there is room");
    assert!(scene.look(&mut daily, "2026-11-23T08:30:00Z").is_some());
}

#[test]
fn what_was_before_the_provider_kept_books_is_not_missed() {
    let scene = scene("2026-11-20T08:00:00Z");
    let mut daily = scene.daily(at("2026-11-20T11:30:00Z"));
    a_day(&scene);
    let found = scene.look(&mut daily, "2026-11-21T01:00:00Z").expect("the day is over");
    assert_eq!(wrong(&found), planted()[1..]);
}

fn cartage(here: &Path, args: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cartage"));
    command.args(args).current_dir(here).env_remove("CARTAGE_CONFIG");
    let done = command.output().expect("the program starts");
    let text = [done.stdout, done.stderr].concat();
    (done.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn the_command_compares_any_days_also_of_a_running_shop() {
    let scene = scene("2026-11-20T08:00:00Z");
    a_day(&scene);
    let data = scene.data.path();
    let url = format!("payments.url={}", scene.url);
    let ask = |args: &[&str]| {
        cartage(data, &[&["reconcile", "--data", ".", "--set", &url], args].concat())
    };
    let (code, text) = ask(&["--from", "2026-11-20"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("capture 1 of payment") && text.ends_with("2026-11-20: 3 differences\n"));
    assert_eq!(ask(&["--from", "2026-11-21"]), (0, "2026-11-21: the books agree\n".to_owned()));
    let (code, text) = ask(&["--from", "2026-11-19", "--to", "2026-11-22", "--json"]);
    let told: Json = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!((code, told["differences"].as_array().map(Vec::len)), (1, Some(3)));
    assert_eq!(told["differences"][0]["difference"], "missing_there");
    let file = data.join("settlement.jsonl");
    fs::write(&file, scene.files.lines("2026-11-20")).expect("there is room");
    let (code, text) = ask(&["--from", "2026-11-20", "--file", "settlement.jsonl"]);
    assert_eq!(code, 1);
    assert!(text.ends_with("5 differences\n"), "one file knows nothing of the days around: {text}");
    fs::write(&file, "{").expect("there is room");
    for (code, args, words) in [
        (1, &["--file", "settlement.jsonl"][..], "line 1 of the settlement file"),
        (1, &["--set", "payments.url=http://127.0.0.1:9"][..], "cannot be had"),
        (2, &["--from", "yesterday"][..], "write 2026-11-20"),
        (2, &["--from", "2026-11-20", "--to", "2026-11-19"][..], "the first one first"),
    ] {
        let (found, text) = ask(args);
        assert_eq!(found, code, "{args:?}: {text}");
        assert!(text.contains(words), "{args:?}: {text}");
    }
    assert_eq!(cartage(data, &["reconcile", "--data", "."]).0, 2, "nobody can be asked");
    assert_eq!(cartage(data, &["reconcile", "--data", "none", "--file", "settlement.jsonl"]).0, 1);
}
