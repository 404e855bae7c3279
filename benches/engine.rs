//! Time of the engine's work: parse, link, evaluate.
//!
//! The documents are those of `benches/peers`, which reads them with quick-xml alone and with roxmltree too.
//! Allocations of the same jobs are counted by `tests/allocations.rs`; instructions by `benches/instructions.sh`.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark stops at the first surprise")]

#[path = "jobs.rs"]
mod jobs;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
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
    group.bench_function("endpoint, 30 KB, the tree", |b| {
        b.iter(|| Document::parse(black_box(&source), &limits, &mut Diagnostics::new()));
    });
    let files = jobs::bundle();
    group.bench_function("endpoint, 30 KB, as a bundle", |b| b.iter(|| jobs::read_bundle(black_box(&files))));
    group.finish();
}

fn link(c: &mut Criterion) {
    let mut group = c.benchmark_group("link");
    group.bench_function("weather", |b| {
        b.iter(|| PolicyEngine::new(black_box(jobs::weather()), Host::in_memory()).unwrap());
    });
    group.finish();
}

fn evaluate(c: &mut Criterion) {
    let mut group = c.benchmark_group("evaluate");
    for job in jobs::verify() {
        group.bench_function(job.name, |b| b.iter(|| job.run()));
    }
    let proxy = jobs::proxy();
    group.bench_function("whole proxy, request side", |b| b.iter(|| proxy.run()));
    group.finish();
}

criterion_group!(benches, parse, link, evaluate);
criterion_main!(benches);
