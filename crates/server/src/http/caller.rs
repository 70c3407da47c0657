//! Who asks: staff by its API key, a guest by the token of his cart, or anyone.

use super::{front::Front, problem::Problem};
use axum::{extract::FromRequestParts, http::request::Parts};
use http::{HeaderMap, StatusCode, header};
use kernel::{Actor, OrderId};
use std::sync::Arc;

/// The header that carries a guest's token.
const TOKEN: &str = "cartage-token";
/// The one key that there is until accounts exist.
const KEY: &str = "key";

/// Somebody of the staff.
#[derive(Clone, Debug)]
pub(crate) struct Staff(());

/// Staff, or whoever has the right token.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// Somebody of the staff.
    Staff,
    /// Somebody else, perhaps with a token.
    Guest(Option<String>),
}

impl Staff {
    /// As facts name him.
    pub(crate) fn actor() -> Actor {
        Actor::new("staff", KEY)
    }

    /// Whose idempotency keys these are.
    pub(crate) const SCOPE: &str = "staff/key";
}

impl Caller {
    /// Lets him at a cart or an order.
    ///
    /// # Errors
    /// 404 when it is not his: he does not even learn that it is there.
    pub(crate) fn admit(&self, front: &Front, id: OrderId, kind: &str) -> Result<(), Problem> {
        match self {
            Caller::Staff => Ok(()),
            Caller::Guest(Some(token)) if front.secrets.is_token(id, token) => Ok(()),
            Caller::Guest(_) => Err(Problem::absent(kind)),
        }
    }

    /// As facts name him: a guest by his cart.
    pub(crate) fn actor(&self, id: OrderId) -> Actor {
        match self {
            Caller::Staff => Staff::actor(),
            Caller::Guest(_) => Actor::new("guest", id),
        }
    }

    /// Whose idempotency keys these are: a guest's belong to his cart.
    pub(crate) fn scope(&self, id: OrderId) -> String {
        match self {
            Caller::Staff => Staff::SCOPE.to_owned(),
            Caller::Guest(_) => format!("guest/{id}"),
        }
    }

    /// True for staff.
    pub(crate) fn is_staff(&self) -> bool {
        matches!(self, Caller::Staff)
    }
}

impl FromRequestParts<Arc<Front>> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, front: &Arc<Front>) -> Result<Staff, Problem> {
        match bearer(&parts.headers)? {
            Some(key) if front.secrets.is_staff(key) => Ok(Staff(())),
            Some(_) => Err(wrong_key()),
            None => Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "AUTH_TOKEN_MISSING",
                "this is for staff: send Authorization: Bearer <API key>",
            )),
        }
    }
}

impl FromRequestParts<Arc<Front>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, front: &Arc<Front>) -> Result<Caller, Problem> {
        match bearer(&parts.headers)? {
            Some(key) if front.secrets.is_staff(key) => Ok(Caller::Staff),
            Some(_) => Err(wrong_key()),
            None => {
                let token = parts.headers.get(TOKEN).and_then(|token| token.to_str().ok());
                Ok(Caller::Guest(token.map(str::to_owned)))
            }
        }
    }
}

fn wrong_key() -> Problem {
    let detail = "this API key is not valid: the first start printed it, CARTAGE_STAFF_KEY sets it";
    Problem::new(StatusCode::UNAUTHORIZED, "AUTH_TOKEN_INVALID", detail)
}

/// The key of `Authorization: Bearer <key>`; any other kind of proof is none.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let text = value.to_str().map_err(|_| wrong_key())?;
    match text.split_once(' ') {
        Some((kind, key)) if kind.eq_ignore_ascii_case("bearer") => Ok(Some(key.trim())),
        _ => Err(wrong_key()),
    }
}
