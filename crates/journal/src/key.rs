//! Under what a block is found again: a hash of whose facts it holds.

use kernel::CommandId;

/// Two things of one hash cost a needless look, nothing more. Stored, so it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u64);

impl Key {
    /// Of the root id: `order/7`, `payment/7.1` and `sell-order/7` are found together, because they
    /// are of one order and mostly in one block.
    pub fn of_stream(name: &str) -> Key {
        let id = name.split_once('/').map_or(name, |(_, id)| id);
        Key::hash(id.split_once('.').map_or(id, |(root, _)| root).as_bytes())
    }

    /// Of a command.
    pub fn of_command(id: CommandId) -> Key {
        Key::hash(id.0.as_bytes())
    }

    /// What a block's directory keeps of it.
    pub(crate) fn short(self) -> u16 {
        (self.0 >> 48) as u16
    }

    /// FNV-1a with its bits mixed once more.
    fn hash(bytes: &[u8]) -> Key {
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, step);
        Key((hash ^ (hash >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }
}
