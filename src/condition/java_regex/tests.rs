//! Java's answers.
#![allow(clippy::disallowed_methods, reason = "the answers are files")]

use std::path::PathBuf;

use super::{JavaRegex, JavaSearch, ReplacementError};
use crate::Limits;

fn find(pattern: &str, text: &str) -> Result<Option<(usize, usize)>, String> {
    let search = JavaSearch::compile(pattern, &Limits::default()).map_err(|error| error.code.to_owned())?;
    Ok(search.find(text).map(|found| (found.start, found.end)))
}

fn matches(pattern: &str, text: &str) -> Result<bool, String> {
    let regex = JavaRegex::compile(pattern, &Limits::default()).map_err(|error| error.code.to_owned())?;
    Ok(regex.is_full_match(text))
}

#[test]
fn answers_of_the_jdk() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let Some(folder) = ["../shared", "../../shared"]
        .map(|shared| root.join(shared).join("oracles/golden/regex"))
        .into_iter()
        .find(|folder| folder.is_dir())
    else {
        println!("skipped: no corpus");
        return;
    };
    let cases = std::fs::read_to_string(folder.join("cases.txt")).unwrap();
    let answers = std::fs::read_to_string(folder.join("java.tsv")).unwrap();
    let (mut agreed, mut unanswered, mut refused, mut wrong) = (0, 0, Vec::new(), Vec::new());
    for (case, answer) in cases.split('\n').zip(answers.split('\n')) {
        let (pattern, text) = case.split_once('\t').unwrap_or((case, ""));
        let Some((_, answer)) = answer.rsplit_once('\t') else { continue };
        let units = |at: usize| {
            text.char_indices().take_while(|(start, _)| *start < at).map(|(_, c)| c.len_utf16()).sum::<usize>()
        };
        let got = match find(pattern, text) {
            Ok(None) => "no".to_owned(),
            Ok(Some((start, end))) => format!("[{},{}]", units(start), units(end)),
            Err(code) if code == "condition::regex-invalid" => "SYNTAX".to_owned(),
            Err(code) => {
                refused.push(format!("{pattern} ({code})"));
                continue;
            }
        };
        let expected = answer.split(' ').next().unwrap_or_default();
        // The JDK does not come to an end with one pattern, which takes linear time here.
        if expected == "TIMEOUT" {
            unanswered += 1;
        } else if got == expected {
            agreed += 1;
        } else {
            wrong.push(format!("{pattern} on {text:?}: java {answer}, here {got}"));
        }
    }
    println!("golden/regex: {agreed} agree, {} refused, {unanswered} without an answer", refused.len());
    println!("refused: {}", refused.join(" "));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn whole_text() {
    for (pattern, text, expected) in [
        ("a|ab", "ab", true),
        ("^(GET|POST)$", "POST", true),
        (".*( |$).*", "scope", true),
        ("a$", "a\n", false),
        (r"\R{2}", "\r\n", false),
        (r"\R+", "\r\n\r", true),
        ("[a-z]*+1", "abc1", true),
        ("(?>[a-z]+)/x", "abc/x", true),
        ("{2}", "", true),
        ("(?i)[A-Z]", "\u{212a}", false),
        ("(?iu)k", "\u{212a}", true),
        ("(?iu)[A-Z]", "\u{212a}", false),
        ("(?i)\\p{Lower}", "A", true),
    ] {
        assert_eq!(matches(pattern, text), Ok(expected), "{pattern} on {text:?}");
    }
}

#[test]
fn refused_by_name() {
    for (pattern, code) in [
        ("a*+a", "condition::regex-unsupported"),
        ("(a)\\1", "condition::regex-unsupported"),
        ("(?m)^a", "condition::regex-unsupported"),
        ("a$\\n", "condition::regex-unsupported"),
        ("(?:a\\R)*", "condition::regex-unsupported"),
        ("\\p{InGreek}", "condition::regex-unsupported"),
        ("a**", "condition::regex-invalid"),
        ("(?P<a>b)", "condition::regex-invalid"),
        ("(?:(?:a{1000}){1000}){1000}", "condition::regex-too-large"),
    ] {
        assert_eq!(matches(pattern, ""), Err(code.to_owned()), "{pattern}");
    }
    // In Java a second count repeats nothing.
    assert_eq!(matches("a{3}{1000}", "aaa"), Ok(true));
    let nested = "(".repeat(5_000) + "a" + &")".repeat(5_000);
    assert_eq!(matches(&nested, "a"), Err("condition::too-deep".to_owned()));
    assert_eq!(matches(&"[".repeat(5_000), "a"), Err("condition::too-deep".to_owned()));
    assert_eq!(matches(&"\\p{L}".repeat(5_000), "a"), Err("condition::regex-too-large".to_owned()));
}

#[test]
fn replacements() {
    let replace = |pattern: &str, text: &str, replacement: &str| {
        let search = JavaSearch::compile(pattern, &Limits::default()).unwrap();
        search.replace_all(text, replacement, 1_000).map(std::borrow::Cow::into_owned)
    };
    let done = |text: &str| Ok(text.to_owned());
    assert_eq!(replace("a*", "aab", "X"), done("XXbX"));
    assert_eq!(replace("(b)(c)?", "abc", "[$2$1$0]"), done("a[cbbc]"));
    assert_eq!(replace("(?<year>\\d{4})-(\\d\\d)", "2026-11", "$2/${year}"), done("11/2026"));
    assert_eq!(replace("(a)", "a", "$12"), done("a2"));
    assert_eq!(replace("a", "a", "\\$1\\\\"), done("$1\\"));
    assert_eq!(replace("a$", "ba\r\n", "X"), done("bX\r\n"));
    assert_eq!(replace("(,|$)", "a,b\n", ";"), done("a;b;\n;"));
    assert_eq!(replace("(?m)$", "a\u{2028}b", ";"), done("a;\u{2028}b;"));
    assert_eq!(replace("x", "a", "$9"), done("a"));
    assert_eq!(replace("a", "a", "$9"), Err(ReplacementError::NoGroup("9".to_owned())));
    assert_eq!(replace("a", "a", "${b}"), Err(ReplacementError::NoGroup("b".to_owned())));
    assert_eq!(replace("a", "a", "$"), Err(ReplacementError::Group));
    assert_eq!(replace("a", "a", "b\\"), Err(ReplacementError::Escape));
    assert_eq!(replace("a", &"a".repeat(600), "bb"), Err(ReplacementError::TooLarge(1_000)));
    let search = JavaSearch::compile("a", &Limits::default()).unwrap();
    assert_eq!(search.replace_first("aa", "b", 10).unwrap(), "ba");
}
