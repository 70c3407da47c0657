//! How reliable a simulated provider is; everything follows from a seed.

use rustc_hash::FxHasher;
use std::hash::Hasher;

/// Chances in a thousand.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mood {
    /// Makes one run differ from another.
    pub seed: u64,
    /// It says no.
    pub declines: u32,
    /// It does not answer, and has done nothing.
    pub fails: u32,
    /// It does what it was asked, and the answer is lost.
    pub loses: u32,
    /// It answers twice.
    pub repeats: u32,
    /// It says neither yes nor no until it is asked again.
    pub hesitates: u32,
}

impl Mood {
    /// Always the same number for the same thing, below a thousand.
    pub fn dice(&self, what: &str, key: &str, attempt: u32) -> u32 {
        let mut hasher = FxHasher::default();
        hasher.write_u64(self.seed);
        hasher.write(what.as_bytes());
        hasher.write(key.as_bytes());
        hasher.write_u32(attempt);
        let mixed = hasher.finish().wrapping_mul(0x9E37_79B9_7F4A_7C15);
        ((mixed >> 40) % 1000) as u32
    }
}
