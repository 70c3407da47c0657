//! Catalog: products, their variants with a SKU each, prices, and what is not kept in stock.

use compact_str::CompactString;
use kernel::{Decider, Money, ProductId, Sku, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Variants of one product.
const VARIANTS: usize = 250;

/// What may be asked of a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ProductCommand {
    /// A new product, not yet to be seen.
    Create { title: CompactString },
    /// It is called otherwise.
    Retitle { title: CompactString },
    /// It comes in this form as well.
    AddVariant { sku: Sku, price: Money, stock_kept: bool },
    /// This form costs something else.
    Price { sku: Sku, price: Money },
    /// This form is no longer made.
    RemoveVariant { sku: Sku },
    /// Everyone may see it.
    Publish,
    /// Nobody may see it.
    Withdraw,
    /// It never comes back.
    Discontinue,
}

/// Facts of a stream `product/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum ProductFact {
    /// There is a product.
    #[serde(rename = "catalog/created@1")]
    Created {
        /// What it is called.
        title: CompactString,
    },
    /// It is called otherwise.
    #[serde(rename = "catalog/retitled@1")]
    Retitled {
        /// How.
        title: CompactString,
    },
    /// It comes in this form.
    #[serde(rename = "catalog/variant_added@1")]
    VariantAdded {
        /// Its SKU.
        sku: Sku,
        /// What one costs.
        price: Money,
        /// False for postage and the like.
        stock_kept: bool,
    },
    /// This form costs something else.
    #[serde(rename = "catalog/priced@1")]
    Priced {
        /// Which.
        sku: Sku,
        /// What one costs now.
        price: Money,
    },
    /// This form is gone.
    #[serde(rename = "catalog/variant_removed@1")]
    VariantRemoved {
        /// Which.
        sku: Sku,
    },
    /// Everyone may see it.
    #[serde(rename = "catalog/published@1")]
    Published,
    /// Nobody may see it.
    #[serde(rename = "catalog/withdrawn@1")]
    Withdrawn,
    /// It never comes back.
    #[serde(rename = "catalog/discontinued@1")]
    Discontinued,
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ProductRefusal {
    /// No such product.
    #[error("there is no such product")]
    Unknown,
    /// There is such a product.
    #[error("this product exists already")]
    AlreadyCreated,
    /// It never comes back.
    #[error("this product is discontinued: create a new one")]
    Discontinued,
    /// 1–200 bytes.
    #[error("a title has 1 to 200 bytes")]
    BadTitle,
    /// Twice the same form.
    #[error("{sku} is a variant already: change its price instead")]
    KnownVariant { sku: Sku },
    /// No such form.
    #[error("{sku} is no variant of this product")]
    UnknownVariant { sku: Sku },
    /// Beyond the limit.
    #[error("a product has at most {VARIANTS} variants")]
    TooManyVariants,
    /// Nobody is paid for taking something.
    #[error("a price is not negative")]
    BadPrice,
    /// Nothing to sell.
    #[error("a product without a variant cannot be published: add one first")]
    NothingToSell,
}

/// What a product remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Product {
    title: Option<CompactString>,
    variants: BTreeMap<Sku, Variant>,
    published: bool,
    discontinued: bool,
}

/// One form of a product.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// What one costs.
    pub price: Money,
    /// False for postage and the like.
    pub stock_kept: bool,
}

type Facts = Result<Vec<ProductFact>, ProductRefusal>;

fn one(fact: ProductFact) -> Facts {
    Ok(vec![fact])
}

impl Decider for Product {
    type Id = ProductId;
    type Command = ProductCommand;
    type Fact = ProductFact;
    type Refusal = ProductRefusal;

