//! `POST /orders`: one cart, one order; every line is held or none is.

use crate::http::{
    answer::Answer,
    caller::Caller,
    front::{By, Front},
    past,
    problem::{Flaw, Problem},
    shapes::{Address, Order, email_flaw, none_of},
    submission::{Deed, Submission},
};
use axum::extract::State;
use commerce::{
    carts::CartLine,
    orders::{NewLine, OrderCommand, OrderFact, OrderRequest, ShortLine},
    payments::{PaymentMethod, PaymentStatus},
};
use engine::Caused;
use flows::{Command, Fact, Shop};
use journal::VaultRow;
use kernel::{OrderId, Quantity};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use utoipa::ToSchema;
use uuid::Uuid;

/// A checkout.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrder {
    /// The cart that is ordered; the order will have its id.
    cart: Uuid,
    #[schema(max_length = 254, format = Email, example = "a@example.org")]
    email: String,
    ship_to: Address,
    /// Where the invoice goes; as `ship_to` without it.
    #[serde(default)]
    bill_to: Option<Address>,
    payment: NewPayment,
    /// For whoever packs it.
    #[serde(default)]
    #[schema(max_length = 1000)]
    note: Option<String>,
}

/// How it is paid.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPayment {
    pub(super) method: Method,
    /// The provider's token: no card number ever comes here. Of cash on delivery it is not kept.
    #[schema(pattern = "^(?![0-9]{12,255}$)[!-~]{1,255}$", example = "tok_ok")]
    pub(super) token: String,
}

/// A way to pay.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Method {
    Card,
    Wallet,
    BankTransfer,
    CashOnDelivery,
}

impl From<Method> for PaymentMethod {
    fn from(method: Method) -> PaymentMethod {
        match method {
            Method::Card => PaymentMethod::Card,
            Method::Wallet => PaymentMethod::Wallet,
            Method::BankTransfer => PaymentMethod::BankTransfer,
            Method::CashOnDelivery => PaymentMethod::CashOnDelivery,
        }
    }
}

impl NewPayment {
    /// What the provider is shown; nobody is asked for cash on delivery.
    pub(super) fn token(&self) -> Option<&str> {
        match self.method {
            Method::CashOnDelivery => None,
            Method::Card | Method::Wallet | Method::BankTransfer => Some(&self.token),
        }
    }

    /// What is wrong with it: a token is plain, and nothing that looks like a card's number.
    pub(super) fn flaws(&self, at: &str) -> Vec<Flaw> {
        let token = &self.token;
        let plain = token.bytes().all(|byte| byte.is_ascii_graphic());
        let digits = token.bytes().filter(u8::is_ascii_digit).count();
        let pointer = format!("{at}/token");
        if !plain || !(1..=255).contains(&token.len()) {
            return vec![Flaw::new(pointer, "1 to 255 printable characters without blanks")];
        }
        if digits >= 12 && digits == token.len() {
            let detail =
                "this looks like a card number: send the token that your provider made of it";
            return vec![Flaw::new(pointer, detail)];
        }
        Vec::new()
    }
}

impl NewOrder {
    fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = self.ship_to.flaws("/ship_to");
        flaws.extend(self.bill_to.iter().flat_map(|address| address.flaws("/bill_to")));
        flaws.extend(email_flaw(&self.email, "/email"));
        flaws.extend(self.payment.flaws("/payment"));
        let long = self.note.as_ref().is_some_and(|note| note.chars().count() > 1000);
        flaws.extend(long.then(|| Flaw::new("/note", "at most 1000 characters")));
        flaws
    }
}

/// Places an order: every line is held, or nothing happens. The payment is asked for at once and its
/// outcome follows; `Prefer: wait=10` waits for it.
#[utoipa::path(post, path = "/orders", tag = "orders", request_body = NewOrder,
    responses((status = 201, body = Order), (status = 202, body = Order)))]
pub(crate) async fn place(
    State(front): State<Arc<Front>>,
    caller: Caller,
    asked: Submission<NewOrder>,
) -> Result<Answer<Order>, Problem> {
    let Submission { body, mut deed } = asked;
    deed.need_key()?;
    none_of(body.flaws())?;
    let id = OrderId(body.cart);
    caller.admit(&front, id, "cart")?;
    let (cart, _) = front.cart(id).await?;
    let by = By::caller(&caller, id);
    // `If-Match` names the cart that was looked at, not the order that is to be.
    deed.if_match = None;
    let caused = match front.priced(cart.lines()) {
        Ok(lines) if !front.offers(&body.payment, goods(&lines)) => {
            front.before_or(&deed, &by, not_offered()).await?
        }
        Ok(lines) => {
            let (request, vault) = front.request(&body, lines, &deed, &by);
            let request = Command::Order(id, OrderCommand::Request(Box::new(request)));
            front.obey_with(&deed, &by, request, vault).await?
        }
        Err(no) => front.before_or(&deed, &by, no).await?,
    };
    if let Some(short) = rejected(&caused) {
        return Err(insufficient(&cart_lines(cart.lines()), short));
    }
    let order = match deed.prefer.wait {
        Some(wait) => front.outcome(id, wait).await?,
        None => front.as_placed(id, &caused)?,
    };
    let order = Order { token: Some(front.secrets.token(id)), ..order };
    let (location, version) = (format!("/api/v1/orders/{id}"), order.version);
    let answer = match deed.prefer.respond_async {
        true => Answer::accepted(order, location),
        false => Answer::created(order, location),
    };
    Ok(answer.at(caused.position()).version(version))
}

