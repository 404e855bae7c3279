//! COMPATIBILITY.md: what is documented, and the case that shows it. The page is written from the tables of the library
//! and from the cases; `UPDATE_LEDGER=1 cargo test --all-features --test it -- ledger` writes it anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use tollgate::fault::runtime;
use tollgate::policy::{PolicyTypeInfo, TYPES};
use tollgate::variables;

use crate::cases::{files, root};
use crate::table::snake;

const NOT_YET: &str = "not yet";

/// A text in which something may be shown: a case, a document of a case's bundle, or a test.
struct Shown {
    /// How the page names it.
    place: String,
    /// The file it is in.
    file: String,
    text: String,
}

impl Shown {
    /// Whether it is in the case files of a policy type.
    fn is_of(&self, element: &str) -> bool {
        self.file.strip_prefix("tests/cases/").is_some_and(|name| name.starts_with(&snake(element)))
    }

    /// What is said of variables, where a word alone could as well be a member of a token or of a body.
    fn of_variables(&self) -> &str {
        if self.file.ends_with(".yaml") {
            self.text.find("variables:").map_or("", |at| &self.text[at..])
        } else {
            &self.text
        }
    }

    /// Whether a variable occurs.
    fn has_variable(&self, name: &str) -> bool {
        if name.contains('.') {
            return self.has(name);
        }
        let text = self.of_variables();
        let forms = [format!("{{{name}}}"), format!("<Ref>{name}</Ref>"), format!("ref=\"{name}\"")];
        let is_key =
            |at: usize| text[at + name.len()..].starts_with(':') && text[..at].ends_with([' ', '{', '\n', '"', '\'']);
        forms.iter().any(|form| text.contains(form.as_str()))
            || self.file.ends_with(".yaml") && text.match_indices(name).any(|(at, _)| is_key(at))
    }

    /// Whether a name occurs, and not as a part of a longer one.
    fn has(&self, name: &str) -> bool {
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        self.text.match_indices(name).any(|(at, _)| {
            let (before, after) = (&self.text[..at], &self.text[at + name.len()..]);
            let mut after = after.chars();
            let next = after.next();
            // A full stop ends a sentence, unless a name goes on behind it.
            let goes_on = next.is_some_and(|c| part(c) && (c != '.' || after.next().is_some_and(part)));
            !before.ends_with(part) && !goes_on
        })
    }

    /// Whether a variable of some policy occurs.
    fn has_own(&self, prefix: &str, tail: &str) -> bool {
        let start = format!("{prefix}.");
        self.text.match_indices(&start).any(|(at, _)| {
            let rest = &self.text[at + start.len()..];
            let end = rest
                .find(|c: char| c.is_whitespace() || matches!(c, ':' | '}' | '<' | '"' | ','))
                .unwrap_or(rest.len());
            rest[..end].strip_suffix(tail).is_some_and(|policy| policy.len() > 1 && policy.ends_with('.'))
        })
    }
}

/// Every case by itself, in the order of the files.
fn cases() -> Vec<Shown> {
    let mut all = Vec::new();
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = shown(&file);
        let mut parts = text.split("- note:");
        parts.next();
        for part in parts {
            let note = part.lines().next().unwrap_or_default().trim().trim_matches(['"', '\'']).replace('|', "\\|");
            all.push(Shown { place: format!("`{name}`: {note}"), file: name.clone(), text: part.to_owned() });
        }
    }
    all
}

/// The documents of the cases' bundles, and the tests.
fn others() -> Vec<Shown> {
    let mut paths = Vec::new();
    let mut open = vec![root().join("tests/cases"), root().join("tests/it"), root().join("policies-examples")];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|it| it == "xml" || it == "rs") && !path.ends_with("ledger.rs") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let read = |path: PathBuf| {
        let file = shown(&path);
        Shown { place: format!("`{file}`"), text: std::fs::read_to_string(&path).unwrap(), file }
    };
    paths.into_iter().map(read).collect()
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/")
}

fn find(shown: &[&[Shown]], has: impl Fn(&Shown) -> bool) -> String {
    shown.iter().copied().flatten().find(|it| has(it)).map_or_else(|| NOT_YET.to_owned(), |it| it.place.clone())
}

/// The rows of a table, and how many of them are shown.
fn table(page: &mut String, head: &str, rows: &[(String, String)]) {
    let done = rows.iter().filter(|(_, shown)| shown != NOT_YET).count();
    let _ = writeln!(page, "{done} of {} shown.\n\n| {head} | shown by |\n|---|---|", rows.len());
    for (what, shown) in rows {
        let _ = writeln!(page, "| {what} | {shown} |");
    }
}

