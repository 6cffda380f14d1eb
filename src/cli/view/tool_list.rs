//! The tools and their chains.

use serde::Serialize;

use super::document::pretty;
use super::styled::{Role, Styled};
use super::table::{Side, Table};
use crate::domain::text::one_line;
use crate::ops::tools::list::{LinkState, Listed, Route, RouteSource};
use crate::ops::tools::version::Presence;

/// The version of the documents; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Tools<'a> {
    schema_version: u32,
    tools: &'a [Listed],
    routes: &'a [Route],
}

#[derive(Serialize)]
struct Routes<'a> {
    schema_version: u32,
    routes: &'a [Route],
}

/// Returns a line per tool, then one per capability.
#[must_use]
pub fn human(tools: &[Listed], routes: &[Route]) -> Styled {
    let columns = ["tool", "kind", "program", "version", "from", "capabilities"].map(|head| (head, Side::Left));
    let mut table = Table::new(&columns);
    for tool in tools {
        table.row(vec![
            Styled::of(Role::Strong, &tool.id),
            Styled::plain(tool.kind),
            Styled::plain(tool.program.as_deref().map(one_line).unwrap_or_default()),
            version(&tool.installation),
            Styled::of(Role::Faint, tool.author.word()),
            Styled::plain(one_line(&tool.capabilities.join(", "))),
        ]);
    }
    let mut out = table.finish();
    for tool in tools {
        if let Presence::Unknown { why } = &tool.installation {
            out.put(Role::Faint, format!("The version of {} is not known: {}.", tool.id, one_line(why))).line();
        }
    }
    if !routes.is_empty() {
        out.line().append(routes_human(routes));
    }
    out
}

fn version(presence: &Presence) -> Styled {
    match presence {
        Presence::NoProgram => Styled::default(),
        Presence::Missing => Styled::of(Role::Caution, "missing"),
        Presence::Unknown { .. } => Styled::of(Role::Faint, "?"),
        Presence::Installed { version } => Styled::of(Role::Good, version),
    }
}

/// Returns a line per capability: its chain, the primary first.
#[must_use]
pub fn routes_human(routes: &[Route]) -> Styled {
    let columns = ["capability", "order", "from", "tools"].map(|head| (head, Side::Left));
    let mut table = Table::new(&columns);
    for route in routes {
        let mut chain = Styled::default();
        for (at, link) in route.chain.iter().enumerate() {
            chain.add(if at > 0 { " -> " } else { "" });
            let name = match &link.tool {
                Some(tool) if *tool != link.name => format!("{} ({tool})", one_line(&link.name)),
                Some(_) | None => one_line(&link.name),
            };
            match link.state {
                LinkState::Installed => chain.put(Role::Good, name),
                LinkState::Missing => chain.put(Role::Caution, format!("{name} [missing]")),
                LinkState::NoProfile => chain.put(Role::Caution, format!("{name} [no profile]")),
            };
        }
        let source = match route.source {
            RouteSource::Registry => "registry",
            RouteSource::Profiles => "profiles",
        };
        table.row(vec![
            Styled::of(Role::Strong, one_line(&route.capability)),
            Styled::plain(route.strategy.word()),
            Styled::of(Role::Faint, source),
            chain,
        ]);
    }
    table.finish()
}

/// Returns the tools and chains as one JSON document.
#[must_use]
pub fn json(tools: &[Listed], routes: &[Route]) -> String {
    pretty(&Tools { schema_version: SCHEMA_VERSION, tools, routes })
}

/// Returns the chains as one JSON document.
#[must_use]
pub fn routes_json(routes: &[Route]) -> String {
    pretty(&Routes { schema_version: SCHEMA_VERSION, routes })
}
