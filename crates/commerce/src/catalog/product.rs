//! One product: commands, refusals, what it remembers, and its rules.

use super::{Description, ProductFact, VariantDetails, texts};
use compact_str::CompactString;
use kernel::{Decider, Money, ProductId, Sku, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Variants of one product.
pub const VARIANTS: usize = 250;

/// What may be asked of a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ProductCommand {
    /// A new product, not yet to be seen, with all or nothing of this.
    Create {
        /// What it is called.
        title: CompactString,
        /// What is said of it.
        #[serde(default)]
        description: Box<Description>,
        /// Where it stands.
        #[serde(default)]
        categories: BTreeSet<CompactString>,
        /// In which forms it comes.
        #[serde(default)]
        variants: Vec<NewVariant>,
    },
    /// It is called otherwise.
    Retitle { title: CompactString },
    /// This is to be said of it; what is none stays.
    Describe {
        /// What it is called.
        title: Option<CompactString>,
        /// What is said of it.
        description: Box<Description>,
        /// Where it stands: all of it.
        categories: Option<BTreeSet<CompactString>>,
    },
    /// It comes in this form as well.
    AddVariant(Box<NewVariant>),
    /// This is to be said of this form, and nothing else.
    DescribeVariant { sku: Sku, details: Box<VariantDetails> },
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

/// A form in which a product is to come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewVariant {
    /// Its SKU.
    pub sku: Sku,
    /// What one costs.
    pub price: Money,
    /// False for postage and the like.
    pub stock_kept: bool,
    /// What else is known of it.
    #[serde(default)]
    pub details: VariantDetails,
}

impl ProductCommand {
    /// A new product of which nothing but its title is known.
    pub fn create(title: impl Into<CompactString>) -> ProductCommand {
        let (description, categories, variants) = Default::default();
        ProductCommand::Create { title: title.into(), description, categories, variants }
    }

    /// One more form, of which nothing but its price is known.
    pub fn add_variant(sku: Sku, price: Money, stock_kept: bool) -> ProductCommand {
        let details = VariantDetails::default();
        ProductCommand::AddVariant(Box::new(NewVariant { sku, price, stock_kept, details }))
    }
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
    /// Not a name for addresses.
    #[error("a slug has 1 to 100 of a-z, 0-9 and -")]
    BadSlug,
    /// Beyond the limit.
    #[error("a description has at most 10,000 bytes")]
    LongDescription,
    /// Beyond the limit.
    #[error("a brand has at most 100 bytes")]
    LongBrand,
    /// Not a name for tax classes.
    #[error("a tax class has at most 100 of a-z, 0-9 and -")]
    BadTaxClass,
    /// Not a name for categories.
    #[error("a category has 1 to 100 of a-z, 0-9 and -")]
    BadCategory,
    /// Beyond the limit.
    #[error("a product stands in at most 20 categories")]
    TooManyCategories,
    /// Without a name, or too long.
    #[error("an attribute has a name of 1 to 100 bytes and a value of 1 to 500")]
    BadAttribute,
    /// Beyond the limit.
    #[error("a product has at most 50 attributes")]
    TooManyAttributes,
    /// Without a name, or too long.
    #[error("an option has a name of 1 to 100 bytes and a value of 1 to 500")]
    BadOption,
    /// Beyond the limit.
    #[error("a variant has at most 5 options")]
    TooManyOptions,
    /// Two forms that nobody can tell apart.
    #[error("{sku} has the same options: let them differ")]
    SameOptions { sku: Sku },
    /// Mistyped.
    #[error("a barcode is a GTIN of 8, 12, 13 or 14 digits, and this one's last digit is wrong")]
    BadBarcode,
    /// Nothing, or too heavy to carry.
    #[error("a unit weighs 1 gram to 1,000 kilograms")]
    BadWeight,
    /// Nothing, or too large to carry.
    #[error("a unit measures 1 millimetre to 10 metres each way")]
    BadDimensions,
    /// Nothing to sell.
    #[error("a product without a variant cannot be published: add one first")]
    NothingToSell,
}

