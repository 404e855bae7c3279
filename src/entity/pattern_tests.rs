use proptest::prelude::*;

use super::*;

fn admits(pattern: &str, path: &str) -> bool {
    PathPattern::compile(pattern).unwrap().matches(path, PathRules::APIGEE)
}

#[test]
fn documented_table_of_paths() {
    // Rows: path; columns: `/`, `/*`, `/**`, `/*/2/**`. Cells the vendors leave open follow the choice in the module doc.
    for (path, want) in [
        ("", [true, false, false, false]),
        ("/", [true, false, true, false]),
        ("/1", [true, true, true, false]),
        ("/1/", [true, false, true, false]),
        ("/1/2", [true, false, true, false]),
        ("/1/2/", [true, false, true, true]),
        ("/1/2/3/", [true, false, true, true]),
        ("/1/a/2/3/", [true, false, true, false]),
    ] {
        let got = ["/", "/*", "/**", "/*/2/**"].map(|pattern| admits(pattern, path));
        assert_eq!(got, want, "{path:?}");
    }
}

#[test]
fn chosen_details() {
    for (pattern, path, want) in [
        ("/a/*/c", "/a/b/c", true),
        ("/a/*/c", "/a//c", false),
        ("/a/*/c", "/a/b/b/c", false),
        ("/a/b", "/a/b", true),
        ("/a/b", "/A/b", false),
        ("/a/b", "/a/b/", false),
        ("/a/b", "/a/bc", false),
        ("/a/b", "/x/a/b", false),
        ("/a/**", "/a", false),
        ("/a/**", "/a/", true),
        ("/a/**", "/ab/c", false),
        ("/a*", "/a", false),
        ("/a*", "/ab", true),
        ("/a*", "/ab/c", false),
        ("/a**", "/a", true),
        ("/a**", "/ab/c", true),
        ("/a/**/z", "/a/b/c/z", true),
        ("/a/**/z", "/a/z", false),
        ("/a/**/z", "/a//z", true),
        ("/a*b*c", "/axbbxc", true),
        ("/a*b*c", "/abc", false),
        ("/*/é*", "/ü/éa", true),
        ("", "", true),
        ("", "/", false),
        ("*", "a", true),
        ("**", "", true),
        ("/a.b", "/axb", false),
        ("/[a]+", "/[a]+", true),
        ("/*", "/*", true),
        ("/*/x", "//x", false),
    ] {
        assert_eq!(admits(pattern, path), want, "{pattern:?} on {path:?}");
    }
}

#[test]
fn shapes_take_their_fast_path() {
    for (pattern, shape) in [
        ("/", PathPattern::Everything),
        ("/a", PathPattern::Literal("/a".into())),
        ("/a/**", PathPattern::Prefix("/a/".into())),
        ("/*/a/**", PathPattern::Segments("/*/a/**".into())),
        ("/*/", PathPattern::Segments("/*/".into())),
    ] {
        assert_eq!(PathPattern::compile(pattern).unwrap(), shape, "{pattern}");
    }
    assert!(matches!(PathPattern::compile("/a/**/b"), Ok(PathPattern::Tokens(_))));
    assert_eq!(PathPattern::compile(&format!("/a*{}", "b".repeat(600))), Err(TooLong));
    for (pattern, whole) in [("/a/*/**", true), ("/a", true), ("/a*", false), ("/***", false)] {
        assert_eq!(has_whole_segments(pattern), whole, "{pattern}");
    }
}

#[test]
fn odata_keys_and_reserved_paths() {
    let sap = |pattern: &str, path: &str| PathPattern::compile(pattern).unwrap().matches(path, PathRules::SAP);
    for (pattern, path, want) in [
        ("/Entity", "/Entity", true),
        ("/Entity", "/Entity('1')", true),
        ("/Entity", "/Entity(A='x',B=2)", true),
        ("/Entity", "/Entity('it''s (1)')", true),
        ("/Entity", "/Entity('1')/Sub", false),
        ("/Entity", "/Entity('1')/Sub('2')", false),
        ("/Entity", "/Entity(1)Set(2)", false),
        ("/Entity", "/Entity('a)", false),
        ("/Entity", "/Entity(1", false),
        ("/Entity", "/EntitySet", false),
        ("/$metadata", "/$metadata", false),
        ("/*", "/$batch", false),
        ("/*", "/%24batch", false),
        ("/", "/$batch", true),
        ("/**", "/$metadata", true),
    ] {
        assert_eq!(sap(pattern, path), want, "{pattern} on {path}");
    }
    assert!(!admits("/Entity", "/Entity('1')"));
    assert!(admits("/$metadata", "/$metadata"));
}

