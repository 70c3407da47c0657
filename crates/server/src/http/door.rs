//! The door itself: accepts connections, bounds them, and closes in order.

use super::{
    correlation,
    front::Front,
    openapi, pages,
    patient::Patient,
    problem::Problem,
    routes, telemetry,
    turnstile::{Turn, Turnstile},
    upload::Uploads,
};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use http::{HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt;
use hyper::server::conn::http1;
use hyper_util::{
    rt::TokioTimer, server::graceful::GracefulShutdown, service::TowerToHyperService,
};
use std::{any::Any, cell::RefCell, panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};

/// How much the door takes.
#[derive(Clone, Debug)]
pub struct DoorLimits {
    /// Connections that are open at once; one more waits until one closes.
    pub connections: usize,
    /// Requests that are answered at once, fewer where answers take long; one more is told to come back
    /// later.
    pub requests: usize,
    /// Those who listen to events at once; one more is told to come back later.
    pub listeners: usize,
    /// Bytes of all bodies that are under way; one more is told to come back later.
    pub bodies: usize,
    /// How long a body may take to come: slow clients are cut off.
    pub body_time: Duration,
    /// How long an answer may wait for a client who does not read.
    pub read_time: Duration,
    /// Bytes of a request's head.
    pub head: usize,
    /// How long the head of a request may take: slow clients are cut off.
    pub head_time: Duration,
    /// How long a request may take once its body is here; what streams is not meant.
    pub time: Duration,
    /// How long everybody is still told that it closes, before silent connections are closed.
    pub notice: Duration,
    /// How long those who are being answered may take once the door closes.
    pub farewell: Duration,
}

impl Default for DoorLimits {
    fn default() -> DoorLimits {
        DoorLimits {
            connections: 16_384,
            requests: 1024,
            listeners: 4096,
            bodies: 128 << 20,
            body_time: Duration::from_secs(10),
            read_time: Duration::from_secs(20),
            head: 32 * 1024,
            head_time: Duration::from_secs(10),
            time: Duration::from_secs(60),
            notice: Duration::from_millis(300),
            farewell: Duration::from_secs(7),
        }
    }
}

/// What is answered however crowded it is.
const WATCHED: [&str; 3] = ["/health", "/ready", "/metrics"];

tokio::task_local! {
    /// Of the request that this task answers.
    static TURN: RefCell<Option<Turn>>;
}

/// Whoever waits for something that takes its time, and for nobody's work, keeps no place meanwhile.
pub(crate) fn step_aside() {
    // Outside of a request there is no turn to give back.
    let _ = TURN.try_with(|turn| drop(turn.take()));
}

/// What stands between the socket and the routes.
#[derive(Clone)]
struct Gate {
    front: Arc<Front>,
    turnstile: Arc<Turnstile>,
    listeners: Arc<Semaphore>,
    uploads: Uploads,
    time: Duration,
    notice: Duration,
}

/// All routes, as one service.
pub fn service(front: &Arc<Front>, limits: &DoorLimits) -> Router {
    let gate = Gate {
        front: front.clone(),
        turnstile: Turnstile::new(limits.requests),
        listeners: Arc::new(Semaphore::new(limits.listeners)),
        uploads: Uploads::new(limits.bodies, front.limits.body, limits.body_time),
        time: limits.time,
        notice: limits.notice,
    };
    let (router, _) = routes::all();
    router
        .merge(pages::routes())
        .fallback(absent)
        .method_not_allowed_fallback(not_allowed)
        .with_state(front.clone())
        // One layer: what each of several would cost is paid once.
        .layer(middleware::from_fn_with_state(gate, enter))
}

/// The OpenAPI document, as `/api/openapi.json` answers it.
pub fn described() -> &'static serde_json::Value {
    openapi::document()
}

/// Whether it lives, and its figures, and nothing else: for a port of their own.
pub fn figures(front: &Arc<Front>) -> Router {
    let (router, _) = routes::health::routes().split_for_parts();
    router.fallback(absent).with_state(front.clone())
}

