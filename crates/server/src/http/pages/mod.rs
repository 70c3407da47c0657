//! What a browser sees: the live pulse, one order's story, and the reference of the API.
//!
//! Pages are rendered here and complete without scripts; where scripts run, two small ones of our own
//! fetch parts of the same pages anew. Nothing comes from other hosts, nothing stands inline.

mod assets;
mod codes;
mod pulse;
mod reference;
mod session;
mod story;
mod words;

#[cfg(test)]
pub(in crate::http) mod tests;

pub(crate) use pulse::Pulses;

use super::{front::Front, openapi, problem::Problem};
use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderValue, StatusCode, header};
use minijinja::{AutoEscape, Environment, Value, context, value::Serde};
use std::sync::{Arc, OnceLock};

/// Only what this program itself serves, and nothing inline.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// Everything that is for browsers.
pub(crate) fn routes() -> Router<Arc<Front>> {
    Router::new()
        .route("/", get(pulse::page))
        .route("/pulse", get(pulse::part))
        .route("/story", get(story::find))
        .route("/story/{order}", get(story::page))
        .route("/sign-in", get(session::ask).post(session::sign_in))
        .route("/sign-out", post(session::sign_out))
        .route("/assets/{name}", get(assets::serve))
        .route("/favicon.ico", get(assets::icon))
        .route("/api/openapi.json", get(document))
        .route("/api/docs", get(reference::page))
}

async fn document() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| openapi::document().to_string());
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text.as_str())
        .into_response()
}

/// A page, or a part of one, made of a template and what it shows.
pub(crate) struct Html {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

impl Html {
    /// Renders a template.
    ///
    /// # Errors
    /// Never for what somebody asks: the templates are our own.
    pub(crate) fn render(template: &str, shown: impl Into<Value>) -> Result<Html, PageProblem> {
        let page = templates().get_template(template);
        let text = page.and_then(|page| page.render(shown));
        let text = text.map_err(|error| Problem::internal(&format_args!("{error:#}")))?;
        Ok(Html { status: StatusCode::OK, text })
    }
}

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.text).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("text/html; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, kind);
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
        response
    }
}

/// What went wrong, for people.
#[derive(Debug)]
pub(crate) struct PageProblem(pub(crate) Problem);

impl From<Problem> for PageProblem {
    fn from(problem: Problem) -> PageProblem {
        PageProblem(problem)
    }
}

impl IntoResponse for PageProblem {
    fn into_response(self) -> Response {
        let status = self.0.status();
        let problem = serde_json::to_value(&self.0).unwrap_or_default();
        match Html::render("problem.html", context! { problem => Serde(problem) }) {
            Ok(page) => Html { status, ..page }.into_response(),
            Err(PageProblem(other)) => other.into_response(),
        }
    }
}

fn templates() -> &'static Environment<'static> {
    static TEMPLATES: OnceLock<Environment<'static>> = OnceLock::new();
    TEMPLATES.get_or_init(|| {
        let mut templates = Environment::new();
        templates.set_auto_escape_callback(|_| AutoEscape::Html);
        templates.add_global("version", env!("CARGO_PKG_VERSION"));
        templates.add_function("asset", |name: &str| assets::address(name));
        templates.add_filter("thousands", words::thousands);
        templates.add_filter("ticks", |text: &str| Value::from_safe_string(words::ticks(text)));
        for (name, text) in assets::TEMPLATES {
            templates.add_template(name, text).expect("the templates are our own, and tested");
        }
        templates
    })
}
