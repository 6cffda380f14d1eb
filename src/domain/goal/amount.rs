//! Amounts: numbers that are compared and stored, exact to a millionth.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::domain::text::grouped;

/// How many parts make one.
const SCALE: i64 = 1_000_000;
/// The largest amount, either side of zero.
const LARGEST: f64 = 1e12;

/// A number, exact to a millionth. Stored as a number of JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The smallest amount above nothing.
    pub const LEAST: Self = Self(1);
    /// One.
    pub const ONE: Self = Self(SCALE);

    /// Returns the amount that is nearest to a number; nothing for what is no number or too large.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "it is bounded before")]
    pub fn of(number: f64) -> Option<Self> {
        (number.is_finite() && number.abs() <= LARGEST).then(|| Self((number * SCALE as f64).round() as i64))
    }

    /// Returns the amount of a number that is bounded already; of anything else the nearest bound, and zero for no number.
    #[must_use]
    pub fn bounded(number: f64) -> Self {
        Self::of(if number.is_nan() { 0.0 } else { number.clamp(-LARGEST, LARGEST) }).unwrap_or_default()
    }

    /// Returns a whole number, at most the largest amount.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "it is bounded by what a float holds exactly")]
    pub fn whole(number: u64) -> Self {
        Self::bounded(number.min(1_000_000_000_000) as f64)
    }

    /// Returns by how much it is more than another one; less than nothing when it is not.
    #[must_use]
    pub const fn above(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }

    /// Returns whether it is at most this share of another one, whatever the sign of that.
    #[must_use]
    pub fn is_within(self, share: Self, of: Self) -> bool {
        i128::from(self.0) * i128::from(SCALE) <= i128::from(of.0).abs() * i128::from(share.0)
    }

    /// Returns the number.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the largest amount is below what a float holds exactly, but for the last digits")]
    pub fn number(self) -> f64 {
        self.0 as f64 / SCALE as f64
    }
}

impl fmt::Display for Amount {
    /// Writes it for people: groups of three digits, and at most two behind the point.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = (self.0.unsigned_abs() + 5_000) / 10_000;
        let sign = if self.0 < 0 && hundredths > 0 { "-" } else { "" };
        let (whole, rest) = (grouped(hundredths / 100), hundredths % 100);
        match rest {
            0 => write!(f, "{sign}{whole}"),
            rest if rest % 10 == 0 => write!(f, "{sign}{whole}.{}", rest / 10),
            rest => write!(f, "{sign}{whole}.{rest:02}"),
        }
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % SCALE == 0 { serializer.serialize_i64(self.0 / SCALE) } else { serializer.serialize_f64(self.number()) }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        Self::of(number).ok_or_else(|| D::Error::custom("the number is too large"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_groups_and_two_digits() {
        let check = |number: f64, expect: &str| assert_eq!(Amount::bounded(number).to_string(), expect);
        check(0.0, "0");
        check(41_200.0, "41,200");
        check(83.5, "83.5");
        check(66.666_666_7, "66.67");
        check(0.05, "0.05");
        check(-0.001, "0");
        check(-12.25, "-12.25");
        check(f64::NAN, "0");
        check(f64::INFINITY, "1,000,000,000,000");
    }

    #[test]
    fn what_is_stored_is_read_again() {
        let check = |number: f64, json: &str| {
            let amount = Amount::of(number).unwrap();
            assert_eq!(serde_json::to_string(&amount).unwrap(), json);
            assert_eq!(serde_json::from_str::<Amount>(json).unwrap(), amount);
        };
        check(0.0, "0");
        check(50_000.0, "50000");
        check(0.824, "0.824");
        check(-1.5, "-1.5");
        check(1e12, "1000000000000");
        check(2.0 / 3.0, "0.666667");
        assert!(serde_json::from_str::<Amount>("1e13").is_err());
        assert_eq!((Amount::of(f64::NAN), Amount::of(1e13)), (None, None));
    }
}
