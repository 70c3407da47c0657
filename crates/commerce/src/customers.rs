//! Customers: guests and members. Who they are stands in the vault; here is only what happened.

use compact_str::CompactString;
use kernel::{Decider, PersonId, Timestamp, VaultId};
use serde::{Deserialize, Serialize};

/// What may be asked of a customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CustomerCommand {
    /// Somebody shops here: a guest, or one whom the trade knows.
    Meet { country: CompactString, email: Option<VaultId> },
    /// He wants an account.
    Register { email: VaultId },
    /// He may not order.
    Suspend,
    /// He may order again.
    Reinstate,
    /// He wants no account any more.
    Close,
    /// What the vault knows of him was deleted.
    Forget,
}

/// Facts of a stream `person/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum CustomerFact {
    /// Somebody shops here.
    #[serde(rename = "customers/met@1")]
    Met {
        /// As the trade writes it.
        country: CompactString,
        /// E-mail, in the vault.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<VaultId>,
    },
    /// He has an account.
    #[serde(rename = "customers/registered@1")]
    Registered {
        /// E-mail, in the vault.
        email: VaultId,
    },
    /// He may not order.
    #[serde(rename = "customers/suspended@1")]
    Suspended,
    /// He may order again.
    #[serde(rename = "customers/reinstated@1")]
    Reinstated,
    /// He has no account any more.
    #[serde(rename = "customers/closed@1")]
    Closed,
    /// The vault knows nothing of him; applied again when a backup is restored.
    #[serde(rename = "customers/forgotten@1")]
    Forgotten,
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum CustomerRefusal {
    /// Nobody of this id.
    #[error("there is no such customer")]
    Unknown,
    /// Closed or forgotten.
    #[error("this account is closed: register a new one")]
    Closed,
    /// One account a person.
    #[error("there is an account already: sign in")]
    AlreadyRegistered,
    /// Not as long as a country's name.
    #[error("a country has 2 to 60 letters")]
    BadCountry,
}

/// What is remembered of a customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Customer {
    /// Nobody yet.
    #[default]
    Unknown,
    /// Without an account.
    Guest,
    /// With an account.
    Member,
    /// May not order.
    Suspended {
        /// He has an account.
        member: bool,
    },
    /// No account any more.
    Closed,
    /// Nothing is known of him.
    Forgotten,
}

type Facts = Result<Vec<CustomerFact>, CustomerRefusal>;

fn one(fact: CustomerFact) -> Facts {
    Ok(vec![fact])
}

impl Decider for Customer {
    type Id = PersonId;
    type Command = CustomerCommand;
    type Fact = CustomerFact;
    type Refusal = CustomerRefusal;

    fn decide(&self, command: &CustomerCommand, _: Timestamp) -> Facts {
        match (command, self) {
            (CustomerCommand::Forget, Customer::Unknown) => Err(CustomerRefusal::Unknown),
            (CustomerCommand::Forget, Customer::Forgotten) => Ok(vec![]),
            (CustomerCommand::Forget, _) => one(CustomerFact::Forgotten),
            (_, Customer::Closed | Customer::Forgotten) => Err(CustomerRefusal::Closed),
            (CustomerCommand::Meet { country, .. }, _)
                if !(2..=60).contains(&country.chars().count()) =>
            {
                Err(CustomerRefusal::BadCountry)
            }
            (CustomerCommand::Meet { country, email }, Customer::Unknown) => {
                one(CustomerFact::Met { country: country.clone(), email: *email })
            }
            (CustomerCommand::Meet { .. }, _) => Ok(vec![]),
            (CustomerCommand::Register { email }, Customer::Unknown | Customer::Guest) => {
                one(CustomerFact::Registered { email: *email })
            }
            (CustomerCommand::Register { .. }, _) => Err(CustomerRefusal::AlreadyRegistered),
            (_, Customer::Unknown) => Err(CustomerRefusal::Unknown),
            (CustomerCommand::Suspend, Customer::Suspended { .. }) => Ok(vec![]),
            (CustomerCommand::Suspend, _) => one(CustomerFact::Suspended),
            (CustomerCommand::Reinstate, Customer::Suspended { .. }) => {
                one(CustomerFact::Reinstated)
            }
            (CustomerCommand::Reinstate, _) => Ok(vec![]),
            (CustomerCommand::Close, _) => one(CustomerFact::Closed),
        }
    }

    fn evolve(&mut self, fact: &CustomerFact) {
        *self = match (fact, *self) {
            (CustomerFact::Met { .. }, _) => Customer::Guest,
            (CustomerFact::Registered { .. }, _) => Customer::Member,
            (CustomerFact::Suspended, before) => {
                Customer::Suspended { member: before == Customer::Member }
            }
            (CustomerFact::Reinstated, Customer::Suspended { member: true }) => Customer::Member,
            (CustomerFact::Reinstated, _) => Customer::Guest,
            (CustomerFact::Closed, _) => Customer::Closed,
            (CustomerFact::Forgotten, _) => Customer::Forgotten,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::spec::given;

    fn met() -> CustomerFact {
        CustomerFact::Met { country: "France".into(), email: None }
    }

    fn email() -> VaultId {
        "00000000-0000-4000-8000-000000000009".parse().unwrap()
    }

    #[test]
    fn a_guest_is_met_once() {
        let meet = || CustomerCommand::Meet { country: "France".into(), email: None };
        given::<Customer>([]).when(meet()).then([met()]);
        given::<Customer>([met()]).when(meet()).then_nothing_happened();
        let short = CustomerCommand::Meet { country: "F".into(), email: None };
        given::<Customer>([]).when(short).refused(CustomerRefusal::BadCountry);
        let long = CustomerCommand::Meet { country: "x".repeat(61).into(), email: None };
        given::<Customer>([]).when(long).refused(CustomerRefusal::BadCountry);
    }

    #[test]
    fn a_guest_becomes_a_member_once() {
        let registered = CustomerFact::Registered { email: email() };
        let register = || CustomerCommand::Register { email: email() };
        given::<Customer>([met()]).when(register()).then([registered.clone()]);
        let member = given::<Customer>([met(), registered]);
        member.when(register()).refused(CustomerRefusal::AlreadyRegistered);
    }

    #[test]
    fn who_is_suspended_becomes_again_what_he_was() {
        let registered = CustomerFact::Registered { email: email() };
        let facts = [met(), registered, CustomerFact::Suspended, CustomerFact::Reinstated];
        assert_eq!(*given::<Customer>(facts).state(), Customer::Member);
        let facts = [met(), CustomerFact::Suspended, CustomerFact::Reinstated];
        assert_eq!(*given::<Customer>(facts).state(), Customer::Guest);
        given::<Customer>([]).when(CustomerCommand::Suspend).refused(CustomerRefusal::Unknown);
        given::<Customer>([met()]).when(CustomerCommand::Reinstate).then_nothing_happened();
    }

    #[test]
    fn who_is_closed_or_forgotten_stays_so_and_forgetting_is_always_possible() {
        let closed = || given::<Customer>([met(), CustomerFact::Closed]);
        closed().when(CustomerCommand::Suspend).refused(CustomerRefusal::Closed);
        closed().when(CustomerCommand::Forget).then([CustomerFact::Forgotten]);
        let forgotten = given::<Customer>([met(), CustomerFact::Forgotten]);
        forgotten.when(CustomerCommand::Forget).then_nothing_happened();
    }
}
