//! A refusal for everything that a story may ask.

use commerce::{
    carts::CartRefusal,
    catalog::ProductRefusal,
    credit_notes::CreditNoteRefusal,
    customers::CustomerRefusal,
    ledger::LedgerRefusal,
    orders::{OrderRefusal, Status},
    payments::{PaymentRefusal, PaymentStatus},
};
use flows::{Command, Refusal};
use warehouse::{
    fulfilments::FulfilmentRefusal,
    inventory::{StockCommand, StockRefusal},
    packs::PackRefusal,
    picks::PickRefusal,
    returns::{ReturnRefusal, ReturnStage},
    shipping::ParcelRefusal,
    sites::SiteRefusal,
};

/// A no such as this decider says; none where it never says no.
pub(crate) fn refusal(command: &Command) -> Option<Refusal> {
    Some(match command {
        Command::Numbers(..) => return None,
        Command::Customer(..) => Refusal::Customer(CustomerRefusal::Closed),
        Command::Product(..) => Refusal::Product(ProductRefusal::Discontinued),
        Command::Cart(..) => Refusal::Cart(CartRefusal::Closed),
        Command::Order(..) => {
            Refusal::Order(OrderRefusal::WrongStage { status: Status::Cancelled })
        }
        Command::Payment(..) => {
            Refusal::Payment(PaymentRefusal::NotAuthorised(PaymentStatus::Expired))
        }
        Command::CreditNote(..) => Refusal::CreditNote(CreditNoteRefusal::AlreadyIssued),
        Command::Ledger(..) => Refusal::Ledger(LedgerRefusal::Nothing),
        Command::Site(..) => Refusal::Site(SiteRefusal::Unknown),
        Command::Stock(_, StockCommand::Hold { .. }) => {
            Refusal::Stock(StockRefusal::OutOfStock { available: 0 })
        }
        Command::Stock(..) => Refusal::Stock(StockRefusal::BadChange),
        Command::Fulfilment(..) => Refusal::Fulfilment(FulfilmentRefusal::Cancelled),
        Command::Pick(..) => Refusal::Pick(PickRefusal::Over),
        Command::Pack(..) => Refusal::Pack(PackRefusal::Over),
        Command::Parcel(..) => Refusal::Parcel(ParcelRefusal::Cancelled),
        Command::Return(..) => {
            Refusal::Return(ReturnRefusal::TooLate { stage: ReturnStage::Closed })
        }
    })
}
