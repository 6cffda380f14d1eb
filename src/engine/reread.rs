//! The settings, read again between two waves of a fluid run.

use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use super::recorder::Recorder;
use crate::domain::run::event::Event;
use crate::domain::run::reread::{SettingsReread, difference};
use crate::domain::run::state::RunState;
use crate::domain::text::one_line;

/// Reads the settings again and records what changed. When they can not be read, the old ones hold, and that is recorded.
///
/// # Errors
/// Returns an error when the driver stops.
pub async fn run(cx: &RunContext, wave: u32, state: &RunState, recorder: &Recorder) -> Result<(), ExecuteError> {
    let reader = cx.reader.clone();
    let read = match blocking(move || Ok(reader.read())).await? {
        Ok(fresh) => difference(&cx.config, &state.reread, &fresh, wave),
        Err(error) => {
            tracing::warn!(error, "the settings can not be read again; the old ones hold");
            let told = vec![format!("the settings can not be read, so the old ones hold: {}", one_line(&error))];
            SettingsReread { wave, told, ..SettingsReread::default() }
        }
    };
    recorder.record(vec![Event::SettingsReread(read)]).await?;
    Ok(())
}
