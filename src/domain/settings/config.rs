//! The user's own `config.yaml`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value as Json};

use crate::domain::document::diagnostic::{Code, Diagnostic};
use crate::domain::document::load::read_file;
use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::document::read::{Free, Read, Whole};
use crate::domain::document::record::{Extra, Record, described, read_record, record, record_schema};
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Shape, SourceFile};
use crate::domain::plan::raw::{Pause, Seconds, Texts};
use crate::domain::policy::budget::raw::RawBudgets;
use crate::domain::policy::sandbox::{Network, Reads, SandboxWish, is_grantable};
use crate::domain::settings::budget::FileBudgets;
use crate::domain::settings::lines::{Lined, Lines};
use crate::domain::settings::word::{DurabilityWord, NetworkWord, ProgressWord, ReadsWord, SandboxWord};
use crate::domain::tool::price::rates::Prices;
use crate::domain::tool::resources::ResourceLimits;
use crate::domain::tool::variable;

/// An amount of something.
type Amount = Whole<0, { i64::MAX }>;

record! {
    /// The settings of a person.
    RawConfig requires [] extra Closed {
        /// The JSON Schema of this file, for editors.
        schema "$schema": String,
        /// How many workstreams run at once.
        max_workers "max_workers": Whole<1, { u32::MAX as i64 }>,
        /// Where worktrees are made; a relative path starts at the top of the repository.
        worktree_dir "worktree_dir": String,
        /// How much of a loss of power the ledger must survive.
        durability "durability": DurabilityWord,
        /// How progress is shown.
        progress "progress": ProgressWord,
        /// Whether patches and merges get notes.
        notes "notes": bool,
        /// The longest time for any step, in seconds; 0 says nothing.
        timeout_sec "timeout_sec": Pause,
        /// Names of variables that children get besides the usual ones; a name may end in `*`.
        env_allow "env_allow": Texts,
        /// What programs may use of the machine.
        resources "resources": RawResources,
        /// How much room a step must find on the disks, in MiB.
        min_free_mib "min_free_mib": Amount,
        /// Whether runs take results of steps from the cache and keep theirs in it.
        cache "cache": bool,
        /// How long a result may be taken from the cache, in seconds.
        cache_ttl_sec "cache_ttl_sec": Seconds,
        /// How tightly programs are held.
        sandbox "sandbox": SandboxWord,
        /// What they may reach over the network.
        network "network": NetworkWord,
        /// What they may read.
        reads "reads": ReadsWord,
        /// What they may write besides the usual: absolute paths, or paths below `~/`.
        sandbox_write "sandbox_write": Texts,
        /// What they may read although it is hidden or not listed, likewise.
        sandbox_read "sandbox_read": Texts,
        /// How much may be spent.
        budget "budget": RawBudgets,
        /// Prices of your own by model, in US dollars for a million tokens; they win over list prices.
        prices "prices": Prices,
        /// The file with the registry of tools; a relative path starts at the top of the repository.
        aim_registry "aim_registry": String,
        /// Free data.
        metadata "metadata": Free,
    }

    /// What a program may use of the machine.
    RawResources requires [] extra Closed {
        /// The largest memory dump of a crash, in MiB.
        core_mib "core_mib": Amount,
        /// The largest file, in MiB.
        file_mib "file_mib": Amount,
        /// How many files may be open.
        open_files "open_files": Amount,
        /// How many processes there may be besides those that run already.
        processes "processes": Amount,
        /// The largest address space, in MiB.
        memory_mib "memory_mib": Amount,
    }
}

/// The settings of a person; `None` says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// How many workstreams run at once.
    pub max_workers: Option<Lined<u32>>,
    /// Where worktrees are made.
    pub worktree_dir: Option<Lined<String>>,
    /// How much of a loss of power the ledger must survive.
    pub durability: Option<Lined<DurabilityWord>>,
    /// How progress is shown.
    pub progress: Option<Lined<ProgressWord>>,
    /// Whether patches and merges get notes.
    pub notes: Option<Lined<bool>>,
    /// The longest time for any step, in seconds.
    pub timeout_sec: Option<Lined<u64>>,
    /// Names of variables that children get besides the usual ones.
    pub env_allow: Option<Lined<Vec<String>>>,
    /// What programs may use of the machine.
    pub resources: Option<Lined<ResourceLimits>>,
    /// How much room a step must find on the disks, in MiB.
    pub min_free_mib: Option<Lined<u64>>,
    /// Whether results of steps are taken from the cache and kept in it.
    pub cache: Option<Lined<bool>>,
    /// How long a result may be taken from the cache, in seconds.
    pub cache_ttl_sec: Option<Lined<u64>>,
    /// How tightly programs are held.
    pub sandbox: Option<Lined<SandboxWish>>,
    /// What they may reach.
    pub network: Option<Lined<Network>>,
    /// What they may read.
    pub reads: Option<Lined<Reads>>,
    /// What they may write besides the usual.
    pub sandbox_write: Option<Lined<Vec<String>>>,
    /// What they may read although it is hidden or not listed.
    pub sandbox_read: Option<Lined<Vec<String>>>,
    /// How much may be spent.
    pub budget: FileBudgets,
    /// Prices of models.
    pub prices: Option<Lined<Prices>>,
    /// The file with the registry of tools.
    pub aim_registry: Option<Lined<String>>,
}

