//! Placing an order in SQL: statement by statement in a transaction, or as one call.

use crate::{
    Fallible,
    asks::SHIP_TO,
    chance::Chance,
    load::{Client, Outcome},
};
use serde::Serialize;
use std::rc::Rc;
use tokio_postgres::{Client as Connection, Error, Statement};

/// How an order is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Form {
    /// As an application does it that was written by hand: a round trip for each statement.
    Transaction,
    /// One call of a function in the server.
    Procedure,
}

/// What is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Taste {
    /// So many different articles, each as likely as any other.
    Uniform { lines: usize },
    /// One article that everybody wants.
    Hot,
}

/// How many articles there are at the most; `schema.sql` has as many.
pub(crate) const SKUS: usize = 10_000;

impl Taste {
    /// Numbers of articles below this, ascending.
    pub(crate) fn pick(self, chance: &mut Chance, skus: usize) -> Vec<usize> {
        match self {
            Taste::Uniform { lines } => chance.several(lines, skus),
            Taste::Hot => vec![0],
        }
    }

    pub(crate) fn name(self) -> String {
        match self {
            Taste::Uniform { lines: 1 } => "1 line".to_owned(),
            Taste::Uniform { lines } => format!("{lines} lines"),
            Taste::Hot => "1 line, hot SKU".to_owned(),
        }
    }
}

/// The message that goes into the outbox, of the length of such messages.
const MESSAGE: &str = r#"{"type":"OrderPlaced","version":1,"occurred_at":"2026-11-20T10:00:00.000Z","customer":{"id":"c-102938"},"lines":[{"sku":"BENCH-01234","quantity":1,"price_minor":1999}],"total":{"minor":1999,"currency":"GBP"},"trace":"4bf92f3577b34da6a3ce929d0e0e4736"}"#;

/// A client with its own connection and prepared statements.
pub(crate) struct Teller {
    connection: Rc<Connection>,
    statements: Statements,
    chance: Chance,
    form: Form,
    taste: Taste,
    skus: usize,
}

struct Statements {
    take: Statement,
    order: Statement,
    lines: Statement,
    reserve: Statement,
    publish: Statement,
    call: Statement,
}

impl Statements {
    async fn prepare(connection: &Connection) -> Result<Statements, Error> {
        let prepare = |text| connection.prepare(text);
        Ok(Statements {
            take: prepare(
                "UPDATE stock SET available = available - 1, version = version + 1 \
                 WHERE sku = $1 AND available >= 1",
            )
            .await?,
            order: prepare(
                "INSERT INTO orders (key, email, ship_to, payment_method, total_minor) \
                 VALUES ($1::text::uuid, $2, $3::text::jsonb, 'card', $4) RETURNING id",
            )
            .await?,
            lines: prepare(
                "INSERT INTO order_lines SELECT $1, line, sku, 1, 1999 \
                 FROM unnest($2::int[]) WITH ORDINALITY AS lines (sku, line)",
            )
            .await?,
            reserve: prepare(
                "INSERT INTO reservations (order_id, expires_at) \
                 VALUES ($1, now() + interval '15 min')",
            )
            .await?,
            publish: prepare(
                "INSERT INTO outbox (stream, type, payload) VALUES \
                 ($1, 'OrderPlaced', $2::text::jsonb), ($1, 'StockReserved', $2::text::jsonb)",
            )
            .await?,
            call: prepare(
                "SELECT place_order($1::text::uuid, $2, $3::text::jsonb, $4, $5::text::jsonb)",
            )
            .await?,
        })
    }
}

impl Teller {
    pub(crate) async fn new(
        connection: Rc<Connection>,
        number: usize,
        form: Form,
        (taste, skus): (Taste, usize),
    ) -> Fallible<Teller> {
        let statements = Statements::prepare(&connection).await?;
        // Keys have to differ from run to run: the tables are kept.
        let seed = std::time::UNIX_EPOCH.elapsed()?.as_nanos() as u64;
        let chance = Chance::new(seed.wrapping_mul(4096).wrapping_add(number as u64));
        Ok(Teller { connection, statements, chance, form, taste, skus })
    }

    /// False when a line is out of stock: then nothing has been written.
    async fn place(&mut self) -> Result<bool, Error> {
        let key = self.chance.uuid().to_string();
        // Articles have numbers below ten thousand.
        let skus: Vec<i32> = self
            .taste
            .pick(&mut self.chance, self.skus)
            .into_iter()
            .map(|sku| sku as i32)
            .collect();
        match self.form {
            Form::Transaction => self.transaction(&key, &skus).await,
            Form::Procedure => self.procedure(&key, &skus).await,
        }
    }

    async fn transaction(&self, key: &str, skus: &[i32]) -> Result<bool, Error> {
        let (connection, statements) = (&self.connection, &self.statements);
        connection.batch_execute("BEGIN").await?;
        for sku in skus {
            if connection.execute(&statements.take, &[sku]).await? == 0 {
                connection.batch_execute("ROLLBACK").await?;
                return Ok(false);
            }
        }
        let total = 1999 * skus.len() as i64;
        let row = connection
            .query_one(&statements.order, &[&key, &"a@example.org", &SHIP_TO, &total])
            .await?;
        let order: i64 = row.get(0);
        connection.execute(&statements.lines, &[&order, &skus]).await?;
        connection.execute(&statements.reserve, &[&order]).await?;
        connection.execute(&statements.publish, &[&order, &MESSAGE]).await?;
        connection.batch_execute("COMMIT").await?;
        Ok(true)
    }

    async fn procedure(&self, key: &str, skus: &[i32]) -> Result<bool, Error> {
        let call = &self.statements.call;
        self.connection
            .query_one(call, &[&key, &"a@example.org", &SHIP_TO, &skus, &MESSAGE])
            .await?;
        Ok(true)
    }
}

impl Client for Teller {
    async fn ready(&mut self) -> Fallible<()> {
        // Connected since it was made.
        Ok(())
    }

    async fn ask(&mut self) -> Outcome {
        match self.place().await {
            Ok(true) => Outcome::Done,
            Ok(false) => Outcome::Failed("out of stock".to_owned()),
            Err(error) => {
                let why =
                    error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string);
                // The connection goes on with whatever is next.
                let _ = self.connection.batch_execute("ROLLBACK").await;
                Outcome::Failed(why)
            }
        }
    }
}
