//! Carts: what somebody wants to buy. A cart holds no stock; its order will have its id.

use crate::http::{
    answer::Answer,
    asking::Path,
    caller::Caller,
    front::{By, Front},
    problem::{Flaw, Problem},
    shapes::{Money, Totals, id_of, quantity_of},
    submission::{Deed, Submission},
};
use axum::extract::State;
use commerce::carts::{Cart as CartState, CartCommand};
use flows::{Command, Stream};
use kernel::{OrderId, Sku};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// A key that strangers might use as well would show them each other's carts.
const SHORTEST_KEY: usize = 16;

pub(crate) fn routes() -> OpenApiRouter<Arc<Front>> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(get))
        .routes(routes!(add))
        .routes(routes!(change, remove))
        .routes(routes!(quote))
}

/// A new cart; it begins empty.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCart {}

/// What goes into a cart.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCartLine)]
pub(crate) struct NewLine {
    /// What.
    #[schema(value_type = String, pattern = r"^(?=.*[A-Za-z0-9_-])[A-Za-z0-9._-]{1,64}$", example = "85123A")]
    sku: Sku,
    /// How many more of it.
    #[schema(minimum = 1, maximum = 99)]
    quantity: u64,
}

/// How many of a line there shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LineChange {
    /// Instead of what it has.
    #[schema(minimum = 1, maximum = 99)]
    quantity: u64,
}

/// A cart with today's prices.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Cart {
    /// Its order will have this id, too.
    id: Uuid,
    /// Proves that it is yours: send it as `Cartage-Token`. Only when the cart is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    status: CartStatus,
    lines: Vec<CartLine>,
    coupons: Vec<String>,
    /// What has changed since it was put into the cart.
    notices: Vec<String>,
    totals: Totals,
    version: u64,
}

/// What became of a cart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CartStatus {
    Active,
    Converted,
    Abandoned,
}

/// A line of a cart.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CartLine {
    id: u32,
    sku: String,
    name: String,
    quantity: u32,
    unit_price: Money,
    total: Money,
}

/// Makes a cart.
#[utoipa::path(post, path = "/carts", tag = "carts", request_body = NewCart,
    responses((status = 201, body = Cart)))]
async fn create(
    State(front): State<Arc<Front>>,
    caller: Caller,
    asked: Submission<NewCart>,
) -> Result<Answer<Cart>, Problem> {
    let NewCart {} = asked.body;
    if !caller.is_staff() && asked.deed.key().is_some_and(|key| key.len() < SHORTEST_KEY) {
        let detail = format!(
            "nobody knows you yet, so your Idempotency-Key has to be one that nobody else uses: \
             {SHORTEST_KEY} characters or more, such as a UUID"
        );
        return Err(Problem::malformed(detail));
    }
    let id = OrderId(Uuid::now_v7());
    let mut by = By::caller(&caller, id);
    if !caller.is_staff() {
        // A guest's scope is his cart; he has none yet, and his key is known to nobody else.
        by.scope = "guest".to_owned();
    }
    let create = Command::Cart(id, CartCommand::Create { customer: None });
    let caused = front.obey(&asked.deed, &by, create).await?;
    // Asked again it is the cart of the first time.
    let made = caused.facts().iter().find_map(|recorded| match &recorded.fact {
        flows::Fact::Cart(id, _) => Some(*id),
        _ => None,
    });
    let id = made.unwrap_or(id);
    let cart =
        Cart { token: Some(front.secrets.token(id)), ..front.show(id, &CartState::default(), 1)? };
    let location = format!("/api/v1/carts/{id}");
    Ok(Answer::created(Cart { status: CartStatus::Active, ..cart }, location)
        .after(&front, &caused)
        .version(1))
}

/// A cart with today's prices.
#[utoipa::path(get, path = "/carts/{id}", tag = "carts", params(("id" = Uuid, Path)),
    responses((status = 200, body = Cart)))]
async fn get(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<Cart>, Problem> {
    let id = admitted(&front, &caller, &id)?;
    let tip = front.tip();
    let (cart, version) = front.cart(id).await?;
    Ok(Answer::ok(front.show(id, &cart, version)?).at(Some(tip)).version(version))
}

/// What a cart would cost: checks prices and what is on sale, promises nothing.
#[utoipa::path(get, path = "/carts/{id}/quote", tag = "carts", params(("id" = Uuid, Path)),
    responses((status = 200, body = Totals)))]
async fn quote(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<Totals>, Problem> {
    let id = admitted(&front, &caller, &id)?;
    let tip = front.tip();
    let (cart, version) = front.cart(id).await?;
    Ok(Answer::ok(front.show(id, &cart, version)?.totals).at(Some(tip)).version(version))
}

/// Puts something into a cart; what is in it already becomes more.
#[utoipa::path(post, path = "/carts/{id}/lines", tag = "carts", params(("id" = Uuid, Path)),
    request_body = NewLine, responses((status = 201, body = Cart)))]
