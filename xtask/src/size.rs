//! What the methods of a hub cost the application that has them: time of `cargo check`, and bytes of its program.

use std::fs;
use std::time::{Duration, Instant};

use crate::command::{Command, Failure};
use crate::workspace;

const PACKAGE: &str = "size";
const ROUNDS: usize = 3;
const CHECK_LIMIT: Duration = Duration::from_secs(2);
const SIZE_LIMIT: u64 = 300_000;

/// Measures both and prints them beside what is aimed at. The options go to cargo, such as `--features msgpack`.
pub(crate) fn run(options: &[String]) -> Result<(), Failure> {
    let [one, hundred] = check_times(options)?;
    let build = || Command::cargo("build").args(["--release", "--package", PACKAGE]);
    build().args(["--config", &format!("profile.release.package.{PACKAGE}.strip=true")]).args(options).run()?;
    let seconds = |time: Duration| format!("{:.2} s", time.as_secs_f64());
    let kilobytes = |bytes: u64| format!("{:.0} KB", bytes as f64 / 1000.0);
    println!("\n|                                         | the other | 100 methods | difference | aimed at |");
    println!("| ---                                     |      ---: |        ---: |       ---: |     ---: |");
    let row = |name: &str, [other, hundred, difference]: [String; 3], aim: String| {
        println!("| {name:<39} | {other:>9} | {hundred:>11} | {difference:>10} | {aim:>8} |");
    };
    row(
        "`cargo check`, beside one method",
        [one, hundred, hundred.saturating_sub(one)].map(seconds),
        seconds(CHECK_LIMIT),
    );
    let hundred = program_size("hundred")?;
    for (other, name, aim) in [
        ("each", "program, beside one method of each kind", kilobytes(SIZE_LIMIT)),
        ("one", "program, beside one method", String::new()),
        ("types", "… and serde_json for the same types", String::new()),
    ] {
        let size = program_size(other)?;
        row(name, [size, hundred, hundred.saturating_sub(size)].map(kilobytes), aim);
    }
    Ok(())
}

/// How long `cargo check` takes of a hub with one method and with a hundred, when nothing is known of it yet, but all of its
/// dependencies are checked.
fn check_times(options: &[String]) -> Result<[Duration; 2], Failure> {
    let check = |target: &[&str]| Command::cargo("check").args(["--package", PACKAGE]).args(target).args(options);
    check(&["--lib"]).run()?;
    let mut times = [const { Vec::new() }; 2];
    for _ in 0..ROUNDS {
        Command::cargo("clean").args(["--package", PACKAGE]).run()?;
        check(&["--lib"]).run()?;
        for (program, times) in ["one", "hundred"].iter().zip(&mut times) {
            let started = Instant::now();
            check(&["--bin", program]).run()?;
            times.push(started.elapsed());
        }
    }
    Ok(times.map(median))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn program_size(program: &str) -> Result<u64, Failure> {
    let path = workspace::release_program(program)?;
    let metadata = fs::metadata(&path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    Ok(metadata.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([9, 1, 2].map(Duration::from_secs).into()), Duration::from_secs(2));
    }
}
