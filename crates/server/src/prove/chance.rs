//! Chance that is the same in every run with the same seed.

/// Sebastiano Vigna's splitmix64.
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below a limit that is not 0.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// Another row of chance, which goes its own way.
    pub(super) fn branch(&mut self) -> Chance {
        Chance(self.next())
    }

    /// A key that nobody else has.
    pub(super) fn key(&mut self) -> String {
        format!("{:016x}{:016x}", self.next(), self.next())
    }
}
