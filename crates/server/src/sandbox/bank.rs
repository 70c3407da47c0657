//! What the sandbox's provider of payments remembers and decides: no HTTP, no clock of its own.

use super::{limited::Limited, switches::Lie};
use compact_str::{CompactString, format_compact};
use gateways::{
    reconcile::{Movement, Settled},
    wire::{
        Authorisation, MoneyMoved, MoneyOrder, MoneyOutcome, PaymentNews, PaymentOrder,
        PaymentSheet, Standing, VoidOrder,
    },
};
use kernel::{Money, PaymentId, Timestamp};
use rustc_hash::FxHasher;
use std::{collections::VecDeque, hash::Hasher};

/// Payments it remembers.
const PAYMENTS: usize = 50_000;

/// Answers it remembers by their key.
const ANSWERS: usize = 50_000;

/// Movements of money it remembers.
const MOVEMENTS: usize = 200_000;

/// Captures and refunds of one payment.
const OF_ONE: usize = 1000;

/// What a token makes it do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behaviour {
    Ok,
    Declined,
    InsufficientFunds,
    ActionRequired,
    Slow,
    NoAnswer,
    Error,
    Late,
    Twice,
    WebhookFirst,
    Unknown,
}

impl Behaviour {
    /// What pays without a token, as cash on delivery, is fine.
    pub(super) fn of(token: Option<&str>) -> Behaviour {
        match token {
            None | Some("tok_ok") => Behaviour::Ok,
            Some("tok_declined") => Behaviour::Declined,
            Some("tok_insufficient_funds") => Behaviour::InsufficientFunds,
            Some("tok_action_required") => Behaviour::ActionRequired,
            Some("tok_slow") => Behaviour::Slow,
            Some("tok_no_answer") => Behaviour::NoAnswer,
            Some("tok_error") => Behaviour::Error,
            Some("tok_late") => Behaviour::Late,
            Some("tok_twice") => Behaviour::Twice,
            Some("tok_webhook_first") => Behaviour::WebhookFirst,
            Some(_) => Behaviour::Unknown,
        }
    }
}

/// One payment.
struct Account {
    amount: Money,
    standing: Standing,
    authorisations: Vec<Authorisation>,
    captures: Vec<MoneyMoved>,
    refunds: Vec<MoneyMoved>,
    /// How often it stumbled over it.
    stumbles: u32,
}

/// What is known of a key that was used before.
pub(super) enum Known {
    /// It was asked before, and this was the answer.
    Answer(Box<str>),
    /// Something else was asked under this key.
    OtherQuestion,
}

/// Answers by their key: the same question gets the same answer.
pub(super) struct Answers(Limited<Box<str>, (u64, Box<str>)>);

impl Answers {
    pub(super) fn new() -> Answers {
        Answers(Limited::to(ANSWERS))
    }

    pub(super) fn known(&self, key: &str, asked: &[u8]) -> Option<Known> {
        let (before, answer) = self.0.get(key)?;
        let same = *before == fingerprint(asked);
        Some(if same { Known::Answer(answer.clone()) } else { Known::OtherQuestion })
    }

    pub(super) fn note(&mut self, key: &str, asked: &[u8], answer: Box<str>) {
        self.0.or_insert(key.into(), || (fingerprint(asked), answer));
    }
}

fn fingerprint(asked: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(asked);
    hasher.finish()
}

/// The provider.
pub(super) struct Bank {
    accounts: Limited<PaymentId, Account>,
    pub(super) answers: Answers,
    book: VecDeque<Settled>,
}

impl Bank {
    pub(super) fn new() -> Bank {
        let accounts = Limited::to(PAYMENTS);
        Bank { accounts, answers: Answers::new(), book: VecDeque::new() }
    }

    fn account(&mut self, payment: PaymentId, amount: Money) -> &mut Account {
        self.accounts.or_insert(payment, || Account {
            amount,
            standing: Standing::Pending,
            authorisations: vec![],
            captures: vec![],
            refunds: vec![],
            stumbles: 0,
        })
    }

