//! A carrier over HTTP.

use super::{
    BadPartner, Partner, Vault,
    line::{Line, Names},
};
use crate::{
    asked::{Notice, ParcelAsked},
    said,
    wire::{Address, LabelOutcome, LabelVoid, ParcelOrder, ParcelSheet},
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
            Some(Notice::HandOver) => self.hand_over(asked, names).await.map(|_| None),
            Some(Notice::Void) => self.void(asked, names).await,
            None if asked.inquiry > 0 => self.inquire(asked, names).await,
            None => self.label(asked, call.uncertain, names).await,
        }
    }

    async fn label(&self, asked: &ParcelAsked, uncertain: bool, names: Names<'_>) -> Said {
        if uncertain && let Some(outcome) = self.known_label(asked).await? {
            return Ok(Some(label(asked, outcome)));
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
            number: asked.label_number(),
            weight_grams: asked.weight_grams.unwrap_or(0),
            carrier: asked.carrier.clone(),
            service: asked.service.clone(),
            address,
        };
        let outcome: LabelOutcome = self.line.post("/parcels", &order, names).await?;
        Ok(Some(label(asked, outcome)))
    }

    /// The customer was forgotten: what was not asked for before cannot be asked for any more.
    async fn without_address(&self, asked: &ParcelAsked) -> Said {
        let forgotten = LabelOutcome::Refused { reason: "address_forgotten".into() };
        Ok(Some(label(asked, self.known_label(asked).await?.unwrap_or(forgotten))))
    }

    /// What it has said to this request before.
    async fn known_label(&self, asked: &ParcelAsked) -> Result<Option<LabelOutcome>, Failure> {
        let labels = self.sheet(asked).await?.map(|sheet| sheet.labels).unwrap_or_default();
        let known = labels.into_iter().find(|label| label.number == asked.label_number());
        Ok(known.map(|label| label.outcome))
    }

    /// A carrier that does not know what it was handed over, as when telling it was given up, is told
    /// now.
    async fn inquire(&self, asked: &ParcelAsked, names: Names<'_>) -> Said {
        let sheet = match self.sheet(asked).await? {
            Some(sheet) => sheet,
            None => self.hand_over(asked, names).await?,
        };
        let any = !sheet.events.is_empty();
        Ok(any.then_some(ParcelCommand::Track { events: sheet.events }))
    }

    async fn hand_over(
        &self,
        asked: &ParcelAsked,
        names: Names<'_>,
    ) -> Result<ParcelSheet, Failure> {
        let nothing = serde_json::json!({});
        self.line.post(&path(asked.parcel, "/hand-over"), &nothing, names).await
    }

    async fn void(&self, asked: &ParcelAsked, names: Names<'_>) -> Said {
        let order =
            LabelVoid { number: asked.number, tracking_number: asked.tracking_number.clone() };
        let sheet = self.line.post(&path(asked.parcel, "/void"), &order, names).await;
        sheet.map(|_: ParcelSheet| None)
    }

    async fn sheet(&self, asked: &ParcelAsked) -> Result<Option<ParcelSheet>, Failure> {
        self.line.get(&path(asked.parcel, ""), asked.correlation).await
    }
}

fn label(asked: &ParcelAsked, outcome: LabelOutcome) -> ParcelCommand {
    let number = asked.label_number();
    match outcome {
        LabelOutcome::Labelled { tracking_number, carrier, service } => {
            ParcelCommand::Label { number, tracking_number, carrier, service }
        }
        LabelOutcome::Refused { reason } => {
            ParcelCommand::LabelFailed { number, reason: said::code(&reason) }
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
