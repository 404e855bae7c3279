//! Time of the engine's work: a group for each kind of job. `benches/peers` measures the same jobs beside others' programs.
//!
//! Allocations of the same jobs are counted by `tests/allocations.rs`; instructions by `benches/instructions.sh`.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark stops at the first surprise")]

#[path = "jobs.rs"]
mod jobs;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use tollgate::bundle::Bundle;
use tollgate::diagnostic::{Diagnostics, Source};
use tollgate::host::Host;
use tollgate::policy::PolicyDocument;
use tollgate::xml::Document;
use tollgate::{Limits, PolicyEngine};

fn parse(c: &mut Criterion) {
    let mut group = c.benchmark_group("parse");
    let limits = Limits::default();
    for (name, text) in jobs::documents() {
        group.throughput(criterion::Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| {
            let source = Source::new("policy.xml", text.as_str());
            b.iter(|| PolicyDocument::parse(black_box(&source), "policy", &limits, &mut Diagnostics::new()));
        });
    }
    let endpoint = jobs::endpoint();
    group.throughput(criterion::Throughput::Bytes(endpoint.len() as u64));
    let source = Source::new("default.xml", endpoint.as_str());
    group.bench_function("endpoint, the tree", |b| {
        b.iter(|| Document::parse(black_box(&source), &limits, &mut Diagnostics::new()));
    });
    let files = [("apiproxy/proxies/default.xml", endpoint.as_str())];
    group.bench_function("endpoint, as a bundle", |b| {
        b.iter(|| Bundle::from_files("p", black_box(files), &limits));
    });
    group.finish();
}

fn link(c: &mut Criterion) {
    let mut group = c.benchmark_group("link");
    group.bench_function("weather", |b| {
        b.iter(|| PolicyEngine::new(black_box(jobs::weather()), Host::in_memory()).unwrap());
    });
    let engine = jobs::engine_over(&Host::in_memory(), jobs::TOKENS);
    group.bench_function("another deployment", |b| b.iter(|| engine.deploy(jobs::verifying("READ")).unwrap()));
    group.finish();
}

/// A group of jobs that each answer requests.
fn requests(c: &mut Criterion, group: &str, jobs: impl IntoIterator<Item = jobs::Job>) {
    let mut group = c.benchmark_group(group);
    for job in jobs {
        group.bench_function(job.name, |b| b.iter(|| job.run()));
    }
    group.finish();
}

fn verify(c: &mut Criterion) {
    requests(c, "verify", jobs::verify());
    requests(c, "verify, SHA-256 at rest", [jobs::verify_hashed(0)]);
}

/// Each beside the bare check of its signature, which no verification can do without.
fn jwt(c: &mut Criterion) {
    requests(c, "jwt", jobs::verify_jwt());
    let mut group = c.benchmark_group("jwt, signature alone");
    for algorithm in ["HS256", "RS256", "ES256"] {
        let check = jobs::bare_signature(algorithm);
        group.bench_function(algorithm, |b| b.iter(&check));
    }
    group.finish();
}

fn proxy(c: &mut Criterion) {
    requests(c, "proxy", [jobs::proxy()]);
}

fn issue(c: &mut Criterion) {
    requests(c, "issue", [jobs::issue()]);
}

criterion_group!(benches, parse, link, verify, jwt, proxy, issue);
criterion_main!(benches);
