//! What one layer says about budgets, each amount with its origin.
//!
//! Of what a person says, the stronger layer holds. The profile of a repository is no layer of its own: it tightens what they say.

use std::collections::BTreeMap;

use super::layer::{Origin, Places, Setting};
use crate::domain::policy::budget::word::BudgetWish;
use crate::domain::policy::budget::{Budget, BudgetKey, BudgetScope, Budgets, Measure};
use crate::domain::settings::budget::FileBudgets;

/// What one layer says about budgets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BudgetLayer {
    amounts: BTreeMap<BudgetKey, Setting<Option<u64>>>,
    warn_at: Option<Setting<u8>>,
}

impl BudgetLayer {
    /// Returns what a file says.
    #[must_use]
    pub fn of_file(place: Places<'_>, file: &FileBudgets) -> Self {
        let amounts = file.amounts.iter().map(|(key, lined)| (*key, Setting::new(Some(lined.value), place.origin(lined.line))));
        Self { amounts: amounts.collect(), warn_at: place.setting(file.warn_at.clone(), |percent| percent) }
    }

    /// Takes one wish; of two for one amount, the later one holds.
    pub fn wish(&mut self, wish: BudgetWish, origin: Origin) {
        self.amounts.insert(wish.key, Setting::new(wish.amount, origin));
    }

    /// Returns this layer with the gaps filled from a weaker one.
    #[must_use]
    pub fn over(self, weaker: Self) -> Self {
        let amounts = weaker.amounts.into_iter().chain(self.amounts).collect();
        Self { amounts, warn_at: self.warn_at.or(weaker.warn_at) }
    }

    /// Lowers what is higher here, or not bounded at all, to what somebody says who may only tighten.
    pub fn tighten(&mut self, by: Self) {
        for (key, theirs) in by.amounts {
            let Some(most) = theirs.value else { continue };
            let ours = self.amounts.get(&key).and_then(|setting| setting.value);
            if ours.is_none_or(|ours| most < ours) {
                self.amounts.insert(key, theirs);
            }
        }
        if let Some(theirs) = by.warn_at.filter(|theirs| theirs.value < self.percent()) {
            self.warn_at = Some(theirs);
        }
    }

    /// Lowers the budgets of a run to those of its plan.
    pub fn tighten_run(&mut self, plan: Budget, origin: &Origin) {
        let amounts = Measure::ALL.into_iter().filter_map(|measure| {
            let amount = plan.amount(measure)?;
            Some((BudgetKey { scope: BudgetScope::Run, measure }, Setting::new(Some(amount), origin.clone())))
        });
        self.tighten(Self { amounts: amounts.collect(), warn_at: None });
    }

    fn percent(&self) -> u8 {
        self.warn_at.as_ref().map_or_else(|| Budgets::default().warn_at, |setting| setting.value)
    }

    /// Returns the budgets that hold.
    #[must_use]
    pub fn budgets(&self) -> Budgets {
        let mut budgets = Budgets { warn_at: self.percent(), ..Budgets::default() };
        self.amounts.iter().for_each(|(key, setting)| budgets.set(*key, setting.value));
        budgets
    }

    /// Returns every amount that somebody spoke about, and the share at which is warned: key, value and origin.
    pub fn told(&self) -> impl Iterator<Item = (String, String, &Origin)> {
        let amounts = self.amounts.iter().map(|(key, setting)| {
            let value = setting.value.map_or_else(|| "none".to_owned(), |amount| key.shown(amount));
            (format!("budget.{key}"), value, &setting.origin)
        });
        amounts.chain(self.warn_at.iter().map(|setting| ("budget.warn_at".to_owned(), setting.value.to_string(), &setting.origin)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::settings::layer::Layer;

    fn layer(layer: Layer, wishes: &[&str]) -> BudgetLayer {
        let mut budgets = BudgetLayer::default();
        for wish in wishes {
            budgets.wish(BudgetWish::parse(wish).unwrap(), Origin::new(layer, "here"));
        }
        budgets
    }

    fn told(budgets: &BudgetLayer) -> Vec<String> {
        budgets.told().map(|(key, value, origin)| format!("{key} = {value}, {}", origin.layer.name())).collect()
    }

    #[test]
    fn of_what_a_person_says_the_stronger_layer_holds() {
        let weak = layer(Layer::User, &["run.usd=5", "day.usd=20", "attempt.minutes=90s"]);
        let strong = layer(Layer::Flag, &["run.usd=8", "day.usd=none", "run.tokens=1k", "run.tokens=2k"]);
        let both = strong.over(weak);
        assert_eq!(
            told(&both),
            [
                "budget.attempt.minutes = 90s, user",
                "budget.run.usd = 8, flag",
                "budget.run.tokens = 2000, flag",
                "budget.day.usd = none, flag"
            ]
        );
        let budgets = both.budgets();
        assert_eq!((budgets.run.tokens, budgets.day.usd, budgets.warn_at), (Some(2_000), None, 80));
    }

    #[test]
    fn whoever_may_only_tighten_never_raises() {
        let mut ours = layer(Layer::User, &["run.usd=5", "day.usd=none"]);
        let mut theirs = layer(Layer::Repository, &["run.usd=9", "day.usd=7", "attempt.tokens=none", "attempt.usd=0.5"]);
        theirs.warn_at = Some(Setting::new(90, Origin::new(Layer::Repository, "here")));
        ours.tighten(theirs);
        let expect = ["budget.attempt.usd = 0.5, repository", "budget.run.usd = 5, user", "budget.day.usd = 7, repository"];
        assert_eq!(told(&ours), expect);
        let earlier = BudgetLayer { warn_at: Some(Setting::new(50, Origin::new(Layer::Repository, "here"))), ..BudgetLayer::default() };
        ours.tighten(earlier);
        assert_eq!(ours.budgets().warn_at, 50);
        ours.tighten_run(
            Budget { usd: Some(crate::domain::tool::usage::MicroUsd(1)), ..Budget::default() },
            &Origin::new(Layer::Plan, "x"),
        );
        assert_eq!(ours.budgets().run.usd.map(|usd| usd.0), Some(1));
    }
}
