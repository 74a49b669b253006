//! The steps of `cargo xtask test`.

use std::time::Instant;

use crate::command::{Command, Failure};
use crate::{installed, node, workspace};

struct Step {
    name: &'static str,
    about: &'static str,
    run: fn() -> Result<(), Failure>,
}

/// Cheapest first, so that a slip is told early.
const STEPS: [Step; 8] = [
    Step { name: "fmt", about: "the code is formatted", run: fmt },
    Step { name: "clippy", about: "no lint fires, with all targets and features", run: clippy },
    Step { name: "doc", about: "the documentation builds without warnings", run: doc },
    Step { name: "features", about: "the library builds without features and with each alone", run: features },
    Step { name: "rust", about: "the Rust tests pass", run: rust },
    Step { name: "node", about: "Microsoft's JavaScript client works with the server", run: node_tests },
    Step { name: "bench", about: "the benchmarks run, however fast", run: bench },
    Step { name: "browser", about: "the demo works in two browser tabs", run: browser },
];

/// The steps' names, one to a line.
pub(crate) fn list() -> String {
    STEPS.iter().map(|step| format!("  {:<10} {}\n", step.name, step.about)).collect()
}

/// Runs the steps named, or all, and stops at the first that fails.
pub(crate) fn run(names: &[String]) -> Result<(), Failure> {
    let chosen = choose(names)?;
    for (passed, step) in chosen.iter().enumerate() {
        println!("\n==> {}: {}", step.name, step.about);
        let started = Instant::now();
        if let Err(failure) = (step.run)() {
            let skipped = chosen.len() - passed - 1;
            println!("\n==> {} FAILED: {failure}", step.name);
            return Err(Failure::new(format!("steps: {passed} passed, 1 failed, {skipped} skipped")));
        }
        println!("==> {} passed in {:.0?}", step.name, started.elapsed());
    }
    println!("\nsteps: {} passed, 0 failed", chosen.len());
    Ok(())
}

fn choose(names: &[String]) -> Result<Vec<&'static Step>, Failure> {
    if let Some(unknown) = names.iter().find(|name| !STEPS.iter().any(|step| step.name == **name)) {
        return Err(Failure::new(format!("There is no step `{unknown}`. The steps:\n{}", list())));
    }
    Ok(STEPS.iter().filter(|step| names.is_empty() || names.iter().any(|name| name == step.name)).collect())
}

fn fmt() -> Result<(), Failure> {
    Command::cargo("fmt").args(["--all", "--check"]).run()
}

fn clippy() -> Result<(), Failure> {
    Command::cargo("clippy").args(["--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]).run()
}

fn doc() -> Result<(), Failure> {
    Command::cargo("doc").args(["--workspace", "--all-features", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings").run()
}

fn features() -> Result<(), Failure> {
    let check = || Command::cargo("check").args(["--package", "signalr", "--no-default-features"]);
    check().run()?;
    for feature in workspace::features("signalr")? {
        check().args(["--features", &feature]).run()?;
    }
    Ok(())
}

fn rust() -> Result<(), Failure> {
    let redis = installed::REDIS.find()?;
    Command::cargo("test").args(["--workspace", "--all-features"]).env("REDIS_SERVER", redis).run()
}

fn node_tests() -> Result<(), Failure> {
    Command::cargo("build").args(["--package", "conformance", "--package", "auth"]).run()?;
    let (conformance, auth) = (workspace::program("conformance")?, workspace::program("auth")?);
    let redis = installed::REDIS.find()?;
    node::test("tests/node", &[("CONFORMANCE_BIN", &conformance), ("AUTH_BIN", &auth), ("REDIS_SERVER", &redis)])
}

fn bench() -> Result<(), Failure> {
    crate::bench::run(&["--smoke".to_owned()])?;
    crate::micro::smoke()
}

fn browser() -> Result<(), Failure> {
    let browser = installed::CHROMIUM.find()?;
    node::install("examples/chat/web")?;
    Command::cargo("build").args(["--package", "chat"]).run()?;
    node::test("tests/browser", &[("CHAT_BIN", &workspace::program("chat")?), ("CHROMIUM", &browser)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str]) -> Vec<&'static str> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        choose(&names).expect("known steps").iter().map(|step| step.name).collect()
    }

    #[test]
    fn no_name_means_all_steps() {
        assert_eq!(chosen(&[]).len(), STEPS.len());
    }

    #[test]
    fn named_steps_keep_the_list_s_order() {
        assert_eq!(chosen(&["node", "fmt"]), ["fmt", "node"]);
    }

    #[test]
    fn an_unknown_step_is_refused_by_name() {
        let failure = choose(&["fmt".to_owned(), "lint".to_owned()]).err().expect("refused");
        assert!(failure.to_string().starts_with("There is no step `lint`."), "{failure}");
    }
}
