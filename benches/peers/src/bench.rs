//! Samples every job in turn, so that a slow spell of the machine hits all of them alike.

use rustix::time::{ClockId, clock_gettime};

use crate::allocations;

/// Rounds, and the length of one job's sample in a round.
const ROUNDS: usize = 101;
const SAMPLE_NS: f64 = 2e6;

/// What the program is asked to do with the jobs.
pub enum Mode {
    List,
    One(String),
    Matching(Vec<String>),
}

struct Job {
    name: String,
    times: u64,
    /// Runs the job a number of times.
    run: Option<Box<dyn FnMut(u64)>>,
}

/// The jobs that were asked for.
pub struct Bench {
    mode: Mode,
    stored: usize,
    jobs: Vec<Job>,
}

impl Bench {
    pub fn new(mode: Mode, stored: usize) -> Self {
        Self { mode, stored, jobs: Vec::new() }
    }

    /// Adds a job; `times` is how often a counter of instructions should run it. It is set up only when asked for.
    pub fn add<F: FnMut(u64) + 'static>(&mut self, name: &str, times: u64, set_up: impl FnOnce(usize) -> F) {
        let run: Option<Box<dyn FnMut(u64)>> = match &self.mode {
            Mode::List => None,
            Mode::One(one) if one != name => return,
            Mode::Matching(texts) if !texts.is_empty() && !texts.iter().any(|text| name.contains(text)) => return,
            _ => Some(Box::new(set_up(self.stored))),
        };
        self.jobs.push(Job { name: name.to_owned(), times, run });
    }

    pub fn list(&self) {
        self.jobs.iter().for_each(|job| println!("{}\t{}", job.name, job.times));
    }

    pub fn run_once(mut self, times: u64) {
        let job = self.jobs.first_mut().expect("no job has this name");
        counted_part(job.run.as_mut().unwrap(), times);
    }

    /// Prints for each job: name, best and median nanoseconds, allocations.
    pub fn sample(self) {
        let mut jobs: Vec<_> =
            self.jobs.into_iter().filter_map(|job| Some((job.name, job.run?, 0, Vec::new(), 0.0))).collect();
        for (_, run, times, ..) in &mut jobs {
            *times = calibrate(run);
        }
        for _ in 0..ROUNDS {
            for (_, run, times, samples, allocated) in &mut jobs {
                // Untimed, to bring the job's code and data back into the caches.
                run((*times / 20).max(1));
                let (before, start) = (allocations::count(), processor_ns());
                run(*times);
                samples.push((processor_ns() - start) / *times as f64);
                *allocated = (allocations::count() - before) as f64 / *times as f64;
            }
        }
        for (name, _, _, mut samples, allocated) in jobs {
            samples.sort_by(f64::total_cmp);
            println!("{name}\t{:.2}\t{:.2}\t{allocated:.2}", samples[0], samples[samples.len() / 2]);
        }
    }
}

/// The part of a run that a counter of instructions collects; it knows the part by this name.
///
/// Setting up must not count: making an RSA key takes a different number of instructions each time.
#[unsafe(no_mangle)]
#[inline(never)]
fn counted_part(run: &mut Box<dyn FnMut(u64)>, times: u64) {
    run(times);
}

/// How often a job runs in one sample.
fn calibrate(run: &mut dyn FnMut(u64)) -> u64 {
    run(3);
    let mut times = 1;
    loop {
        let start = processor_ns();
        run(times);
        let took = processor_ns() - start;
        if took > SAMPLE_NS / 4.0 {
            return ((times as f64 * SAMPLE_NS / took) as u64).max(1);
        }
        times *= if took < SAMPLE_NS / 100.0 { 8 } else { 2 };
    }
}

/// Processor time of this thread: what other processes take does not count.
pub fn processor_ns() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}

/// Pseudo-random numbers (splitmix64), the same in every run.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A token of 28 letters and digits.
    pub fn token(&mut self) -> [u8; 28] {
        const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        std::array::from_fn(|_| LETTERS[(self.next() % 62) as usize])
    }
}
