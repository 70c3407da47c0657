//! Bad input, made from the document: always a 4xx with a stable code, never a 5xx, and nothing changes.

use crate::{
    fields::{Operation, operations},
    harness::{Said, Shop},
};
use http::Method;
use serde_json::{Value, json};

/// A seeded source of chance.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// What a shop has in which things can go wrong.
struct Scene {
    shop: Shop,
    /// Delivered, and asked back.
    order: String,
    cart: String,
}

impl Scene {
    async fn set() -> Scene {
        let shop = Shop::stocked().await;
        let (order, token) = shop.delivered("MUG-1", 2).await;
        let wish = json!({"lines": [{"line": 1, "quantity": 1}]});
        let path = format!("/orders/{order}/returns");
        shop.guest(&token).post(&path).json(&wish).send().await.is(201);
        let (cart, _) = shop.cart(&[("CUP-1", 1)]).await;
        shop.settle().await;
        Scene { shop, order, cart }
    }

    /// The path of an operation, for what is there.
    fn path(&self, operation: &Operation) -> String {
        let path = &operation.path;
        let id = match path.split('/').nth(3).unwrap_or_default() {
            "products" => "mug-1".to_owned(),
            "carts" => self.cart.clone(),
            "orders" => self.order.clone(),
            "dead-letters" => "pay:1".to_owned(),
            _ => format!("{}.1", self.order),
        };
        path.replace("{id}", &id)
            .replace("{sku}", "MUG-1")
            .replace("{line}", "1")
            .replace("{position}", "1")
            .replace("{stream}", &format!("order:{}", self.order))
            .replace("{name}", "orders")
            .replace("{number}", &format!("SIM{}.1", self.order))
            .replace("{provider}", "sandbox")
            .replace("{carrier}", "sandbox")
    }

    /// A body as it should be, but for the state that it meets.
    fn body(&self, operation: &Operation) -> Option<Value> {
        let mut body = operation.example()?;
        if body.get("cart").is_some() {
            body["cart"] = json!(self.cart);
        }
        Some(body)
    }

    /// Sends it, and expects a no that changes nothing.
    async fn refused(&self, operation: &Operation, path: &str, body: Vec<u8>, what: &str) -> Said {
        let before = self.shop.tip();
        let wish = self.shop.staff().ask(operation.method.clone(), path).key("bad-input").raw(body);
        let said = wish.send().await;
        let status = said.status.as_u16();
        let named = format!("{} {path}: {what}", operation.method);
        assert!((400..500).contains(&status), "{named}: {status} {}", short(&said.body));
        assert_eq!(self.shop.tip(), before, "{named}: something has changed");
        said.well_formed()
    }
}

fn short(body: &Value) -> String {
    body.to_string().chars().take(300).collect()
}

