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
    let (mut agreed, mut refused, mut wrong) = (0, Vec::new(), Vec::new());
    for (case, answer) in cases.split('\n').zip(answers.split('\n')) {
        let (pattern, text) = case.split_once('\t').unwrap_or((case, ""));
        let Some((_, answer)) = answer.rsplit_once('\t') else { continue };
        let units = |at: usize| text[..at].encode_utf16().count();
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
        // The JDK gave up on one pattern that takes linear time here.
        if got == expected || expected == "TIMEOUT" {
            agreed += 1;
        } else {
            wrong.push(format!("{pattern} on {text:?}: java {answer}, here {got}"));
        }
    }
    println!("golden/regex: {agreed} agree, {} refused", refused.len());
    println!("refused: {}", refused.join(" "));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
