//! What a fluid run does differently about a failure.

use super::View;
use crate::domain::run::adapt::{Advice, advice};
use crate::domain::run::fact::StepRole;
use crate::domain::run::lessons::{CHECK, trouble};

impl View<'_> {
    /// Returns how to answer what happened last: the defaults, unless the run is a fluid one and former runs teach something else.
    pub(super) fn advice(&self, (least, most): (u32, u32)) -> Advice {
        let (Some(fluid), Some(tool), Some(last)) = (&self.brief.config.fluid, self.last_tool(), &self.one.last) else {
            return Advice::defaults(most);
        };
        let what = match last.role {
            StepRole::Edit => trouble(last.outcome, last.failure.as_ref()),
            StepRole::Static | StepRole::Runtime | StepRole::Fix | StepRole::Resolve => CHECK.to_owned(),
        };
        advice(&fluid.lessons, (tool, &what), (least, most))
    }
}
