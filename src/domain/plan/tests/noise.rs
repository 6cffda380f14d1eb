//! Noise is read or refused, and values are read as others read them.

use proptest::prelude::*;

use super::{found, parse_files};
use crate::domain::document::sink::Sink;
use crate::domain::document::source::{Format, Shape, SourceFile};
use crate::domain::document::yaml;

/// Pieces of plans, so that the noise gets past the first brackets.
fn noise() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "version: 1\n",
        "workstreams:\n",
        "  - id: a\n",
        "    files_scope: [",
        "]",
        "{",
        "}",
        "[",
        "\"",
        "'",
        ": ",
        ", ",
        "\n",
        "\t",
        "&a ",
        "*a",
        "!t ",
        "- ",
        "|\n",
        ">\n",
        "? ",
        "# c\n",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "0x1f",
        "1e400",
        "-.inf",
        "~",
        "true",
        "é",
        "\u{feff}",
        "\0",
        "\r\n",
        "\\u0041",
        "<<: ",
        "null",
        "steps: ",
        "depends_on: [a]\n",
        "tool: command\n",
        "    ",
    ]);
    prop::collection::vec(prop_oneof![8 => piece.prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)], 0..40)
        .prop_map(|v| v.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), json in any::<bool>()) {
        let mut file = SourceFile::from_bytes("p", &bytes);
        file.format = if json { Format::Json } else { Format::Yaml };
        prop_assert!(parse_files(&[file], Shape::File).is_err_and(|found| !found.is_empty()));
    }

    #[test]
    fn noise_is_read_or_refused_with_places_inside(text in noise(), json in any::<bool>()) {
        let mut file = SourceFile::new("p", text.as_str());
        file.format = if json { Format::Json } else { Format::Yaml };
        for diagnostic in found(parse_files(&[file], Shape::Bundles { folder: "f" })) {
            let span = diagnostic.span.unwrap();
            prop_assert!(span.start <= span.end && span.end <= text.len() && text.is_char_boundary(span.start), "{:?}", diagnostic);
            prop_assert!(span.line >= 1 && span.column >= 1 && span.end_column >= span.column);
        }
    }
}

/// A YAML text is never read as something else than `serde_yaml` reads.
#[test]
fn values_are_those_of_the_common_readers() {
    let text = "a: [1, 0x10, 0o7, 1_0, .5, 1e3, yes, ~, '1', \"\\u00e9\", 2024-01-01]\nb: |\n  x\n  y\nc: >-\n  x\n  y\nd: {e: [], f: {}}\ng: x y # z\n";
    let files = [SourceFile::new("p.yaml", text)];
    let mut sink = Sink::new(&files, Shape::File);
    let ours = yaml::read(text, 0, &mut sink).unwrap().to_json();
    let theirs: serde_json::Value = serde_yaml::from_str(text).unwrap();
    assert_eq!(ours, theirs);
}
