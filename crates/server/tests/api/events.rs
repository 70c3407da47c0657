//! Server-sent events: facts for staff, moments of an order for whoever placed it.

use crate::harness::{KEY, Shop};
use http::Method;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stream of events that is being read.
struct Events {
    answer: reqwest::Response,
    text: String,
}

/// One event.
#[derive(Debug)]
struct Event {
    name: String,
    id: u64,
    body: Value,
}

impl Events {
    fn of(answer: reqwest::Response) -> Events {
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Events { answer, text: String::new() }
    }

    /// The next event; none once the stream has ended.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                let Some(body) = field("data: ") else { continue };
                return Some(Event {
                    name: field("event: ").unwrap_or_default().to_owned(),
                    id: field("id: ").and_then(|id| id.parse().ok()).expect("a position"),
                    body: serde_json::from_str(body).expect("JSON"),
                });
            }
            let chunk = tokio::time::timeout(PATIENCE, self.answer.chunk()).await;
            let chunk = chunk.expect("something comes in time").expect("the stream is whole")?;
            self.text.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_hears_every_fact_once_and_goes_on_where_it_was() {
    let shop = Shop::stocked().await;
    let tip = shop.settle().await;
    let listen = || shop.staff().ask(Method::GET, "/facts").header("accept", "text/event-stream");
    let mut events = Events::of(listen().header("last-event-id", "0").open().await);
    let mut heard = Vec::new();
    while heard.last().is_none_or(|event: &Event| event.id < tip) {
        heard.push(events.next().await.expect("there is more"));
    }
    let positions: Vec<u64> = heard.iter().map(|event| event.id).collect();
    assert_eq!(positions, (1..=tip).collect::<Vec<u64>>());
    assert!(heard.iter().all(|event| event.name == "fact" && event.body["position"] == event.id));
    drop(events);
    shop.order(&[("MUG-1", 1)]).await;
    let mut events = Events::of(listen().header("last-event-id", &tip.to_string()).open().await);
    let next = events.next().await.expect("there is more");
    assert_eq!(next.id, tip + 1);
    let path = "/facts?type=orders/placed@1&after=0";
    let few = shop.staff().ask(Method::GET, path).header("accept", "text/event-stream");
    let placed = Events::of(few.open().await).next().await.expect("it was placed");
    assert_eq!(placed.body["type"], "orders/placed@1");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_placed_an_order_hears_of_it_and_of_nothing_else() {
    let shop = Shop::stocked().await;
    let (id, token) = shop.order(&[("MUG-1", 1)]).await;
    let path = format!("/orders/{id}/events");
    shop.anyone().get(&path).await.refuses(404, "ORDER_NOT_FOUND");
    let tip = shop.settle().await;
    let mut events = Events::of(shop.guest(&token).ask(Method::GET, &path).open().await);
    shop.order(&[("CUP-1", 1)]).await;
    shop.guest(&token).post(&format!("/orders/{id}/cancel")).send().await.is(200);
    let heard = events.next().await.expect("it was cancelled");
    assert_eq!(heard.name, "moment");
    assert!(heard.id > tip);
    let what = heard.body["what"].as_str().expect("words").to_lowercase();
    assert!(what.contains("cancel"), "{what}");
    let again = shop.guest(&token).ask(Method::GET, &path).header("last-event-id", "0");
    let first = Events::of(again.open().await).next().await.expect("the story from its beginning");
    assert!(first.id < tip, "{first:?}");
    shop.anyone()
        .ask(Method::GET, "/facts")
        .header("accept", "text/event-stream")
        .send()
        .await
        .refuses(401, "AUTH_TOKEN_MISSING");
}

/// The program itself, with a sandbox, on any port.
struct Program {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Program {
    fn start() -> Program {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = Command::new(env!("CARGO_BIN_EXE_cartage"))
            .args(["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.path())
            .env("CARTAGE_STAFF_KEY", KEY)
            .env("NO_COLOR", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let url = lines.find_map(|line| {
            let line = line.expect("text");
            let at = line.split_once("listening on ")?.1.trim().to_owned();
            Some(at)
        });
        // Whatever it says later has to go somewhere.
        std::thread::spawn(move || lines.count());
        Program { child, url: url.expect("it says where"), _folder: folder }
    }

    fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        let term = rustix::process::Signal::TERM;
        rustix::process::kill_process(pid, term).expect("it runs");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already when all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_shop_closes_streams_end_and_the_program_goes_within_ten_seconds() {
    let mut program = Program::start();
    let http = reqwest::Client::new();
    let facts = http.get(format!("{}/api/v1/facts", program.url)).bearer_auth(KEY);
    let facts = facts.header("accept", "text/event-stream").header("last-event-id", "0");
    let mut events = Events::of(facts.send().await.expect("it listens"));
    let cart = http.post(format!("{}/api/v1/carts", program.url)).json(&json!({})).send().await;
    assert_eq!(cart.expect("it answers").status(), 201);
    assert_eq!(events.next().await.expect("a fact").body["type"], "carts/created@1");
    program.terminate();
    assert!(events.next().await.is_none(), "the stream ends");
    let ended = tokio::task::spawn_blocking(move || program.child.wait().map(|end| (end, program)));
    let ended = tokio::time::timeout(Duration::from_secs(10), ended).await.expect("in time");
    let (status, _) = ended.expect("nobody panics").expect("it was started");
    assert!(status.success(), "{status}");
}
