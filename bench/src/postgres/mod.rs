//! The yardstick for storage: PostgreSQL with the same durable order, written by hand.
//!
//! No HTTP, no cart, no view and nobody to be paid: the clients speak SQL to the server directly.

mod orders;

pub(crate) use orders::{Form, SKUS, Taste, Teller};

use crate::{Fallible, child::Program};
use rustix::process::{Signal, geteuid};
use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
    rc::Rc,
};
use tokio_postgres::{Client, Config, NoTls};

/// Where Debian's packages put the server; below it a folder a version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// A server of our own, with a new data folder.
#[derive(Debug)]
pub(crate) struct Postgres {
    program: Program,
    // Deleted when it goes out of scope, after the server has ended.
    folder: tempfile::TempDir,
    /// What it calls itself.
    pub(crate) version: String,
}

impl Postgres {
    /// Makes a data folder, starts a server on it and makes the tables.
    ///
    /// # Errors
    /// When there is no PostgreSQL, or it does not start.
    pub(crate) async fn start(programs: Option<&Path>, below: &Path) -> Fallible<Postgres> {
        let programs = match programs {
            Some(programs) => programs.to_owned(),
            None => newest(Path::new(DEBIAN)).ok_or(
                "no PostgreSQL server found: apt-get install postgresql, or name the folder of \
                 `initdb` with --postgres",
            )?,
        };
        let folder = tempfile::Builder::new().prefix("cartage-bench-pg-").tempdir_in(below)?;
        let owner = if geteuid().is_root() { Some(postgres_user()?) } else { None };
        if let Some((user, group)) = owner {
            chown(folder.path(), Some(user), Some(group))?;
        }
        let command = |name: &str| {
            let mut command = Command::new(programs.join(name));
            command.current_dir(folder.path());
            if let Some((user, group)) = owner {
                command.uid(user).gid(group);
            }
            command
        };
        let tables = folder.path().join("tables");
        let made = command("initdb")
            .args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale", "C", "-D"])
            .arg(&tables)
            .output()
            .map_err(|error| format!("{}: {error}", programs.join("initdb").display()))?;
        if !made.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&made.stderr)).into());
        }
        let mut server = command("postgres");
        server
            .arg("-D")
            .arg(&tables)
            .arg("-k")
            .arg(folder.path())
            .args(["-c", "listen_addresses="]);
        for setting in SETTINGS {
            server.args(["-c", setting]);
        }
        let log = below.join("postgres.log");
        let mut program = Program::start("PostgreSQL", &mut server, &log)?;
        program.until(async || connect(folder.path()).await.is_ok()).await?;
        let client = connect(folder.path()).await?;
        client.batch_execute(include_str!("schema.sql")).await?;
        let version: String = client.query_one("SHOW server_version", &[]).await?.get(0);
        Ok(Postgres { program, folder, version })
    }

    /// Clients that order so many articles in one of the two forms, each with a connection of its own.
    ///
    /// # Errors
    /// When one cannot connect.
    pub(crate) async fn tellers(
        &self,
        many: usize,
        form: Form,
        (taste, skus): (Taste, usize),
    ) -> Fallible<Vec<Teller>> {
        let mut tellers = Vec::with_capacity(many);
        for number in 0..many {
            let client = Rc::new(connect(self.folder.path()).await?);
            tellers.push(Teller::new(client, number, form, (taste, skus)).await?);
        }
        Ok(tellers)
    }

    /// Before a measurement: what the last one has left to write is written, dead rows are taken away.
    ///
    /// # Errors
    /// When the server is gone.
    pub(crate) async fn settle(&self) -> Fallible<()> {
        let client = connect(self.folder.path()).await?;
        client.batch_execute("VACUUM (ANALYZE) stock").await?;
        client.batch_execute("CHECKPOINT").await?;
        Ok(())
    }

    /// Whether as many pieces have left the shelf as stand in orders.
    ///
    /// # Errors
    /// When they have not, or the server is gone.
    pub(crate) async fn check(&self) -> Fallible<()> {
        let client = connect(self.folder.path()).await?;
        let sums = "SELECT (SELECT sum(1000000000 - available) FROM stock)::bigint, \
                    (SELECT coalesce(sum(quantity), 0) FROM order_lines)::bigint";
        let row = client.query_one(sums, &[]).await?;
        let (taken, ordered): (i64, i64) = (row.get(0), row.get(1));
        if taken != ordered {
            return Err(format!("PostgreSQL has lost count: {taken} taken, {ordered} sold").into());
        }
        Ok(())
    }

    /// Ends the server and deletes its data.
    ///
    /// # Errors
    /// When it does not end.
    pub(crate) async fn stop(self) -> Fallible<()> {
        self.program.stop(Signal::INT).await
    }
}

/// Its own defaults hold for durability (`fsync`, `synchronous_commit`, `full_page_writes` are on);
/// memory and log are as large as somebody who knows it would make them.
const SETTINGS: [&str; 5] = [
    "shared_buffers=1GB",
    "max_connections=200",
    "max_wal_size=8GB",
    "checkpoint_timeout=15min",
    "wal_compression=off",
];

async fn connect(folder: &Path) -> Fallible<Client> {
    let mut config = Config::new();
    config.host_path(folder).user("postgres").dbname("postgres");
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        // Whoever asks over a broken connection is told so by his client.
        let _ = connection.await;
    });
    Ok(client)
}

/// The folder of programs of the newest version that is there.
fn newest(below: &Path) -> Option<PathBuf> {
    let versions = fs::read_dir(below).ok()?.flatten();
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let found = versions.map(|entry| entry.path()).filter(|path| path.join("bin/initdb").is_file());
    found.max_by_key(|path| number(path)).map(|path| path.join("bin"))
}

/// Number and group of the user whom Debian's packages make: the server refuses to be root's.
fn postgres_user() -> Fallible<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd")?;
    let found = users.lines().find_map(|line| {
        let mut fields = line.strip_prefix("postgres:")?.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    Ok(found.ok_or("there is no user postgres: the server refuses to run as root")?)
}
