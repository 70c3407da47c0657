//! Chance that is the same in every run with the same seed.

use uuid::{Builder, Uuid};

/// Sebastiano Vigna's splitmix64: small, fast, and good enough to spread orders over shelves.
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below a limit that is not 0.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        // The bias of the remainder is far below what a bench can see.
        (self.next() % limit.max(1) as u64) as usize
    }

    /// An id as a client makes it up.
    pub(super) fn uuid(&mut self) -> Uuid {
        Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    /// An id that begins with its time, in milliseconds since 1970.
    pub(super) fn uuid_at(&mut self, millis: u64) -> Uuid {
        let mut random = [0; 10];
        random.copy_from_slice(&self.bytes()[..10]);
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    fn bytes(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.next().to_le_bytes());
        bytes[8..].copy_from_slice(&self.next().to_le_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_ids() {
        assert_eq!(Chance::new(7).uuid(), Chance::new(7).uuid());
        assert_ne!(Chance::new(7).uuid(), Chance::new(8).uuid());
        assert_eq!(Chance::new(7).uuid_at(1_000).get_version_num(), 7);
    }
}
