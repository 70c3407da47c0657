//! Carts: what somebody wants to buy, until it is ordered or left behind. A cart's id becomes the order's.

use kernel::{Decider, OrderId, PersonId, Quantity, Sku, Timestamp};
use serde::{Deserialize, Serialize};

/// What may be asked of a cart; limits come from the shop's configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CartCommand {
    /// A new cart, of somebody or nobody.
    Create { customer: Option<PersonId> },
    /// So many more of this; adds to a line that has it.
    Add { sku: Sku, quantity: Quantity, limits: CartLimits },
    /// So many of this line, instead of what it has.
    Change { line: u32, quantity: Quantity, limits: CartLimits },
    /// None of this line.
    Remove { line: u32 },
    /// It was ordered.
    Convert,
    /// Nobody came back for it.
    Abandon,
}

/// How large a cart may be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CartLimits {
    /// Lines of one cart.
    pub lines: u32,
    /// Units of one line.
    pub units: u32,
}

impl Default for CartLimits {
    fn default() -> CartLimits {
        CartLimits { lines: 100, units: 99 }
    }
}

/// Facts of a stream `cart/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum CartFact {
    /// There is a cart.
    #[serde(rename = "carts/created@1")]
    Created {
        /// Whose, where he is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        customer: Option<PersonId>,
    },
    /// Something is in it.
    #[serde(rename = "carts/line_added@1")]
    LineAdded {
        /// From 1, never used again.
        line: u32,
        /// What.
        sku: Sku,
        /// How many.
        units: u32,
    },
    /// It is more or less of it.
    #[serde(rename = "carts/line_changed@1")]
    LineChanged {
        /// Which.
        line: u32,
        /// How many now.
        units: u32,
    },
    /// It is not in it any more.
    #[serde(rename = "carts/line_removed@1")]
    LineRemoved {
        /// Which.
        line: u32,
    },
    /// It was ordered.
    #[serde(rename = "carts/converted@1")]
    Converted,
    /// Nobody came back for it.
    #[serde(rename = "carts/abandoned@1")]
    Abandoned,
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum CartRefusal {
    /// No such cart.
    #[error("there is no such cart")]
    Unknown,
    /// Ordered or left behind.
    #[error("this cart is closed: begin a new one")]
    Closed,
    /// No such line.
    #[error("line {line} is no line of this cart")]
    UnknownLine { line: u32 },
    /// Beyond the limit.
    #[error("a cart has at most {max} lines")]
    TooManyLines { max: u32 },
    /// Beyond the limit.
    #[error("a line has at most {max} units")]
    TooManyUnits { max: u32 },
}

/// What a cart remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cart {
    phase: Phase,
    lines: Vec<CartLine>,
    numbered: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    #[default]
    None,
    Open,
    Converted,
    Abandoned,
}

/// A line of a cart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CartLine {
    /// Its number.
    pub line: u32,
    /// What.
    pub sku: Sku,
    /// How many.
    pub units: u32,
}

type Facts = Result<Vec<CartFact>, CartRefusal>;

fn one(fact: CartFact) -> Facts {
    Ok(vec![fact])
}

impl Decider for Cart {
    type Id = OrderId;
    type Command = CartCommand;
    type Fact = CartFact;
    type Refusal = CartRefusal;

    fn decide(&self, command: &CartCommand, _: Timestamp) -> Facts {
        match (command, self.phase) {
            (CartCommand::Create { customer }, Phase::None) => {
                one(CartFact::Created { customer: *customer })
            }
            (CartCommand::Create { .. }, Phase::Open) => Ok(vec![]),
            (CartCommand::Convert, Phase::Converted) => Ok(vec![]),
            (CartCommand::Abandon, Phase::Abandoned) => Ok(vec![]),
            (_, Phase::None) => Err(CartRefusal::Unknown),
            (_, Phase::Converted | Phase::Abandoned) => Err(CartRefusal::Closed),
            (CartCommand::Add { sku, quantity, limits }, Phase::Open) => {
                self.add(sku, quantity.units(), *limits)
            }
            (CartCommand::Change { line, quantity, limits }, Phase::Open) => {
                self.change(*line, quantity.units(), *limits)
            }
            (CartCommand::Remove { line }, Phase::Open) => match self.line(*line) {
                Some(_) => one(CartFact::LineRemoved { line: *line }),
                None => Ok(vec![]),
            },
            (CartCommand::Convert, Phase::Open) => one(CartFact::Converted),
            (CartCommand::Abandon, Phase::Open) => one(CartFact::Abandoned),
        }
    }

    fn is_done(&self) -> bool {
        matches!(self.phase, Phase::Converted | Phase::Abandoned)
    }

    fn evolve(&mut self, fact: &CartFact) {
        match fact {
            CartFact::Created { .. } => self.phase = Phase::Open,
            CartFact::LineAdded { line, sku, units } => {
                self.numbered = *line;
                self.lines.push(CartLine { line: *line, sku: sku.clone(), units: *units });
            }
            CartFact::LineChanged { line, units } => {
                for known in self.lines.iter_mut().filter(|known| known.line == *line) {
                    known.units = *units;
                }
            }
            CartFact::LineRemoved { line } => self.lines.retain(|known| known.line != *line),
            CartFact::Converted => self.phase = Phase::Converted,
            CartFact::Abandoned => self.phase = Phase::Abandoned,
        }
    }
}

