//! Traces: whoever gives a collector is told of every request and of what followed from it outside, as
//! one trace that is called as the request's correlation id.

use serde_json::{Value as Json, json};
use std::{
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};
use uuid::Uuid;

const CORRELATION: &str = "018f2f4e-7c1a-7d3e-9a55-3f5b2c9e8a10";
const STAFF: &str = "a-staff-key-of-this-test";
/// Nothing here takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The bodies that were sent to it.
type Collected = Arc<Mutex<Vec<u8>>>;

/// A collector that takes whatever comes over HTTP, one connection after the other.
fn collector() -> (SocketAddr, Collected) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let (at, collected) = (listener.local_addr().expect("it is bound"), Collected::default());
    let bodies = collected.clone();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let bodies = bodies.clone();
            thread::spawn(move || while collect(&stream, &bodies).is_ok() {});
        }
    });
    (at, collected)
}

fn collect(stream: &TcpStream, bodies: &Collected) -> io::Result<()> {
    let (head, body) = message(&mut BufReader::new(stream))?;
    assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
    bodies.lock().expect("nobody panics with it").extend(body);
    let mut stream = stream;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
}

/// Head and body of a request or an answer whose length is told.
fn message(from: &mut impl BufRead) -> io::Result<(String, Vec<u8>)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if from.read_line(&mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse().expect("a number"))
    });
    let mut body = vec![0; length.unwrap_or(0)];
    from.read_exact(&mut body)?;
    Ok((head, body))
}

/// A running shop; ended when the test fails.
struct Shop {
    program: Child,
    at: SocketAddr,
    _data: tempfile::TempDir,
}

impl Drop for Shop {
    fn drop(&mut self) {
        // It has ended already, unless the test has failed.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

impl Shop {
    fn start(collector: SocketAddr) -> Shop {
        let data = tempfile::tempdir().expect("there is room for a folder");
        let mut command = Command::new(env!("CARGO_BIN_EXE_cartage"));
        command.args(["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data"]).arg(data.path());
        command.env("CARTAGE_STAFF_KEY", STAFF).env_remove("CARTAGE_CONFIG");
        command.env("CARTAGE_OTLP_ENDPOINT", format!("http://{collector}"));
        let mut program = command.stderr(Stdio::piped()).spawn().expect("it starts");
        let said = BufReader::new(program.stderr.take().expect("it is piped"));
        let (tell, told) = mpsc::channel();
        // Read to the end, or it could not say anything more.
        thread::spawn(move || {
            for line in said.lines().map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("listening on http://") {
                    let _ = tell.send(address.to_owned());
                }
            }
        });
        let at = told.recv_timeout(PATIENCE).expect("it says where it listens");
        Shop { program, at: at.parse().expect("an address"), _data: data }
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &Json) -> Json {
        let mut stream = TcpStream::connect(self.at).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time");
        let body = body.to_string();
        write!(
            stream,
            "{method} /api/v1{path} HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n{headers}\r\n{body}",
            body.len()
        )
        .expect("it is sent");
        let (head, body) = message(&mut BufReader::new(stream)).expect("it is answered");
        assert!(head.starts_with("HTTP/1.1 2"), "{path}: {head}{}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).expect("it is JSON")
    }

    /// What is not sent yet is sent before it ends.
    fn stop(&mut self) {
        let number = i32::try_from(self.program.id()).expect("a process id");
        let number = rustix::process::Pid::from_raw(number).expect("it is not 0");
        rustix::process::kill_process(number, rustix::process::Signal::TERM).expect("it runs");
        assert!(self.program.wait().expect("it ends").success());
    }
}

/// An order by card, whose payment is asked for outside before the answer comes.
fn buy(shop: &Shop) {
    let staff = format!("Authorization: Bearer {STAFF}\r\n");
    let product = json!({"name": "Mug", "variants": [
        {"sku": "MUG-1", "price": {"minor": 500, "currency": "GBP"}}
    ]});
    let product = shop.ask("POST", "/products", &staff, &product);
    let id = product["id"].as_str().expect("it has one");
    shop.ask("POST", &format!("/products/{id}/publish"), &staff, &json!({}));
    let received = json!({"quantity": 9, "reference": "PO-1"});
    shop.ask("POST", "/stock/MUG-1/receive", &staff, &received);
    let cart = shop.ask("POST", "/carts", "", &json!({}));
    let text = |name: &str| cart[name].as_str().expect("it has one").to_owned();
    let token = format!("Cartage-Token: {}\r\n", text("token"));
    let lines = format!("/carts/{}/lines", text("id"));
    shop.ask("POST", &lines, &token, &json!({"sku": "MUG-1", "quantity": 1}));
    let order = json!({
        "cart": text("id"), "email": "a@example.org",
        "payment": {"method": "card", "token": "tok_ok"},
        "ship_to": {"name": "A. Shopper", "line1": "1 High St", "city": "Leeds",
                    "postal_code": "LS1 1AA", "country": "GB"}
    });
    let named = format!(
        "{token}Idempotency-Key: the-first-of-all\r\nPrefer: wait=10\r\n\
         X-Correlation-ID: {CORRELATION}\r\n"
    );
    shop.ask("POST", "/orders", &named, &order);
}

/// The names of the spans of a trace, out of the protocol's bytes: each begins with the id of its trace
/// (field 1, 16 bytes), and its name is field 5 (`opentelemetry.proto.trace.v1.Span`).
fn spans_of<'c>(trace: &[u8], collected: &'c [u8]) -> Vec<&'c str> {
    let mark = [&[0x0a, 16], trace].concat();
    let begins = (0..collected.len()).map(|at| &collected[at..]);
    begins.filter_map(|text| name_of_span(text.strip_prefix(&*mark)?)).collect()
}

/// What stands before it are fields of bytes, too: the span's id, its state, its parent.
fn name_of_span(mut span: &[u8]) -> Option<&str> {
    loop {
        let (tag, rest) = span.split_first()?;
        let (length, rest) = rest.split_first()?;
        let (value, rest) = rest.split_at_checked(usize::from(*length))?;
        match tag {
            0x2a => return std::str::from_utf8(value).ok(),
            // Of one byte each: none of them is as long as 128.
            0x12 | 0x1a | 0x22 => span = rest,
            _ => return None,
        }
    }
}

#[test]
fn a_request_and_what_is_asked_outside_for_it_are_one_trace() {
    let (at, collected) = collector();
    let mut shop = Shop::start(at);
    buy(&shop);
    shop.stop();
    let collected = collected.lock().expect("nobody panics with it");
    let trace = Uuid::try_parse(CORRELATION).expect("it is one");
    let spans = spans_of(trace.as_bytes(), &collected);
    assert!(spans.contains(&"request") && spans.contains(&"outside"), "{spans:?}");
}
