//! Chance that is the same in every run with the same seed.

use uuid::{Builder, Uuid};

/// Sebastiano Vigna's splitmix64: small, fast, and good enough to spread orders over shelves.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below a limit that is not 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        // The bias of the remainder is far below what a bench can see.
        (self.next() % limit.max(1) as u64) as usize
    }

    /// So many different numbers below a limit, smallest first.
    ///
    /// Ascending, because whoever locks rows has to take them in one order; it costs the shop nothing.
    pub(crate) fn several(&mut self, many: usize, limit: usize) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::with_capacity(many);
        while found.len() < many.min(limit) {
            let one = self.below(limit);
            if !found.contains(&one) {
                found.push(one);
            }
        }
        found.sort_unstable();
        found
    }

    /// A key as a client makes it up.
    pub(crate) fn uuid(&mut self) -> Uuid {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.next().to_le_bytes());
        bytes[8..].copy_from_slice(&self.next().to_le_bytes());
        Builder::from_random_bytes(bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_keys() {
        assert_eq!(Chance::new(7).uuid(), Chance::new(7).uuid());
        assert_ne!(Chance::new(7).uuid(), Chance::new(8).uuid());
    }

    #[test]
    fn the_lines_of_an_order_name_different_goods() {
        let mut chance = Chance::new(1);
        for _ in 0..100 {
            let several = chance.several(3, 4);
            assert!(several.windows(2).all(|pair| pair[0] < pair[1]), "{several:?}");
        }
        assert_eq!(chance.several(5, 2), [0, 1]);
    }
}
