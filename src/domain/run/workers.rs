//! How many workstreams run at once where nobody says so and the run is to be fast: as many as the machine and the tools have room for.

use std::collections::BTreeMap;

use super::config::ToolTraits;
use crate::domain::id::ToolId;
use crate::domain::text::count;

/// How many workers a core has: tools wait for models most of the time, checks do not.
const PER_CORE: u32 = 2;
/// How much memory a worker should find, in MiB.
const MIB_PER_WORKER: u64 = 1024;
/// The most workers without anybody asking for them.
const MOST: u32 = 16;

/// What a machine has to offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// How many cores this process may use.
    pub cores: u32,
    /// How much memory is free, in MiB; `None` when that is not known.
    pub available_mib: Option<u64>,
}

/// How many workers, and why not more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workers {
    /// How many; at least 1.
    pub count: u32,
    /// Why not more, a sentence.
    pub why: String,
}

/// Returns how many workers a run has: the least of what cores, memory and tools allow. A tool without a limit of its own takes any number.
#[must_use]
pub fn workers(machine: Machine, tools: &BTreeMap<ToolId, ToolTraits>) -> Workers {
    let cores = machine.cores.max(1);
    let by_cores = cores.saturating_mul(PER_CORE);
    let mut bounds = vec![
        (by_cores, format!("{PER_CORE} for each of {}", count(cores as usize, "core"))),
        (MOST, format!("{MOST} are the most that nobody asked for")),
    ];
    bounds.extend(machine.available_mib.map(|mib| {
        let fit = u32::try_from(mib / MIB_PER_WORKER).unwrap_or(u32::MAX);
        (fit, format!("{mib} MiB of memory are free, and each should find {MIB_PER_WORKER}"))
    }));
    let limits: Option<Vec<u32>> = tools.values().map(|traits| traits.max_parallel).collect();
    bounds.extend(limits.filter(|limits| !limits.is_empty()).map(|limits| {
        let all = limits.iter().fold(0_u32, |sum, limit| sum.saturating_add(*limit));
        (all, "the tools allow no more at once".to_owned())
    }));
    let (least, why) = bounds.into_iter().min_by_key(|(bound, _)| *bound).unwrap_or((1, String::new()));
    let count_now = least.max(1);
    Workers { count: count_now, why: format!("{} at once: {why}", count(count_now as usize, "workstream")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tool::profile::ResolveMode;

    #[test]
    fn the_scarcest_thing_decides() {
        let tool = |id: &str, most| (ToolId::parse(id).unwrap(), ToolTraits { max_parallel: most, ..ToolTraits::of(ResolveMode::Redo) });
        let check = |(cores, mib): (u32, Option<u64>), limits: &[Option<u32>], expect: u32, why: &str| {
            let tools = limits.iter().enumerate().map(|(n, most)| tool(&format!("t{n}"), *most)).collect();
            let found = workers(Machine { cores, available_mib: mib }, &tools);
            assert_eq!((found.count, found.why.contains(why)), (expect, true), "{found:?}");
        };
        check((2, None), &[], 4, "4 workstreams at once: 2 for each of 2 cores");
        check((1, Some(64_000)), &[], 2, "2 for each of 1 core");
        check((64, Some(640_000)), &[], 16, "16 are the most");
        check((8, Some(3_500)), &[], 3, "3500 MiB of memory are free");
        check((8, Some(100)), &[], 1, "1 workstream at once: 100 MiB");
        check((8, None), &[Some(1), Some(2)], 3, "the tools allow no more");
        check((8, None), &[Some(1), None], 16, "");
        check((0, Some(0)), &[Some(0)], 1, "1 workstream at once");
    }
}
