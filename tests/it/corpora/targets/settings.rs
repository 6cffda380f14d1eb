//! Settings files and git's configuration: any text is settings or one error with a place.

use std::path::Component;
use std::sync::LazyLock;

use git_orc::domain::document::source::SourceFile;
use git_orc::domain::settings::parse::parse_profile;
use git_orc::io::settings::git_config;
use git_orc::io::settings::layer::{Layer, Places};
use git_orc::io::settings::limits::LimitLayers;
use git_orc::io::settings::overlay::Overlay;

/// A file of limits.
pub fn settings_limits(data: &[u8]) {
    static SHIPPED: LazyLock<LimitLayers> = LazyLock::new(|| LimitLayers::shipped().unwrap());
    let mut layers = SHIPPED.clone();
    if layers.add(Layer::User, "limits.yaml", &String::from_utf8_lossy(data)).is_err() {
        return;
    }
    let Ok(limits) = layers.finish() else { return };
    assert!(limits.loops.retry.max_attempts >= 1 && limits.breaker.failure_threshold >= 1, "{limits:?}");
    let wait = git_orc::domain::run::retry::delay(&limits.loops.retry, u32::MAX, "place").as_secs_f64();
    assert!(wait >= 0.0 && wait <= limits.loops.retry.max_delay_sec * (1.0 + limits.loops.retry.jitter) + 1e-6, "{wait} {limits:?}");
}

/// The profile of a repository: whatever it says, it grants nothing and stays beside the repository.
pub fn settings_profile(data: &[u8]) {
    let Ok((profile, _)) = parse_profile(&SourceFile::from_bytes("PROJECT_PROFILE.yaml", data), &[]) else { return };
    let overlay = Overlay::of_profile(&profile);
    assert!(overlay.env_allow.is_none() && overlay.sandbox_write.is_none() && overlay.sandbox_read.is_none(), "{overlay:?}");
    if let Some(folder) = overlay.worktree_dir {
        let parts: Vec<_> = folder.value.components().collect();
        assert!(parts.len() > 1 && parts[0] == Component::ParentDir, "{folder:?}");
        assert!(parts[1..].iter().all(|part| matches!(part, Component::Normal(_))), "{folder:?}");
    }
    let mut layers = LimitLayers::shipped().unwrap();
    layers.put(Places { layer: Layer::Repository, file: "p" }, &profile.limits);
    layers.finish().unwrap();
}

/// A project's or a user's settings.
pub fn settings_overlay(data: &[u8]) {
    let _ = Overlay::parse(Layer::Repository, "PROJECT_PROFILE.yaml", &String::from_utf8_lossy(data));
}

/// The output of `git config -z --list --show-scope`.
pub fn git_config(data: &[u8]) {
    let entries = git_config::entries(data);
    let _ = git_config::overlay(&entries);
}
