//! Good answers: JSON with the position up to which they are true, and what else belongs in a header.

use super::front::Front;
use axum::response::{IntoResponse, Response};
use engine::Caused;
use flows::Shop;
use http::{HeaderName, HeaderValue, StatusCode, header};
use kernel::Position;
use serde::Serialize;

/// `Cartage-Position`.
pub(crate) const POSITION: HeaderName = HeaderName::from_static("cartage-position");

/// A body and its headers.
#[derive(Clone, Debug)]
pub(crate) struct Answer<T> {
    status: StatusCode,
    body: T,
    headers: Vec<(HeaderName, String)>,
}

impl<T: Serialize> Answer<T> {
    /// Of this status.
    pub(crate) fn of(status: StatusCode, body: T) -> Answer<T> {
        Answer { status, body, headers: Vec::new() }
    }

    /// 200.
    pub(crate) fn ok(body: T) -> Answer<T> {
        Answer { status: StatusCode::OK, body, headers: Vec::new() }
    }

    /// 201, and where it is from now on.
    pub(crate) fn created(body: T, location: impl Into<String>) -> Answer<T> {
        let headers = vec![(header::LOCATION, location.into())];
        Answer { status: StatusCode::CREATED, body, headers }
    }

    /// 202, and where one sees what became of it.
    pub(crate) fn accepted(body: T, location: impl Into<String>) -> Answer<T> {
        let preference = HeaderName::from_static("preference-applied");
        let headers =
            vec![(header::LOCATION, location.into()), (preference, "respond-async".to_owned())];
        Answer { status: StatusCode::ACCEPTED, body, headers }
    }

    /// The same answer with another body.
    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> Answer<U> {
        Answer { status: self.status, body: map(self.body), headers: self.headers }
    }

    /// What is answered.
    pub(crate) fn body(&self) -> &T {
        &self.body
    }

    /// True up to this position.
    pub(crate) fn at(mut self, position: Option<Position>) -> Answer<T> {
        self.headers.extend(position.map(|position| (POSITION, position.to_string())));
        self
    }

    /// True once this was obeyed, also where it was old news.
    pub(crate) fn after(self, front: &Front, caused: &Caused<Shop>) -> Answer<T> {
        self.at(Some(front.position_after(caused)))
    }

    /// Of this version.
    pub(crate) fn version(mut self, version: u64) -> Answer<T> {
        self.headers.push((header::ETAG, format!("\"{version}\"")));
        self
    }
}

impl Front {
    /// From where on it can be read what a command led to: where nothing happened, whatever made it old
    /// news lies before the newest fact.
    pub(crate) fn position_after(&self, caused: &Caused<Shop>) -> Position {
        caused.position().unwrap_or_else(|| self.tip())
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let body = match serde_json::to_vec(&self.body) {
            Ok(body) => body,
            Err(error) => return super::problem::Problem::internal(&error).into_response(),
        };
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }
}
