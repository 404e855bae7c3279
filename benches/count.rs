//! Runs one job a number of times and nothing else, for a program that counts instructions from outside.
//!
//! `benches/instructions.sh` runs it under callgrind twice and divides the difference, so that setting up does not count.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs, reason = "a benchmark reads its arguments")]

mod jobs;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let all = jobs::counted();
    let Some(name) = arguments.next() else {
        all.iter().for_each(|(name, _)| println!("{name}"));
        return;
    };
    let times: usize = arguments.next().and_then(|times| times.parse().ok()).unwrap_or(1);
    // The jobs of JWTs are no part of the list: their tokens take long to sign.
    let signed = if name.contains("JWT") { jobs::counted_jwt() } else { Vec::new() };
    let links = jobs::counted_links();
    let (_, run) = all.iter().chain(&signed).chain(&links).find(|(one, _)| *one == name).unwrap();
    (0..times).for_each(|_| run());
}