    /// True for the first requests that it stumbles over.
    pub(super) fn stumbles(&mut self, order: &PaymentOrder) -> bool {
        let account = self.account(order.reference, order.amount);
        account.stumbles += 1;
        account.stumbles <= 2
    }

    /// Whoever asks under another key asks for another yes, as with real ones.
    pub(super) fn authorise(&mut self, order: &PaymentOrder, behaviour: Behaviour) -> Standing {
        let no = |reason: &'static str| Standing::Declined { reason: reason.into() };
        let payment = order.reference;
        let account = self.account(payment, order.amount);
        account.amount = order.amount;
        let standing = match behaviour {
            _ if account.standing == Standing::Voided => no("voided"),
            Behaviour::Declined => no("card_declined"),
            Behaviour::InsufficientFunds => no("insufficient_funds"),
            Behaviour::Unknown => no("unknown_token"),
            Behaviour::ActionRequired => Standing::ActionRequired { action_url: None },
            Behaviour::Late => Standing::Pending,
            _ => account.says_yes(payment),
        };
        account.standing = standing.clone();
        standing
    }

    /// What it could not say at first, it says now; none when it is not waited for any more.
    pub(super) fn confirm(&mut self, payment: PaymentId) -> Option<Standing> {
        let account = self.accounts.get_mut(&payment)?;
        match account.standing {
            Standing::Pending | Standing::ActionRequired { .. } => {
                account.standing = account.says_yes(payment);
                Some(account.standing.clone())
            }
            _ => None,
        }
    }

    /// A payment that it has forgotten is taken on trust: its memory is short, the shop's is long.
    pub(super) fn move_money(
        &mut self,
        payment: PaymentId,
        movement: Movement,
        order: &MoneyOrder,
        how: How,
    ) -> MoneyOutcome {
        let account = self.account(payment, order.amount);
        if account.standing == Standing::Pending && account.authorisations.is_empty() {
            account.standing = account.says_yes(payment);
        }
        let outcome = match how.refuses {
            true => MoneyOutcome::Refused { reason: "refused".into() },
            false => account.judge(movement, order),
        };
        let moved =
            MoneyMoved { number: order.number, attempt: order.attempt, outcome: outcome.clone() };
        let list = account.list(movement);
        if list.len() < OF_ONE {
            list.push(moved);
        }
        if let MoneyOutcome::Done { amount } = outcome {
            let number = order.number;
            let line = Settled { payment, movement, number, amount, fee: None, at: how.at };
            self.book(line, how.lie);
        }
        outcome
    }

    fn book(&mut self, line: Settled, lie: Option<Lie>) {
        let more = Money::new(line.amount.minor + 1, line.amount.currency);
        let lines = match lie {
            None => vec![line],
            Some(Lie::Forgets) => vec![],
            Some(Lie::Doubles) => vec![line.clone(), line],
            Some(Lie::Adds) => vec![Settled { amount: more, ..line }],
        };
        self.book.extend(lines);
        while self.book.len() > MOVEMENTS {
            self.book.pop_front();
        }
    }

    /// What is not known yet is void from the beginning: a late request for it is declined.
    pub(super) fn void(&mut self, payment: PaymentId, order: &VoidOrder) -> Standing {
        let nothing = Money::zero(kernel::Currency::GBP);
        let account = self.account(payment, nothing);
        match &order.authorisation {
            Some(one) => {
                let known = account.authorisations.iter_mut().find(|yes| yes.id == *one);
                known.into_iter().for_each(|yes| yes.voided = true);
            }
            None => {
                account.authorisations.iter_mut().for_each(|yes| yes.voided = true);
                account.standing = Standing::Voided;
            }
        }
        account.standing.clone()
    }

    pub(super) fn sheet(&self, payment: PaymentId) -> Option<PaymentSheet> {
        let account = self.accounts.get(&payment)?;
        // It stumbled over it: as far as it knows, it was never asked.
        if account.stumbles > 0 && account.authorisations.is_empty() {
            return None;
        }
        Some(PaymentSheet {
            reference: payment,
            standing: account.standing.clone(),
            authorisations: account.authorisations.clone(),
            captures: account.captures.clone(),
            refunds: account.refunds.clone(),
        })
    }

