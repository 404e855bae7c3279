//! Answers of a JVM, where there is one: what is accepted must match as Java does, in every group of every match.
#![allow(clippy::disallowed_methods, reason = "the JVM is a process, and what it is asked stands in files")]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::replace::next_char;
use super::{JavaRegex, JavaSearch};
use crate::Limits;
use crate::diagnostic::{Diagnostics, Source};
use crate::xml::{Document, Element};

/// Patterns that are made up.
const PATTERNS: usize = 4_000;
/// Texts for each of them.
const TEXTS: usize = 6;

fn shared(folder: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["../shared", "../../shared"].map(|shared| root.join(shared).join(folder)).into_iter().find(|it| it.is_dir())
}

fn hexadecimal(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("{unit:04x}")).collect()
}

/// What the JVM says of every pattern and its text; nothing where there is no JVM.
fn answers(cases: &[(String, String)]) -> Option<Vec<String>> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/java/RegexAnswers.java");
    let java = Command::new("java").arg(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut java) = java else {
        println!("skipped: no JVM");
        return None;
    };
    let lines: String = cases.iter().map(|(p, t)| format!("{}\t{}\n", hexadecimal(p), hexadecimal(t))).collect();
    let asked = java.stdin.take().unwrap().write_all(lines.as_bytes());
    let output = java.wait_with_output().unwrap();
    if asked.is_err() || output.stdout.is_empty() {
        println!("skipped: the JVM cannot run a source file");
        return None;
    }
    let answers: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), cases.len());
    Some(answers)
}

/// A pattern in both of its uses, or the codes of its refusals.
struct Ours {
    whole: Result<JavaRegex, &'static str>,
    search: Result<JavaSearch, &'static str>,
}

impl Ours {
    fn new(pattern: &str) -> Self {
        let limits = Limits::default();
        Self {
            whole: JavaRegex::compile(pattern, &limits).map_err(|error| error.code),
            search: JavaSearch::compile(pattern, &limits).map_err(|error| error.code),
        }
    }
}

fn every_match(search: &JavaSearch, text: &str) -> String {
    let unit = |at: usize| text.get(..at).unwrap().encode_utf16().count();
    let mut said = String::new();
    let mut from = 0;
    while from <= text.len()
        && let Some(found) = search.found(text, from)
    {
        said.push('\t');
        for group in 0..search.groups.len() {
            match found.range(group) {
                Some(range) => said += &format!("{},{} ", unit(range.start), unit(range.end)),
                None => said += "-1,-1 ",
            }
        }
        let whole = found.range(0).unwrap();
        from = if whole.is_empty() { next_char(text, whole.end) } else { whole.end };
    }
    said
}

/// An answer without the empty matches that Java finds in the middle of a character, which no UTF-8 can show.
fn outside_of_pairs(answer: &str, text: &str) -> String {
    let units: Vec<u16> = text.encode_utf16().collect();
    let is_inside = |found: &&str| {
        let start = found.split(',').next().and_then(|start| start.parse().ok());
        start.and_then(|start: usize| units.get(start)).is_some_and(|unit| (0xDC00..0xE000).contains(unit))
    };
    let mut parts = answer.split('\t');
    let first = parts.next().unwrap_or_default();
    parts.filter(|found| !is_inside(found)).fold(first.to_owned(), |all, found| all + "\t" + found)
}

/// Compares all cases and tells how many agree and what is refused.
fn compare(name: &str, cases: &[(String, String)]) {
    let Some(answers) = answers(cases) else { return };
    let (mut agreed, mut unanswered, mut refused) = (0, 0, 0);
    let (mut accepted, mut wrong) = (BTreeSet::new(), Vec::new());
    let mut last: Option<(&str, Ours)> = None;
    for ((pattern, text), java) in cases.iter().zip(&answers) {
        if last.as_ref().is_none_or(|(last, _)| last != pattern) {
            last = Some((pattern, Ours::new(pattern)));
        }
        let Some((_, ours)) = &last else { continue };
        let whole = ours.whole.as_ref().map(|it| if it.is_full_match(text) { "1" } else { "0" }.to_owned());
        let search = ours.search.as_ref().map(|it| every_match(it, text));
        let java = &outside_of_pairs(java, text);
        let (java_whole, java_search) = java.split_at(usize::from(java.starts_with(['0', '1'])));
        for (use_of, ours, java) in [("whole", whole, java_whole), ("search", search, java_search)] {
            let is_malformed = ours == Err(&"condition::regex-invalid");
            match ours {
                _ if java_whole.is_empty() && java_search == "none" => unanswered += 1,
                Err(_) if is_malformed == (java_search == "malformed") => refused += 1,
                // What Java calls malformed may be refused for another reason that was seen first.
                Err(_) if !is_malformed => refused += 1,
                Ok(ours) if java_search != "malformed" && ours == java => {
                    agreed += 1;
                    accepted.insert(pattern);
                }
                ours => wrong.push(format!("{use_of} of {pattern:?} in {text:?}: java {java:?}, here {ours:?}")),
            }
        }
    }
    println!(
        "{name}: {agreed} answers agree, of {} patterns; {refused} refused, {unanswered} without an answer",
        accepted.len()
    );
    wrong.truncate(40);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Numbers that look random and are the same in every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    fn one_of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.below(all.len())]
    }
}

