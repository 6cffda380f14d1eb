//! `git orc cost`.

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::Ui;
use crate::cli::view::cost as view;
use crate::domain::report::cost::{CostQuestion, Grouping};
use crate::domain::tool::price::look_up;
use crate::ops::context::Context;
use crate::ops::cost::{Which, cost};

const EXAMPLES: &str = "\
Examples:
  git orc cost                        The newest run, by workstream
  git orc cost tour --by step         The newest run of the plan `tour`
  git orc cost --all --by day --since 2026-11-01
  git orc cost --all --json | jq .total.micro_usd
  git orc cost --prices gpt-5.1-codex
                                      What a model costs, and who says so

Money without a sign was told by the tool; `~` was computed from tokens and prices, `≈` stands before tokens that were estimated, and `+`
behind a sum in which something is missing.";

/// What the rows stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// The tools
    Tool,
    /// The workstreams
    Workstream,
    /// The steps
    Step,
    /// The models
    Model,
    /// The days
    Day,
}

impl By {
    const fn grouping(self) -> Grouping {
        match self {
            Self::Tool => Grouping::Tool,
            Self::Workstream => Grouping::Workstream,
            Self::Step => Grouping::Step,
            Self::Model => Grouping::Model,
            Self::Day => Grouping::Day,
        }
    }
}

/// Show what the attempts of tools cost: tokens, money and time
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct CostArgs {
    /// The run: its id, the beginning of it, or the name of its plan
    #[arg(value_name = "RUN", conflicts_with = "all")]
    pub run: Option<String>,
    /// What the rows stand for; workstreams of one run, or tools of all
    #[arg(long, value_name = "WHAT", value_enum)]
    pub by: Option<By>,
    /// Add up all runs in the ledger
    #[arg(long)]
    pub all: bool,
    /// Count only what ended on this day or later
    #[arg(long, value_name = "DATE")]
    pub since: Option<Date>,
    /// Show what models cost: these, or those of your own prices
    #[arg(long, value_name = "MODEL", num_args = 0.., conflicts_with_all = ["run", "all", "by", "since"])]
    pub prices: Option<Vec<String>>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl CostArgs {
    /// Shows the costs, or prices.
    ///
    /// # Errors
    /// Returns a [`Failure`] when there is no such run, the ledger can not be read, or the answer can not be written.
    pub fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        if let Some(models) = &self.prices {
            return self.prices(models, cx, ui);
        }
        let zone = ui.zone().clone();
        let by = self.by.map_or(if self.all { Grouping::Tool } else { Grouping::Workstream }, By::grouping);
        let since = self.since.and_then(|day| beginning(day, &zone));
        let question = CostQuestion { by, zone: &zone, since, own: &cx.settings.prices.value };
        let which = if self.all { Which::All } else { Which::One(self.run.as_deref()) };
        let costs = cost(cx, which, &question).map_err(|error| Failure::new("add up the costs", &error))?;
        let written = if self.json { ui.text(&view::json(&costs)) } else { ui.result(&view::human(&costs)) };
        written.map_err(|error| Failure::new("print the costs", &error))?;
        Ok(Exit::Done)
    }

    fn prices(&self, models: &[String], cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let own = &cx.settings.prices.value;
        let wanted: Vec<String> = if models.is_empty() { own.0.keys().cloned().collect() } else { models.to_vec() };
        let now = cx.clock.now();
        let found: Vec<_> =
            wanted.into_iter().map(|model| (look_up(&model, now, own), model)).map(|(price, model)| (model, price)).collect();
        let written = if self.json { ui.text(&view::prices_json(&found)) } else { ui.result(&view::prices(&found)) };
        written.map_err(|error| Failure::new("print prices", &error))?;
        Ok(Exit::Done)
    }
}

/// Returns when a day begins for the reader.
fn beginning(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    day.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp())
}
