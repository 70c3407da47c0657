//! What a fact asks of the outside, as it stands in a letter: references only, never a token, never an
//! address. Whoever is asked, simulated or over HTTP, is asked for the same things under the same names.

use commerce::payments::{Errand, PaymentCommand, PaymentFact, PaymentMethod};
use compact_str::CompactString;
use engine::handlers::{Failure, Request};
use flows::{Command, Fact, Shop};
use kernel::{CommandId, Money, ParcelId, PaymentId, Recorded, VaultId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use warehouse::shipping::{GaveUp, ParcelCommand, ParcelFact};

/// Bytes of a reason that a letter hands on.
const REASON: usize = 60;

/// Something asked of a provider of payments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PaymentAsked {
    pub(crate) payment: PaymentId,
    pub(crate) errand: Errand,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) amount: Option<Money>,
    /// How often it has said no to this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) attempt: Option<u32>,
    /// Which yes, where the provider has given several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<CompactString>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<PaymentMethod>,
    /// The token itself is read from the vault when it is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<VaultId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) correlation: Option<CommandId>,
}

impl PaymentAsked {
    /// What a fact asks for, if anything.
    pub(crate) fn of(recorded: &Recorded<Shop>) -> Option<PaymentAsked> {
        let Fact::Payment(payment, fact) = &recorded.fact else { return None };
        let nothing_more = |errand| PaymentAsked {
            payment: *payment,
            errand,
            number: None,
            amount: None,
            attempt: None,
            reference: None,
            method: None,
            token: None,
            correlation: None,
        };
        let money = |errand, number: u32, amount: Money, attempt: u32| PaymentAsked {
            number: Some(number),
            amount: Some(amount),
            attempt: Some(attempt),
            ..nothing_more(errand)
        };
        Some(match fact {
            // A promise to pay at the door: no provider knows of it.
            PaymentFact::Started { method: PaymentMethod::CashOnDelivery, .. } => return None,
            PaymentFact::Started { amount, method, token } => PaymentAsked {
                amount: Some(*amount),
                method: Some(*method),
                token: *token,
                ..nothing_more(Errand::Authorise)
            },
            PaymentFact::CaptureAsked { capture, amount, attempt } => {
                money(Errand::Capture, *capture, *amount, *attempt)
            }
            PaymentFact::RefundAsked { refund, amount, attempt, .. } => {
                money(Errand::Refund, *refund, *amount, *attempt)
            }
            PaymentFact::VoidAsked => nothing_more(Errand::Void),
            PaymentFact::SurplusVoidAsked { reference } => {
                PaymentAsked { reference: Some(reference.clone()), ..nothing_more(Errand::Void) }
            }
            PaymentFact::QueryAsked => nothing_more(Errand::Query),
            _ => return None,
        })
    }

    pub(crate) fn read(request: &Request) -> Result<PaymentAsked, Failure> {
        read(request)
    }

    /// As it goes into a letter.
    pub(crate) fn request(&self) -> Request {
        let body = serde_json::to_value(self).expect("texts and numbers");
        Request { key: self.payment.to_string(), body, reference: self.known_by() }
    }

    /// What money does has a name that follows from what it is for, so that asking again, also on
    /// behalf of a later fact, is the same request. To forget a yes, or to say what became of one,
    /// harms nobody when it is done twice, and a yes that came later has to be forgotten, too.
    fn known_by(&self) -> Option<String> {
        let payment = self.payment;
        let number = || self.number.zip(self.attempt);
        match self.errand {
            Errand::Authorise => Some(format!("{payment}/authorise")),
            Errand::Capture => number().map(|(n, nth)| format!("{payment}/capture/{n}/{nth}")),
            Errand::Refund => number().map(|(n, nth)| format!("{payment}/refund/{n}/{nth}")),
            Errand::Void => self.reference.as_ref().map(|yes| format!("{payment}/void/{yes}")),
            Errand::Query => None,
        }
    }

    /// How its story hears that it was given up.
    pub(crate) fn gave_up(request: &Request, reason: &str) -> Vec<Command> {
        let Ok(PaymentAsked { payment, errand, number, .. }) = PaymentAsked::read(request) else {
            return vec![];
        };
        let reason = reason.chars().take(REASON).collect();
        vec![Command::Payment(payment, PaymentCommand::GiveUp { errand, number, reason })]
    }
}

