//! A provider of payments over HTTP.

use super::{
    BadPartner, Partner, Vault,
    line::{Line, Names},
};
use crate::{
    asked::PaymentAsked,
    said::{self, Nonsense},
    wire::{MoneyMoved, MoneyOrder, MoneyOutcome, PaymentOrder, PaymentSheet, Standing, VoidOrder},
};
use commerce::payments::{Errand, PaymentCommand};
use engine::handlers::{BoxFuture, Call, Failure, Handler, Request};
use flows::{Command, Shop};
use journal::Reader;
use kernel::{Money, PaymentId, Recorded};

/// Does everything that a payment asks of its provider.
pub struct HttpProvider {
    line: Line,
    vault: Vault,
}

impl HttpProvider {
    /// Asks this provider; tokens are read with `vault`.
    ///
    /// # Errors
    /// [`BadPartner`] when nobody can be asked there.
    pub fn new(partner: Partner, vault: Box<dyn Reader>) -> Result<HttpProvider, BadPartner> {
        Ok(HttpProvider { line: Line::to(partner)?, vault: Vault::new(vault) })
    }

    /// The settlement file of a day (`2026-11-20`, in UTC), for [`crate::reconcile`].
    ///
    /// # Errors
    /// [`Failure`], as for any call.
    pub async fn settlement(&self, day: &str) -> Result<String, Failure> {
        self.line.file(&format!("/settlement?date={day}")).await
    }
}

impl Handler<Shop> for HttpProvider {
    fn name(&self) -> &'static str {
        "pay"
    }

    fn provider(&self) -> &'static str {
        self.line.name()
    }

    fn request(&self, recorded: &Recorded<Shop>) -> Option<Request> {
        let correlation = recorded.origin.correlation;
        let asked = PaymentAsked::of(recorded)?;
        Some(PaymentAsked { correlation, ..asked }.request())
    }

    fn call<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Vec<Command>, Failure>> {
        Box::pin(async move {
            let asked = PaymentAsked::read(call.request)?;
            let commands = self.ask(&asked, &call).await?;
            Ok(commands.into_iter().map(|said| Command::Payment(asked.payment, said)).collect())
        })
    }

    fn gave_up(&self, request: &Request, reason: &str) -> Vec<Command> {
        PaymentAsked::gave_up(request, reason)
    }
}

/// What the provider said; none: it will say so later.
type Said = Result<Option<PaymentCommand>, Failure>;

impl HttpProvider {
    async fn ask(&self, asked: &PaymentAsked, call: &Call<'_>) -> Said {
        let names = Names { key: call.idempotency_key, correlation: asked.correlation };
        if asked.errand == Errand::Query {
            return self.query(asked).await;
        }
        if call.uncertain
            && let Some(sheet) = self.sheet(asked).await?
            && let Some(known) = became(asked, &sheet)
        {
            return known.map_err(nonsense);
        }
        match asked.errand {
            Errand::Authorise => self.authorise(asked, names).await,
            Errand::Capture | Errand::Refund => self.move_money(asked, names).await,
            Errand::Void | Errand::Query => self.void(asked, names).await,
        }
    }

    async fn sheet(&self, asked: &PaymentAsked) -> Result<Option<PaymentSheet>, Failure> {
        self.line.get(&path(asked.payment, ""), asked.correlation).await
    }

    /// Of what it has never heard, it will not say yes: requests of a payment keep their order, so it
    /// was asked before.
    async fn query(&self, asked: &PaymentAsked) -> Said {
        match self.sheet(asked).await? {
            Some(sheet) => stands(&sheet.standing).map_err(nonsense),
            None => Ok(Some(PaymentCommand::Decline { reason: "unknown_to_provider".into() })),
        }
    }

    async fn authorise(&self, asked: &PaymentAsked, names: Names<'_>) -> Said {
        let amount = asked.amount.ok_or_else(incomplete)?;
        let token = match asked.token {
            None => None,
            Some(id) => match self.vault.content(id)? {
                // Cash on delivery has none, and says so.
                Some(content) if content.is_empty() => None,
                Some(content) => Some(text(content)?),
                None => return self.without_token(asked).await,
            },
        };
        let method = asked.method.unwrap_or_default();
        let order = PaymentOrder { reference: asked.payment, amount, method, token };
        let standing: Standing = self.line.post("/payments", &order, names).await?;
        stands(&standing).map_err(nonsense)
    }

    /// The token was forgotten: what was not asked for before cannot be asked for any more.
    async fn without_token(&self, asked: &PaymentAsked) -> Said {
        match self.sheet(asked).await? {
            Some(sheet) => stands(&sheet.standing).map_err(nonsense),
            None => Ok(Some(PaymentCommand::Decline { reason: "token_forgotten".into() })),
        }
    }