/// Where a product stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProductStatus {
    /// Not yet to be seen.
    #[default]
    Draft,
    /// Everyone may see it.
    Active,
    /// Nobody may see it for now.
    Inactive,
    /// It never comes back.
    Discontinued,
}

/// What a product remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Product {
    title: Option<CompactString>,
    variants: BTreeMap<Sku, Variant>,
    published: bool,
    discontinued: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    withdrawn: bool,
    description: Description,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    categories: BTreeSet<CompactString>,
}

/// One form of a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// What one costs.
    pub price: Money,
    /// False for postage and the like.
    pub stock_kept: bool,
    /// What else is known of it.
    #[serde(default)]
    pub details: VariantDetails,
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
        if let ProductCommand::Create { title, .. } = command {
            return match &self.title {
                None => Product::create(command),
                Some(known) if known == title => Ok(vec![]),
                Some(_) => Err(ProductRefusal::AlreadyCreated),
            };
        }
        if self.title.is_none() {
            return Err(ProductRefusal::Unknown);
        }
        if self.discontinued {
            return match command {
                ProductCommand::Discontinue => Ok(vec![]),
                _ => Err(ProductRefusal::Discontinued),
            };
        }
        match command {
            ProductCommand::Create { .. } => Ok(vec![]),
            ProductCommand::Retitle { title } => self.retitle(title),
            ProductCommand::Describe { title, description, categories } => {
                self.describe(title.as_ref(), description, categories.as_ref())
            }
            ProductCommand::AddVariant(new) => self.add_variant(new),
            ProductCommand::DescribeVariant { sku, details } => self.describe_variant(sku, details),
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
            ProductFact::Described(new) => self.description.take_over(new),
            ProductFact::Categorised { added, removed } => {
                self.categories.extend(added.iter().cloned());
                self.categories.retain(|category| !removed.contains(category));
            }
            ProductFact::VariantAdded { sku, price, stock_kept } => {
                let details = VariantDetails::default();
                let variant = Variant { price: *price, stock_kept: *stock_kept, details };
                self.variants.insert(sku.clone(), variant);
            }
            ProductFact::VariantDescribed { sku, details } => {
                if let Some(variant) = self.variants.get_mut(sku) {
                    variant.details = (**details).clone();
                }
            }
            ProductFact::Priced { sku, price } => {
                if let Some(variant) = self.variants.get_mut(sku) {
                    variant.price = *price;
                }
            }
            ProductFact::VariantRemoved { sku } => drop(self.variants.remove(sku)),
            ProductFact::Published => (self.published, self.withdrawn) = (true, false),
            ProductFact::Withdrawn => (self.published, self.withdrawn) = (false, true),
            ProductFact::Discontinued => {
                self.published = false;
                self.discontinued = true;
            }
        }
    }
}

/// Rules.
impl Product {
    fn create(command: &ProductCommand) -> Facts {
        let ProductCommand::Create { title, description, categories, variants } = command else {
            return Ok(vec![]);
        };
        texts::title(title)?;
        let mut facts = vec![ProductFact::Created { title: title.clone() }];
        let mut product = Product { title: Some(title.clone()), ..Product::default() };
        facts.extend(product.describe(None, description, Some(categories))?);
        for new in variants {
            let added = product.add_variant(new)?;
            added.iter().for_each(|fact| product.evolve(fact));
            facts.extend(added);
        }
        Ok(facts)
    }

    fn retitle(&self, title: &CompactString) -> Facts {
        if self.title.as_ref() == Some(title) {
            return Ok(vec![]);
        }
        texts::title(title)?;
        one(ProductFact::Retitled { title: title.clone() })
    }

    /// Only what is new becomes a fact.
    fn describe(
        &self,
        title: Option<&CompactString>,
        description: &Description,
        categories: Option<&BTreeSet<CompactString>>,
    ) -> Facts {
        let mut facts = match title {
            Some(title) => self.retitle(title)?,
            None => vec![],
        };
        texts::description(description)?;
        let news = description.beyond(&self.description);
        if news != Description::default() {
            facts.push(ProductFact::Described(Box::new(news)));
        }
        if let Some(wanted) = categories.filter(|wanted| **wanted != self.categories) {
            texts::categories(wanted)?;
            let added = wanted.difference(&self.categories).cloned().collect();
            let removed = self.categories.difference(wanted).cloned().collect();
            facts.push(ProductFact::Categorised { added, removed });
        }
        Ok(facts)
    }

