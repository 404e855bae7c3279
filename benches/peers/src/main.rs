//! Tollgate beside its peers, measured in one run of one program.
//!
//! ```text
//! peers [TEXT...]               times every job whose name holds one of the texts; tab-separated
//! peers --memory                bytes for each stored token
//! peers --threads               processor time per operation on one thread and on two
//! peers --reload                time of a request while deployments are replaced
//! peers --list                  the jobs, and how often each is to run under a counter of instructions
//! peers --job NAME --times N    runs one job a number of times and nothing else
//! peers --table FOLDER          the table of `benches/TABLE.md` from what the others printed
//! ```
//!
//! A job is called `row/who`; `ours` and `probe` have columns of their own in the table.

mod allocations;
mod bench;
mod cold;
mod engines;
mod gateway;
mod issue;
#[path = "../../jobs.rs"]
mod jobs;
mod jwt;
mod maps;
mod memory;
mod ours;
mod probe;
mod reload;
mod table;
mod threads;
mod xml;

use bench::{Bench, Mode};

/// Stored tokens when time is measured; under a counter of instructions fewer do, since the count hardly depends on it.
const STORED: usize = 1_000_000;
const STORED_TO_COUNT: usize = 8_192;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["--list"] => jobs_of(Bench::new(Mode::List, 0)).list(),
        ["--job", name, "--times", times] => {
            jobs_of(Bench::new(Mode::One(name.to_owned()), STORED_TO_COUNT)).run_once(times.parse().unwrap());
        }
        ["--memory"] => memory::measure_each(),
        ["--memory", which] => memory::measure(which, STORED),
        ["--threads"] => threads::measure(),
        ["--reload"] => reload::measure(),
        ["--table", folder] => print!("{}", table::render(folder)),
        _ => jobs_of(Bench::new(Mode::Matching(arguments), STORED)).sample(),
    }
}

/// Every job, in the order of the table.
fn jobs_of(mut bench: Bench) -> Bench {
    ours::add(&mut bench);
    probe::add(&mut bench);
    maps::add(&mut bench);
    cold::add(&mut bench);
    gateway::add(&mut bench);
    engines::add(&mut bench);
    jwt::add(&mut bench);
    issue::add(&mut bench);
    xml::add(&mut bench);
    bench
}
