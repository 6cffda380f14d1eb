//! The scripts of a `package.json`: what `npm test` runs, among much that is nobody's check.

use serde_json::{Map, Value};

/// Returns the merged `package.json` with the scripts of the base, or the base's own text when the merged one makes no sense. `None` when
/// both have the same scripts.
#[must_use]
pub fn with_base_scripts(base: &[u8], merged: &[u8]) -> Option<Vec<u8>> {
    let read = |text: &[u8]| serde_json::from_slice::<Map<String, Value>>(text).ok();
    let old = read(base)?;
    let Some(mut new) = read(merged) else { return Some(base.to_vec()) };
    if old.get("scripts") == new.get("scripts") {
        return None;
    }
    match old.get("scripts") {
        Some(scripts) => new.insert("scripts".to_owned(), scripts.clone()),
        None => new.remove("scripts"),
    };
    let mut text = serde_json::to_vec_pretty(&new).ok()?;
    text.push(b'\n');
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_those_of_the_base_and_the_rest_is_merged() {
        let check = |base: &str, merged: &str, expect: Option<&str>| {
            let found = with_base_scripts(base.as_bytes(), merged.as_bytes());
            let plain = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(found.map(|text| plain(&String::from_utf8(text).unwrap())), expect.map(plain), "{merged}");
        };
        let base = r#"{"name":"x","scripts":{"test":"jest"}}"#;
        check(
            base,
            r#"{"name":"x","scripts":{"test":"true"},"dependencies":{"a":"1"}}"#,
            Some(r#"{"name":"x","scripts":{"test":"jest"},"dependencies":{"a":"1"}}"#),
        );
        check(base, r#"{"scripts":{"test":"jest"},"dependencies":{"a":"1"}}"#, None);
        check(base, "{", Some(base));
        check(r#"{"name":"x"}"#, r#"{"name":"x","scripts":{"pretest":"exit"}}"#, Some(r#"{"name":"x"}"#));
        check("{", r#"{"name":"x"}"#, None);
    }
}