const LITERALS: &[&str] = &[
    "a",
    "b",
    "c",
    "A",
    "B",
    "k",
    "s",
    "i",
    "0",
    "7",
    "_",
    "-",
    " ",
    "é",
    "ß",
    "Σ",
    "σ",
    "☺",
    "😀",
    r"\.",
    r"\\",
    r"\$",
    r"\{",
    r"\t",
    r"\n",
    r"\r",
    r"\f",
    r"\e",
    r"\x61",
    r"\u0062",
    r"\x{1F600}",
    r"\0141",
    r"\cA",
    r"\Qa.b\E",
    r"\Q\E",
    "\u{2028}",
    r"\N{LATIN SMALL LETTER A}",
    "#",
    "&",
    "]",
    "}",
    ",",
];

const CLASSES: &[&str] = &[
    ".",
    r"\d",
    r"\D",
    r"\w",
    r"\W",
    r"\s",
    r"\S",
    r"\h",
    r"\H",
    r"\v",
    r"\V",
    r"\R",
    "[ab]",
    "[^ab]",
    "[a-c]",
    "[^a-c\\d]",
    "[a-c&&[^b]]",
    "[a-c[x-z]]",
    "[a-z&&[b-k]&&[^c]]",
    "[abc&&b]",
    "[^a&&b]",
    "[]a]",
    "[^]a]",
    "[a-]",
    "[-a]",
    "[a^]",
    r"[\]\\]",
    r"[\w-]",
    r"[\Qa-c\E]",
    r"[\x61-\x63]",
    "[é-ü]",
    "[😀☺]",
    "[ -~]",
    r"\p{Alpha}",
    r"\p{Lower}",
    r"\P{Upper}",
    r"\p{Punct}",
    r"\p{L}",
    r"\pL",
    r"\P{L}",
    r"\p{Lu}",
    r"\p{IsAlphabetic}",
    r"\p{IsGreek}",
    r"\p{javaLowerCase}",
    r"\p{Space}",
    r"\p{XDigit}",
    r"[\p{L}&&[^a]]",
    r"[^\p{Alpha}]",
    r"\p{Sc}",
    r"\p{IsWhite_Space}",
    r"\p{Digit}",
    r"[[:alpha:]]",
    "[a&&&&b]",
    "[&&a]",
    "[a&&]",
    "[a&]",
    "[[a]b]",
    "[a[^b]]",
    "[^[a]b]",
    r"[\n\r]",
    r"[^\n]",
    r"[\s\S]",
];

const ASSERTIONS: &[&str] =
    &["^", "$", r"\A", r"\z", r"\Z", r"\b", r"\B", r"\G", "(?m:^)", "(?m:$)", "(?dm:$)", "(?d:$)"];

const QUANTIFIERS: &[&str] = &[
    "?", "*", "+", "{2}", "{1,}", "{0,2}", "{1,2}", "{0}", "??", "*?", "+?", "{1,2}?", "?+", "*+", "++", "{1,2}+",
    "{2}+",
];

const GROUPS: &[&str] =
    &["(", "(", "(", "(?:", "(?:", "(?i:", "(?iu:", "(?s:", "(?x:", "(?<n>", "(?>", "(?U:", "(?-i:", "(?=", "(?<!"];

const STRAYS: &[&str] = &[
    "(", ")", "[", "]", "{", "}", "*", "?", "+", "|", "\\", "^", "$", "(?i)", "(?x)", "(?", r"\1", r"\k<n>", r"\E",
    "&&", "{,2}", r"\p", "-",
];

fn pattern(numbers: &mut Numbers, depth: usize) -> String {
    let mut made = String::new();
    for _ in 0..=numbers.below(3) {
        let item = match numbers.below(12) {
            0..=3 => numbers.one_of(LITERALS).to_owned(),
            4..=6 => numbers.one_of(CLASSES).to_owned(),
            7 => numbers.one_of(ASSERTIONS).to_owned(),
            8..=10 if depth > 0 => format!("{}{})", numbers.one_of(GROUPS), pattern(numbers, depth - 1)),
            11 if depth > 0 => format!("{}|{}", pattern(numbers, depth - 1), pattern(numbers, depth - 1)),
            _ => numbers.one_of(&LITERALS[..5]).to_owned(),
        };
        made += &item;
        if numbers.below(3) == 0 {
            made += numbers.one_of(QUANTIFIERS);
        }
    }
    made
}

