//! Goals as users write them. The doc comments here are the descriptions in the JSON Schemas.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value as Json};

use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::document::read::{Name, Read, Real, Whole};
use crate::domain::document::record::{Extra, Record, described, read_record, record, record_schema};
use crate::domain::document::sink::Sink;
use crate::domain::document::source::{At, Place};
use crate::domain::document::word::{Command, unknown_value, words};

/// A number that is to be reached.
pub type Target = Real<0, 1_000_000_000_000>;
/// A share.
pub type Share = Real<0, 1>;

words! {
    /// What is measured.
    MeasureWord {
        /// Words between white space.
        Words = "words",
        /// Chapters: headings of the first two levels, or lines that say so.
        Chapters = "chapters",
        /// The share of listed parts that are there.
        Completeness = "completeness",
        /// The share of lines that tests run, in percent.
        Coverage = "coverage",
        /// The number of findings.
        Findings = "findings",
    }
}

record! {
    /// A number that the work is to reach.
    RawGoal requires ["id"] extra Closed {
        /// Its name, unique in the workstream.
        id "id": Name,
        /// What is measured; a number that `command` prints when absent.
        measure "measure": MeasureWord,
        /// A glob of the files that are counted; those that the workstream may change when absent.
        files "in": String,
        /// The number, or more.
        at_least "at_least": Target,
        /// The number, or less.
        at_most "at_most": Target,
        /// The number.
        equals "equals": Target,
        /// The share of the number by which it may be missed and still count as reached; 0 when absent.
        tolerance "tolerance": Share,
        /// How much it counts beside the others; 1 when absent.
        weight "weight": Real<0, 1_000>,
        /// Whether the work is not done without it.
        required "required": bool,
        /// The strategies that are tried for it, the first choice first; the usual ones when absent.
        strategies "strategies": Vec<At<Name>>,
        /// What prints the number, writes the report of coverage, or prints findings.
        command "command": Command,
        /// Where the number stands: a regular expression with one group, or a JSON pointer such as `/totals/percent`; the last number of the output when absent.
        number "number": String,
        /// Where the report of coverage is written, relative to the top of the repository.
        report "report": String,
        /// The parts of a complete work: paths of files, or titles of headings.
        parts "parts": Vec<At<String>>,
    }

    /// Goals, and how long they are pursued.
    RawGoalsObject requires [] extra Closed {
        /// The goals.
        list "list": Vec<At<RawGoal>>,
        /// How many rounds of improvement there are at most; 5 when absent.
        rounds "rounds": Whole<0, 100>,
        /// The share of the whole by which the score must rise in a round, so that it counts as progress; 0.01 when absent.
        min_progress "min_progress": Share,
        /// Whether the work is not done without any of them.
        required "required": bool,
        /// Whether goals are looked for in the request when the list is empty; as `--goals` says when absent.
        from_request "from_request": bool,
    }
}

/// The goals of a workstream: a list, the word `request`, or a map with the list and its bounds.
#[derive(Debug, Clone, Default)]
pub struct RawGoals(pub RawGoalsObject);

impl RawGoals {
    /// Returns the goals of work that pursues none, whatever the defaults and the command line say.
    #[must_use]
    pub fn none(place: Place) -> Self {
        let (list, from_request) = (Some(At { value: Vec::new(), place }), Some(At { value: false, place }));
        Self(RawGoalsObject { list, from_request, ..RawGoalsObject::default() })
    }
}

/// The word for the goals that the request names.
const REQUEST: &str = "request";

impl Read for RawGoals {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        match &node.value {
            Value::Map(_) => RawGoalsObject::read(node, sink).map(Self),
            Value::Text(text) if text == REQUEST => {
                let from_request = Some(At { value: true, place: node.place });
                Some(Self(RawGoalsObject { from_request, ..RawGoalsObject::default() }))
            }
            Value::Text(text) => {
                unknown_value(node, text, &[REQUEST], sink);
                None
            }
            Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Float(_) | Value::List(_) => {
                Some(Self(RawGoalsObject { list: Some(At::read(node, sink)?), ..RawGoalsObject::default() }))
            }
        }
    }
}

impl JsonSchema for RawGoals {
    fn schema_name() -> Cow<'static, str> {
        "Goals".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (list, object) = (generator.subschema_for::<Vec<At<RawGoal>>>(), generator.subschema_for::<RawGoalsObject>());
        json_schema!({"anyOf": [list, object, {"type": "string", "enum": [REQUEST]}]})
    }
}
