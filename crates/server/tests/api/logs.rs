//! Everything that is logged while the tests run, at debug level, kept to be looked through.

use std::{
    io::{self, Write},
    sync::{Mutex, MutexGuard, Once, PoisonError},
};
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

static KEPT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Keeper;

impl Write for Keeper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        kept().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Keeper {
    type Writer = Keeper;

    fn make_writer(&self) -> Keeper {
        Keeper
    }
}

fn kept() -> MutexGuard<'static, Vec<u8>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on everything is kept.
pub(crate) fn keep() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let filter = EnvFilter::new("debug");
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(false)
            .with_writer(Keeper)
            .init();
    });
}

/// Every line so far that holds a text.
pub(crate) fn lines_with(text: &str) -> Vec<String> {
    let kept = String::from_utf8_lossy(&kept()).into_owned();
    kept.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
}
