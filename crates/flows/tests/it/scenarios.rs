//! The ways an order may go: each is told plainly in `stories`, and drilled in `drills`.

use crate::{
    town::{ORDER, Town, ask_label, line, sku, tracked},
    world::Drill,
};
use commerce::{
    orders::OrderFact,
    payments::{PaymentCommand, PaymentFact},
};
use flows::{Command, Fact};
use kernel::{ReturnId, Timestamp};
use warehouse::{
    returns::{Disposition, InspectedLine, ReturnCommand, ReturnLine, ReturnReason},
    shipping::{ParcelCommand, ParcelFact, TrackingStatus},
};

/// Named by what goes wrong.
pub(crate) type Scenario = (&'static str, fn(&mut Town));

/// All of them.
pub(crate) const ALL: &[Scenario] = &[
    ("nothing goes wrong", |town| {
        town.two_cups_and_a_mug();
    }),
    ("postage alone", |town| drop(town.request(vec![line("POST", 1, 300)]))),
    ("two kinds of postage", |town| {
        drop(town.request(vec![line("POST", 1, 300), line("POST", 2, 150)]));
    }),
    ("postage with goods", |town| {
        drop(town.request(vec![line("CUP", 2, 250), line("POST", 1, 300)]));
    }),
    ("a line is not there", |town| {
        drop(town.request(vec![line("CUP", 2, 250), line("MUG", 11, 400)]));
    }),
    ("declined once, then paid by another attempt", |town| {
        declines(town, 1);
        town.two_cups_and_a_mug();
        town.tries_again();
    }),
    ("declined three times", |town| {
        declines(town, 3);
        town.two_cups_and_a_mug();
        town.tries_again();
        town.tries_again();
    }),
    ("a unit breaks before it is picked", |town| {
        town.two_cups_and_a_mug();
        town.breaks("CUP", 9);
    }),
    ("the provider never says anything", |town| {
        no_provider(town);
        town.two_cups_and_a_mug();
    }),
    ("the provider answers only when it is asked what became of it", |town| {
        town.when(|heard| match heard.fact {
            Fact::Payment(_, PaymentFact::Started { .. }) => Some(vec![]),
            _ => None,
        });
        town.two_cups_and_a_mug();
    }),
    ("a picker finds fewer", |town| {
        town.staff.finds.insert(1, 1);
        town.two_cups_and_a_mug();
    }),
    ("a picker finds nothing", |town| {
        town.staff.finds.extend([(1, 0), (2, 0)]);
        town.two_cups_and_a_mug();
    }),
    ("the capture fails once", |town| {
        captures_fail(town, 1);
        town.two_cups_and_a_mug();
    }),
    ("the capture fails for good", |town| {
        captures_fail(town, 100);
        town.two_cups_and_a_mug();
    }),
    ("the capture of postage alone fails for good", |town| {
        captures_fail(town, 100);
        drop(town.request(vec![line("POST", 1, 300)]));
    }),
    ("the carrier will not take it", |town| {
        town.when(|heard| match heard.fact {
            Fact::Parcel(parcel, ParcelFact::Created { .. }) => {
                Some(vec![Command::Parcel(parcel, no_label(1))])
            }
            _ => None,
        });
        town.two_cups_and_a_mug();
    }),
    ("the carrier takes it when another service is asked for", |town| {
        town.when(|heard| match heard.fact {
            Fact::Parcel(parcel, ParcelFact::Created { .. }) => {
                Some(vec![Command::Parcel(parcel, no_label(1))])
            }
            Fact::Parcel(parcel, ParcelFact::LabelFailed { .. }) => {
                Some(vec![Command::Parcel(parcel, ask_label("express"))])
            }
            _ => None,
        });
        town.two_cups_and_a_mug();
    }),
    ("another service is wished for when there is a label", |town| {
        relabelled(town);
        town.two_cups_and_a_mug();
    }),
    ("another service is wished for and refused", |town| {
        relabelled(town);
        town.when(|heard| match heard.fact {
            Fact::Parcel(parcel, ParcelFact::LabelAsked { number, .. }) => {
                Some(vec![Command::Parcel(parcel, no_label(number))])
            }
            _ => None,
        });
        town.two_cups_and_a_mug();
    }),
    ("the parcel is lost", |town| {
        carrier_tells(town, TrackingStatus::Lost);
        town.two_cups_and_a_mug();
    }),
    ("the parcel comes back", |town| {
        carrier_tells(town, TrackingStatus::Returned);
        town.two_cups_and_a_mug();
    }),
    ("nobody sees the parcel again", |town| {
        town.when(|heard| match heard.fact {
            Fact::Parcel(_, ParcelFact::CarrierAsked { .. }) => Some(vec![]),
            _ => None,
        });
        town.two_cups_and_a_mug();
    }),
    ("all comes back", |town| {
        sent_back(town, None);
        town.two_cups_and_a_mug();
    }),
    ("more is claimed than was paid", |town| {
        sent_back(town, Some(2_000));
        town.two_cups_and_a_mug();
    }),
    ("half of what comes back is accepted", |town| {
        sent_back(town, None);
        town.staff.accepts = Some(|line| {
            let part = |units, disposition| InspectedLine { line: line.line, units, disposition };
            match line.requested {
                1 => vec![part(1, Disposition::BackToCustomer)],
                units => {
                    vec![part(units - 1, Disposition::Scrap), part(1, Disposition::BackToCustomer)]
                }
            }
        });
        town.two_cups_and_a_mug();
    }),
    ("nothing of what comes back is accepted", |town| {
        sent_back(town, None);
        town.staff.accepts = Some(|line| {
            let (line, units) = (line.line, line.requested);
            vec![InspectedLine { line, units, disposition: Disposition::BackToCustomer }]
        });
        town.two_cups_and_a_mug();
    }),
    ("what was to come back is never sent", |town| {
        sent_back(town, None);
        town.staff.closed_for_returns = true;
        town.two_cups_and_a_mug();
    }),
    ("no refund arrives", |town| {
        sent_back(town, None);
        refunds_fail(town, 100);
        town.two_cups_and_a_mug();
    }),
];

/// A town in which it goes like this, up to the request.
pub(crate) fn begin((_, set_up): &Scenario, drill: Drill) -> Town {
    let mut town = Town::with_stock(drill);
    set_up(&mut town);
    town
}

/// So many payments are declined.
pub(crate) fn declines(town: &mut Town, times: u32) {
    town.when(move |heard| match heard.fact {
        Fact::Payment(payment, PaymentFact::Started { .. }) if payment.number <= times => {
            let no = PaymentCommand::Decline { reason: "insufficient_funds".into() };
            Some(vec![Command::Payment(payment, no)])
        }
        _ => None,
    });
}

pub(crate) fn no_provider(town: &mut Town) {
    town.when(|heard| match heard.fact {
        Fact::Payment(_, PaymentFact::Started { .. } | PaymentFact::QueryAsked) => Some(vec![]),
        _ => None,
    });
}

/// The first captures fail.
pub(crate) fn captures_fail(town: &mut Town, times: u32) {
    let mut left = times;
    town.when(move |heard| match heard.fact {
        Fact::Payment(payment, PaymentFact::CaptureAsked { capture, attempt, .. }) if left > 0 => {
            left -= 1;
            let failed =
                PaymentCommand::CaptureFailed { capture, reason: "refused".into(), attempt };
            Some(vec![Command::Payment(payment, failed)])
        }
        _ => None,
    });
}

/// The first refunds fail.
pub(crate) fn refunds_fail(town: &mut Town, times: u32) {
    let mut left = times;
    town.when(move |heard| match heard.fact {
        Fact::Payment(payment, PaymentFact::RefundAsked { refund, attempt, .. }) if left > 0 => {
            left -= 1;
            let failed = PaymentCommand::RefundFailed { refund, reason: "closed".into(), attempt };
            Some(vec![Command::Payment(payment, failed)])
        }
        _ => None,
    });
}

/// What the carrier says when it is asked.
pub(crate) fn carrier_tells(town: &mut Town, status: TrackingStatus) {
    town.when(move |heard| match heard.fact {
        Fact::Parcel(parcel, ParcelFact::CarrierAsked { .. }) => {
            Some(vec![Command::Parcel(parcel, tracked(heard.at(), status))])
        }
        _ => None,
    });
}

fn no_label(number: u32) -> ParcelCommand {
    ParcelCommand::LabelFailed { number, reason: "not_served".into() }
}

/// As soon as a parcel has a label, somebody wants it to go by express.
pub(crate) fn relabelled(town: &mut Town) {
    town.when(|heard| match heard.fact {
        Fact::Parcel(parcel, ParcelFact::Labelled { .. }) => {
            Some(vec![Command::Parcel(parcel, ask_label("express"))])
        }
        _ => None,
    });
}

/// Everything that was delivered is sent back.
pub(crate) fn sent_back(town: &mut Town, claimed: Option<i64>) {
    town.when(move |heard| match heard.fact {
        Fact::Order(_, OrderFact::Delivered { .. }) => {
            let line = |line, code, units| ReturnLine {
                line,
                sku: sku(code),
                quantity: crate::town::quantity(units),
                reason: ReturnReason::Unwanted,
                stock_kept: true,
            };
            let lines = vec![line(1, "CUP", 2), line(2, "MUG", 1)];
            let claimed = claimed.map(crate::town::gbp);
            let until: Option<Timestamp> = None;
            let request = ReturnCommand::Request { lines, claimed, until };
            Some(vec![Command::Return(ReturnId::new(ORDER, 1), request)])
        }
        _ => None,
    });
}