/// Reads a `config.yaml`. An empty file says nothing.
///
/// # Errors
/// Returns everything that was found when at least one of it is an error.
pub fn parse_config(file: &SourceFile) -> Result<Config, Vec<Diagnostic>> {
    let mut sink = Sink::new(std::slice::from_ref(file), Shape::File);
    let root = read_file(0, file, &mut sink).filter(|root| !matches!(root.value, Value::Null));
    let raw = root.and_then(|root| RawConfig::read(&root, &mut sink)).unwrap_or_default();
    let config = config(&raw, &Lines::new(file), &mut sink);
    if sink.errors() == 0 { Ok(config) } else { Err(sink.finish()) }
}

fn config(raw: &RawConfig, lines: &Lines<'_>, sink: &mut Sink<'_>) -> Config {
    for name in raw.env_allow.iter().flat_map(|names| &names.value) {
        if let Err(error) = variable::check_pattern(&name.value) {
            sink.add(Draft::new(Code::BadGlob, name.place, error.to_string()));
        }
    }
    for path in raw.sandbox_write.iter().chain(&raw.sandbox_read).flat_map(|paths| &paths.value) {
        if !is_grantable(&path.value) {
            let message = format!("{} must be an absolute path or begin with `~/`, without `..`", quoted(&path.value));
            sink.add(Draft::new(Code::BadPath, path.place, message));
        }
    }
    let texts = |texts: &Texts| texts.iter().map(|text| text.value.clone()).collect();
    Config {
        max_workers: lines.lined(raw.max_workers.as_ref(), |count| count.narrow()),
        worktree_dir: lines.lined(raw.worktree_dir.as_ref(), Clone::clone),
        durability: lines.lined(raw.durability.as_ref(), |word| *word),
        progress: lines.lined(raw.progress.as_ref(), |word| *word),
        notes: lines.lined(raw.notes.as_ref(), |notes| *notes),
        timeout_sec: lines.lined(raw.timeout_sec.as_ref(), |seconds| seconds.wide()).filter(|seconds| seconds.value > 0),
        env_allow: lines.lined(raw.env_allow.as_ref(), texts),
        resources: lines.lined(raw.resources.as_ref(), resources),
        min_free_mib: lines.lined(raw.min_free_mib.as_ref(), |amount| amount.wide()),
        cache: lines.lined(raw.cache.as_ref(), |cache| *cache),
        cache_ttl_sec: lines.lined(raw.cache_ttl_sec.as_ref(), |seconds| seconds.wide()),
        sandbox: lines.lined(raw.sandbox.as_ref(), |word| match word {
            SandboxWord::Auto => SandboxWish::Auto,
            SandboxWord::None => SandboxWish::None,
            SandboxWord::Landlock => SandboxWish::Landlock,
            SandboxWord::Bubblewrap => SandboxWish::Bubblewrap,
        }),
        network: lines.lined(raw.network.as_ref(), |word| match word {
            NetworkWord::Full => Network::Full,
            NetworkWord::None => Network::None,
        }),
        reads: lines.lined(raw.reads.as_ref(), |word| match word {
            ReadsWord::All => Reads::All,
            ReadsWord::Listed => Reads::Listed,
        }),
        sandbox_write: lines.lined(raw.sandbox_write.as_ref(), texts),
        sandbox_read: lines.lined(raw.sandbox_read.as_ref(), texts),
        budget: raw.budget.as_ref().map(|budget| FileBudgets::new(&budget.value, lines)).unwrap_or_default(),
        prices: lines.lined(raw.prices.as_ref(), Clone::clone),
        aim_registry: lines.lined(raw.aim_registry.as_ref(), Clone::clone),
    }
}

fn resources(raw: &RawResources) -> ResourceLimits {
    let amount = |amount: &Option<At<Amount>>| amount.as_ref().map(|amount| amount.value.wide());
    ResourceLimits {
        core_mib: amount(&raw.core_mib),
        file_mib: amount(&raw.file_mib),
        open_files: amount(&raw.open_files),
        processes: amount(&raw.processes),
        memory_mib: amount(&raw.memory_mib),
    }
}
