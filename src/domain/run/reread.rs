//! What a fluid run reads anew between its waves. Stored formats: fields are only ever added, with a default.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::config::RunConfig;
use super::purse::Setting;
use crate::domain::id::ToolId;
use crate::domain::policy::budget::{BudgetKey, Budgets};

/// How much of a tool may run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolLimits {
    /// How many of it may run at once; `None` for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<u32>,
    /// How many of it may be started in a minute; `None` for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_per_minute: Option<u32>,
}

/// The settings were read again before a wave. What is absent did not change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsReread {
    /// The wave, counted from 1.
    pub wave: u32,
    /// How many workstreams may run at once from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_workers: Option<u32>,
    /// Budgets that hold from now on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<Setting>,
    /// Limits of tools that hold from now on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tools: BTreeMap<ToolId, ToolLimits>,
    /// What changed, and what did not although it was wished, one sentence fragment each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<String>,
}

impl fmt::Display for SettingsReread {
    /// Writes for which wave, and what changed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = if self.told.is_empty() { "nothing changed".to_owned() } else { self.told.join("; ") };
        write!(f, "for wave {}: {told}", self.wave)
    }
}

/// Whether whoever set a budget may loosen it while a run is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// The user may.
    User,
    /// The repository, or nobody any more, may not.
    Repository,
}

/// The settings as they are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fresh {
    /// How many workstreams may run at once.
    pub max_workers: u32,
    /// Every budget, with who says it.
    pub budgets: Vec<(BudgetKey, Option<u64>, Says)>,
    /// The limits of the tools of the run.
    pub tools: BTreeMap<ToolId, ToolLimits>,
}

/// What was read again so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reread {
    /// The newest wave before which it was read, counted from 1; 0 when it never was.
    #[serde(default)]
    pub wave: u32,
    /// How many workstreams may run at once; `None` as frozen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_workers: Option<u32>,
    /// The budgets as they were read, the newest last. They are paid from the purse, where a person may have set others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<Setting>,
    /// The limits of tools that differ from what was frozen.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tools: BTreeMap<ToolId, ToolLimits>,
}

impl Reread {
    /// Returns whether nothing was read again.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes in what was read.
    pub fn take(&mut self, read: &SettingsReread) {
        self.wave = read.wave;
        self.max_workers = read.max_workers.or(self.max_workers);
        self.budgets.extend(read.budgets.iter().copied());
        self.tools.extend(read.tools.iter().map(|(tool, limits)| (tool.clone(), *limits)));
    }

    /// Returns the settings of a run with what was read since in place of what was frozen; budgets come from the purse.
    #[must_use]
    pub fn over<'a>(&self, config: &'a RunConfig) -> Cow<'a, RunConfig> {
        if self.max_workers.is_none() && self.tools.is_empty() {
            return Cow::Borrowed(config);
        }
        let mut config = config.clone();
        config.max_workers = self.max_workers.unwrap_or(config.max_workers);
        for (tool, limits) in &self.tools {
            if let Some(traits) = config.tools.get_mut(tool) {
                (traits.max_parallel, traits.starts_per_minute) = (limits.max_parallel, limits.starts_per_minute);
            }
        }
        Cow::Owned(config)
    }

    fn budgets(&self, mut planned: Budgets) -> Budgets {
        for Setting { scope, measure, amount } in &self.budgets {
            planned.set(BudgetKey { scope: *scope, measure: *measure }, *amount);
        }
        planned
    }
}