    async fn move_money(&self, asked: &PaymentAsked, names: Names<'_>) -> Said {
        let (number, attempt, amount) = numbered(asked).ok_or_else(incomplete)?;
        let order = MoneyOrder { number, attempt, amount };
        let which = if asked.errand == Errand::Refund { "/refunds" } else { "/captures" };
        let outcome: MoneyOutcome =
            self.line.post(&path(asked.payment, which), &order, names).await?;
        moved(asked, &MoneyMoved { number, attempt, outcome }).map(Some).map_err(nonsense)
    }

    async fn void(&self, asked: &PaymentAsked, names: Names<'_>) -> Said {
        let order = VoidOrder { authorisation: asked.reference.clone() };
        let _: Standing = self.line.post(&path(asked.payment, "/void"), &order, names).await?;
        said::voided(asked.reference.as_ref()).map(Some).map_err(nonsense)
    }
}

/// What a sheet says of a request that may have been made before; none: it was not.
fn became(
    asked: &PaymentAsked,
    sheet: &PaymentSheet,
) -> Option<Result<Option<PaymentCommand>, Nonsense>> {
    match asked.errand {
        Errand::Authorise | Errand::Query => Some(stands(&sheet.standing)),
        Errand::Capture => asked_before(asked, &sheet.captures),
        Errand::Refund => asked_before(asked, &sheet.refunds),
        Errand::Void => {
            let gone = match &asked.reference {
                Some(id) => sheet.authorisations.iter().any(|yes| yes.id == *id && yes.voided),
                None => sheet.standing == Standing::Voided,
            };
            gone.then(|| said::voided(asked.reference.as_ref()).map(Some))
        }
    }
}

/// What was done is done, at whichever attempt; a *no* answers its own attempt only.
fn asked_before(
    asked: &PaymentAsked,
    known: &[MoneyMoved],
) -> Option<Result<Option<PaymentCommand>, Nonsense>> {
    let (number, attempt, _) = numbered(asked)?;
    let found = known.iter().find(|moved| {
        let done = matches!(moved.outcome, MoneyOutcome::Done { .. });
        moved.number == number && (done || moved.attempt == attempt)
    })?;
    Some(moved(asked, found).map(Some))
}

/// What it means for the payment how it stands with its provider.
fn stands(standing: &Standing) -> Result<Option<PaymentCommand>, Nonsense> {
    Ok(match standing {
        Standing::Pending => None,
        Standing::Authorised { authorisation, expires_at } => {
            Some(said::authorised(authorisation, *expires_at)?)
        }
        Standing::Declined { reason } => {
            Some(PaymentCommand::Decline { reason: said::code(reason) })
        }
        Standing::ActionRequired { .. } => Some(PaymentCommand::RequireAction),
        Standing::Expired => Some(PaymentCommand::Expire),
        Standing::Voided => Some(PaymentCommand::VoidDone),
    })
}

fn moved(asked: &PaymentAsked, moved: &MoneyMoved) -> Result<PaymentCommand, Nonsense> {
    let MoneyMoved { number, attempt, outcome } = moved;
    let (number, attempt) = (*number, *attempt);
    let refund = asked.errand == Errand::Refund;
    Ok(match outcome {
        MoneyOutcome::Done { amount } => {
            let amount = said::amount(*amount)?;
            match refund {
                true => PaymentCommand::RefundDone { refund: number, amount },
                false => PaymentCommand::CaptureDone { capture: number, amount },
            }
        }
        MoneyOutcome::Refused { reason } => {
            let reason = said::code(reason);
            match refund {
                true => PaymentCommand::RefundFailed { refund: number, reason, attempt },
                false => PaymentCommand::CaptureFailed { capture: number, reason, attempt },
            }
        }
    })
}

fn numbered(asked: &PaymentAsked) -> Option<(u32, u32, Money)> {
    Some((asked.number?, asked.attempt.unwrap_or(0), asked.amount?))
}

fn path(payment: PaymentId, rest: &str) -> String {
    format!("/payments/{payment}{rest}")
}

fn text(content: Vec<u8>) -> Result<String, Failure> {
    // The error would quote it.
    String::from_utf8(content).map_err(|_| Failure::Permanent("the token is no text".to_owned()))
}

fn incomplete() -> Failure {
    Failure::Permanent("number or amount is missing".to_owned())
}

fn nonsense(error: Nonsense) -> Failure {
    Failure::Permanent(format!("the provider's answer makes no sense: {error}"))
}
