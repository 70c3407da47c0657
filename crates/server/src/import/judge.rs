//! What a row leads to: the commands that the API would give, tried on the product as it is. Pure.

use super::{
    entry::{Entry, Opening, VariantEntry},
    fault::Fault,
};
use crate::http::refused;
use commerce::catalog::{Description, NewVariant, Product, ProductCommand, VariantDetails};
use engine::Rejection;
use flows::{Command, Refusal};
use kernel::{CommandId, Decider, ProductId, Sku, Timestamp};
use serde::Serialize;
use warehouse::inventory::{Stock, StockCommand};

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// The product is new, or every variant that the row names.
    Created,
    /// Something is otherwise than before.
    Changed,
    /// All of it was so already.
    Unchanged,
}

/// A product as it is now.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) product: Product,
    pub(super) exists: bool,
}

/// A row that is right.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) outcome: Outcome,
    /// What is to be asked, in this order; some under a name that guards it for ever.
    pub(super) commands: Vec<(Option<CommandId>, Command)>,
    /// The product afterwards.
    pub(super) known: Known,
}

/// Judges a row; `never_counted` tells of which SKUs there was never any stock.
pub(super) fn judge(
    id: ProductId,
    known: &Known,
    entry: &Entry,
    never_counted: impl Fn(&Sku) -> bool,
) -> Result<Judged, Fault> {
    let mut draft = Draft { product: known.product.clone(), commands: Vec::new() };
    let is_new = |variant: &VariantEntry| !known.product.variants().contains_key(&variant.sku);
    let all_new = !entry.variants.is_empty() && entry.variants.iter().all(is_new);
    match known.exists {
        true => draft.change(entry)?,
        false => draft.create(entry)?,
    }
    match entry.visible {
        Some(true) => draft.obey(ProductCommand::Publish)?,
        Some(false) => draft.obey(ProductCommand::Withdraw)?,
        None => {}
    }
    let asked = draft.commands.into_iter();
    let mut commands: Vec<(Option<CommandId>, Command)> =
        asked.map(|command| (None, Command::Product(id, command))).collect();
    for (at, variant) in entry.variants.iter().enumerate() {
        let Some(opening) = &variant.opening else { continue };
        let kept = draft.product.variants().get(&variant.sku).is_some_and(|known| known.stock_kept);
        if !kept {
            let fault =
                Fault::new("STOCK_NOT_KEPT", format!("{} is not kept in stock", variant.sku));
            return Err(fault.at(format!("/variants/{at}/stock")));
        }
        if never_counted(&variant.sku) {
            commands.push(receive(&variant.sku, opening)?);
        }
    }
    let outcome = match (known.exists && !all_new, commands.is_empty()) {
        (false, false) => Outcome::Created,
        (_, false) => Outcome::Changed,
        (_, true) => Outcome::Unchanged,
    };
    Ok(Judged { outcome, commands, known: Known { product: draft.product, exists: true } })
}

/// Its id says what it is, so that it is obeyed once whoever asks again.
fn receive(sku: &Sku, opening: &Opening) -> Result<(Option<CommandId>, Command), Fault> {
    let Opening { site, quantity, location, lot, reference } = opening.clone();
    let id = CommandId::derive("import/opening-stock", &format!("{site}/{sku}"));
    let receive = StockCommand::Receive { site, quantity, location, lot, reference };
    let tried = Stock::default().decide(&receive, Timestamp::MIN);
    tried.map_err(|refusal| fault(Refusal::Stock(refusal)))?;
    Ok((Some(id), Command::Stock(sku.clone(), receive)))
}

/// A product on which commands are tried.
struct Draft {
    product: Product,
    commands: Vec<ProductCommand>,
}

impl Draft {
    /// Keeps the command if anything follows from it.
    fn obey(&mut self, command: ProductCommand) -> Result<(), Fault> {
        // No rule of a product asks for the time.
        let facts = self.product.decide(&command, Timestamp::MIN);
        let facts = facts.map_err(|refusal| fault(Refusal::Product(refusal)))?;
        if !facts.is_empty() {
            facts.iter().for_each(|fact| self.product.evolve(fact));
            self.commands.push(command);
        }
        Ok(())
    }

    fn create(&mut self, entry: &Entry) -> Result<(), Fault> {
        let title = entry.name.clone().ok_or_else(|| {
            let named = entry.slug.as_ref().map_or(String::new(), |slug| format!(" {slug:?}"));
            let reason = format!("there is no product{named} yet, and a new one needs a name");
            Fault::new("IMPORT_NAME_MISSING", reason)
        })?;
        self.obey(ProductCommand::Create {
            title,
            description: Box::new(Description { slug: entry.slug.clone(), ..entry.said.clone() }),
            categories: entry.categories.clone().unwrap_or_default(),
            variants: entry.variants.iter().map(new_variant).collect::<Result<_, _>>()?,
        })
    }

    /// Its slug stays: people and search engines know the product by it.
    fn change(&mut self, entry: &Entry) -> Result<(), Fault> {
        self.obey(ProductCommand::Describe {
            title: entry.name.clone(),
            description: Box::new(entry.said.clone()),
            categories: entry.categories.clone(),
        })?;
        entry.variants.iter().try_for_each(|variant| self.variant(variant))
    }

    fn variant(&mut self, entry: &VariantEntry) -> Result<(), Fault> {
        let sku = entry.sku.clone();
        let Some(known) = self.product.variants().get(&sku).cloned() else {
            return self.obey(ProductCommand::AddVariant(Box::new(new_variant(entry)?)));
        };
        if entry.stock_kept.is_some_and(|kept| kept != known.stock_kept) {
            let is = if known.stock_kept { "is" } else { "is not" };
            let reason = format!("{sku} {is} kept in stock, and that cannot change any more");
            return Err(Fault::new("IMPORT_STOCK_KEPT", reason));
        }
        if let Some(price) = entry.price {
            self.obey(ProductCommand::Price { sku: sku.clone(), price })?;
        }
        let details = Box::new(entry.details(&known.details));
        self.obey(ProductCommand::DescribeVariant { sku, details })
    }
}

fn new_variant(entry: &VariantEntry) -> Result<NewVariant, Fault> {
    let price = entry.price.ok_or_else(|| {
        let reason = format!("there is no variant {} yet, and a new one needs a price", entry.sku);
        Fault::new("IMPORT_PRICE_MISSING", reason)
    })?;
    Ok(NewVariant {
        sku: entry.sku.clone(),
        price,
        stock_kept: entry.stock_kept.unwrap_or(true),
        details: entry.details(&VariantDetails::default()),
    })
}

/// The business's *no*, as the API tells it.
pub(super) fn fault(refusal: Refusal) -> Fault {
    Fault::of(&refused::rejected(Rejection::Refused(refusal)))
}
