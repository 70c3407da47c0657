//! Who decides, which stories there are, and who hears what: the one place where anything is subscribed.

use crate::{fulfil::Fulfil, refunds, return_goods::ReturnGoods, sell_order::SellOrder};
use commerce::{
    carts::Cart,
    catalog::Product,
    credit_notes::{CreditNote, CreditNoteFact, CreditNoteIssue},
    customers::Customer,
    ledger::Ledger,
    numbering::{Numbers, NumbersFact},
    orders::{Order, OrderFact},
    payments::{Errand, Payment, PaymentFact},
};
use kernel::{FulfilmentId, ReturnId};
use warehouse::{
    fulfilments::Fulfilment,
    inventory::{Stock, StockFact},
    packs::Pack,
    picks::Pick,
    returns::Return,
    shipping::Parcel,
    sites::Site,
};

kernel::business! {
    /// Cartage's business: selling and delivering.
    Shop
    deciders {
        "person" => Customer,
        "product" => Product,
        "cart" => Cart,
        "order" => Order,
        "payment" => Payment,
        "credit-note" => CreditNote,
        "ledger" => Ledger,
        "numbers" => Numbers,
        "site" => Site,
        "stock" => Stock,
        "fulfilment" => Fulfilment,
        "pick" => Pick,
        "pack" => Pack,
        "parcel" => Parcel,
        "return" => Return,
    }
    processes {
        "sell-order" => SellOrder hears {
            Fact::Order(order, _) => order,
            Fact::Stock(_, StockFact::Held { line, .. } | StockFact::Shortfall { line, .. }) => line.order,
            Fact::Numbers(_, NumbersFact::Drawn { order, .. }) => order,
            Fact::Payment(payment, _) => payment.order,
        }
        "fulfil" => Fulfil hears {
            Fact::Fulfilment(fulfilment, _) => fulfilment,
            Fact::Stock(_, StockFact::Allocated { fulfilment, .. }) => fulfilment,
            Fact::Pick(pick, _) => FulfilmentId::new(pick.order, pick.number),
            Fact::Pack(pack, _) => FulfilmentId::new(pack.order, pack.number),
            Fact::Parcel(parcel, _) => FulfilmentId::new(parcel.order, parcel.number),
            Fact::Order(
                order,
                OrderFact::Packed { fulfilment, .. } | OrderFact::Lost { fulfilment, .. },
            ) => FulfilmentId::new(*order, *fulfilment),
            // Captures are numbered as the fulfilments they are for; what a refund is for, its number
            // tells as well: see `refunds::For`.
            Fact::Payment(
                payment,
                PaymentFact::Captured { capture: number @ 1.., .. }
                | PaymentFact::CaptureFailed { capture: number @ 1.., .. }
                | PaymentFact::GaveUp { errand: Errand::Capture, number: Some(number @ 1..), .. },
            ) => FulfilmentId::new(payment.order, *number),
            Fact::Payment(
                payment,
                PaymentFact::Refunded { refund: number @ refunds::LOSSES..refunds::STAFF, .. }
                | PaymentFact::RefundFailed { refund: number @ refunds::LOSSES..refunds::STAFF, .. }
                | PaymentFact::GaveUp { errand: Errand::Refund, number: Some(number @ refunds::LOSSES..refunds::STAFF), .. },
            ) => FulfilmentId::new(payment.order, *number - refunds::LOSSES),
        }
        "return-goods" => ReturnGoods hears {
            Fact::Return(id, _) => id,
            Fact::Order(order, OrderFact::Returned { return_id, .. }) => ReturnId::new(*order, *return_id),
            Fact::Payment(
                payment,
                PaymentFact::Refunded { refund: number @ ..refunds::CANCELLATIONS, .. }
                | PaymentFact::RefundFailed { refund: number @ ..refunds::CANCELLATIONS, .. }
                | PaymentFact::GaveUp { errand: Errand::Refund, number: Some(number @ ..refunds::CANCELLATIONS), .. },
            ) => ReturnId::new(payment.order, *number),
            Fact::CreditNote(_, CreditNoteFact::Issued(CreditNoteIssue { return_id: Some(id), .. })) => id,
        }
    }
}