/// Bodies that are none, whatever is expected.
fn no_bodies() -> Vec<(&'static str, Vec<u8>)> {
    let deep = |open: &str, times| open.repeat(times).into_bytes();
    vec![
        ("malformed", b"{\"a\": }".to_vec()),
        ("no quotes", b"{a: 1}".to_vec()),
        ("a list", b"[]".to_vec()),
        ("nothing", b"null".to_vec()),
        ("a number", b"17".to_vec()),
        ("a text", b"\"text\"".to_vec()),
        ("two bodies", b"{} {}".to_vec()),
        ("invalid UTF-8", b"{\"name\": \"\xff\xfe\"}".to_vec()),
        ("half a surrogate", br#"{"name": "\ud800"}"#.to_vec()),
        ("a byte order mark", b"\xef\xbb\xbf{}".to_vec()),
        ("deep lists", deep("[", 10_000)),
        ("deep objects", deep("{\"a\":", 10_000)),
        ("an absurd number", b"{\"quantity\": 1e400}".to_vec()),
        ("an unknown field", br#"{"surely_nobody_expects_this": 1}"#.to_vec()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_body_is_refused_by_every_route_that_takes_one() {
    let scene = Scene::set().await;
    let mut dice = Dice(0x5eed);
    for operation in operations().iter().filter(|operation| operation.takes_a_body()) {
        let path = scene.path(operation);
        for (what, body) in no_bodies() {
            scene.refused(operation, &path, body, what).await;
        }
        let Some(body) = scene.body(operation) else { continue };
        let whole = body.to_string().into_bytes();
        for _ in 0..4 {
            let cut = 1 + dice.below(whole.len().max(2) - 1);
            let what = format!("cut after {cut} bytes");
            scene.refused(operation, &path, whole[..cut].to_vec(), &what).await;
        }
        if let Value::Object(mut fields) = body {
            fields.insert("surely_nobody_expects_this".to_owned(), json!(1));
            let body = Value::Object(fields).to_string().into_bytes();
            scene.refused(operation, &path, body, "an unknown field").await;
        }
    }
}

/// What does not belong where this type is expected: as JSON text, for numbers that no value can hold.
fn unfit(kind: &str, required: bool) -> Vec<String> {
    let long = format!("\"{}\"", "x".repeat(100_000));
    let mut unfit: Vec<&str> = match kind {
        "string" => vec!["7", "true", "[]", "{}", "\"\\u0000\"", &long],
        "integer" => vec![
            "\"7\"",
            "true",
            "[]",
            "{}",
            "1.5",
            "1e400",
            "-1e400",
            "-9223372036854775808",
            "9223372036854775807",
            "18446744073709551615",
            "99999999999999999999999999",
        ],
        "boolean" => vec!["\"true\"", "1", "[]"],
        "array" => vec!["{}", "7", "\"\"", "[[]]", "[7.5]"],
        _ => vec!["7", "\"\"", "true"],
    };
    unfit.extend(required.then_some("null"));
    unfit.into_iter().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_a_field_is_refused_and_nothing_changes() {
    let scene = Scene::set().await;
    for operation in operations().iter().filter(|operation| operation.takes_a_body()) {
        let path = scene.path(operation);
        let Some(body) = scene.body(operation) else { continue };
        for field in operation.fields() {
            for unfit in unfit(&field.kind, field.required) {
                let mut body = body.clone();
                field.put(&mut body, json!("\u{1}here\u{1}"));
                let body = body.to_string().replace("\"\\u0001here\\u0001\"", &unfit);
                let shown: String = unfit.chars().take(40).collect();
                let what = format!("{} = {shown}", field.pointer);
                scene.refused(operation, &path, body.into_bytes(), &what).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_names_nothing_is_a_no_to_every_method() {
    let scene = Scene::set().await;
    let long = "x".repeat(10_000);
    let names = ["%00", "%ff", "..%2f..%2f", "-1", "%F0%9F%98%80", "018f", "null", &long, "%20"];
    for operation in operations().iter().filter(|operation| operation.path.contains('{')) {
        for name in names {
            let filled = scene.path(operation);
            // Each part of the path in turn.
            for (at, part) in operation.path.split('/').enumerate() {
                if !part.starts_with('{') {
                    continue;
                }
                let mut parts: Vec<&str> = filled.split('/').collect();
                parts[at] = name;
                let path = parts.join("/");
                let before = scene.shop.tip();
                let mut wish = scene.shop.staff().ask(operation.method.clone(), &path).key("paths");
                if let Some(body) = scene.body(operation) {
                    wish = wish.json(&body);
                }
                let said = wish.send().await;
                let status = said.status.as_u16();
                let shown: String = path.chars().take(100).collect();
                let named = format!("{} {shown}: {}", operation.method, short(&said.body));
                assert!((400..500).contains(&status), "{named} {status}");
                assert_eq!(scene.shop.tip(), before, "{named}: something has changed");
                said.well_formed();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_are_read_strictly_and_never_break_anything() {
    let scene = Scene::set().await;
    let long = "x".repeat(9_000);
    let numbers = ["-1", "1.5", "1e400", "99999999999999999999999", "many", "", "%00"];
    let words = ["%00", "%ff%fe", "%F0%9F%98%80", "%27%22%3B--", "%25_%25", "", &long];
    let tip = scene.shop.settle().await;
    for operation in operations().iter().filter(|one| one.method == Method::GET) {
        let path = scene.path(operation);
        if !path.starts_with("/api/v1/") || path.ends_with("/events") {
            continue;
        }
        for parameter in operation.parameters() {
            let (bad, strict) = match parameter.kind.as_str() {
                "integer" | "boolean" => (&numbers[usize::from(!parameter.is_positive)..], true),
                _ => (words.as_slice(), parameter.is_exact),
            };
            for value in bad {
                let asked = format!("{path}?{}={value}", parameter.name);
                let said = scene.shop.staff().get(&asked).await;
                let shown: String = value.chars().take(40).collect();
                let named = format!("{path}?{}={shown}: {}", parameter.name, short(&said.body));
                let status = said.status.as_u16();
                assert!(status < 500, "{status} {named}");
                assert!(!strict || status >= 400, "{status} {named}");
                if status >= 400 {
                    said.well_formed();
                }
            }
        }
        if !operation.parameters().is_empty() {
            let said = scene.shop.staff().get(&format!("{path}?surely_nobody_expects=1")).await;
            said.refuses(422, "VALIDATION_ERROR");
        }
    }
    assert_eq!(scene.shop.tip(), tip, "whoever looks changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_no_head_harms_nobody() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let shop = Shop::stocked().await;
    let huge = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(100_000));
    let heads: [&[u8]; 6] = [
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/v1/carts HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n",
        b"POST /api/v1/carts HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        huge.as_bytes(),
    ];
    for head in heads {
        let mut line = tokio::net::TcpStream::connect(shop.address()).await.expect("it listens");
        // The door may close before all is said.
        let _ = line.write_all(head).await;
        let mut answer = Vec::new();
        let _ = line.read_to_end(&mut answer).await;
        let text = String::from_utf8_lossy(&answer);
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{text}");
    }
    shop.anyone().get("/health").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_document_says_of_a_body_is_what_its_route_reads() {
    let scene = Scene::set().await;
    for operation in operations().iter().filter(|operation| operation.takes_a_body()) {
        let Some(body) = scene.body(operation) else { continue };
        let path = scene.path(operation);
        let wish = scene.shop.staff().ask(operation.method.clone(), &path).key("as-documented-1");
        let said = wish.json(&body).send().await;
        let detail = said.text("/detail");
        let strange = ["unknown field", "missing field", "unknown variant", "invalid type"];
        let is_strange = strange.iter().any(|words| detail.contains(words));
        assert!(!is_strange, "{} {path}: {detail}: {body}", operation.method);
    }
}
