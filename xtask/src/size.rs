//! What the methods of a hub cost the application that has them: time of `cargo check`, and bytes of its program.

use std::fs;
use std::time::{Duration, Instant};

use crate::command::{Command, Failure};
use crate::workspace;

const PACKAGE: &str = "size";
/// The programs of the package: with a hub of one method, and of a hundred.
const PROGRAMS: [&str; 2] = ["one", "hundred"];
const ROUNDS: usize = 3;
const CHECK_LIMIT: Duration = Duration::from_secs(2);
const SIZE_LIMIT: u64 = 300_000;

/// Measures both, prints them beside their limits, and fails where the program grows by more than it may. The time is only printed:
/// it says as much about the machine. The options go to cargo, such as `--features msgpack`.
pub(crate) fn run(options: &[String]) -> Result<(), Failure> {
    let check = median_check_times(options)?;
    let size = program_sizes(options)?;
    let (check, size) =
        ([check[0], check[1], check[1].saturating_sub(check[0])], [size[0], size[1], size[1] - size[0]]);
    let seconds = |time: Duration| format!("{:.2} s", time.as_secs_f64());
    let kilobytes = |bytes: u64| format!("{:.0} KB", bytes as f64 / 1000.0);
    println!("\n| a hub of         | one method | 100 methods | difference |  limit |");
    println!("| ---              |       ---: |        ---: |       ---: |   ---: |");
    row("`cargo check`", check.map(seconds), seconds(CHECK_LIMIT));
    row("stripped program", size.map(kilobytes), kilobytes(SIZE_LIMIT));
    if size[2] > SIZE_LIMIT {
        return Err(Failure::new(format!("100 methods add more than {} to a program", kilobytes(SIZE_LIMIT))));
    }
    Ok(())
}

fn row(name: &str, [one, hundred, difference]: [String; 3], limit: String) {
    println!("| {name:<16} | {one:>10} | {hundred:>11} | {difference:>10} | {limit:>6} |");
}

/// How long `cargo check` takes of each program when nothing is known of it yet, but all of its dependencies are checked.
fn median_check_times(options: &[String]) -> Result<[Duration; 2], Failure> {
    let check = |target: &[&str]| Command::cargo("check").args(["--package", PACKAGE]).args(target).args(options);
    check(&["--lib"]).run()?;
    let mut times = [const { Vec::new() }; 2];
    for _ in 0..ROUNDS {
        Command::cargo("clean").args(["--package", PACKAGE]).run()?;
        check(&["--lib"]).run()?;
        for (program, times) in PROGRAMS.iter().zip(&mut times) {
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

/// How many bytes the release build of each program has, without symbols.
fn program_sizes(options: &[String]) -> Result<[u64; 2], Failure> {
    let strip = format!("profile.release.package.{PACKAGE}.strip=true");
    Command::cargo("build").args(["--release", "--package", PACKAGE, "--config", &strip]).args(options).run()?;
    let mut sizes = [0; 2];
    for (program, size) in PROGRAMS.iter().zip(&mut sizes) {
        let path = workspace::release_program(program)?;
        let metadata = fs::metadata(&path);
        *size = metadata.map_err(|error| Failure::new(format!("{}: {error}", path.display())))?.len();
    }
    Ok(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([9, 1, 2].map(Duration::from_secs).into()), Duration::from_secs(2));
    }
}