fn page() -> String {
    let (cases, others) = (cases(), others());
    let all: [&[Shown]; 2] = [&cases, &others];
    let runs = TYPES.iter().filter(|row| row.runs);
    let mut page = String::from(
        "# Compatibility\n\nWhat the vendors document, as the tables of the library have it, and the case or test that shows it. This page is\n\
         written by `UPDATE_LEDGER=1 cargo test --all-features --test it -- ledger`; a test fails when it is not what that writes. A fault is shown by a case that\n\
         wants it, a variable by a case or test that names it; what several policy types share counts in the cases of each.\n",
    );
    let _ = writeln!(
        page,
        "\n## Policy types\n\n{} of {} run; the others are read, checked and printed.\n\n| type | state |\n|---|---|",
        runs.clone().count(),
        TYPES.len()
    );
    for row in TYPES {
        let _ = writeln!(page, "| {} | {} |", row.element, if row.runs { "runs" } else { "read" });
    }
    page.push_str("\n## Runtime faults\n\n");
    let mut faults = Vec::new();
    for (owner, spec) in runs
        .clone()
        .flat_map(|row| row.faults.iter().map(move |spec| (row.element, spec)))
        .chain(runtime::ALL.iter().map(|spec| ("the runtime", spec)))
    {
        let raised = format!("fault: {}", spec.body_code);
        // A code that several types raise is shown by the cases of each.
        let is_shared =
            runs.clone().filter(|row| row.faults.iter().any(|it| it.body_code == spec.body_code)).count() > 1;
        let raises = |it: &Shown| it.text.contains(&raised) && it.has(spec.body_code);
        let by_case = find(&[&cases], |it| raises(it) && (!is_shared || it.is_of(owner)));
        let shown =
            if by_case == NOT_YET && !is_shared { find(&[&others], |it| it.has(spec.body_code)) } else { by_case };
        faults.push((format!("{owner}: `{}` ({}): {}", spec.code, spec.status, spec.when), shown));
    }
    table(&mut page, "fault", &faults);
    page.push_str("\n## Variables of the runtime, the message and the verified token\n\n");
    let known: BTreeSet<String> = variables::names().into_iter().collect();
    let row = |name: &String| {
        let shown = match name.strip_prefix("message.") {
            Some(tail) => {
                let names = ["message", "request", "response", "error"].map(|root| format!("{root}.{tail}"));
                find(&all, |it| names.iter().any(|name| it.has(name)))
            }
            None => find(&all, |it| it.has_variable(name)),
        };
        (format!("`{name}`"), shown)
    };
    table(&mut page, "variable", &known.iter().map(row).collect::<Vec<_>>());
    page.push_str("\n## Variables of policies\n\n");
    let mut own = Vec::new();
    for row in runs.clone() {
        let failure: &[&str] = &["failed", "fault.name", "fault.cause"];
        let sets = row.variables.iter().map(|it| (it.prefix, it.names)).chain([(row.prefix, failure)]);
        for (prefix, names) in sets {
            let has_prefix =
                |it: &&PolicyTypeInfo| it.prefix == prefix || it.variables.iter().any(|it| it.prefix == prefix);
            let is_shared = runs.clone().filter(has_prefix).count() > 1;
            for name in names {
                let shown = find(&all, |it| it.has_own(prefix, name) && (!is_shared || it.is_of(row.element)));
                own.push((format!("{}: `{prefix}.{{policy}}.{name}`", row.element), shown));
            }
        }
    }
    table(&mut page, "variable", &own);
    page
}

#[test]
fn the_page_is_what_the_tables_and_the_cases_say() {
    if !cfg!(feature = "jwe") {
        println!("skipped: the page is that of all features");
        return;
    }
    let (file, page) = (root().join("COMPATIBILITY.md"), page());
    if std::env::var_os("UPDATE_LEDGER").is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    let differs = found.lines().zip(page.lines()).find(|(found, want)| found != want);
    assert!(found == page, "run it with UPDATE_LEDGER=1 and --all-features; the first line that differs: {differs:?}");
}

#[test]
fn names_are_found_whole() {
    let shown =
        Shown { place: String::new(), file: String::new(), text: "a.b-c {x.y} oauth.p.client_id: 1, z.".to_owned() };
    for (name, want) in
        [("a.b", false), ("a.b-c", true), ("x.y", true), ("y", false), ("client_id", false), ("z", true)]
    {
        assert_eq!(shown.has(name), want, "{name}");
    }
    assert!(shown.has_own("oauth", "client_id") && !shown.has_own("oauth", "id") && !shown.has_own("p", "client_id"));
}
