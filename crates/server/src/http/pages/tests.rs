//! The pages as browsers get them, from a shop without customers.

use super::*;
use crate::{
    http::{
        door::{DoorLimits, service},
        front::FrontLimits,
        secrets::Secrets,
        telemetry,
    },
    shop::{Outside, RunningShop},
};
use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use tower::ServiceExt;

const KEY: &str = "a-key-made-for-this-test";

/// A door with nobody behind it.
pub(in crate::http) struct Door {
    router: Router,
    _folder: tempfile::TempDir,
}

/// What came out of it.
pub(in crate::http) struct Got {
    pub(in crate::http) status: u16,
    pub(in crate::http) headers: http::HeaderMap,
    pub(in crate::http) text: String,
}

impl Door {
    pub(in crate::http) fn open(open_house: bool) -> Door {
        let folder = tempfile::tempdir().expect("a folder");
        let outside = |_| -> Outside {
            vec![
                Arc::new(gateways::SimulatedProvider::default()),
                Arc::new(gateways::SimulatedCarrier::default()),
            ]
        };
        let shop = RunningShop::open_now(folder.path(), Default::default(), outside);
        let (secrets, _) = Secrets::open(folder.path(), Some(KEY)).expect("secrets");
        let (limits, recorder) = (FrontLimits::default(), telemetry::recorder());
        let mut front = Front::new(shop.expect("a shop"), secrets, limits, None, recorder);
        front.open_house = open_house;
        Door { router: service(&Arc::new(front), &DoorLimits::default()), _folder: folder }
    }

    pub(in crate::http) async fn send(&self, request: Request<Body>) -> Got {
        let answer = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Got { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    async fn get(&self, path: &str, cookie: &str) -> Got {
        let request = Request::get(path).header("cookie", cookie).body(Body::empty());
        self.send(request.expect("a request")).await
    }

    async fn sign_in(&self, key: &str) -> Got {
        let request = Request::builder().method(Method::POST).uri("/sign-in");
        let request = request.header("host", "shop").header("origin", "http://shop");
        let body = Body::from(format!("key={key}&next=%2Fstory%2FC-7"));
        self.send(request.body(body).expect("a request")).await
    }
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

#[tokio::test]
async fn orders_are_nobody_elses_business_until_the_key_is_shown() {
    let door = Door::open(false);
    for path in ["/", "/story/C-7", "/story?order=7"] {
        let got = door.get(path, "").await;
        assert_eq!(
            (got.status, got.header("location").split('=').next()),
            (303, Some("/sign-in?next"))
        );
    }
    let wrong = door.sign_in("another-key").await;
    assert_eq!((wrong.status, wrong.header("set-cookie")), (401, ""));
    let right = door.sign_in(KEY).await;
    assert_eq!((right.status, right.header("location")), (303, "/story/C-7"));
    let cookie = right.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().expect("a pair");
    let home = door.get("/", cookie).await;
    assert_eq!(home.status, 200);
    assert!(home.text.contains("Orders by stage") && home.text.contains("Sign out"));
    assert_eq!(door.get("/", &cookie.replace("=1", "=9")).await.status, 303);
    assert_eq!(door.get("/story/C-7", cookie).await.status, 404);
}

#[tokio::test]
async fn in_an_open_house_anyone_looks_and_nothing_stands_inline() {
    let door = Door::open(true);
    for (path, status) in [
        ("/", 200),
        ("/pulse", 200),
        ("/api/docs", 200),
        ("/sign-in", 200),
        ("/story/C-7", 404),
        ("/story/x", 404),
    ] {
        let got = door.get(path, "").await;
        assert_eq!(got.status, status, "{path}: {}", got.text);
        assert_eq!(got.headers.get("content-security-policy"), Some(&POLICY), "{path}");
        for inline in
            ["<style", " style=", "<script>", " onclick=", "//cdn", "http-equiv=\"Content"]
        {
            assert!(!got.text.contains(inline), "{path} has {inline}");
        }
    }
    assert_eq!(door.get("/story?order=7", "").await.header("location"), "/story/C-7");
    let style = assets::address("cartage.css");
    let got = door.get(&style, "").await;
    assert!(got.status == 200 && got.header("cache-control").contains("immutable"));
    assert!(door.get("/", "").await.text.replace("&#x2f;", "/").contains(&style));
    assert_eq!(door.get("/assets/passwd", "").await.status, 404);
}

#[tokio::test]
async fn the_reference_explains_every_operation_and_every_code() {
    let text = Door::open(true).get("/api/docs", "").await.text;
    for (_, path, operation) in openapi::operations(openapi::document()) {
        let anchor = operation["operationId"].as_str().expect("a name");
        assert!(text.contains(&format!("id=\"{anchor}\"")), "{path} is missing");
    }
    for code in codes::all() {
        assert!(text.contains(&format!("id=\"{}\"", code.anchor())), "{} is missing", code.code);
    }
}

#[tokio::test]
async fn the_pulse_names_who_was_told_to_stand_still() {
    let door = Door::open(true);
    let pause = Request::post("/api/v1/consumers/pay/pause")
        .header("authorization", format!("Bearer {KEY}"))
        .body(Body::empty());
    assert_eq!(door.send(pause.expect("a request")).await.status, 202);
    let pulse = door.get("/pulse", "").await.text;
    assert!(pulse.contains("handler pay, 0 waiting"), "{pulse}");
}
