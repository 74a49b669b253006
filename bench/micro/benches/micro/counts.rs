//! Instructions per operation, by callgrind: the same for the same program, whatever else the machine does.

use crate::Failure;
use crate::case::Case;
use crate::record::Record;
use crate::table;
use std::env;
use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// The command line that has this program run one benchmark inside of callgrind.
pub(crate) const RUN_ONE: &str = "run-one";

/// Where the profiles go, for `callgrind_annotate`.
const PROFILES: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/callgrind");

/// All that is counted. It is not inlined, as callgrind knows it by its name.
#[inline(never)]
fn counted_by_callgrind(operation: &mut dyn FnMut(u64), times: u64) {
    operation(times);
    // Without something behind it the call would be a jump.
    black_box(times);
}

/// One benchmark: everything that happens only once, and then what is counted.
pub(crate) fn run_one(case: &Case) {
    let mut operation = (case.prepare)();
    operation(case.times);
    counted_by_callgrind(&mut *operation, case.times);
}

/// Counts those benchmarks whose names have one of `parts` in them, or all, and compares them with what is recorded, or records
/// them.
pub(crate) fn run(cases: &[Case], parts: &[&str], recording: bool) -> Result<(), Failure> {
    let is_chosen = |case: &&Case| parts.is_empty() || parts.iter().any(|part| case.name.contains(part));
    let chosen: Vec<&Case> = cases.iter().filter(is_chosen).collect();
    if chosen.is_empty() {
        return Err(format!("No benchmark has {} in its name.", parts.join(" or ")).into());
    }
    fs::create_dir_all(PROFILES)?;
    let mut record = Record::read()?;
    eprintln!("Running {} benchmarks in callgrind, some seconds each.", chosen.len());
    let counts = count_all(&chosen)?;
    let counted: Vec<(&str, u64)> = chosen.iter().map(|case| case.name.as_str()).zip(counts).collect();
    print!("{}", table::of(&counted, &record));
    println!("\nProfiles for callgrind_annotate are in {PROFILES}.");
    if recording {
        return record.replace(&counted, cases);
    }
    if !record.is_of_this_compiler()? {
        println!("What is recorded is of {}: differences may be the compiler's.", record.compiler());
    }
    table::verdict(&counted, &record)
}

/// The figures of all, in their order. As many run at a time as there are processors.
fn count_all(cases: &[&Case]) -> Result<Vec<u64>, Failure> {
    let results: Vec<Mutex<Option<Result<u64, Failure>>>> = cases.iter().map(|_| Mutex::default()).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((case, result)) = {
            let nth = next.fetch_add(1, Ordering::Relaxed);
            cases.get(nth).zip(results.get(nth))
        } {
            *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(count(case));
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let result = |result: Mutex<Option<_>>| result.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.into_iter().filter_map(result).collect()
}

fn count(case: &Case) -> Result<u64, Failure> {
    let profile = PathBuf::from(PROFILES).join(case.name.replace(['/', ' ', ','], "-"));
    let output = Command::new(env::var_os("VALGRIND").unwrap_or_else(|| "valgrind".into()))
        .args(["--quiet", "--tool=callgrind", "--toggle-collect=*counted_by_callgrind*"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(env::current_exe()?)
        .args([RUN_ONE, &case.name])
        .output()
        .map_err(|error| format!("valgrind cannot be run: {error}"))?;
    let failed = |why: &str| format!("{}: {why}\n{}", case.name, String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        return Err(failed("it fails under valgrind").into());
    }
    match total(&fs::read_to_string(profile)?) {
        None | Some(0) => Err(failed("nothing was counted").into()),
        Some(total) => Ok((total + case.times / 2) / case.times),
    }
}

/// The sum that callgrind writes at the end of a profile. Instructions come before whatever else it was told to count.
fn total(profile: &str) -> Option<u64> {
    let totals = profile.lines().rev().find_map(|line| line.strip_prefix("totals: "))?;
    totals.split(' ').next()?.parse().ok()
}
