//! The numbers of `circuit_breaker_config.yaml`: whole files or parts of them, merged number by number.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::SettingsError;
use super::layer::{Layer, Origin};
use super::yaml;
use crate::domain::run::limits::{BreakerLimits, LoopLimits, OnExhausted};

/// The numbers that the program ships.
pub const SHIPPED: &str = include_str!("../../../config/circuit_breaker_config.yaml");

const KEYS: [&str; 8] = [
    "max_fix_iterations",
    "oscillation_window",
    "min_oscillation_repeats",
    "retry",
    "timeouts",
    "max_resolve_attempts",
    "on_exhausted",
    "breaker",
];

/// The numbers with the origin of each, by its dotted key (`retry.max_attempts`).
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// What bounds the loops of a workstream.
    pub loops: LoopLimits,
    /// When a tool is left alone.
    pub breaker: BreakerLimits,
    /// Each number as text, with its origin.
    pub origins: BTreeMap<String, (String, Origin)>,
}

/// What one file says. Typed, so that a mistake is found with its place; what is not there is `None`.
#[derive(Deserialize, Default)]
#[expect(dead_code, reason = "its fields are the check of the file; the values are merged as a tree")]
struct File {
    max_fix_iterations: Option<MaxFixFile>,
    oscillation_window: Option<u32>,
    min_oscillation_repeats: Option<u32>,
    retry: Option<RetryFile>,
    timeouts: Option<TimeoutsFile>,
    max_resolve_attempts: Option<u32>,
    on_exhausted: Option<OnExhausted>,
    breaker: Option<BreakerFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "see `File`")]
struct MaxFixFile {
    #[serde(rename = "static")]
    statics: Option<u32>,
    runtime: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "see `File`")]
struct RetryFile {
    max_attempts: Option<u32>,
    initial_delay_sec: Option<f64>,
    factor: Option<f64>,
    max_delay_sec: Option<f64>,
    jitter: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "see `File`")]
struct TimeoutsFile {
    edit: Option<u64>,
    #[serde(rename = "static")]
    statics: Option<u64>,
    runtime: Option<u64>,
    fix: Option<u64>,
    gate: Option<u64>,
    idle: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "see `File`")]
struct BreakerFile {
    failure_threshold: Option<u32>,
    cooldown_sec: Option<u64>,
}

/// The numbers of some layers on top of each other.
#[derive(Debug, Clone, Default)]
pub struct LimitLayers {
    merged: Map<String, Value>,
    origins: BTreeMap<String, (String, Origin)>,
}

impl LimitLayers {
    /// Returns the numbers that the program ships.
    ///
    /// # Errors
    /// Returns [`SettingsError::File`] for the first mistake; a test holds that there is none.
    pub fn shipped() -> Result<Self, SettingsError> {
        let mut layers = Self::default();
        layers.add(Layer::Shipped, "circuit_breaker_config.yaml", SHIPPED)?;
        Ok(layers)
    }

    /// Puts the text of a file on top.
    ///
    /// # Errors
    /// Returns [`SettingsError::File`] for the first mistake.
    pub fn add(&mut self, layer: Layer, file: &str, text: &str) -> Result<(), SettingsError> {
        yaml::parse::<File>(file, text, &KEYS)?;
        let tree: Map<String, Value> = yaml::parse::<Option<_>>(file, text, &KEYS)?.unwrap_or_default();
        let origin = Origin::new(layer, file);
        for (key, value) in tree.into_iter().filter(|(key, _)| KEYS.contains(&key.as_str())) {
            self.put(&key, value, &origin);
        }
        Ok(())
    }

    /// Puts a file on top, if it is there.
    ///
    /// # Errors
    /// Returns [`SettingsError::Read`] when it cannot be read and [`SettingsError::File`] for the first mistake in it.
    pub fn add_file(&mut self, layer: Layer, path: &Path) -> Result<(), SettingsError> {
        match yaml::load(path)? {
            Some(text) => self.add(layer, &path.display().to_string(), &text),
            None => Ok(()),
        }
    }

    fn put(&mut self, key: &str, value: Value, origin: &Origin) {
        match value {
            Value::Null => {}
            Value::Object(inner) => {
                let slot = self.merged.entry(key).or_insert_with(|| Value::Object(Map::new()));
                for (name, value) in inner.into_iter().filter(|(_, value)| !value.is_null()) {
                    self.origins.insert(format!("{key}.{name}"), (text(&value), origin.clone()));
                    if let Value::Object(slot) = slot {
                        slot.insert(name, value);
                    }
                }
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                self.origins.insert(key.to_owned(), (text(&value), origin.clone()));
                self.merged.insert(key.to_owned(), value);
            }
        }
    }

