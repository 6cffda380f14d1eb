//! Budgets as they are written on the command line, in variables and in git's configuration: `run.usd=5`, `workstream.tokens=200k`,
//! `day.minutes=30`.

use std::fmt;

use super::{BudgetKey, BudgetScope, Measure};

/// The most of anything: no sum of it ever overflows, and no float loses a part of it.
const MOST: u64 = 9_000_000_000_000_000;

/// One budget as somebody wishes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetWish {
    /// Which amount.
    pub key: BudgetKey,
    /// Millionths of a dollar, tokens, or seconds; `None` lifts what weaker settings bound.
    pub amount: Option<u64>,
}

/// Why a text is no budget.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BudgetWordError {
    /// There is no `=`, or nothing before it.
    #[error("`{0}` is no budget; write one such as `run.usd=5`")]
    NoBudget(String),
    /// There is no such scope.
    #[error("there is no budget for `{0}`; it is for an attempt, a workstream, a run or a day")]
    Scope(String),
    /// There is no such measure.
    #[error("a budget has no `{0}`; it has usd, tokens and minutes")]
    Measure(String),
    /// The amount can not be read.
    #[error("`{text}` is no amount of {of}; write {example}, or `none` for no bound")]
    Amount {
        /// The text.
        text: String,
        /// What it is an amount of.
        of: &'static str,
        /// How one is written.
        example: &'static str,
    },
}

impl BudgetWish {
    /// Reads `SCOPE.MEASURE=AMOUNT`.
    ///
    /// # Errors
    /// Returns [`BudgetWordError`] that says which part can not be read, and how it is written.
    pub fn parse(text: &str) -> Result<Self, BudgetWordError> {
        let no_budget = || BudgetWordError::NoBudget(text.to_owned());
        let (key, amount) = text.split_once('=').ok_or_else(no_budget)?;
        let (scope, measure) = key.trim().split_once('.').ok_or_else(no_budget)?;
        let wanted = scope.to_ascii_lowercase();
        let scope = BudgetScope::ALL.into_iter().find(|one| one.word() == wanted).ok_or(BudgetWordError::Scope(scope.to_owned()))?;
        let unit = Unit::parse(measure).ok_or_else(|| BudgetWordError::Measure(measure.to_owned()))?;
        Ok(Self { key: BudgetKey { scope, measure: unit.measure() }, amount: unit.amount(amount.trim())? })
    }
}

impl BudgetKey {
    /// Reads an amount for this key, as people write it: minutes where time is measured. `none` is no bound.
    ///
    /// # Errors
    /// Returns [`BudgetWordError::Amount`] that says how an amount is written.
    pub fn parse_amount(self, text: &str) -> Result<Option<u64>, BudgetWordError> {
        let unit = match self.measure {
            Measure::Usd => Unit::Usd,
            Measure::Tokens => Unit::Tokens,
            Measure::Seconds => Unit::Minutes,
        };
        unit.amount(text.trim())
    }

    /// Returns an amount as people read it.
    #[must_use]
    pub fn shown(self, amount: u64) -> String {
        match self.measure {
            Measure::Usd => decimal(amount, 6),
            Measure::Tokens => amount.to_string(),
            Measure::Seconds if amount.is_multiple_of(60) => (amount / 60).to_string(),
            Measure::Seconds => format!("{amount}s"),
        }
    }
}

impl fmt::Display for BudgetKey {
    /// Writes the key as it stands in files and on the command line, such as `run.usd`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.measure {
            Measure::Usd => "usd",
            Measure::Tokens => "tokens",
            Measure::Seconds => "minutes",
        };
        write!(f, "{}.{unit}", self.scope)
    }
}

/// What a number without a unit of its own counts.
#[derive(Clone, Copy)]
enum Unit {
    Usd,
    Tokens,
    Minutes,
    Seconds,
}

impl Unit {
    fn parse(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "usd" => Some(Self::Usd),
            "tokens" => Some(Self::Tokens),
            "minutes" => Some(Self::Minutes),
            "seconds" => Some(Self::Seconds),
            _ => None,
        }
    }

    const fn measure(self) -> Measure {
        match self {
            Self::Usd => Measure::Usd,
            Self::Tokens => Measure::Tokens,
            Self::Minutes | Self::Seconds => Measure::Seconds,
        }
    }

    fn amount(self, text: &str) -> Result<Option<u64>, BudgetWordError> {
        if text.eq_ignore_ascii_case("none") {
            return Ok(None);
        }
        let lower = text.to_ascii_lowercase();
        let amount = match self {
            Self::Usd => scaled(lower.strip_prefix('$').unwrap_or(&lower), 1_000_000),
            Self::Tokens => suffixed(&lower, 1, &[("k", 1_000), ("m", 1_000_000)]),
            Self::Minutes => suffixed(&lower, 60, &[("s", 1), ("m", 60), ("h", 3_600)]),
            Self::Seconds => suffixed(&lower, 1, &[("s", 1), ("m", 60), ("h", 3_600)]),
        };
        let (of, example) = match self {
            Self::Usd => ("US dollars", "`5` or `0.50`"),
            Self::Tokens => ("tokens", "`200000`, `200k` or `1.5m`"),
            Self::Minutes => ("minutes", "`30`, `90s` or `2h`"),
            Self::Seconds => ("seconds", "`90`, `30m` or `2h`"),
        };
        amount.map(Some).ok_or_else(|| BudgetWordError::Amount { text: text.to_owned(), of, example })
    }
}

/// Reads a number whose last letter may say what it counts.
fn suffixed(text: &str, plain: u64, suffixes: &[(&str, u64)]) -> Option<u64> {
    let known = suffixes.iter().find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, *factor)));
    let (number, factor) = known.unwrap_or((text, plain));
    scaled(number.trim_end(), factor)
}

/// Reads a decimal number times a factor, exactly; what is no whole number then is none.
fn scaled(text: &str, factor: u64) -> Option<u64> {
    let text: String = text.chars().filter(|c| !matches!(c, '_' | ',')).collect();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let is_number = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !is_number(whole) || !is_number(part) || part.len() > 9 {
        return None;
    }
    let digits: u128 = format!("0{whole}{part}").parse().ok()?;
    let (all, unit) = (digits.checked_mul(u128::from(factor))?, 10_u128.pow(u32::try_from(part.len()).ok()?));
    let amount = u64::try_from(all / unit).ok()?;
    (all.is_multiple_of(unit) && amount <= MOST).then_some(amount)
}

/// Writes a whole number of parts as a decimal number, without zeros at its end.
fn decimal(parts: u64, digits: usize) -> String {
    let text = format!("{parts:0>width$}", width = digits + 1);
    let (whole, part) = text.split_at(text.len() - digits);
    let part = part.trim_end_matches('0');
    if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") }
}