/// What else than a label, or where it is, is asked of a carrier.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Notice {
    /// It has the parcel.
    HandOver,
    /// The parcel is not sent, or a label of it is not used.
    Void,
}

/// Something asked of a carrier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ParcelAsked {
    pub(crate) parcel: ParcelId,
    /// 0 for a label.
    pub(crate) inquiry: u32,
    /// Neither a label nor an inquiry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) notice: Option<Notice>,
    /// Which label of the parcel, from 1; a void without it is of all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<u32>,
    /// Which label is void, where the carrier has told what it calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tracking_number: Option<CompactString>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) weight_grams: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) carrier: Option<CompactString>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) service: Option<CompactString>,
    /// The address itself is read from the vault when it is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<VaultId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) correlation: Option<CommandId>,
}

impl ParcelAsked {
    /// What a fact asks for, if anything.
    pub(crate) fn of(recorded: &Recorded<Shop>) -> Option<ParcelAsked> {
        let Fact::Parcel(parcel, fact) = &recorded.fact else { return None };
        let label = ParcelAsked {
            parcel: *parcel,
            inquiry: 0,
            notice: None,
            number: None,
            tracking_number: None,
            weight_grams: None,
            carrier: None,
            service: None,
            address: None,
            correlation: None,
        };
        Some(match fact {
            ParcelFact::Created { weight_grams, carrier, service, address, .. } => ParcelAsked {
                number: Some(1),
                weight_grams: Some(*weight_grams),
                carrier: carrier.clone(),
                service: service.clone(),
                address: *address,
                ..label
            },
            ParcelFact::LabelAsked { number, weight_grams, carrier, service, address, .. } => {
                ParcelAsked {
                    number: Some(*number),
                    weight_grams: Some(*weight_grams),
                    carrier: carrier.clone(),
                    service: service.clone(),
                    address: *address,
                    ..label
                }
            }
            ParcelFact::LabelVoidAsked { number, tracking_number } => ParcelAsked {
                notice: Some(Notice::Void),
                number: Some(*number),
                tracking_number: tracking_number.clone(),
                ..label
            },
            ParcelFact::CarrierAsked { inquiry } => ParcelAsked { inquiry: *inquiry, ..label },
            ParcelFact::HandedOver => ParcelAsked { notice: Some(Notice::HandOver), ..label },
            ParcelFact::Cancelled => ParcelAsked { notice: Some(Notice::Void), ..label },
            _ => return None,
        })
    }

    pub(crate) fn read(request: &Request) -> Result<ParcelAsked, Failure> {
        read(request)
    }

    /// As it goes into a letter.
    pub(crate) fn request(&self) -> Request {
        let body = serde_json::to_value(self).expect("texts and numbers");
        Request { key: self.parcel.to_string(), body, reference: self.known_by() }
    }

    /// Which label of the parcel is asked for, from 1. Letters from before there were several do not
    /// say.
    pub(crate) fn label_number(&self) -> u32 {
        self.number.unwrap_or(1)
    }

    /// A label costs money: asking again for the same one is the same request. Whatever else a carrier
    /// is asked may be said twice, and a label that was given after its void is to be void, too.
    fn known_by(&self) -> Option<String> {
        let label = self.inquiry == 0 && self.notice.is_none();
        label.then(|| format!("{}/label/{}", self.parcel, self.label_number()))
    }

    /// How its story hears that it was given up. Nobody waits for a hand-over to be acknowledged:
    /// what becomes of the parcel is asked for day by day.
    pub(crate) fn gave_up(request: &Request, reason: &str) -> Vec<Command> {
        let Ok(asked) = ParcelAsked::read(request) else { return vec![] };
        let (what, number) = match asked.notice {
            Some(Notice::HandOver) => return vec![],
            Some(Notice::Void) => (GaveUp::Void, asked.number),
            None if asked.inquiry == 0 => (GaveUp::Label, Some(asked.label_number())),
            None => (GaveUp::Inquiry, None),
        };
        let reason = reason.chars().take(REASON).collect();
        vec![Command::Parcel(asked.parcel, ParcelCommand::GiveUp { what, number, reason })]
    }
}

/// People may have edited it.
fn read<T: DeserializeOwned>(request: &Request) -> Result<T, Failure> {
    T::deserialize(&request.body)
        .map_err(|error| Failure::Permanent(format!("not understood: {error}")))
}
