//! COMPATIBILITY.md: what is documented, and the case that shows it. The page is written from the tables of the library
//! and from the cases; `UPDATE_LEDGER=1 cargo test --all-features --test it -- ledger` writes it anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use tollgate::fault::{FaultSpec, runtime};
use tollgate::policy::{PolicyTypeInfo, TYPES};
use tollgate::variables;
use tollgate_cases::CaseFile;
use tollgate_cases::format::{Access, Want};

use crate::cases::{files, root};
use crate::exceptions::{NOT_APPLICABLE, is_recalled, not_applicable};
use crate::table::snake;

const NOT_YET: &str = "not yet";
const NOT_APPLICABLE_HERE: &str = "not applicable: ";

/// What a request of a case must come to.
pub(crate) struct Asserted {
    /// How the page names the case.
    place: String,
    /// Name of its file, without the ending.
    file: String,
    pub(crate) want: Want,
}

impl Asserted {
    /// Whether it is in the case files of a policy type.
    pub(crate) fn is_of(&self, element: &str) -> bool {
        self.file.starts_with(&snake(element))
    }

    /// Whether the fault must come, in the body and with the status of its row.
    fn has_fault(&self, spec: &FaultSpec) -> bool {
        self.want.fault.as_deref() == Some(spec.body_code) && self.want.status == Some(spec.status)
    }

    /// The variables that must have a value.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        let at_end = self.want.variables.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name.as_str());
        at_end.chain(self.want.phases.keys().map(String::as_str))
    }

    fn has_variable(&self, name: &str) -> bool {
        self.variables().any(|it| it == name)
    }

    /// Whether a variable of some policy must have a value.
    fn has_own(&self, prefix: &str, name: &str) -> bool {
        self.variables().any(|it| is_own(it, prefix, name))
    }
}

/// Whether a variable is `prefix.{policy}.name`.
fn is_own(variable: &str, prefix: &str, name: &str) -> bool {
    let policy = variable
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('.'))
        .and_then(|rest| rest.strip_suffix(name))
        .and_then(|rest| rest.strip_suffix('.'));
    policy.is_some_and(|policy| !policy.is_empty())
}

/// What every request of every case must come to, in the order of the files.
pub(crate) fn asserted() -> Vec<Asserted> {
    let mut all = Vec::new();
    for file in files() {
        let read = CaseFile::read(&file).unwrap_or_else(|error| panic!("{error}"));
        let name = shown(&file);
        let stem = file.file_stem().unwrap().to_str().unwrap();
        for case in &read.document().cases {
            let place = format!("`{name}`: {}", case.note.replace('|', "\\|"));
            for want in std::iter::once(&case.want).chain(case.then.iter().map(|then| &then.want)) {
                all.push(Asserted { place: place.clone(), file: stem.to_owned(), want: want.clone() });
            }
        }
    }
    all
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/")
}

/// What shows a row of this name.
fn find(all: &[Asserted], name: &str, has: impl Fn(&Asserted) -> bool) -> String {
    match (all.iter().find(|it| has(it)), not_applicable(name)) {
        (Some(found), None) => found.place.clone(),
        (None, Some(reason)) => format!("{NOT_APPLICABLE_HERE}{reason}"),
        (None, None) => NOT_YET.to_owned(),
        (Some(found), Some(_)) => panic!("`{name}` is said not to apply, but {} shows it", found.place),
    }
}

fn marked(name: &str) -> &'static str {
    if is_recalled(name) { " (recalled)" } else { "" }
}

/// The rows of a table, and how many of them are shown.
fn table(page: &mut String, head: &str, rows: &[(String, String)]) {
    let apply = rows.iter().filter(|(_, shown)| !shown.starts_with(NOT_APPLICABLE_HERE)).count();
    let done = rows.iter().filter(|(_, shown)| shown != NOT_YET).count() - (rows.len() - apply);
    let _ = write!(page, "{done} of {apply} shown");
    if apply < rows.len() {
        let _ = write!(page, ", {} not applicable", rows.len() - apply);
    }
    let _ = writeln!(page, ".\n\n| {head} | shown by |\n|---|---|");
    for (what, shown) in rows {
        let _ = writeln!(page, "| {what} | {shown} |");
    }
}