async fn add(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
    asked: Submission<NewLine>,
) -> Result<Answer<Cart>, Problem> {
    let id = admitted(&front, &caller, &id)?;
    let NewLine { sku, quantity } = asked.body;
    let quantity = quantity_of(quantity, "/quantity")?;
    let answer = match front.offer_on_sale(&sku, "/sku") {
        Ok(_) => {
            let add = CartCommand::Add { sku, quantity, limits: front.limits.carts };
            front.change(&caller, id, &asked.deed, add).await?
        }
        Err(no) => {
            let by = By::caller(&caller, id);
            let caused = front.before_or(&asked.deed, &by, no).await?;
            let (cart, version) = front.cart(id).await?;
            (front.show(id, &cart, version)?, Some(front.position_after(&caused)), version)
        }
    };
    Ok(Answer::created(answer.0, format!("/api/v1/carts/{id}")).at(answer.1).version(answer.2))
}

/// So many of a line, instead of what it has.
#[utoipa::path(patch, path = "/carts/{id}/lines/{line}", tag = "carts",
    params(("id" = Uuid, Path), ("line" = u32, Path)), request_body = LineChange,
    responses((status = 200, body = Cart)))]
async fn change(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path((id, line)): Path<(String, String)>,
    asked: Submission<LineChange>,
) -> Result<Answer<Cart>, Problem> {
    let id = admitted(&front, &caller, &id)?;
    let line = id_of::<u32>(&line, "cart item")?;
    let quantity = quantity_of(asked.body.quantity, "/quantity")?;
    let change = CartCommand::Change { line, quantity, limits: front.limits.carts };
    let (cart, position, version) = front.change(&caller, id, &asked.deed, change).await?;
    Ok(Answer::ok(cart).at(position).version(version))
}

/// Takes a line out of a cart.
#[utoipa::path(delete, path = "/carts/{id}/lines/{line}", tag = "carts",
    params(("id" = Uuid, Path), ("line" = u32, Path)), responses((status = 200, body = Cart)))]
async fn remove(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path((id, line)): Path<(String, String)>,
    deed: Deed,
) -> Result<Answer<Cart>, Problem> {
    let id = admitted(&front, &caller, &id)?;
    let line = id_of::<u32>(&line, "cart item")?;
    let (cart, position, version) =
        front.change(&caller, id, &deed, CartCommand::Remove { line }).await?;
    Ok(Answer::ok(cart).at(position).version(version))
}

fn admitted(front: &Front, caller: &Caller, id: &str) -> Result<OrderId, Problem> {
    let id = id_of(id, "cart")?;
    caller.admit(front, id, "cart")?;
    Ok(id)
}

impl Front {
    /// What a cart remembers, and its version.
    ///
    /// # Errors
    /// 404 when there is no such cart.
    pub(crate) async fn cart(&self, id: OrderId) -> Result<(CartState, u64), Problem> {
        match self.state(Stream::Cart(id)).await? {
            (flows::State::Cart(cart), version) if version > 0 => Ok((cart, version)),
            _ => Err(Problem::absent("cart")),
        }
    }

    async fn change(
        &self,
        caller: &Caller,
        id: OrderId,
        deed: &Deed,
        command: CartCommand,
    ) -> Result<(Cart, Option<u64>, u64), Problem> {
        let by = By::caller(caller, id);
        let caused = self.obey(deed, &by, Command::Cart(id, command)).await?;
        let (cart, version) = self.cart(id).await?;
        Ok((self.show(id, &cart, version)?, Some(self.position_after(&caused)), version))
    }

    fn show(&self, id: OrderId, cart: &CartState, version: u64) -> Result<Cart, Problem> {
        let mut goods = kernel::Money::zero(self.limits.currency);
        let (mut lines, mut notices) = (Vec::with_capacity(cart.lines().len()), Vec::new());
        for line in cart.lines() {
            let Some(offer) = self.offer(&line.sku)?.filter(|offer| offer.on_sale) else {
                notices.push(format!("{} is not on sale any more: remove it", line.sku));
                continue;
            };
            let total = offer.price.times(line.units).and_then(|total| {
                goods = goods.plus(total)?;
                Ok(total)
            });
            let total = total.map_err(|error| {
                Problem::invalid(vec![Flaw::new(
                    format!("/lines/{}", line.line),
                    error.to_string(),
                )])
            })?;
            lines.push(CartLine {
                id: line.line,
                sku: line.sku.to_string(),
                name: offer.name.clone(),
                quantity: line.units,
                unit_price: offer.price.into(),
                total: total.into(),
            });
        }
        let status = match (cart.is_converted(), cart.is_abandoned()) {
            (true, _) => CartStatus::Converted,
            (_, true) => CartStatus::Abandoned,
            _ => CartStatus::Active,
        };
        let (coupons, totals) = (Vec::new(), Totals::of(goods));
        Ok(Cart { id: id.0, token: None, status, lines, coupons, notices, totals, version })
    }
}