impl Cart {
    /// What is in it.
    pub fn lines(&self) -> &[CartLine] {
        &self.lines
    }

    /// It was ordered.
    pub fn is_converted(&self) -> bool {
        self.phase == Phase::Converted
    }

    /// Nobody came back for it.
    pub fn is_abandoned(&self) -> bool {
        self.phase == Phase::Abandoned
    }

    fn line(&self, line: u32) -> Option<&CartLine> {
        self.lines.iter().find(|known| known.line == line)
    }

    fn add(&self, sku: &Sku, units: u32, limits: CartLimits) -> Facts {
        if let Some(known) = self.lines.iter().find(|known| known.sku == *sku) {
            return self.change(known.line, known.units.saturating_add(units), limits);
        }
        if self.lines.len() >= limits.lines as usize {
            return Err(CartRefusal::TooManyLines { max: limits.lines });
        }
        let line = self.numbered + 1;
        let units = within(units, limits)?;
        one(CartFact::LineAdded { line, sku: sku.clone(), units })
    }

    fn change(&self, line: u32, units: u32, limits: CartLimits) -> Facts {
        match self.line(line) {
            None => Err(CartRefusal::UnknownLine { line }),
            Some(known) if known.units == units => Ok(vec![]),
            Some(_) => one(CartFact::LineChanged { line, units: within(units, limits)? }),
        }
    }
}

fn within(units: u32, limits: CartLimits) -> Result<u32, CartRefusal> {
    if units > limits.units {
        return Err(CartRefusal::TooManyUnits { max: limits.units });
    }
    Ok(units)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::spec::given;

    fn sku(text: &str) -> Sku {
        text.parse().unwrap()
    }

    fn add(text: &str, units: u64, lines: u32) -> CartCommand {
        let limits = CartLimits { lines, units: 10 };
        CartCommand::Add { sku: sku(text), quantity: Quantity::new(units).unwrap(), limits }
    }

    fn created() -> CartFact {
        CartFact::Created { customer: None }
    }

    fn added(line: u32, text: &str, units: u32) -> CartFact {
        CartFact::LineAdded { line, sku: sku(text), units }
    }

    #[test]
    fn the_same_thing_twice_is_one_line() {
        given::<Cart>([created()]).when(add("CUP", 2, 9)).then([added(1, "CUP", 2)]);
        let with_cups = given::<Cart>([created(), added(1, "CUP", 2)]);
        with_cups.when(add("CUP", 3, 9)).then([CartFact::LineChanged { line: 1, units: 5 }]);
    }

    #[test]
    fn a_cart_has_limits() {
        let cart = || given::<Cart>([created(), added(1, "CUP", 2)]);
        cart().when(add("MUG", 1, 1)).refused(CartRefusal::TooManyLines { max: 1 });
        cart().when(add("CUP", 9, 9)).refused(CartRefusal::TooManyUnits { max: 10 });
        given::<Cart>([]).when(add("CUP", 1, 9)).refused(CartRefusal::Unknown);
    }

    #[test]
    fn a_line_is_changed_and_removed_by_its_number_which_is_never_used_again() {
        let limits = CartLimits::default();
        let change =
            |line| CartCommand::Change { line, quantity: Quantity::new(7).unwrap(), limits };
        let cart = || given::<Cart>([created(), added(1, "CUP", 2)]);
        cart().when(change(1)).then([CartFact::LineChanged { line: 1, units: 7 }]);
        cart().when(change(2)).refused(CartRefusal::UnknownLine { line: 2 });
        cart().when(CartCommand::Remove { line: 1 }).then([CartFact::LineRemoved { line: 1 }]);
        let emptied = [created(), added(1, "CUP", 2), CartFact::LineRemoved { line: 1 }];
        given::<Cart>(emptied).when(add("MUG", 1, 9)).then([added(2, "MUG", 1)]);
    }

    #[test]
    fn a_cart_is_begun_once_and_what_is_not_in_it_needs_no_removing() {
        let create = || CartCommand::Create { customer: None };
        given::<Cart>([]).when(create()).then([created()]);
        given::<Cart>([created()]).when(create()).then_nothing_happened();
        given::<Cart>([created()]).when(CartCommand::Remove { line: 1 }).then_nothing_happened();
        let limits = CartLimits::default();
        let same = CartCommand::Change { line: 1, quantity: Quantity::new(2).unwrap(), limits };
        given::<Cart>([created(), added(1, "CUP", 2)]).when(same).then_nothing_happened();
        let cart = given::<Cart>([created(), added(1, "CUP", 2)]);
        assert_eq!(cart.state().lines().len(), 1);
        cart.when(CartCommand::Convert).then([CartFact::Converted]);
    }

    #[test]
    fn what_was_ordered_or_left_behind_is_closed() {
        let ordered = || given::<Cart>([created(), CartFact::Converted]);
        ordered().when(add("CUP", 1, 9)).refused(CartRefusal::Closed);
        ordered().when(CartCommand::Convert).then_nothing_happened();
        ordered().when(CartCommand::Abandon).refused(CartRefusal::Closed);
        given::<Cart>([created()]).when(CartCommand::Abandon).then([CartFact::Abandoned]);
    }
}