    fn decide(&self, command: &ProductCommand, _: Timestamp) -> Facts {
        if let ProductCommand::Create { title } = command {
            return match &self.title {
                None => one(ProductFact::Created { title: good_title(title)? }),
                Some(known) if known == title => Ok(vec![]),
                Some(_) => Err(ProductRefusal::AlreadyCreated),
            };
        }
        let Some(known_title) = &self.title else { return Err(ProductRefusal::Unknown) };
        if self.discontinued {
            return match command {
                ProductCommand::Discontinue => Ok(vec![]),
                _ => Err(ProductRefusal::Discontinued),
            };
        }
        match command {
            ProductCommand::Create { .. } => Ok(vec![]),
            ProductCommand::Retitle { title } if title == known_title => Ok(vec![]),
            ProductCommand::Retitle { title } => {
                one(ProductFact::Retitled { title: good_title(title)? })
            }
            ProductCommand::AddVariant { sku, price, stock_kept } => {
                let variant = Variant { price: *price, stock_kept: *stock_kept };
                self.add_variant(sku, variant)
            }
            ProductCommand::Price { sku, price } => self.price(sku, *price),
            ProductCommand::RemoveVariant { sku } if self.variants.contains_key(sku) => {
                one(ProductFact::VariantRemoved { sku: sku.clone() })
            }
            ProductCommand::RemoveVariant { .. } => Ok(vec![]),
            ProductCommand::Publish if self.variants.is_empty() => {
                Err(ProductRefusal::NothingToSell)
            }
            ProductCommand::Publish if self.published => Ok(vec![]),
            ProductCommand::Publish => one(ProductFact::Published),
            ProductCommand::Withdraw if self.published => one(ProductFact::Withdrawn),
            ProductCommand::Withdraw => Ok(vec![]),
            ProductCommand::Discontinue => one(ProductFact::Discontinued),
        }
    }

    fn evolve(&mut self, fact: &ProductFact) {
        match fact {
            ProductFact::Created { title } | ProductFact::Retitled { title } => {
                self.title = Some(title.clone());
            }
            ProductFact::VariantAdded { sku, price, stock_kept } => {
                let variant = Variant { price: *price, stock_kept: *stock_kept };
                self.variants.insert(sku.clone(), variant);
            }
            ProductFact::Priced { sku, price } => {
                if let Some(variant) = self.variants.get_mut(sku) {
                    variant.price = *price;
                }
            }
            ProductFact::VariantRemoved { sku } => drop(self.variants.remove(sku)),
            ProductFact::Published => self.published = true,
            ProductFact::Withdrawn => self.published = false,
            ProductFact::Discontinued => {
                self.published = false;
                self.discontinued = true;
            }
        }
    }
}

impl Product {
    fn add_variant(&self, sku: &Sku, Variant { price, stock_kept }: Variant) -> Facts {
        match self.variants.get(sku) {
            Some(known) if *known == (Variant { price, stock_kept }) => Ok(vec![]),
            Some(_) => Err(ProductRefusal::KnownVariant { sku: sku.clone() }),
            None if self.variants.len() >= VARIANTS => Err(ProductRefusal::TooManyVariants),
            None if price.minor < 0 => Err(ProductRefusal::BadPrice),
            None => one(ProductFact::VariantAdded { sku: sku.clone(), price, stock_kept }),
        }
    }

    fn price(&self, sku: &Sku, price: Money) -> Facts {
        match self.variants.get(sku) {
            None => Err(ProductRefusal::UnknownVariant { sku: sku.clone() }),
            Some(known) if known.price == price => Ok(vec![]),
            Some(_) if price.minor < 0 => Err(ProductRefusal::BadPrice),
            Some(_) => one(ProductFact::Priced { sku: sku.clone(), price }),
        }
    }

    /// The variants with their prices.
    pub fn variants(&self) -> &BTreeMap<Sku, Variant> {
        &self.variants
    }
}