fn page() -> String {
    let all = asserted();
    let runs = TYPES.iter().filter(|row| row.runs);
    let mut page = String::from(
        "# Compatibility\n\nWhat the vendors document, as the tables of the library have it, and the case that shows it. This page is written by\n\
         `UPDATE_LEDGER=1 cargo test --all-features --test it -- ledger`; a test fails when it is not what that writes. A fault is shown by a\n\
         case that wants its code in the body and its status, a variable by a case that wants a value of it; what several policy types share\n\
         counts in the cases of each. Rows marked recalled rest on knowledge of the vendors' pages, not on their text.\n",
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
    table(&mut page, "fault", &faults(&all));
    page.push_str("\n## Variables of the runtime, the message and the verified token\n\n");
    let known: BTreeSet<String> = variables::names().into_iter().collect();
    let row = |name: &String| {
        let shown = match name.strip_prefix("message.") {
            Some(tail) => {
                let names = ["message", "request", "response", "error"].map(|root| format!("{root}.{tail}"));
                find(&all, name, |it| names.iter().any(|name| it.has_variable(name)))
            }
            None => find(&all, name, |it| it.has_variable(name)),
        };
        (format!("`{name}`{}", marked(name)), shown)
    };
    table(&mut page, "variable", &known.iter().map(row).collect::<Vec<_>>());
    page.push_str("\n## Variables of policies\n\n");
    table(&mut page, "variable", &own_variables(&all));
    page.push_str("\n## Phase, type and permission of variables\n\n");
    phases(&mut page, &all);
    page.push_str("\n## Documented, and not here\n\n| name | why it does not apply |\n|---|---|\n");
    for (name, reason) in NOT_APPLICABLE {
        let _ = writeln!(page, "| `{name}` | {reason} |");
    }
    page
}

fn faults(all: &[Asserted]) -> Vec<(String, String)> {
    let runs = TYPES.iter().filter(|row| row.runs);
    let specs = runs.clone().flat_map(|row| row.faults.iter().map(move |spec| (row.element, spec)));
    let row = |(owner, spec): (&str, &FaultSpec)| {
        // A code that several types raise is shown by the cases of each.
        let raises = |row: &&PolicyTypeInfo| row.faults.iter().any(|it| it.body_code == spec.body_code);
        let is_shared = runs.clone().filter(raises).count() > 1;
        let shown = find(all, spec.body_code, |it| it.has_fault(spec) && (!is_shared || it.is_of(owner)));
        (format!("{owner}: `{}` ({}){}: {}", spec.code, spec.status, marked(spec.code), spec.when), shown)
    };
    specs.chain(runtime::ALL.iter().map(|spec| ("the runtime", spec))).map(row).collect()
}

fn own_variables(all: &[Asserted]) -> Vec<(String, String)> {
    let runs = TYPES.iter().filter(|row| row.runs);
    let mut own = Vec::new();
    for row in runs.clone() {
        let sets = row.variables.iter().map(|it| (it.prefix, it.names)).chain([(row.prefix, failure_variables(row))]);
        for (prefix, names) in sets {
            let has_prefix =
                |it: &&PolicyTypeInfo| it.prefix == prefix || it.variables.iter().any(|it| it.prefix == prefix);
            let is_shared = runs.clone().filter(has_prefix).count() > 1;
            for name in names {
                let full = format!("{prefix}.{{policy}}.{name}");
                let shown = find(all, &full, |it| it.has_own(prefix, name) && (!is_shared || it.is_of(row.element)));
                own.push((format!("{}: `{full}`{}", row.element, marked(&full)), shown));
            }
        }
    }
    own
}

/// What is told of a policy that failed.
fn failure_variables(row: &PolicyTypeInfo) -> &'static [&'static str] {
    const ALL: &[&str] = &["failed", "fault.name", "fault.cause", "fault.detail"];
    // The detail is OAuth's alone.
    if row.prefix == "oauthV2" { ALL } else { ALL.get(..3).unwrap_or_default() }
}

/// What cases want of variables through the phases of a request.
fn phases(page: &mut String, all: &[Asserted]) {
    page.push_str("| variable | type | resolves | permission | shown by |\n|---|---|---|---|---|\n");
    for it in all {
        for (name, row) in &it.want.phases {
            let resolves = match (row.from, row.phases().as_slice()) {
                (_, []) => "once written".to_owned(),
                (Some(from), _) => format!("from {} on", from.as_str()),
                (None, phases) => phases.iter().map(|phase| phase.as_str()).collect::<Vec<_>>().join(", "),
            };
            let access = match row.access {
                Some(Access::R) => "R",
                Some(Access::Rw) => "RW",
                None => "",
            };
            let _ = writeln!(page, "| `{name}` | {:?} | {resolves} | {access} | {} |", row.kind, it.place);
        }
    }
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
fn only_what_a_case_asserts_is_shown() {
    let want: Want = serde_json::from_value(serde_json::json!({
        "fault": "steps.jwt.FailedToDecode",
        "status": 401,
        "headers": {"X": "client.ip"},
        "variables": {"client_id": "k", "grant_type": null, "oauthV2.p.q.failed": "true"},
        "phases": {"client.ip": {"type": "String", "from": "proxy request"}},
    }))
    .unwrap();
    let it = Asserted { place: String::new(), file: "decode_jwt_sap".to_owned(), want };
    for (name, want) in [("client_id", true), ("grant_type", false), ("client.ip", true), ("id", false), ("ip", false)]
    {
        assert_eq!(it.has_variable(name), want, "{name}");
    }
    assert!(it.has_own("oauthV2", "failed") && !it.has_own("oauthV2.p.q", "failed") && !it.has_own("V2", "failed"));
    assert!(it.is_of("DecodeJWT") && !it.is_of("VerifyJWT"));
    let specs = || TYPES.iter().flat_map(|row| row.faults);
    let spec = specs().find(|spec| spec.code == "steps.jwt.FailedToDecode").unwrap();
    assert!(it.has_fault(spec) && !it.has_fault(&FaultSpec { status: 500, ..*spec }));
    assert!(!specs().any(|other| it.has_fault(other) && other.code != spec.code));
}
