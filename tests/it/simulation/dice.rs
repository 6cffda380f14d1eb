//! Chance that can be had again: a small generator with a seed, and dice that depend on a place alone.

use std::hash::{DefaultHasher, Hash, Hasher as _};

/// A generator (SplitMix64).
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// Returns dice for one place: whatever was thrown before, they fall the same way.
    pub(super) fn at(seed: u64, place: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        (seed, place).hash(&mut hasher);
        Self(hasher.finish())
    }

    pub(super) const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % end as u64).unwrap()
    }

    /// Returns whether something happens that happens this often in a hundred.
    pub(super) const fn chance(&mut self, percent: u64) -> bool {
        self.roll() % 100 < percent
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