/// Minor units that these lines come to.
fn goods(lines: &[NewLine]) -> i128 {
    let worth =
        |line: &NewLine| i128::from(line.unit_price.minor) * i128::from(line.quantity.units());
    lines.iter().map(worth).sum()
}

/// It is too dear to be paid at the door, or nothing is.
pub(super) fn not_offered() -> Problem {
    let detail = "an order as dear as this cannot be paid on delivery: choose another method";
    Problem::conflict("PAYMENT_METHOD_NOT_OFFERED", detail)
}

impl Front {
    /// Whether the shop lets so many minor units be paid in this way.
    pub(super) fn offers(&self, payment: &NewPayment, minor: i128) -> bool {
        let on_delivery = matches!(payment.method, Method::CashOnDelivery);
        !on_delivery || minor <= i128::from(self.limits.cash_on_delivery)
    }

    /// What a cart's lines cost now.
    ///
    /// # Errors
    /// 422 when one is not on sale any more.
    fn priced(&self, lines: &[CartLine]) -> Result<Vec<NewLine>, Problem> {
        let line = |(at, line): (usize, &CartLine)| {
            let offer = self.offer_on_sale(&line.sku, &format!("/cart/lines/{at}"))?;
            Ok(NewLine {
                sku: line.sku.clone(),
                quantity: Quantity::new(u64::from(line.units))
                    .map_err(|error| Problem::internal(&error))?,
                unit_price: offer.price,
                stock_kept: offer.stock_kept,
            })
        };
        lines.iter().enumerate().map(line).collect()
    }

    /// What is asked of the order, and what the vault keeps: facts hold references only.
    fn request(
        &self,
        body: &NewOrder,
        lines: Vec<NewLine>,
        deed: &Deed,
        by: &By,
    ) -> (OrderRequest, Vec<VaultRow>) {
        let customer = self.secrets.person(&body.email);
        let command = deed.id(&by.scope);
        let mut vault = Vec::with_capacity(4);
        let mut keep = |kind: &str, content: Vec<u8>| {
            let id = self.vault_row(command, kind);
            vault.push(VaultRow { id, subject: Some(customer), kind: kind.to_owned(), content });
            id
        };
        let address = |address: &Address| serde_json::to_vec(address).unwrap_or_default();
        let ship_to = keep("address", address(&body.ship_to));
        let email = keep("email", body.email.trim().as_bytes().to_vec());
        let token = body.payment.token().map(|token| keep("payment_token", token.into()));
        if let Some(bill_to) = &body.bill_to {
            keep("bill_to", address(bill_to));
        }
        if let Some(note) = &body.note {
            keep("note", note.as_bytes().to_vec());
        }
        let request = OrderRequest {
            customer,
            country: body.ship_to.country.as_str().into(),
            currency: self.limits.currency,
            lines,
            shipping: None,
            method: body.payment.method.into(),
            token,
            ship_to: Some(ship_to),
            email: Some(email),
            pay_within_seconds: None,
            return_window_days: None,
            from_cart: true,
            limits: self.limits.orders,
        };
        (request, vault)
    }

    /// The order as its facts tell it: the same however late somebody asks again.
    fn as_placed(&self, id: OrderId, caused: &Caused<Shop>) -> Result<Order, Problem> {
        let order = past::fold(id, caused.facts());
        let broken = || Problem::internal(&"an order was neither placed nor rejected");
        self.order(id, &order).ok_or_else(broken)
    }

    /// The order once its payment has an outcome, or as it is after so long.
    async fn outcome(&self, id: OrderId, wait: Duration) -> Result<Order, Problem> {
        crate::http::door::step_aside();
        let deadline = Instant::now() + wait;
        let mut tips = self.shop.engine.feed().tips();
        loop {
            tips.borrow_and_update();
            let order = self.newest_document(id).await?;
            let open = order.status == flows::views::OrderStatus::Placed
                && order.payments.last().is_none_or(|payment| {
                    matches!(payment.status, PaymentStatus::None | PaymentStatus::Started)
                });
            let news = tokio::time::timeout_at(deadline, tips.changed());
            if !open || !matches!(news.await, Ok(Ok(()))) {
                return self.order(id, &order).ok_or_else(|| Problem::absent("order"));
            }
        }
    }
}

fn rejected(caused: &Caused<Shop>) -> Option<&[ShortLine]> {
    caused.facts().iter().find_map(|recorded| match &recorded.fact {
        Fact::Order(_, OrderFact::Rejected { short }) => Some(short.as_slice()),
        _ => None,
    })
}

/// SKU and quantity of each line, as they were ordered.
fn cart_lines(lines: &[CartLine]) -> Vec<(String, u32)> {
    lines.iter().map(|line| (line.sku.to_string(), line.units)).collect()
}

fn insufficient(lines: &[(String, u32)], short: &[ShortLine]) -> Problem {
    let flaw = |short: &ShortLine| {
        let at = (short.line as usize).saturating_sub(1);
        let flaw = Flaw::new(format!("/cart/lines/{at}"), "").with("available", short.available);
        match lines.get(at) {
            Some((sku, units)) => flaw.with("sku", sku.as_str()).with("asked", *units),
            None => flaw,
        }
    };
    let detail = "not every line is in stock; the cart is as it was: change it and try again";
    Problem::conflict("INVENTORY_INSUFFICIENT_STOCK", detail)
        .because(short.iter().map(flaw).collect())
}
