//! The door itself: accepts connections, bounds them, and closes in order.

use super::{correlation, front::Front, openapi, pages, problem::Problem, routes};
use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use std::{sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tower_http::catch_panic::CatchPanicLayer;

/// How much the door takes.
#[derive(Clone, Debug)]
pub struct DoorLimits {
    /// Connections that are open at once; one more waits until one closes.
    pub connections: usize,
    /// Requests that are answered at once; one more is told to come back later.
    pub requests: usize,
    /// Bytes of a request's head.
    pub head: usize,
    /// How long the head of a request may take: slow clients are cut off.
    pub head_time: Duration,
    /// How long a request may take, its body included; what streams is not meant.
    pub time: Duration,
    /// How long those who are being answered may take once the door closes.
    pub farewell: Duration,
}

impl Default for DoorLimits {
    fn default() -> DoorLimits {
        DoorLimits {
            connections: 16_384,
            requests: 1024,
            head: 32 * 1024,
            head_time: Duration::from_secs(10),
            time: Duration::from_secs(60),
            farewell: Duration::from_secs(8),
        }
    }
}

/// What stands between the socket and the routes.
#[derive(Clone)]
struct Gate {
    front: Arc<Front>,
    requests: Arc<Semaphore>,
    time: Duration,
}

/// All routes, as one service.
pub fn service(front: &Arc<Front>, limits: &DoorLimits) -> Router {
    let gate = Gate {
        front: front.clone(),
        requests: Arc::new(Semaphore::new(limits.requests)),
        time: limits.time,
    };
    let (router, _) = routes::all();
    router
        .merge(pages::routes())
        .fallback(absent)
        .method_not_allowed_fallback(not_allowed)
        .with_state(front.clone())
        .layer(middleware::from_fn_with_state(gate, pass))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(super::telemetry::observe))
        .layer(middleware::from_fn(correlation::correlate))
        .layer(middleware::map_response(harden))
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
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_buf_size(limits.head)
        .pipeline_flush(true);
    tokio::pin!(close);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            () = &mut close => break,
        };
        let Some((stream, permit)) = accepted else { continue };
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // What goes wrong on a connection is its client's affair.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.farewell, graceful.shutdown()).await.is_err() {
        tracing::warn!("some clients were cut off: they took longer than the farewell");
    }
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
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

/// Takes a request in, unless too many are answered already, and cuts off what takes too long.
async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    if is_stream(request.uri().path(), &request) {
        return next.run(request).await;
    }
    let Ok(_permit) = gate.requests.try_acquire() else {
        metrics::counter!("cartage_http_shed_total").increment(1);
        let detail = "too many requests at once: try again in a second";
        return Problem::unavailable("OVERLOADED", detail, Duration::from_secs(1)).into_response();
    };
    if *gate.front.closing.borrow() {
        let detail = "the shop closes: try again in a few seconds";
        return Problem::unavailable("STOPPED", detail, Duration::from_secs(5)).into_response();
    }
    match tokio::time::timeout(gate.time, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let detail = "the request took too long; what was acknowledged stands";
            Problem::new(StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", detail).into_response()
        }
    }
}

fn is_stream(path: &str, request: &Request) -> bool {
    let wanted = request.headers().get(header::ACCEPT);
    path.ends_with("/events")
        || wanted.is_some_and(|accept| accept.as_bytes().starts_with(b"text/event-stream"))
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

/// A rule that panics harms nobody else; the alarm and the log say which.
fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let what = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words");
    Problem::internal(&what).into_response()
}

/// What every answer says to browsers.
async fn harden(mut response: Response) -> Response {
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