    /// What it has moved on this day, or ever.
    pub(super) fn settlement(&self, day: Option<&str>) -> Vec<Settled> {
        let wanted = |line: &&Settled| day.is_none_or(|day| line.at.day() == day);
        self.book.iter().filter(wanted).cloned().collect()
    }
}

/// How money is moved, besides what was asked.
pub(super) struct How {
    pub(super) refuses: bool,
    pub(super) lie: Option<Lie>,
    pub(super) at: Timestamp,
}

impl Account {
    fn says_yes(&mut self, payment: PaymentId) -> Standing {
        let nth = self.authorisations.len() + 1;
        let id: CompactString = format_compact!("auth-{payment}-{nth}");
        if self.authorisations.len() < OF_ONE {
            self.authorisations.push(Authorisation { id: id.clone(), voided: false });
        }
        Standing::Authorised { authorisation: id, expires_at: None }
    }

    fn list(&mut self, movement: Movement) -> &mut Vec<MoneyMoved> {
        match movement {
            Movement::Capture => &mut self.captures,
            Movement::Refund => &mut self.refunds,
        }
    }

    fn judge(&self, movement: Movement, order: &MoneyOrder) -> MoneyOutcome {
        let no = |reason: &'static str| MoneyOutcome::Refused { reason: reason.into() };
        let amount = order.amount;
        let after = |list: &[MoneyMoved]| moved(list).saturating_add(amount.minor);
        match movement {
            _ if amount.currency != self.amount.currency => no("other_currency"),
            _ if amount.minor <= 0 => no("nothing"),
            Movement::Capture if !matches!(self.standing, Standing::Authorised { .. }) => {
                no("not_authorised")
            }
            Movement::Capture if after(&self.captures) > self.amount.minor => {
                no("beyond_authorised")
            }
            // Of a payment that it had forgotten, it knows no captures.
            Movement::Refund
                if !self.captures.is_empty() && after(&self.refunds) > moved(&self.captures) =>
            {
                no("beyond_captured")
            }
            _ => MoneyOutcome::Done { amount },
        }
    }
}

/// Minor units that have moved.
fn moved(list: &[MoneyMoved]) -> i64 {
    let amounts = list.iter().map(|moved| match &moved.outcome {
        MoneyOutcome::Done { amount } => amount.minor,
        MoneyOutcome::Refused { .. } => 0,
    });
    amounts.fold(0, i64::saturating_add)
}

/// What is told by itself of how a payment stands.
pub(super) fn news(payment: PaymentId, standing: &Standing) -> Option<PaymentNews> {
    Some(match standing.clone() {
        Standing::Pending => return None,
        Standing::Authorised { authorisation, expires_at } => {
            PaymentNews::Authorised { payment, authorisation, expires_at }
        }
        Standing::Declined { reason } => PaymentNews::Declined { payment, reason },
        Standing::ActionRequired { .. } => PaymentNews::ActionRequired { payment },
        Standing::Expired => PaymentNews::Expired { payment },
        Standing::Voided => PaymentNews::Voided { payment, authorisation: None },
    })
}

/// What is told by itself of money that was to be moved.
pub(super) fn money_news(
    payment: PaymentId,
    movement: Movement,
    order: &MoneyOrder,
    outcome: &MoneyOutcome,
) -> PaymentNews {
    let MoneyOrder { number, attempt, .. } = *order;
    match (movement, outcome.clone()) {
        (Movement::Capture, MoneyOutcome::Done { amount }) => {
            PaymentNews::Captured { payment, number, amount }
        }
        (Movement::Refund, MoneyOutcome::Done { amount }) => {
            PaymentNews::Refunded { payment, number, amount }
        }
        (Movement::Capture, MoneyOutcome::Refused { reason }) => {
            PaymentNews::CaptureFailed { payment, number, attempt, reason }
        }
        (Movement::Refund, MoneyOutcome::Refused { reason }) => {
            PaymentNews::RefundFailed { payment, number, attempt, reason }
        }
    }
}
