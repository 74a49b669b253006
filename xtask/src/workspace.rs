//! Where things are in this repository.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::Failure;

/// The directory of the workspace's `Cargo.toml`.
pub(crate) fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// The program that `cargo build` makes of a package.
///
/// It lies beside this program, wherever the target directory was put, since both are built with the same profile.
pub(crate) fn program(package: &str) -> Result<PathBuf, Failure> {
    let own = std::env::current_exe().map_err(|error| Failure::new(format!("where this program is: {error}")))?;
    Ok(own.with_file_name(format!("{package}{}", std::env::consts::EXE_SUFFIX)))
}

/// The program that `cargo build --release` makes of a package.
pub(crate) fn release_program(package: &str) -> Result<PathBuf, Failure> {
    let own = program(package)?;
    // The directory of one profile lies beside that of the other.
    let (name, target) = (own.file_name(), own.parent().and_then(Path::parent));
    let (Some(name), Some(target)) = (name, target) else {
        return Err(Failure::new(format!("{} has no target directory", own.display())));
    };
    Ok(target.join("release").join(name))
}

/// The names in the `[features]` table of a package's manifest, without `default`.
pub(crate) fn features(package: &str) -> Result<Vec<String>, Failure> {
    let path = root().join(package).join("Cargo.toml");
    let manifest = fs::read_to_string(&path)
        .map_err(|error| Failure::new(format!("{} is not readable: {error}", path.display())))?;
    Ok(feature_names(&manifest))
}

fn feature_names(manifest: &str) -> Vec<String> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != "[features]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim().trim_matches('"').to_owned())
        .filter(|name| name != "default" && !name.starts_with('#'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_the_keys_of_their_table() {
        let manifest = "[package]\nname = \"a\"\n\n[features]\ndefault = [\"one\"]\n# old = []\none = [\n  \"two\",\n]\ntwo = []\n\n[dependencies]\nb = \"1\"\n";
        assert_eq!(feature_names(manifest), ["one", "two"]);
    }

    #[test]
    fn a_manifest_without_features_has_none() {
        assert!(feature_names("[package]\nname = \"a\"\n").is_empty());
    }
}
