//! Who may look: anyone in an open house, else whoever has shown the staff's API key.

use super::{Html, PageProblem};
use crate::http::{front::Front, problem::Problem, submission::read_all};
use axum::{
    extract::{FromRequestParts, Query, Request, State},
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use engine::Clock;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::Limited;
use minijinja::context;
use serde::Deserialize;
use std::sync::Arc;

/// The cookie.
const COOKIE: &str = "cartage_session";
/// How long somebody stays signed in, in seconds: a working day.
const LASTS: u64 = 12 * 60 * 60;
/// Bytes of the form.
const FORM: usize = 4096;

/// Somebody who may look.
pub(crate) struct Visitor {
    /// He signed in, and may sign out.
    pub(crate) signed_in: bool,
}

impl FromRequestParts<Arc<Front>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        front: &Arc<Front>,
    ) -> Result<Visitor, Response> {
        if is_signed_in(front, &parts.headers) {
            return Ok(Visitor { signed_in: true });
        }
        if front.open_house {
            return Ok(Visitor { signed_in: false });
        }
        if parts.headers.contains_key("x-requested-with") {
            return Err(StatusCode::UNAUTHORIZED.into_response());
        }
        let wanted = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let next: String = form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
        Err(Redirect::to(&format!("/sign-in?next={next}")).into_response())
    }
}

/// Where somebody wanted to go.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    next: String,
}

impl Wanted {
    /// A path of ours; whoever sends another is sent home.
    fn path(&self) -> &str {
        let ours = self.next.starts_with('/')
            && !self.next.starts_with("//")
            && self.next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if ours { &self.next } else { "/" }
    }
}

/// The form.
pub(crate) async fn ask(Query(wanted): Query<Wanted>) -> Result<Html, PageProblem> {
    form(&wanted, StatusCode::OK)
}

fn form(wanted: &Wanted, status: StatusCode) -> Result<Html, PageProblem> {
    let wrong = status != StatusCode::OK;
    let page = Html::render("sign_in.html", context! { next => wanted.path(), wrong })?;
    Ok(Html { status, ..page })
}

/// Takes the key, and gives a cookie for it.
pub(crate) async fn sign_in(
    State(front): State<Arc<Front>>,
    request: Request,
) -> Result<Response, PageProblem> {
    let (parts, body) = request.into_parts();
    must_be_ours(&parts.headers)?;
    let body = read_all(Limited::new(body, FORM)).await?;
    let (mut key, mut wanted) = (String::new(), Wanted::default());
    for (name, value) in form_urlencoded::parse(&body) {
        match &*name {
            "key" => key = value.trim().to_owned(),
            "next" => wanted.next = value.into_owned(),
            _ => {}
        }
    }
    if !front.secrets.is_staff(&key) {
        return Ok(form(&wanted, StatusCode::UNAUTHORIZED)?.into_response());
    }
    let value = front.secrets.session(now(&front) + LASTS);
    let mut response = Redirect::to(wanted.path()).into_response();
    set_cookie(&parts.headers, &mut response, &value, LASTS);
    Ok(response)
}

/// Takes the cookie back.
pub(crate) async fn sign_out(headers: HeaderMap) -> Result<Response, PageProblem> {
    must_be_ours(&headers)?;
    let mut response = Redirect::to("/").into_response();
    set_cookie(&headers, &mut response, "", 0);
    Ok(response)
}

/// A form on a page of somebody else is not sent for him.
fn must_be_ours(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let site = text("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    let host = text("host").unwrap_or_default();
    let origin = text("origin").is_none_or(|origin| {
        origin.split_once("://").is_some_and(|(_, from)| from.eq_ignore_ascii_case(host))
    });
    match site && origin {
        true => Ok(()),
        false => Err(Problem::new(
            StatusCode::FORBIDDEN,
            "FOREIGN_FORM",
            "this form was sent from another site: sign in on the page of the shop itself",
        )),
    }
}

fn set_cookie(headers: &HeaderMap, response: &mut Response, value: &str, lasts: u64) {
    // Behind a proxy that speaks TLS the cookie never travels without it.
    let proxied = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let secure = if proxied { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={value}; Path=/; Max-Age={lasts}; HttpOnly; SameSite=Strict{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

fn is_signed_in(front: &Front, headers: &HeaderMap) -> bool {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|text| text.split(';')).filter_map(|one| one.split_once('='));
    pairs.any(|(name, value)| {
        name.trim() == COOKIE && front.secrets.is_session(value.trim(), now(front))
    })
}

/// Seconds since 1970.
fn now(front: &Front) -> u64 {
    u64::try_from(front.shop.clock.now().micros()).unwrap_or(0) / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_sent_back_to_a_page_of_ours_only() {
        let path = |next: &str| Wanted { next: next.to_owned() }.path().to_owned();
        assert_eq!(path("/story/C-7?step=3"), "/story/C-7?step=3");
        for foreign in ["", "//evil.example", "https://evil.example", "/\\evil.example", "/a\nb"] {
            assert_eq!(path(foreign), "/", "{foreign}");
        }
    }

    #[test]
    fn a_form_of_another_site_is_refused() {
        let of = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            must_be_ours(&headers).is_ok()
        };
        assert!(of(&[("host", "shop:7070"), ("origin", "http://shop:7070")]));
        assert!(of(&[("host", "shop:7070")]));
        assert!(!of(&[("host", "shop:7070"), ("origin", "http://evil.example")]));
        assert!(!of(&[("host", "shop:7070"), ("origin", "null")]));
        assert!(!of(&[("sec-fetch-site", "cross-site")]));
    }
}
