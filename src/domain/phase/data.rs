//! What is claimed of the data of a file: of every value at a path, that it is there, filled, equal to something, or a number in its bounds.

use serde_json::Value;

use super::bounded;
use crate::domain::text::{clip, one_line};

/// A claim about every value at a path of a JSON, YAML or TOML document.
#[derive(Debug, Clone, PartialEq)]
pub struct DataClaim {
    /// The keys from the top; `*` is every item of a list or every value of a map, of which there must be one.
    pub path: Vec<String>,
    /// What must hold of each value there.
    pub claim: Claim,
}

/// What must hold of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// It is there.
    Present,
    /// It is there and neither empty nor nothing.
    Filled,
    /// It is this.
    Equals(Value),
    /// It is a number, at least so large.
    AtLeast(f64),
    /// It is a number, at most so large.
    AtMost(f64),
}

/// Reads a text as JSON, else as TOML, else as YAML, as which a line of TOML can be read as well, and wrongly.
fn document(text: &str) -> Option<Value> {
    let toml = || toml::from_str::<Value>(text).ok();
    let yaml = || bounded::yaml(serde_yaml::Deserializer::from_str(text)).ok();
    serde_json::from_str(text).ok().or_else(toml).or_else(yaml).filter(|value: &Value| !value.is_string())
}

impl DataClaim {
    /// Checks the claim against a text.
    ///
    /// # Errors
    /// Returns a fragment about the first value of which it does not hold.
    pub fn check(&self, text: &str) -> Result<(), String> {
        let Some(value) = document(text) else { return Err("holds no data that can be read".to_owned()) };
        self.walk(&value, (&self.path, String::new()))
    }

    /// Returns what is claimed, as a fragment that follows what it is claimed of.
    #[must_use]
    pub fn said(&self) -> String {
        let at = shown(&self.path.join("."));
        match &self.claim {
            Claim::Present => format!("has `{at}`"),
            Claim::Filled => format!("has `{at}`, not empty"),
            Claim::Equals(value) => format!("has {} in `{at}`", clip(&one_line(&value.to_string()), 60)),
            Claim::AtLeast(least) => format!("has at least {least} in `{at}`"),
            Claim::AtMost(most) => format!("has at most {most} in `{at}`"),
        }
    }

    fn walk(&self, value: &Value, (rest, at): (&[String], String)) -> Result<(), String> {
        let Some((key, rest)) = rest.split_first() else { return self.claim.check(value, &at) };
        let step = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
        if key != "*" {
            let at_position = || value.get(key.parse::<usize>().ok()?);
            let inner = value.get(key.as_str()).or_else(at_position);
            return inner.map_or_else(|| Err(format!("has no `{}`", shown(&step(key)))), |inner| self.walk(inner, (rest, step(key))));
        }
        let inner: Vec<(String, &Value)> = match value {
            Value::Array(items) => items.iter().enumerate().map(|(number, item)| (number.to_string(), item)).collect(),
            Value::Object(map) => map.iter().map(|(name, item)| (name.clone(), item)).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
        };
        if inner.is_empty() {
            return Err(format!("has nothing below `{}`", shown(&at)));
        }
        inner.into_iter().try_for_each(|(name, item)| self.walk(item, (rest, step(&name))))
    }
}

fn shown(path: &str) -> String {
    clip(&one_line(path), 120)
}

impl Claim {
    fn check(&self, value: &Value, at: &str) -> Result<(), String> {
        let is_empty = match value {
            Value::Null => true,
            Value::String(text) => text.trim().is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(map) => map.is_empty(),
            Value::Bool(_) | Value::Number(_) => false,
        };
        let at = shown(at);
        let found = clip(&one_line(&value.to_string()), 60);
        let (holds, wrong) = match self {
            Self::Present => (true, String::new()),
            Self::Filled => (!is_empty, format!("has nothing in `{at}`")),
            Self::Equals(wanted) => (value == wanted, format!("has {found} in `{at}`, and must have {wanted}")),
            Self::AtLeast(least) => {
                (value.as_f64().is_some_and(|number| number >= *least), format!("has {found} in `{at}`, and must have at least {least}"))
            }
            Self::AtMost(most) => {
                (value.as_f64().is_some_and(|number| number <= *most), format!("has {found} in `{at}`, and must have at most {most}"))
            }
        };
        if holds { Ok(()) } else { Err(wrong) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &str, path: &str, claim: Claim, expect: Result<(), &str>) {
        let claim = DataClaim { path: path.split('.').map(str::to_owned).collect(), claim };
        assert_eq!(claim.check(text), expect.map_err(str::to_owned), "{path} in {text}");
    }

    #[test]
    fn every_value_at_a_path_is_looked_at() {
        let backlog = "stories:\n  - {id: S1, acceptance_criteria: [it works]}\n  - {id: S2, acceptance_criteria: []}\n";
        check(backlog, "stories.*.id", Claim::Present, Ok(()));
        check(backlog, "stories.*.acceptance_criteria", Claim::Filled, Err("has nothing in `stories.1.acceptance_criteria`"));
        check(backlog, "stories.*.points", Claim::Present, Err("has no `stories.0.points`"));
        check(backlog, "stories.0.id", Claim::Equals(json!("S1")), Ok(()));
        check("stories: []", "stories.*.id", Claim::Present, Err("has nothing below `stories`"));
        check("just a sentence", "stories", Claim::Present, Err("holds no data that can be read"));
        check("1: {on: [x]}", "1.on.0", Claim::Filled, Ok(()));
    }

    #[test]
    fn numbers_have_bounds_in_every_format() {
        let least = || Claim::AtLeast(80.0);
        check(r#"{"coverage": 80}"#, "coverage", least(), Ok(()));
        check(r#"{"coverage": 79.5}"#, "coverage", least(), Err("has 79.5 in `coverage`, and must have at least 80"));
        check(r#"{"coverage": "90"}"#, "coverage", least(), Err("has \"90\" in `coverage`, and must have at least 80"));
        check("coverage: 91.5", "coverage", least(), Ok(()));
        check(
            "[security]\ncritical = 1\n",
            "security.critical",
            Claim::AtMost(0.0),
            Err("has 1 in `security.critical`, and must have at most 0"),
        );
        check("title = \"Notes: the first\"\n", "title", Claim::Equals(json!("Notes: the first")), Ok(()));
        check(r#"{"result": "FAIL"}"#, "result", Claim::Equals(json!("PASS")), Err("has \"FAIL\" in `result`, and must have \"PASS\""));
    }
}
