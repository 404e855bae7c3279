//! Replays every seed and every kept finding of the fuzz targets.

use std::path::Path;

#[path = "../../fuzz/targets/src/lib.rs"]
#[allow(unreachable_pub, reason = "the fuzz targets are a crate of their own too")]
mod targets;

use crate::cases::root;

type Target = (&'static str, fn(&[u8]));

const TARGETS: &[Target] = &[
    ("policy_xml", targets::policy_xml),
    ("bundle", targets::bundle),
    ("condition", targets::condition),
    ("template", targets::template),
    ("evaluate", targets::evaluate),
    ("xpath", targets::xpath),
    ("jsonpath", targets::jsonpath),
    ("java_regex", targets::java_regex),
    ("jose", targets::jose),
    #[cfg(feature = "zip")]
    ("zip", targets::zip),
];

fn replay(folder: &Path, run: fn(&[u8])) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in &files {
        println!("{}", file.display());
        run(&std::fs::read(file).unwrap());
    }
    files.len()
}

#[test]
fn kept_inputs_are_harmless() {
    for (name, run) in TARGETS {
        let seeds = replay(&root().join("fuzz/seeds").join(name), *run);
        assert!(seeds > 0, "{name} has no seeds");
        replay(&root().join("fuzz/regressions").join(name), *run);
    }
}

/// Every policy of the examples is a seed, whether or not it is under `fuzz/seeds`.
#[test]
fn examples_are_harmless() {
    let mut open = vec![root().join("policies-examples")];
    let mut count = 0;
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|it| it == "xml") {
                targets::policy_xml(&std::fs::read(&path).unwrap());
                count += 1;
            }
        }
    }
    assert!(count > 0, "no examples");
}
