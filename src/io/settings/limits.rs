//! The numbers of `circuit_breaker_config.yaml`: whole files or parts of them, merged number by number.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use super::error::SettingsError;
use super::file;
use super::layer::{Layer, Origin, Places};
use crate::domain::document::source::{Format, SourceFile};
use crate::domain::run::limits::{BreakerLimits, LoopLimits};
use crate::domain::settings::limits::LimitValue;
use crate::domain::settings::lines::Lined;
use crate::domain::settings::parse::parse_limits;

/// The numbers that the program ships.
pub const SHIPPED: &str = include_str!("../../../config/circuit_breaker_config.yaml");

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
    /// Returns [`SettingsError::Documents`] for mistakes; a test holds that there is none.
    pub fn shipped() -> Result<Self, SettingsError> {
        let mut layers = Self::default();
        layers.add(Layer::Shipped, "circuit_breaker_config.yaml", SHIPPED)?;
        Ok(layers)
    }

    /// Puts the text of a file on top.
    ///
    /// # Errors
    /// Returns [`SettingsError::Documents`] with every mistake.
    pub fn add(&mut self, layer: Layer, file: &str, text: &str) -> Result<(), SettingsError> {
        self.add_source(layer, &SourceFile { path: file.to_owned(), text: text.to_owned(), format: Format::Yaml })
    }

    fn add_source(&mut self, layer: Layer, file: &SourceFile) -> Result<(), SettingsError> {
        let values = parse_limits(file).map_err(SettingsError::Documents)?;
        self.put(Places { layer, file: &file.path }, &values);
        Ok(())
    }

    /// Puts a file on top, if it is there.
    ///
    /// # Errors
    /// Returns [`SettingsError::Read`] when it cannot be read and [`SettingsError::Documents`] with every mistake in it.
    pub fn add_file(&mut self, layer: Layer, path: &Path) -> Result<(), SettingsError> {
        match file::load(path, &path.display().to_string())? {
            Some(file) => self.add_source(layer, &file),
            None => Ok(()),
        }
    }

    /// Puts numbers on top that were read already.
    pub fn put(&mut self, places: Places<'_>, values: &[Lined<LimitValue>]) {
        for Lined { value, line } in values {
            let (group, key) = &value.key;
            let (told, origin) = (text(&value.value), places.origin(*line));
            match group {
                None => {
                    self.origins.insert(key.clone(), (told, origin));
                    self.merged.insert(key.clone(), value.value.clone());
                }
                Some(group) => {
                    self.origins.insert(format!("{group}.{key}"), (told, origin));
                    let slot = self.merged.entry(group.clone()).or_insert_with(|| Value::Object(Map::new()));
                    if let Value::Object(slot) = slot {
                        slot.insert(key.clone(), value.value.clone());
                    }
                }
            }
        }
    }

    /// Returns the merged numbers.
    ///
    /// # Errors
    /// Returns [`SettingsError::Limit`] for a number that makes no sense.
    pub fn finish(mut self) -> Result<Limits, SettingsError> {
        let breaker = self.merged.remove("breaker").unwrap_or_else(|| Value::Object(Map::new()));
        let incomplete = |error: &serde_json::Error| SettingsError::Value {
            place: "circuit_breaker_config.yaml".to_owned(),
            value: error.to_string(),
            expected: "numbers for everything",
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
    use crate::domain::run::limits::OnExhausted;

    fn with(text: &str) -> Result<Limits, String> {
        let mut layers = LimitLayers::shipped().unwrap();
        layers.add(Layer::User, "u.yaml", text).map_err(|error| error.to_string())?;
        layers.finish().map_err(|error| error.to_string())
    }

    #[test]
    fn the_shipped_file_is_what_the_types_say() {
        let limits = with("").unwrap();
        assert_eq!((limits.loops, limits.breaker), (LoopLimits::default(), BreakerLimits::default()));
        assert_eq!(limits.origins.len(), 20, "each number has an origin: {:?}", limits.origins.keys());
    }

    #[test]
    fn a_part_overrides_only_what_it_names() {
        let limits = with("retry: {max_attempts: 9}\ntimeouts:\n  idle: 30\n  edit: 7.0\non_exhausted: pause\nx-note: 1\n").unwrap();
        let mut expect = LoopLimits::default();
        expect.retry.max_attempts = 9;
        expect.timeouts.idle = 30;
        expect.timeouts.edit = 7;
        expect.on_exhausted = OnExhausted::Pause;
        assert_eq!(limits.loops, expect);
        assert_eq!(limits.origins["retry.max_attempts"], ("9".to_owned(), Origin::new(Layer::User, "u.yaml:1")));
        assert_eq!(limits.origins["retry.factor"].1.layer, Layer::Shipped);
        assert_eq!(limits.origins["on_exhausted"].0, "pause");
    }

    #[test]
    fn mistakes_are_named() {
        let check = |text: &str, expect: &str| assert_eq!(with(text).unwrap_err(), expect, "{text}");
        check("timeout:\n  edit: 1\n", "u.yaml:1:1: unknown key `timeout` (Did you mean `timeouts`?)");
        check("retry:\n  max_attempt: 1\n", "u.yaml:2:3: unknown key `max_attempt` (Did you mean `max_attempts`?)");
        check("on_exhausted: panic\n", "u.yaml:1:15: unknown value `panic` (Use one of `fail`, `pause`.)");
        check("retry: {jitter: 1.5}\n", "u.yaml:1:17: 1.5 is not between 0 and 1");
        check("retry: {factor: 0.5}\n", "u.yaml:1:17: 0.5 is not between 1 and 1000000");
        check("retry: {factor: .nan}\n", "u.yaml:1:17: NaN is not between 1 and 1000000");
        check("timeouts: {edit: 0}\n", "u.yaml:1:18: 0 is not between 1 and 31536000");
        check("retry: 3\n", "u.yaml:1:8: expected a map, found a number");
        check(
            "oscillation_window: -1\nretry: []\n",
            "u.yaml:1:21: -1 is not between 1 and 1000000\nu.yaml:2:8: expected a map, found a list",
        );
    }
}