    fn add_variant(&self, new: &NewVariant) -> Facts {
        let NewVariant { sku, price, stock_kept, details } = new;
        match self.variants.get(sku) {
            Some(known)
                if (known.price, known.stock_kept) == (*price, *stock_kept)
                    && known.details == *details =>
            {
                return Ok(vec![]);
            }
            Some(_) => return Err(ProductRefusal::KnownVariant { sku: sku.clone() }),
            None if self.variants.len() >= VARIANTS => return Err(ProductRefusal::TooManyVariants),
            None if price.minor < 0 => return Err(ProductRefusal::BadPrice),
            None => self.must_differ(sku, details)?,
        }
        let (sku, price, stock_kept) = (sku.clone(), *price, *stock_kept);
        let added = ProductFact::VariantAdded { sku: sku.clone(), price, stock_kept };
        let said = *details != VariantDetails::default();
        let details = Box::new(details.clone());
        let described = said.then_some(ProductFact::VariantDescribed { sku, details });
        Ok([Some(added), described].into_iter().flatten().collect())
    }

    fn describe_variant(&self, sku: &Sku, details: &VariantDetails) -> Facts {
        match self.variants.get(sku) {
            None => Err(ProductRefusal::UnknownVariant { sku: sku.clone() }),
            Some(known) if known.details == *details => Ok(vec![]),
            Some(_) => {
                self.must_differ(sku, details)?;
                let (sku, details) = (sku.clone(), Box::new(details.clone()));
                one(ProductFact::VariantDescribed { sku, details })
            }
        }
    }

    fn must_differ(&self, sku: &Sku, details: &VariantDetails) -> Result<(), ProductRefusal> {
        texts::details(details)?;
        let same = |(other, variant): &(&Sku, &Variant)| {
            *other != sku && variant.details.options == details.options
        };
        match self.variants.iter().find(same) {
            Some((other, _)) if !details.options.is_empty() => {
                Err(ProductRefusal::SameOptions { sku: other.clone() })
            }
            _ => Ok(()),
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
}

/// What others may ask.
impl Product {
    /// Where it stands.
    pub fn status(&self) -> ProductStatus {
        match (self.discontinued, self.published, self.withdrawn) {
            (true, ..) => ProductStatus::Discontinued,
            (_, true, _) => ProductStatus::Active,
            (_, _, true) => ProductStatus::Inactive,
            _ => ProductStatus::Draft,
        }
    }

    /// The variants with their prices.
    pub fn variants(&self) -> &BTreeMap<Sku, Variant> {
        &self.variants
    }
}

impl Description {
    /// Says what the other says, where it says something.
    pub fn take_over(&mut self, new: &Description) {
        let Description { slug, description, brand, attributes, tax_class } = new;
        let take = |mine: &mut Option<CompactString>, new: &Option<CompactString>| {
            if new.is_some() {
                *mine = new.clone().filter(|text| !text.is_empty());
            }
        };
        take(&mut self.slug, slug);
        take(&mut self.description, description);
        take(&mut self.brand, brand);
        take(&mut self.tax_class, tax_class);
        if attributes.is_some() {
            self.attributes = attributes.clone().filter(|attributes| !attributes.is_empty());
        }
    }

    /// What of this is not said by the other already.
    fn beyond(&self, known: &Description) -> Description {
        let news = |new: &Option<CompactString>, known: &Option<CompactString>| {
            new.clone().filter(|new| new != known.as_deref().unwrap_or_default())
        };
        let attributes = self.attributes.clone();
        let none = BTreeMap::new();
        Description {
            slug: news(&self.slug, &known.slug),
            description: news(&self.description, &known.description),
            brand: news(&self.brand, &known.brand),
            attributes: attributes.filter(|new| new != known.attributes.as_ref().unwrap_or(&none)),
            tax_class: news(&self.tax_class, &known.tax_class),
        }
    }
}