/// The rules as a backtracking matcher: slow, but plainly the text of the module doc.
fn slow(pattern: &[u8], path: &[u8]) -> bool {
    match (pattern, path) {
        ([], _) => path.is_empty(),
        ([b'*', b'*', rest @ ..], _) => (0..=path.len()).any(|n| slow(rest, &path[n..])),
        ([b'*', rest @ ..], _) => {
            let segment = path.iter().take_while(|&&b| b != b'/').count();
            (1..=segment).any(|n| slow(rest, &path[n..]))
        }
        ([want, rest @ ..], [have, tail @ ..]) => want == have && slow(rest, tail),
        (_, []) => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn agrees_with_the_slow_matcher(pattern in "[/a*b]{0,10}", path in "[/ab]{0,12}") {
        let want = pattern == "/" || slow(pattern.as_bytes(), path.as_bytes());
        prop_assert_eq!(admits(&pattern, &path), want);
    }

    #[test]
    fn agrees_on_paths_made_from_patterns(pattern in "(/(a|b|\\*|\\*\\*|a\\*|\\*b)){0,5}/?", path in "(/(a|b|ab|)){0,7}") {
        let want = pattern == "/" || slow(pattern.as_bytes(), path.as_bytes());
        prop_assert_eq!(admits(&pattern, &path), want);
    }

    #[test]
    fn nothing_panics(pattern in "\\PC{0,40}", path in "\\PC{0,40}") {
        if let Ok(pattern) = PathPattern::compile(&pattern) {
            pattern.matches(&path, PathRules::SAP);
        }
    }
}

#[test]
fn hostile_paths_cost_linear_work() {
    let pattern = PathPattern::compile(&format!("/{}c", "**a*b".repeat(40))).unwrap();
    assert!(!pattern.matches(&format!("/{}", "ab".repeat(20_000)), PathRules::APIGEE));
}

/// The microgateway's own cases. Where it differs from the choice made here, the difference has one of two reasons.
#[test]
#[allow(clippy::disallowed_methods, reason = "the corpus lies outside the project")]
fn microgateway_cases() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = ["../shared", "../../shared"];
    let file = "oracles/resource_path_cases_microgateway.tsv";
    let Some(table) = places.iter().find_map(|at| std::fs::read_to_string(root.join(at).join(file)).ok()) else {
        println!("skipped: no corpus");
        return;
    };
    let (mut same, mut slash, mut bare) = (0, 0, 0);
    for row in table.lines().skip(1) {
        let [patterns, path, want] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let patterns: Vec<String> = serde_json::from_str(patterns).unwrap();
        let path = if path == "(empty)" { "" } else { path };
        let any = |path: &str| patterns.iter().any(|pattern| admits(pattern, path));
        let got = any(path);
        if got == (want == "allow") {
            same += 1;
        } else if want == "allow" && path.strip_suffix('/').is_some_and(any) {
            // It ignores one slash at the end of the path.
            slash += 1;
        } else if want == "deny" && path.ends_with('/') && patterns.iter().any(|p| p.ends_with("**")) {
            // Its `**` wants at least one character after a slash.
            bare += 1;
        } else {
            panic!("unexplained: {row}");
        }
    }
    assert_eq!((same, slash, bare), (106, 10, 1));
}

#[test]
fn a_screen_lets_through_what_its_pattern_admits() {
    let patterns = ["/", "/a", "/**", "/*", "/status", "/items/*", "/open/**", "/a/*/b", "/longer/than/eight", "/x(**"];
    let paths =
        ["", "/", "/a", "/ab", "/status", "/status/", "/items/7", "/items/", "/open/", "/open/x/y", "/a/1/b", "/x(1)"];
    for pattern in patterns {
        let compiled = PathPattern::compile(pattern).unwrap();
        let screened = Screened::new(compiled.clone());
        for path in paths.into_iter().chain(["/longer/than/eight", "/longer/than/nine", "/longer"]) {
            for rules in [PathRules::APIGEE, PathRules::SAP] {
                let want = compiled.matches(path, rules);
                assert_eq!(screened.matches(Head::of(path), path, rules), want, "{pattern} {path}");
            }
        }
    }
}
