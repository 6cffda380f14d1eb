//! A plan as plain records: what is written in its files without places, and back to text.

use serde_json::{Map, Value as Json, json};

use crate::domain::document::load::read_file;
use crate::domain::document::sink::Sink;
use crate::domain::document::source::{Format, Shape, SourceFile};

/// A plan as plain records.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Records {
    /// The keys of the plan without its workstreams.
    pub frame: Map<String, Json>,
    /// The workstreams.
    pub workstreams: Vec<Map<String, Json>>,
}

/// Returns the records of a plan that was read without an error; `None` for what is none.
#[must_use]
pub fn records(files: &[SourceFile], shape: Shape<'_>) -> Option<Records> {
    let mut sorted = files.to_vec();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let mut sink = Sink::new(&sorted, shape);
    let roots: Vec<Json> = sorted.iter().filter_map(|file| Some(read_file(0, file, &mut sink)?.to_json())).collect();
    let mut found = Records::default();
    for root in roots {
        match (root, shape) {
            (Json::Object(mut frame), Shape::File) => {
                let all = frame.remove("workstreams")?;
                found.workstreams.extend(objects(all));
                found.frame = frame;
            }
            (one @ Json::Object(_), Shape::Bundles { .. }) => found.workstreams.extend(objects(json!([one]))),
            (all @ Json::Array(_), Shape::Bundles { .. }) => found.workstreams.extend(objects(all)),
            (Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_), _) => return None,
        }
    }
    Some(found)
}

fn objects(list: Json) -> Vec<Map<String, Json>> {
    let items = if let Json::Array(items) = list { items } else { Vec::new() };
    items.into_iter().filter_map(|item| if let Json::Object(map) = item { Some(map) } else { None }).collect()
}

impl Records {
    /// Returns the text of the plan; `None` when it has no such form.
    #[must_use]
    pub fn text(&self, format: Format) -> Option<String> {
        let mut plan = self.frame.clone();
        if !plan.contains_key("version") {
            plan = std::iter::once(("version".to_owned(), json!(1))).chain(plan).collect();
        }
        plan.insert("workstreams".to_owned(), json!(self.workstreams));
        match format {
            Format::Yaml => serde_yaml::to_string(&plan).ok(),
            Format::Json => serde_json::to_string_pretty(&plan).ok().map(|text| text + "\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_comes_back_from_its_records() {
        let text = "name: x\nmax_workers: 2\nworkstreams:\n- {id: a, prompt: 'one: two'}\n- {id: b}\n";
        let found = records(&[SourceFile::new("p.yaml", text)], Shape::File).unwrap();
        assert_eq!((found.frame["name"].as_str(), found.workstreams.len()), (Some("x"), 2));
        for (format, path) in [(Format::Yaml, "q.yaml"), (Format::Json, "q.json")] {
            let again = records(&[SourceFile::new(path, found.text(format).unwrap())], Shape::File).unwrap();
            assert_eq!((again.workstreams, again.frame["max_workers"].as_i64()), (found.workstreams.clone(), Some(2)));
        }
        let bundles = [SourceFile::new("b.json", "[{\"id\": \"b\"}]"), SourceFile::new("a.json", "{\"id\": \"a\"}")];
        let found = records(&bundles, Shape::Bundles { folder: "f" }).unwrap();
        assert_eq!(found.workstreams.iter().map(|one| one["id"].as_str().unwrap()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(records(&[SourceFile::new("p.yaml", "5")], Shape::File), None);
    }
}
