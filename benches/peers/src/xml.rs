//! Reading documents: events alone, a tree of somebody else's, our typed policy, and the plan linked from it.

use std::hint::black_box;

use tollgate::diagnostic::{Diagnostics, Source};
use tollgate::host::Host;
use tollgate::policy::PolicyDocument;
use tollgate::{Deployment, Limits, PolicyEngine};

use crate::bench::Bench;
use crate::jobs::{self, read_bundle};

const POLICY: &str = "XML policy, 2.2 KB";
const ENDPOINT: &str = "XML endpoint, 30 KB";

pub fn add(bench: &mut Bench) {
    bench.add(&format!("{POLICY}/ours"), 500, |_| {
        let (source, limits) = (Source::new("policy.xml", jobs::policy()), Limits::default());
        move |times| {
            for _ in 0..times {
                let mut findings = Diagnostics::new();
                let document = PolicyDocument::parse(black_box(&source), "policy", &limits, &mut findings);
                assert!(document.is_some() && !findings.has_errors());
            }
        }
    });
    bench.add(&format!("{POLICY}, to the linked plan/ours"), 500, |_| {
        let (text, host) = (jobs::policy(), Host::in_memory());
        move |times| {
            for _ in 0..times {
                let deployment = Deployment::new().policy("policy.xml", black_box(&text));
                black_box(PolicyEngine::new(deployment, host.clone()).unwrap());
            }
        }
    });
    bench.add(&format!("{ENDPOINT}/ours"), 50, |_| {
        let files = jobs::bundle();
        move |times| (0..times).for_each(|_| drop(black_box(read_bundle(&files))))
    });
    bench.add(&format!("{ENDPOINT}, to the linked plan/ours"), 50, |_| {
        let (files, host) = (jobs::bundle(), Host::in_memory());
        move |times| {
            for _ in 0..times {
                let deployment = Deployment::new().bundle(read_bundle(&files));
                black_box(PolicyEngine::new(deployment, host.clone()).unwrap());
            }
        }
    });
    for (row, text) in [(POLICY, jobs::policy as fn() -> String), (ENDPOINT, jobs::endpoint)] {
        let times = if row == POLICY { 500 } else { 50 };
        bench.add(&format!("{row}/quick-xml events"), times, |_| {
            let text = text();
            move |times| (0..times).for_each(|_| assert!(black_box(events(black_box(&text))) > 10))
        });
        bench.add(&format!("{row}/roxmltree tree"), times, |_| {
            let text = text();
            move |times| (0..times).for_each(|_| drop(black_box(roxmltree::Document::parse(black_box(&text)).unwrap())))
        });
    }
}

fn events(text: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut count = 0;
    while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {
        count += 1;
    }
    count
}