/// Returns what is different in the settings as they are now from what holds in a run. A budget that the repository would loosen stays.
#[must_use]
pub fn difference(config: &RunConfig, before: &Reread, fresh: &Fresh, wave: u32) -> SettingsReread {
    let mut read = SettingsReread { wave, ..SettingsReread::default() };
    let holds = before.over(config);
    if fresh.max_workers != holds.max_workers {
        read.max_workers = Some(fresh.max_workers);
        read.told.push(format!("max_workers {} instead of {}", fresh.max_workers, holds.max_workers));
    }
    let planned = before.budgets(config.budgets);
    for (key, amount, says) in &fresh.budgets {
        let was = planned.amount(*key);
        if *amount == was {
            continue;
        }
        let shown = |amount: Option<u64>| amount.map_or_else(|| "none".to_owned(), |amount| key.shown(amount));
        let is_looser = match (*amount, was) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(now), Some(was)) => now > was,
        };
        if is_looser && *says == Says::Repository {
            read.told.push(format!("budget.{key} stays {}: only an amount that the user sets loosens it", shown(was)));
            continue;
        }
        read.budgets.push(Setting { scope: key.scope, measure: key.measure, amount: *amount });
        read.told.push(format!("budget.{key} {} instead of {}", shown(*amount), shown(was)));
    }
    for (tool, limits) in &fresh.tools {
        let Some(traits) = holds.tools.get(tool) else { continue };
        let was = ToolLimits { max_parallel: traits.max_parallel, starts_per_minute: traits.starts_per_minute };
        if *limits != was {
            read.tools.insert(tool.clone(), *limits);
            read.told.push(format!("{tool} {} instead of {}", words(*limits), words(was)));
        }
    }
    read
}

fn words(limits: ToolLimits) -> String {
    let any = |n: Option<u32>| n.map_or_else(|| "any number".to_owned(), |n| n.to_string());
    format!("{} at once and {} a minute", any(limits.max_parallel), any(limits.starts_per_minute))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::budget::{BudgetScope, Measure};
    use crate::domain::run::config::ToolTraits;
    use crate::domain::tool::profile::ResolveMode;

    fn usd() -> BudgetKey {
        BudgetKey { scope: BudgetScope::Run, measure: Measure::Usd }
    }

    fn config() -> RunConfig {
        let mut config = RunConfig::of_workers(2);
        config.budgets.set(usd(), Some(2_000_000));
        config.tools.insert(ToolId::parse("one").unwrap(), ToolTraits::of(ResolveMode::Redo));
        config
    }

    fn fresh(max_workers: u32, budget: Option<u64>, says: Says, most: Option<u32>) -> Fresh {
        let limits = ToolLimits { max_parallel: most, starts_per_minute: None };
        Fresh { max_workers, budgets: vec![(usd(), budget, says)], tools: [(ToolId::parse("one").unwrap(), limits)].into() }
    }

    #[test]
    fn only_what_changed_is_told_and_holds() {
        let check = |fresh: &Fresh, expect: &[&str]| {
            assert_eq!(difference(&config(), &Reread::default(), fresh, 2).told, expect);
        };
        check(&fresh(2, Some(2_000_000), Says::User, None), &[]);
        check(&fresh(4, Some(2_000_000), Says::User, None), &["max_workers 4 instead of 2"]);
        check(&fresh(2, Some(1_000_000), Says::Repository, None), &["budget.run.usd 1 instead of 2"]);
        check(&fresh(2, Some(3_000_000), Says::User, None), &["budget.run.usd 3 instead of 2"]);
        check(
            &fresh(2, Some(3_000_000), Says::Repository, None),
            &["budget.run.usd stays 2: only an amount that the user sets loosens it"],
        );
        check(&fresh(2, None, Says::Repository, None), &["budget.run.usd stays 2: only an amount that the user sets loosens it"]);
        let tool = "one 1 at once and any number a minute instead of any number at once and any number a minute";
        check(&fresh(2, Some(2_000_000), Says::User, Some(1)), &[tool]);
    }

    #[test]
    fn what_was_read_is_not_read_as_a_change_again() {
        let (config, fresh) = (config(), fresh(4, Some(1_000_000), Says::User, Some(1)));
        let mut reread = Reread::default();
        assert!(matches!(reread.over(&config), Cow::Borrowed(_)));
        reread.take(&difference(&config, &reread, &fresh, 2));
        let holds = reread.over(&config);
        assert_eq!((holds.max_workers, holds.tools.values().next().unwrap().max_parallel), (4, Some(1)));
        let again = difference(&config, &reread, &fresh, 3);
        assert_eq!(again, SettingsReread { wave: 3, ..SettingsReread::default() });
        reread.take(&again);
        assert_eq!((reread.wave, reread.max_workers), (3, Some(4)));
    }
}