    /// Returns the merged numbers.
    ///
    /// # Errors
    /// Returns [`SettingsError::Limit`] for a number that makes no sense.
    pub fn finish(mut self) -> Result<Limits, SettingsError> {
        let breaker = self.merged.remove("breaker").unwrap_or_else(|| Value::Object(Map::new()));
        let incomplete = |error: &serde_json::Error| SettingsError::File {
            file: "circuit_breaker_config.yaml".to_owned(),
            line: 1,
            column: 1,
            message: error.to_string(),
        };
        let loops = serde_json::from_value(Value::Object(self.merged)).map_err(|error| incomplete(&error))?;
        let breaker = serde_json::from_value(breaker).map_err(|error| incomplete(&error))?;
        let limits = Limits { loops, breaker, origins: self.origins };
        limits.check()?;
        Ok(limits)
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Limits {
    fn check(&self) -> Result<(), SettingsError> {
        let (retry, timeouts) = (&self.loops.retry, &self.loops.timeouts);
        let is_delay = |seconds: f64| seconds.is_finite() && (0.0..=86_400.0 * 365.0).contains(&seconds);
        let at_least_one = "at least 1";
        let rules = [
            ("retry.max_attempts", retry.max_attempts >= 1, at_least_one),
            ("retry.initial_delay_sec", is_delay(retry.initial_delay_sec), "a number of seconds"),
            ("retry.max_delay_sec", is_delay(retry.max_delay_sec), "a number of seconds"),
            ("retry.factor", retry.factor.is_finite() && retry.factor >= 1.0, at_least_one),
            ("retry.jitter", (0.0..=1.0).contains(&retry.jitter), "from 0 to 1"),
            ("oscillation_window", self.loops.oscillation_window >= 1, at_least_one),
            ("min_oscillation_repeats", self.loops.min_oscillation_repeats >= 1, at_least_one),
            ("timeouts.edit", timeouts.edit >= 1, at_least_one),
            ("timeouts.static", timeouts.statics >= 1, at_least_one),
            ("timeouts.runtime", timeouts.runtime >= 1, at_least_one),
            ("timeouts.fix", timeouts.fix >= 1, at_least_one),
            ("timeouts.gate", timeouts.gate >= 1, at_least_one),
            ("breaker.failure_threshold", self.breaker.failure_threshold >= 1, at_least_one),
        ];
        match rules.into_iter().find(|(_, is_fine, _)| !is_fine) {
            Some((key, _, expected)) => {
                let (value, origin) =
                    self.origins.get(key).map_or_else(Default::default, |(value, origin)| (value.clone(), origin.to_string()));
                Err(SettingsError::Limit { key, value, expected, origin })
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> Result<Limits, String> {
        let mut layers = LimitLayers::shipped().unwrap();
        layers.add(Layer::User, "u.yaml", text).map_err(|error| error.to_string())?;
        layers.finish().map_err(|error| error.to_string())
    }

    #[test]
    fn the_shipped_file_is_what_the_types_say() {
        let limits = with("").unwrap();
        assert_eq!((limits.loops, limits.breaker), (LoopLimits::default(), BreakerLimits::default()));
        assert_eq!(limits.origins.len(), 19, "each number has an origin: {:?}", limits.origins.keys());
    }

    #[test]
    fn a_part_overrides_only_what_it_names() {
        let limits = with("retry: {max_attempts: 9}\ntimeouts:\n  idle: 30\n  edit: null\non_exhausted: pause\nx-note: 1\n").unwrap();
        let mut expect = LoopLimits::default();
        expect.retry.max_attempts = 9;
        expect.timeouts.idle = 30;
        expect.on_exhausted = OnExhausted::Pause;
        assert_eq!(limits.loops, expect);
        assert_eq!(limits.origins["retry.max_attempts"], ("9".to_owned(), Origin::new(Layer::User, "u.yaml")));
        assert_eq!(limits.origins["retry.factor"].1.layer, Layer::Shipped);
        assert_eq!(limits.origins["on_exhausted"].0, "pause");
    }

    #[test]
    fn mistakes_are_named() {
        let check = |text: &str, expect: &str| assert_eq!(with(text).unwrap_err(), expect, "{text}");
        check("timeout:\n  edit: 1\n", "u.yaml:1:1: unknown key `timeout` (did you mean `timeouts`?)");
        check("retry:\n  max_attempt: 1\n", "u.yaml:2:3: unknown key `max_attempt` (did you mean `max_attempts`?)");
        check("on_exhausted: panic\n", "u.yaml:1:15: unknown value `panic`, expected one of `fail`, `pause`");
        check("retry: {jitter: 1.5}\n", "retry.jitter is 1.5, but must be from 0 to 1 (user (u.yaml))");
        check("retry: {factor: 0.5}\n", "retry.factor is 0.5, but must be at least 1 (user (u.yaml))");
        assert!(with("retry: {factor: .nan}\n").unwrap_err().starts_with("u.yaml:1:17: non-finite"));
        check("timeouts: {edit: 0}\n", "timeouts.edit is 0, but must be at least 1 (user (u.yaml))");
        assert!(with("retry: 3\n").unwrap_err().starts_with("u.yaml:1:8: "), "{}", with("retry: 3\n").unwrap_err());
        assert!(with("oscillation_window: -1\n").unwrap_err().starts_with("u.yaml:1:21: "));
    }
}