fn good_title(title: &CompactString) -> Result<CompactString, ProductRefusal> {
    if (1..=200).contains(&title.len()) { Ok(title.clone()) } else { Err(ProductRefusal::BadTitle) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Currency, spec::given};

    fn pence(minor: i64) -> Money {
        Money::new(minor, Currency::GBP)
    }

    fn sku() -> Sku {
        "85123A".parse().unwrap()
    }

    fn created() -> ProductFact {
        ProductFact::Created { title: "Lantern".into() }
    }

    fn added() -> ProductFact {
        ProductFact::VariantAdded { sku: sku(), price: pence(255), stock_kept: true }
    }

    #[test]
    fn a_product_begins_unseen_and_needs_a_variant_to_be_published() {
        let create = ProductCommand::Create { title: "Lantern".into() };
        given::<Product>([]).when(create.clone()).then([created()]);
        given::<Product>([created()]).when(create).then_nothing_happened();
        let publish = ProductCommand::Publish;
        given::<Product>([created()]).when(publish.clone()).refused(ProductRefusal::NothingToSell);
        given::<Product>([created(), added()]).when(publish).then([ProductFact::Published]);
        let bad = ProductCommand::Create { title: "".into() };
        given::<Product>([]).when(bad).refused(ProductRefusal::BadTitle);
    }

    #[test]
    fn a_variant_has_one_price_which_may_change() {
        let add = |minor| ProductCommand::AddVariant {
            sku: sku(),
            price: pence(minor),
            stock_kept: true,
        };
        given::<Product>([created()]).when(add(255)).then([added()]);
        given::<Product>([created(), added()]).when(add(255)).then_nothing_happened();
        let known = ProductRefusal::KnownVariant { sku: sku() };
        given::<Product>([created(), added()]).when(add(1)).refused(known);
        given::<Product>([created()]).when(add(-1)).refused(ProductRefusal::BadPrice);
        let price = ProductCommand::Price { sku: sku(), price: pence(300) };
        let priced = ProductFact::Priced { sku: sku(), price: pence(300) };
        given::<Product>([created(), added()]).when(price).then([priced]);
    }

    #[test]
    fn a_product_is_created_once_and_may_be_called_otherwise() {
        let create = |title: &str| ProductCommand::Create { title: title.into() };
        given::<Product>([created()]).when(create("Lamp")).refused(ProductRefusal::AlreadyCreated);
        let retitle = |title: &str| ProductCommand::Retitle { title: title.into() };
        let retitled = ProductFact::Retitled { title: "Lamp".into() };
        given::<Product>([created()]).when(retitle("Lamp")).then([retitled]);
        given::<Product>([created()]).when(retitle("Lantern")).then_nothing_happened();
        given::<Product>([created()]).when(retitle("")).refused(ProductRefusal::BadTitle);
        given::<Product>([]).when(retitle("Lamp")).refused(ProductRefusal::Unknown);
    }

    #[test]
    fn a_product_has_so_many_variants_and_no_more() {
        let nth = |n: usize| ProductFact::VariantAdded {
            sku: format!("V{n}").parse().unwrap(),
            price: pence(1),
            stock_kept: true,
        };
        let full = given::<Product>([created()].into_iter().chain((0..VARIANTS).map(nth)));
        let add = ProductCommand::AddVariant { sku: sku(), price: pence(1), stock_kept: true };
        full.when(add).refused(ProductRefusal::TooManyVariants);
    }

    #[test]
    fn a_variant_that_is_removed_is_known_no_more() {
        let remove = || ProductCommand::RemoveVariant { sku: sku() };
        let removed = ProductFact::VariantRemoved { sku: sku() };
        given::<Product>([created(), added()]).when(remove()).then([removed.clone()]);
        let gone = || given::<Product>([created(), added(), removed.clone()]);
        gone().when(remove()).then_nothing_happened();
        let price = ProductCommand::Price { sku: sku(), price: pence(1) };
        gone().when(price).refused(ProductRefusal::UnknownVariant { sku: sku() });
    }

    #[test]
    fn what_is_withdrawn_may_be_published_again() {
        let seen = || given::<Product>([created(), added(), ProductFact::Published]);
        seen().when(ProductCommand::Publish).then_nothing_happened();
        seen().when(ProductCommand::Withdraw).then([ProductFact::Withdrawn]);
        let facts = || [created(), added(), ProductFact::Published, ProductFact::Withdrawn];
        given::<Product>(facts()).when(ProductCommand::Withdraw).then_nothing_happened();
        given::<Product>(facts()).when(ProductCommand::Publish).then([ProductFact::Published]);
        let price = ProductCommand::Price { sku: sku(), price: pence(-1) };
        given::<Product>([created(), added()]).when(price).refused(ProductRefusal::BadPrice);
    }

    #[test]
    fn what_is_discontinued_never_comes_back() {
        let gone = || given::<Product>([created(), added(), ProductFact::Discontinued]);
        gone().when(ProductCommand::Publish).refused(ProductRefusal::Discontinued);
        gone().when(ProductCommand::Discontinue).then_nothing_happened();
    }
}
