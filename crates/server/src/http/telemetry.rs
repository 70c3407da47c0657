//! How one sees what goes on: structured logs, figures for Prometheus, spans for OTLP.

use super::correlation;
use crate::config::LogFormat;
use axum::{
    extract::{MatchedPath, Request},
    response::Response,
};
use http::Method;
use metrics::Label;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider,
};
use opentelemetry_otlp::{Protocol, WithExportConfig};
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::{
    io::IsTerminal,
    sync::OnceLock,
    time::{Duration, Instant},
};
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

/// Upper bounds of the latency histogram, in seconds.
const BOUNDS: &[f64] =
    &[0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// How often figures are summed up: what is kept until then are the waits of so long.
const SUM_UP: Duration = Duration::from_secs(1);

/// Sends what is left when it goes.
#[derive(Debug, Default)]
pub struct Telemetry {
    tracer: Option<SdkTracerProvider>,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(tracer) = self.tracer.take()
            && let Err(error) = tracer.shutdown()
        {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// Begins to log, and to trace where an OTLP endpoint is named. Called once, outside async code: the
/// exporter has threads of its own.
///
/// # Errors
/// When the level or the endpoint is none.
pub fn begin(
    format: LogFormat,
    level: &str,
    otlp: Option<&str>,
) -> Result<Telemetry, Box<dyn std::error::Error + Send + Sync>> {
    let filter = EnvFilter::try_new(level)?;
    let text = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    let logs = match format {
        LogFormat::Text => text.boxed(),
        LogFormat::Json => text.json().flatten_event(true).boxed(),
    };
    let tracer = otlp.map(exporter).transpose()?;
    let spans = tracer
        .as_ref()
        .map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("cartage")));
    // Whoever has begun already, as in tests, goes on.
    let _ = tracing_subscriber::registry().with(filter).with(logs).with(spans).try_init();
    Ok(Telemetry { tracer })
}

fn exporter(endpoint: &str) -> Result<SdkTracerProvider, opentelemetry_otlp::ExporterBuildError> {
    let endpoint = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .build()?;
    let resource = opentelemetry_sdk::Resource::builder().with_service_name("cartage").build();
    Ok(SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build())
}

/// The one recorder of figures that a program has.
///
/// # Panics
/// Never: the bounds are there.
pub fn recorder() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    let install = || {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BOUNDS)
            .expect("there are bounds");
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        // Another recorder, as in tests of others, leaves this one without figures.
        let _ = metrics::set_global_recorder(recorder);
        handle
    };
    HANDLE.get_or_init(install).clone()
}

/// Sums up again and again what was measured: until somebody reads them, figures of waits are kept one by
/// one. Never ends.
pub(crate) async fn sum_up(figures: PrometheusHandle) {
    let mut turn = tokio::time::interval(SUM_UP);
    loop {
        turn.tick().await;
        figures.run_upkeep();
    }
}

/// Logs, counts and traces each request; its span has the correlation id as its trace id, as everything
/// that follows from the request.
pub(crate) async fn observe<F: Future<Output = Response>>(
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let begin = Instant::now();
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("unknown", MatchedPath::as_str);
    let span = tracing::info_span!("request", %method, route, correlation = tracing::field::Empty);
    if let Some(id) = correlation::current_id() {
        span.record("correlation", tracing::field::display(id));
        join_trace(&span, id.0);
    }
    let response = next(request).instrument(span.clone()).await;
    let (status, took) = (response.status().as_u16(), begin.elapsed());
    let labels = [
        Label::from_static_parts("method", name_of(&method)),
        Label::new("route", route.to_owned()),
        Label::from_static_parts("status", class_of(status)),
    ];
    metrics::histogram!("cartage_http_request_seconds", labels.iter()).record(took.as_secs_f64());
    span.in_scope(|| match status {
        // Told to come back later, as it has to be: the figures count it.
        503 => tracing::debug!(status, micros = took.as_micros() as u64, "answered"),
        500.. => tracing::error!(status, micros = took.as_micros() as u64, "answered"),
        _ => tracing::debug!(status, micros = took.as_micros() as u64, "answered"),
    });
    response
}

/// A word for a method, so that strangers cannot invent series.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// Problems are counted by their codes; here the kind of an answer is enough.
fn class_of(status: u16) -> &'static str {
    match status {
        ..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}

/// Makes a span part of the trace that a correlation id names.
pub(crate) fn join_trace(span: &tracing::Span, id: uuid::Uuid) {
    let trace = TraceId::from_bytes(*id.as_bytes());
    let parent = SpanId::from(id.as_u64_pair().1 | 1);
    let context = SpanContext::new(trace, parent, TraceFlags::SAMPLED, true, TraceState::default());
    let context = opentelemetry::Context::new().with_remote_span_context(context);
    // Without a tracer there is nothing to join.
    let _ = span.set_parent(context);
}
