//! Counts allocations: what the hot path promises is exact, so it is a test.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests read files and stop at surprises"
)]

#[path = "../benches/jobs.rs"]
mod jobs;

/// Allocations of a hundred runs after a warm-up.
fn count(run: impl Fn()) -> u64 {
    (0..600).for_each(|_| run());
    allocation_counter::measure(|| (0..100).for_each(|_| run())).count_total
}

#[test]
fn verification_allocates_nothing() {
    for (name, run) in jobs::counted() {
        let allocations = count(run);
        // `benches/check-baseline.sh` reads these lines.
        println!("{name}: {allocations} allocations in 100 runs");
        if name.starts_with("verify: ") {
            assert_eq!(allocations, 0, "{name}");
        }
    }
    let jwt = jobs::verify_jwt();
    for job in &jwt {
        println!("{}: {} allocations in 100 runs", job.name, count(|| job.run()));
    }
    assert_eq!(count(|| jwt[0].run()), 0, "{}", jwt[0].name);
}