/// Serves until `close` says so; what was accepted is answered, within its time.
///
/// # Errors
/// Never for what a client does.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: DoorLimits,
    close: impl Future<Output = ()>,
) {
    let room = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head_time).max_buf_size(limits.head);
    let mut connections = JoinSet::new();
    let close = async {
        close.await;
        // Whoever stands at the door, or has just begun to speak, hears that it closes. To be cut off
        // in silence would leave him wondering whether he had been heard.
        tokio::time::sleep(limits.notice).await;
    };
    tokio::pin!(close);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            // Those that have ended need not be remembered.
            Some(_) = connections.join_next() => continue,
            () = &mut close => break,
        };
        let Some((stream, permit)) = accepted else { continue };
        let service = TowerToHyperService::new(router.clone());
        let stream = Patient::new(stream, limits.read_time);
        let connection = graceful.watch(http.serve_connection(stream, service));
        connections.spawn(async move {
            // What goes wrong on a connection is its client's affair.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.farewell, graceful.shutdown()).await.is_err() {
        tracing::warn!("some clients were cut off: they took longer than the farewell");
    }
    connections.shutdown().await;
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let permit = room.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            // Answers are small and whole: waiting for more to send with them would only delay them.
            let _ = stream.set_nodelay(true);
            Some((stream, permit))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            // Usually too many open files: those that close make room.
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

/// Everything that is done for each request, whatever it asks for, from the outside to the inside.
async fn enter(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let observed = |request| telemetry::observe(request, |request| guarded(gate, request, next));
    harden(correlation::correlate(request, observed).await)
}

/// A rule that panics harms nobody else; the alarm and the log say which.
async fn guarded(gate: Gate, request: Request, next: Next) -> Response {
    match AssertUnwindSafe(pass(&gate, request, next)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => panicked(&*panic),
    }
}

/// Takes a request in, unless too many are answered already, and cuts off what takes too long.
async fn pass(gate: &Gate, request: Request, next: Next) -> Response {
    let answered = match is_stream(&request) {
        true => gate.stream(request, next).await,
        false => gate.answer(request, next).await,
    };
    let mut response = answered.unwrap_or_else(IntoResponse::into_response);
    if *gate.front.closing.borrow() {
        // So that nobody begins another request on a connection that is about to go.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

impl Gate {
    async fn answer(&self, request: Request, next: Next) -> Result<Response, Problem> {
        if WATCHED.contains(&request.uri().path()) {
            // Whoever watches over it has to see that it lives, above all when it is crowded.
            return Ok(next.run(request).await);
        }
        if self.turnstile.is_full() {
            // Sent away at once: to read what it sends would only keep it waiting.
            return Err(overloaded());
        }
        let (parts, body) = request.into_parts();
        let upload = tokio::select! {
            upload = self.uploads.take_in(body) => upload?,
            () = self.closing() => return Err(closes()),
        };
        let turn = self.turnstile.enter().ok_or_else(overloaded)?;
        self.must_be_open()?;
        let request = Request::from_parts(parts, upload.body);
        let answered = TURN.scope(RefCell::new(Some(turn)), next.run(request));
        let answered = tokio::time::timeout(self.time, answered).await;
        drop(upload.place);
        answered.map_err(|_| {
            let detail = "the request took too long; what was acknowledged stands";
            Problem::new(StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", detail)
        })
    }

    /// A stream has its place for as long as somebody listens.
    async fn stream(&self, request: Request, next: Next) -> Result<Response, Problem> {
        let place = self.listeners.clone().try_acquire_owned().map_err(|_| overloaded())?;
        self.must_be_open()?;
        let hold = move |body: Body| {
            Body::new(body.map_frame(move |frame| {
                let _held = &place;
                frame
            }))
        };
        Ok(next.run(request).await.map(hold))
    }

    fn must_be_open(&self) -> Result<(), Problem> {
        match *self.front.closing.borrow() {
            true => Err(closes()),
            false => Ok(()),
        }
    }

    /// Until it has been closing for so long that nobody who hurries is still sending.
    async fn closing(&self) {
        let mut closing = self.front.closing.subscribe();
        // It fails when there is nobody left who could close: then nobody waits either.
        let _ = closing.wait_for(|closing| *closing).await;
        tokio::time::sleep(self.notice).await;
    }
}

fn closes() -> Problem {
    let detail = "the shop closes: try again in a few seconds";
    Problem::unavailable("STOPPED", detail, Duration::from_secs(5))
}

fn overloaded() -> Problem {
    metrics::counter!("cartage_http_shed_total").increment(1);
    let detail = "too many requests at once: try again in a second";
    Problem::unavailable("OVERLOADED", detail, Duration::from_secs(1))
}

/// Only where there are events: whatever else a client says it accepts, it waits as everybody does.
fn is_stream(request: &Request) -> bool {
    let (path, wanted) = (request.uri().path(), request.headers().get(header::ACCEPT));
    let wants = wanted.is_some_and(|accept| accept.as_bytes().starts_with(b"text/event-stream"));
    request.method() == Method::GET
        && (path.ends_with("/events") || (path == "/api/v1/facts" && wants))
}

async fn absent() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "ROUTE_NOT_FOUND",
        "there is no such route: /api/docs lists them all",
    )
}

async fn not_allowed() -> Problem {
    let detail = "this route does not take that method: the Allow header lists those it takes";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", detail)
}

fn panicked(panic: &(dyn Any + Send)) -> Response {
    let what = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words");
    Problem::internal(&what).into_response()
}

/// What every answer says to browsers.
fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(
        "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'",
    ));
    response
}
