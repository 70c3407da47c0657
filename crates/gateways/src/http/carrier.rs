//! A carrier over HTTP.

use super::{
    BadPartner, Partner, Vault,
    line::{Line, Names},
};
use crate::{
    asked::{Notice, ParcelAsked},
    said,
    wire::{Address, LabelOutcome, ParcelOrder, ParcelSheet},
};
use engine::handlers::{BoxFuture, Call, Failure, Handler, Request};
use flows::{Command, Shop};
use journal::Reader;
use kernel::{ParcelId, Recorded};
use warehouse::shipping::ParcelCommand;

/// Does everything that a parcel asks of its carrier, and tells it what it has to know.
pub struct HttpCarrier {
    line: Line,
    vault: Vault,
}

impl HttpCarrier {
    /// Asks this carrier; addresses are read with `vault`.
    ///
    /// # Errors
    /// [`BadPartner`] when nobody can be asked there.
    pub fn new(partner: Partner, vault: Box<dyn Reader>) -> Result<HttpCarrier, BadPartner> {
        Ok(HttpCarrier { line: Line::to(partner)?, vault: Vault::new(vault) })
    }
}

impl Handler<Shop> for HttpCarrier {
    fn name(&self) -> &'static str {
        "ship"
    }

    fn provider(&self) -> &'static str {
        self.line.name()
    }

    fn request(&self, recorded: &Recorded<Shop>) -> Option<Request> {
        let correlation = recorded.origin.correlation;
        let asked = ParcelAsked::of(recorded)?;
        Some(ParcelAsked { correlation, ..asked }.request())
    }

    fn call<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Vec<Command>, Failure>> {
        Box::pin(async move {
            let asked = ParcelAsked::read(call.request)?;
            let said = self.ask(&asked, &call).await?;
            Ok(said.into_iter().map(|said| Command::Parcel(asked.parcel, said)).collect())
        })
    }

    fn gave_up(&self, request: &Request, reason: &str) -> Vec<Command> {
        ParcelAsked::gave_up(request, reason)
    }
}

/// What the carrier said; none: there is nothing to report.
type Said = Result<Option<ParcelCommand>, Failure>;

impl HttpCarrier {
    async fn ask(&self, asked: &ParcelAsked, call: &Call<'_>) -> Said {
        let names = Names { key: call.idempotency_key, correlation: asked.correlation };
        match asked.notice {
            Some(Notice::HandOver) => self.told(asked, "/hand-over", names).await.map(|_| None),
            Some(Notice::Void) => self.told(asked, "/void", names).await.map(|_| None),
            None if asked.inquiry > 0 => self.inquire(asked, names).await,
            None => self.label(asked, call.uncertain, names).await,
        }
    }

    async fn label(&self, asked: &ParcelAsked, uncertain: bool, names: Names<'_>) -> Said {
        if uncertain && let Some(sheet) = self.sheet(asked).await? {
            return Ok(Some(label(sheet.label)));
        }
        let address = match asked.address {
            None => None,
            Some(id) => match self.vault.content(id)? {
                Some(content) => Some(address(&content)?),
                None => return self.without_address(asked).await,
            },
        };
        let order = ParcelOrder {
            reference: asked.parcel,
            weight_grams: asked.weight_grams.unwrap_or(0),
            carrier: asked.carrier.clone(),
            service: asked.service.clone(),
            address,
        };
        let outcome: LabelOutcome = self.line.post("/parcels", &order, names).await?;
        Ok(Some(label(outcome)))
    }

    /// The customer was forgotten: what was not asked for before cannot be asked for any more.
    async fn without_address(&self, asked: &ParcelAsked) -> Said {
        let outcome = match self.sheet(asked).await? {
            Some(sheet) => sheet.label,
            None => LabelOutcome::Refused { reason: "address_forgotten".into() },
        };
        Ok(Some(label(outcome)))
    }

    /// A carrier that does not know what it was handed over, as when telling it was given up, is told
    /// now.
    async fn inquire(&self, asked: &ParcelAsked, names: Names<'_>) -> Said {
        let sheet = match self.sheet(asked).await? {
            Some(sheet) => sheet,
            None => self.told(asked, "/hand-over", names).await?,
        };
        let any = !sheet.events.is_empty();
        Ok(any.then_some(ParcelCommand::Track { events: sheet.events }))
    }

    async fn told(
        &self,
        asked: &ParcelAsked,
        what: &str,
        names: Names<'_>,
    ) -> Result<ParcelSheet, Failure> {
        let nothing = serde_json::json!({});
        self.line.post(&path(asked.parcel, what), &nothing, names).await
    }

    async fn sheet(&self, asked: &ParcelAsked) -> Result<Option<ParcelSheet>, Failure> {
        self.line.get(&path(asked.parcel, ""), asked.correlation).await
    }
}

fn label(outcome: LabelOutcome) -> ParcelCommand {
    match outcome {
        LabelOutcome::Labelled { tracking_number, carrier, service } => {
            ParcelCommand::Label { tracking_number, carrier, service }
        }
        LabelOutcome::Refused { reason } => {
            ParcelCommand::LabelFailed { reason: said::code(&reason) }
        }
    }
}

fn address(content: &[u8]) -> Result<Address, Failure> {
    // The error might quote it.
    serde_json::from_slice(content)
        .map_err(|_| Failure::Permanent("the address in the vault cannot be read".to_owned()))
}

fn path(parcel: ParcelId, rest: &str) -> String {
    format!("/parcels/{parcel}{rest}")
}
