//! The texts of strategies: how work is brought nearer to a goal. Shipped ones, the user's in place of them, those of a repository above both.

use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::{Guide, Template, TemplateError, Templates};
use crate::domain::goal::gap::GoalValue;
use crate::domain::goal::strategy::{ADDITION, COVERAGE, EXPANSION, FINDINGS, QUALITY_ENHANCEMENT, REGENERATION};
use crate::domain::text::one_line;

/// The ending of the files.
const ENDING: &str = ".md.j2";

/// What the text of a strategy can name.
#[derive(Debug, Default, Serialize)]
struct GuideValues {
    goal: String,
    measure: String,
    value: String,
    bound: &'static str,
    target: String,
    missing: String,
    line: String,
    goals: Vec<String>,
}

impl GuideValues {
    fn new(value: Option<&GoalValue>, goals: &[String]) -> Self {
        let goals = goals.iter().map(|line| one_line(line)).collect();
        let Some(value) = value else { return Self { goals, ..Self::default() } };
        let share = (value.gap.number() * 100.0).round();
        Self {
            goal: value.goal.clone(),
            measure: value.measure.clone(),
            value: value.value.map(|value| value.to_string()).unwrap_or_default(),
            bound: value.bound.words(),
            target: value.target.to_string(),
            missing: format!("{share}%"),
            line: value.line(),
            goals,
        }
    }
}

impl Guide {
    /// Returns those that the program ships.
    pub(super) fn shipped() -> Vec<Self> {
        let texts = [
            (EXPANSION, include_str!("../../../../config/prompts/strategies/expansion.md.j2")),
            (ADDITION, include_str!("../../../../config/prompts/strategies/addition.md.j2")),
            (QUALITY_ENHANCEMENT, include_str!("../../../../config/prompts/strategies/quality_enhancement.md.j2")),
            (REGENERATION, include_str!("../../../../config/prompts/strategies/regeneration.md.j2")),
            (COVERAGE, include_str!("../../../../config/prompts/strategies/coverage.md.j2")),
            (FINDINGS, include_str!("../../../../config/prompts/strategies/findings.md.j2")),
        ];
        let guide = |(strategy, text): (&str, &str)| Self {
            strategy: strategy.to_owned(),
            origin: format!("config/prompts/strategies/{strategy}{ENDING}"),
            text: text.to_owned(),
        };
        texts.into_iter().map(guide).collect()
    }

    /// Returns the name of the strategy that a file of this name is the text of.
    #[must_use]
    pub fn name_of(file: &str) -> Option<&str> {
        file.strip_suffix(ENDING).filter(|name| crate::domain::id::is_atom(name))
    }

    fn fill(&self, values: &GuideValues) -> Result<String, TemplateError> {
        let template = Template { name: self.strategy.clone(), origin: self.origin.clone(), text: self.text.clone() };
        template.is_shallow()?;
        template.filled(Value::from(Serde(values)))
    }

    /// Tries it with nothing and with something of everything.
    fn mistake(&self) -> Option<TemplateError> {
        let some = || "some".to_owned();
        let (value, line, goals) = (some(), some(), vec![some()]);
        let (goal, measure, target, missing) = (some(), some(), some(), some());
        let full = GuideValues { goal, measure, value, bound: "at least", target, missing, line, goals };
        let tried = self.fill(&full).and_then(|text| self.fill(&GuideValues::default()).map(|_| text));
        match tried {
            Ok(text) if text.trim().is_empty() => {
                Some(TemplateError { file: self.origin.clone(), line: 1, column: 1, message: "the strategy says nothing".to_owned() })
            }
            Ok(_) => None,
            Err(error) => Some(error),
        }
    }
}

impl Templates {
    /// Returns the templates with these texts of strategies in place of those of the same name, the lowest layer first.
    ///
    /// # Errors
    /// Returns the mistake of every text that can not be used.
    pub fn with_guides(mut self, layers: impl IntoIterator<Item = Guide>) -> Result<Self, Vec<TemplateError>> {
        let mut errors = Vec::new();
        for guide in layers {
            errors.extend(guide.mistake());
            self.1.retain(|other| other.strategy != guide.strategy);
            self.1.push(guide);
        }
        if errors.is_empty() { Ok(self) } else { Err(errors) }
    }

    /// Returns the texts of strategies, one of each.
    #[must_use]
    pub fn guides(&self) -> &[Guide] {
        &self.1
    }

    /// Returns the text of a strategy for a goal. One that is gone or fails all the same is no reason to end a run: a plain sentence takes its
    /// place.
    #[must_use]
    pub fn guide(&self, strategy: &str, value: Option<&GoalValue>, goals: &[String]) -> String {
        let values = GuideValues::new(value, goals);
        let guide = self.1.iter().find(|guide| guide.strategy == strategy);
        let text = guide.and_then(|guide| guide.fill(&values).ok());
        text.unwrap_or_else(|| format!("Bring the work nearer to the goal `{}`: {}.", values.goal, values.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::goal::amount::Amount;
    use crate::domain::goal::bound::Bound;
    use crate::domain::goal::strategy::SHIPPED;

    fn value() -> GoalValue {
        GoalValue {
            goal: "size".to_owned(),
            measure: "words".to_owned(),
            value: Some(Amount::whole(41_200)),
            bound: Bound::AtLeast,
            target: Amount::whole(50_000),
            met: false,
            gap: Amount::bounded(0.176),
            weight: Amount::ONE,
            required: false,
            note: None,
        }
    }

    fn guide(strategy: &str, text: &str) -> Guide {
        Guide { strategy: strategy.to_owned(), origin: format!("own/{strategy}"), text: text.to_owned() }
    }

    #[test]
    fn what_is_shipped_names_the_goal_and_what_is_missing() {
        let templates = Templates::default();
        assert_eq!(templates.guides().iter().map(|one| one.strategy.as_str()).collect::<Vec<_>>(), SHIPPED);
        for one in templates.guides() {
            assert_eq!(one.mistake(), None, "{}", one.strategy);
            let text = templates.guide(&one.strategy, Some(&value()), &["size 41,200 of 50,000".to_owned()]);
            assert!(text.contains("size") && text.contains("50,000") && !text.contains("{{"), "{text}");
        }
    }

    #[test]
    fn a_text_of_ones_own_takes_the_place_of_a_shipped_one() {
        let own = [guide("expansion", "More of {{ goal }}: {{ value }} is {{ missing }} short."), guide("own", "Mine.")];
        let templates = Templates::default().with_guides(own).unwrap();
        assert_eq!(templates.guide("expansion", Some(&value()), &[]).trim(), "More of size: 41,200 is 18% short.");
        assert_eq!(templates.guide("own", None, &[]).trim(), "Mine.");
        assert_eq!(templates.guide("gone", Some(&value()), &[]), "Bring the work nearer to the goal `size`: size 41,200 of 50,000.");
        let bad = Templates::default().with_guides([guide("a", "{{ nobody }}"), guide("b", ""), guide("c", "{{")]).unwrap_err();
        assert_eq!(bad.iter().map(|error| error.file.as_str()).collect::<Vec<_>>(), ["own/a", "own/b", "own/c"]);
        assert_eq!((Guide::name_of("x.md.j2"), Guide::name_of("../x.md.j2"), Guide::name_of("x.txt")), (Some("x"), None, None));
    }
}