/// A text that has to do with a pattern: some of its characters, and what is hard about others.
fn text(numbers: &mut Numbers, pattern: &str) -> String {
    // Word boundaries of others than ASCII differ between JDKs, as the module says.
    let plain = pattern.contains(r"\b") || pattern.contains(r"\B");
    let hard = "aabbcAkKsSiI0_ -\n\r\t.Éé\u{212a}ſıßẞΣσς\u{85}\u{2028}☺😀";
    let pool: Vec<char> = pattern.chars().chain(hard.chars()).filter(|c| c.is_ascii() || !plain).collect();
    // Few different characters make for many matches.
    let few: Vec<char> = (0..=numbers.below(4)).map(|_| pool[numbers.below(pool.len())]).collect();
    (0..numbers.below(8)).map(|_| few[numbers.below(few.len())]).collect()
}

#[test]
fn patterns_that_are_made_up_match_as_in_java() {
    let mut numbers = Numbers(17);
    let mut cases = Vec::new();
    for _ in 0..PATTERNS {
        let mut pattern = pattern(&mut numbers, 3);
        if numbers.below(8) == 0 {
            let at = numbers.below(pattern.chars().count() + 1);
            let at = pattern.char_indices().nth(at).map_or(pattern.len(), |(at, _)| at);
            pattern.insert_str(at, numbers.one_of(STRAYS));
        }
        cases.extend((0..TEXTS).map(|_| (pattern.clone(), text(&mut numbers, &pattern))));
    }
    compare("made up", &cases);
}

#[test]
fn golden_cases_match_as_in_java() {
    let Some(folder) = shared("oracles/golden/regex") else {
        println!("skipped: no golden cases");
        return;
    };
    let cases = std::fs::read_to_string(folder.join("cases.txt")).unwrap();
    let pair =
        |line: &str| line.split_once('\t').map_or((line.to_owned(), String::new()), |(p, t)| (p.into(), t.into()));
    let mut numbers = Numbers(3);
    let mut cases: Vec<_> = cases.lines().map(pair).collect();
    for at in 0..cases.len() {
        let pattern = cases[at].0.clone();
        cases.extend((0..20).map(|_| (pattern.clone(), text(&mut numbers, &pattern))));
    }
    compare("golden", &cases);
}

/// Patterns of threat protection, of conditions and of templates below an element.
fn patterns_of(root: Element<'_>, found: &mut BTreeSet<String>) {
    let mut open = vec![root];
    while let Some(element) = open.pop() {
        open.extend(element.elements());
        let text = element.text();
        if root.name() == "RegularExpressionProtection" && element.name() == "Pattern" {
            found.insert(text.into_owned());
            continue;
        }
        for operator in ["~~", "JavaRegex"] {
            for behind in text.split(operator).skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"')) {
                found.extend(behind.split('"').next().map(str::to_owned));
            }
        }
        for function in ["replaceAll(", "replaceFirst("] {
            for behind in text.split(function).skip(1) {
                found.extend(behind.split('\'').nth(1).map(str::to_owned));
            }
        }
    }
}

#[test]
fn patterns_of_the_collection_match_as_in_java() {
    let Some(folder) = shared("corpus") else {
        println!("skipped: no corpus");
        return;
    };
    let mut found = BTreeSet::new();
    let index = std::fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
    for file in index.lines().skip(1).filter_map(|line| line.split('\t').next()) {
        let Ok(text) = std::fs::read_to_string(folder.join(file)) else { continue };
        let source = Source::new(file, text);
        if let Some(document) = Document::parse(&source, &Limits::default(), &mut Diagnostics::new()) {
            patterns_of(document.root(), &mut found);
        }
    }
    let attacks = [
        "'; drop   table x; --",
        "<script>alert(1)</script>",
        "/ancestor-or-self::node()",
        "1 OR 1=1",
        "UNION SELECT * FROM t",
        "<!--#include file='x'-->",
        "java.lang.Exception in thread \"main\"",
        "",
        "a@b.example",
        "/v1/items/42",
        "2026-11-24",
    ];
    let mut numbers = Numbers(5);
    let mut cases = Vec::new();
    for pattern in &found {
        let near: String = pattern.replace(r"\s", " ").chars().filter(|c| !r"\()[]{}?*+^$|".contains(*c)).collect();
        cases.extend(attacks.iter().map(|attack| (pattern.clone(), (*attack).to_owned())));
        cases.push((pattern.clone(), near));
        cases.extend((0..20).map(|_| (pattern.clone(), text(&mut numbers, pattern))));
    }
    println!("{} patterns of the collection", found.len());
    compare("collection", &cases);
}
