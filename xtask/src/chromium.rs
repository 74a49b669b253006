//! Finds a Chromium for the browser test.

use std::path::PathBuf;
use std::process;

use crate::command::{Command, Failure};

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The browser named by `CHROMIUM`, else one on `PATH`, else one installed now where that can be done unasked.
pub(crate) fn find() -> Result<PathBuf, Failure> {
    if let Some(chosen) = std::env::var_os("CHROMIUM") {
        return Ok(chosen.into());
    }
    if let Some(found) = on_path() {
        return Ok(found);
    }
    if is_root() && in_path("apt-get").is_some() {
        apt_get(&["update"])?;
        apt_get(&["install", "--yes", "--no-install-recommends", "chromium"])?;
    }
    on_path().ok_or_else(|| {
        Failure::new(
            "No Chromium was found. Install it (Debian: apt-get install chromium) or set CHROMIUM to its path.",
        )
    })
}

fn on_path() -> Option<PathBuf> {
    NAMES.into_iter().find_map(in_path)
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file())
}

fn apt_get(arguments: &[&str]) -> Result<(), Failure> {
    Command::new("apt-get").args(["--quiet"]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive").run()
}

fn is_root() -> bool {
    process::Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
