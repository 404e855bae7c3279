//! The command as its users see it: what it prints, and its exit code.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests stop at the first surprise"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

fn tollgate() -> Command {
    Command::new(env!("CARGO_BIN_EXE_tollgate"))
}

/// Runs the command in a folder: exit code, standard output, standard error.
fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = tollgate().current_dir(folder).args(arguments).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

struct Folder(PathBuf);

impl Folder {
    /// A folder with a proxy at `/hello`, one at `/closed`, entities and cases.
    fn new(name: &str) -> Self {
        let folder = Self(std::env::temp_dir().join(format!("tollgate-cli-{}-{name}", std::process::id())));
        let endpoint = |path: &str, step: &str, route: &str| {
            format!(
                "<ProxyEndpoint name='default'><PreFlow name='PreFlow'><Request>{step}</Request></PreFlow>\n\
                 <HTTPProxyConnection><BasePath>{path}</BasePath></HTTPProxyConnection>\n\
                 <RouteRule name='r'>{route}</RouteRule></ProxyEndpoint>"
            )
        };
        folder.write("all/hello/apiproxy/hello.xml", "<APIProxy name='hello'/>");
        folder.write(
            "all/hello/apiproxy/proxies/default.xml",
            &endpoint("/hello", "", "<TargetEndpoint>default</TargetEndpoint>"),
        );
        folder.write(
            "all/hello/apiproxy/targets/default.xml",
            "<TargetEndpoint name='default'><HTTPTargetConnection><URL>https://target.example/base</URL>\
             </HTTPTargetConnection></TargetEndpoint>",
        );
        folder.write("all/closed/apiproxy/closed.xml", "<APIProxy name='closed'/>");
        folder.write(
            "all/closed/apiproxy/proxies/default.xml",
            &endpoint("/closed", "<Step><Name>verify</Name></Step>", ""),
        );
        folder.write("all/closed/apiproxy/policies/verify.xml", VERIFY);
        folder.write("verify.xml", VERIFY);
        folder.write(
            "entities.json",
            r#"{"apiProducts": [{"name": "Closed", "proxies": ["closed"], "apiResources": ["/**"], "scopes": ["READ"]}],
                "developers": [{"email": "ada@example.com"}],
                "apps": [{"name": "shop", "developerEmail": "ada@example.com",
                          "credentials": [{"consumerKey": "key-1", "apiProducts": ["Closed"]}]}]}"#,
        );
        folder
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const VERIFY: &str = "<OAuthV2 name='verify'>\n  <Operation>VerifyAccessToken</Operation>\n</OAuthV2>";

#[test]
fn check_finds_every_bundle_and_says_where_an_error_is() {
    let folder = Folder::new("check");
    let (code, out, _) = run(&folder.0, &["check", "all", "verify.xml"]);
    assert_eq!((code, out.as_str()), (0, "2 bundles and 1 policy: 0 errors, 0 warnings\n"));
    folder.write(
        "all/closed/apiproxy/policies/verify.xml",
        "<OAuthV2 name='verify'>\n  <Operation>Nonsense</Operation>\n</OAuthV2>",
    );
    let (code, out, _) = run(&folder.0, &["check", "all"]);
    assert_eq!(code, 1);
    assert!(out.contains("--> all/closed/apiproxy/policies/verify.xml:2:"), "{out}");
    assert!(out.contains("2 bundles: 1 error"), "{out}");
    // From elsewhere, the place is still one that can be opened: below the path as it was given.
    let (code, out, _) = run(&folder.0.join("all"), &["check", "../all/closed"]);
    assert!(code == 1 && out.contains("--> ../all/closed/apiproxy/policies/verify.xml:2:"), "{out}");
    let (code, out, _) = run(&folder.0.join("all/closed"), &["check", "."]);
    assert!(code == 1 && out.contains("--> apiproxy/policies/verify.xml:2:"), "{out}");
}

#[test]
fn check_warns_of_policies_that_do_not_run_yet() {
    let folder = Folder::new("unsupported");
    folder.write("arrest.xml", "<SpikeArrest name='arrest'><Rate>30ps</Rate></SpikeArrest>");
    let (code, out, _) = run(&folder.0, &["check", "arrest.xml"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.starts_with("warning[policy::not-supported-yet]"), "{out}");
    assert!(out.ends_with("1 policy: 0 errors, 1 warning\n"), "{out}");
    assert_eq!(run(&folder.0, &["eval", "arrest.xml", "/"]).0, 1);
}

#[test]
fn fmt_lays_out_what_it_knows_and_leaves_the_rest() {
    let folder = Folder::new("fmt");
    folder.write("all/closed/apiproxy/resources/xsl/other.xml", "<other  it='1'/>");
    folder.write("broken/broken.xml", "<OAuthV2>");
    let (code, out, _) = run(&folder.0, &["fmt", "--check", "all", "verify.xml"]);
    assert_eq!((code, out.lines().last().unwrap()), (1, "7 files: 7 would change"));
    assert_eq!(fs::read_to_string(folder.0.join("verify.xml")).unwrap(), VERIFY);
    let (code, out, _) = run(&folder.0, &["fmt", "all", "verify.xml"]);
    assert_eq!((code, out.lines().last().unwrap()), (0, "7 files: 7 changed"));
    let want = "<OAuthV2 name=\"verify\">\n    <Operation>VerifyAccessToken</Operation>\n</OAuthV2>\n";
    assert_eq!(fs::read_to_string(folder.0.join("verify.xml")).unwrap(), want);
    assert_eq!(run(&folder.0, &["fmt", "--check", "all"]), (0, "6 files: 0 would change\n".into(), String::new()));
    assert_eq!(run(&folder.0, &["check", "all"]).0, 0);
    let (code, _, err) = run(&folder.0, &["fmt", "broken"]);
    assert!(code == 1 && err.contains("xml::unclosed-element"), "{err}");
    assert_eq!(fs::read_to_string(folder.0.join("broken/broken.xml")).unwrap(), "<OAuthV2>");
}

/// The units of `check --format json`: path, kind, root, whether it is fine, and the codes of its findings.
fn units(folder: &Folder, paths: &[&str]) -> Vec<(String, String, String, bool, Vec<String>)> {
    let (_, out, err) = run(&folder.0, &[&["check", "--format", "json"], paths].concat());
    assert_eq!(err, "");
    let unit = |line: &str| {
        let unit: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| unit[name].as_str().unwrap().to_owned();
        let codes = unit["diagnostics"].as_array().unwrap().iter();
        let codes = codes.map(|it| it["code"].as_str().unwrap().to_owned()).collect();
        (text("path"), text("kind"), text("root"), unit["ok"].as_bool().unwrap(), codes)
    };
    out.lines().map(unit).collect()
}

#[test]
fn check_tells_units_apart() {
    let folder = Folder::new("units");
    let is = |unit: &(String, String, String, bool, Vec<String>), path: &str, kind: &str, root: &str, ok: bool| {
        assert_eq!((unit.0.as_str(), unit.1.as_str(), unit.2.as_str(), unit.3), (path, kind, root, ok), "{unit:?}");
    };
    folder.write("all/flow/sharedflowbundle/flow.xml", "<SharedFlowBundle name='flow'/>");
    folder.write(
        "all/flow/sharedflowbundle/sharedflows/default.xml",
        "<SharedFlow name='default'><Step><Name>spike</Name><Condition>a = </Condition></Step></SharedFlow>",
    );
    folder.write(
        "all/flow/sharedflowbundle/policies/spike.xml",
        "<SpikeArrest name='spike'><Rate>1ps</Rate></SpikeArrest>",
    );
    folder.write("all/lone.xml", VERIFY);
    folder.write("all/pom.xml", "<project/>");
    // A folder of a build, parts that a build puts together, and what only a link to an archive is: no units.
    folder.write("all/proxies/pom.xml", "<project/>");
    folder.write("all/part.xml", "<Step><Name>a</Name></Step><Step/>");
    folder.write("all/link.zip", "version https://git-lfs.github.com/spec/v1");
    folder.write("all/broken.xml", "<Quota><Interval></Quota>");
    folder.write("all/.hidden/x.xml", VERIFY);
    fs::write(folder.0.join("all/latin.xml"), b"<OAuthV2>\xE4</OAuthV2>").unwrap();
    let found = units(&folder, &["all"]);
    assert_eq!(found.len(), 6, "{found:?}");
    is(&found[0], "all/broken.xml", "policy", "Quota", false);
    is(&found[1], "all/closed/apiproxy", "proxy", "APIProxy", true);
    is(&found[2], "all/flow/sharedflowbundle", "shared_flow", "SharedFlowBundle", false);
    assert!(found[2].4.iter().any(|code| code.starts_with("condition::")), "{found:?}");
    is(&found[3], "all/hello/apiproxy", "proxy", "APIProxy", true);
    is(&found[4], "all/latin.xml", "policy", "OAuthV2", false);
    assert_eq!(found[4].4, ["xml::not-utf8"]);
    let utf16 = VERIFY.encode_utf16().flat_map(u16::to_le_bytes);
    fs::write(folder.0.join("all/latin.xml"), [0xFF, 0xFE].into_iter().chain(utf16).collect::<Vec<u8>>()).unwrap();
    is(&units(&folder, &["all"])[4], "all/latin.xml", "policy", "OAuthV2", true);
    is(&found[5], "all/lone.xml", "policy", "OAuthV2", true);

    // A path that is named is a unit, whatever it holds.
    is(&units(&folder, &["all/pom.xml"])[0], "all/pom.xml", "policy", "project", false);
    let endpoint = "all/hello/apiproxy/proxies/default.xml";
    is(&units(&folder, &[endpoint])[0], endpoint, "proxy", "ProxyEndpoint", true);
    is(&units(&folder, &["all/closed/apiproxy/"])[0], "all/closed/apiproxy", "proxy", "APIProxy", true);
    folder.write("not.zip", "PK");
    is(&units(&folder, &["not.zip"])[0], "not.zip", "proxy", "", false);
    // A template is read; it is never deployed by itself, and that is no error.
    folder.write(
        "tpl/PolicyTemplateContainer/tpl.xml",
        "<PolicyTemplateContainer><name>tpl</name></PolicyTemplateContainer>",
    );
    folder.write("tpl/PolicyTemplateContainer/Policy/verify.xml", VERIFY);
    let template = "tpl/PolicyTemplateContainer";
    is(&units(&folder, &["tpl"])[0], template, "policy_template", "PolicyTemplateContainer", true);
    folder.write("tpl/PolicyTemplateContainer/Policy/verify.xml", "<OAuthV2><Opration/></OAuthV2>");
    is(&units(&folder, &["tpl"])[0], template, "policy_template", "PolicyTemplateContainer", false);
    // A type that does not run yet is told, and no error.
    let policy = "all/flow/sharedflowbundle/policies/spike.xml";
    let (code, out, _) = run(&folder.0, &["check", "--format", "json", policy]);
    assert!(code == 0 && out.contains(r#""ok":true"#) && out.contains(r#""unsupported":["SpikeArrest"]"#), "{out}");
}

/// An archive of a folder's files, which have their paths below it.
fn zip(folder: &Path, files: &[&str]) -> Vec<u8> {
    let mut archive = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = ::zip::write::SimpleFileOptions::default().compression_method(::zip::CompressionMethod::Stored);
    for file in files {
        archive.start_file(*file, options).unwrap();
        archive.write_all(&fs::read(folder.join(file)).unwrap()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn check_looks_into_archives() {
    let folder = Folder::new("zip");
    let closed =
        ["closed/apiproxy/closed.xml", "closed/apiproxy/proxies/default.xml", "closed/apiproxy/policies/verify.xml"];
    let hello =
        ["hello/apiproxy/hello.xml", "hello/apiproxy/proxies/default.xml", "hello/apiproxy/targets/default.xml"];
    let all = folder.0.join("all");
    let below: Vec<&str> = closed.iter().map(|file| file.strip_prefix("closed/").unwrap()).collect();
    let archive = zip(&all.join("closed"), &below);
    fs::write(folder.0.join("closed.zip"), &archive).unwrap();
    fs::write(folder.0.join("both.zip"), zip(&all, &[closed, hello].concat())).unwrap();
    let unit = |path: &str, ok: bool, codes: &[&str]| {
        let codes = codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
        (path.to_owned(), "proxy".to_owned(), "APIProxy".to_owned(), ok, codes)
    };
    assert_eq!(units(&folder, &["closed.zip"]), [unit("closed.zip", true, &[])]);
    let both = [unit("both.zip/closed/apiproxy", true, &[]), unit("both.zip/hello/apiproxy", true, &[])];
    assert_eq!(units(&folder, &["both.zip"]), both);
    // In a tree too, and what is wrong is named by the archive and the entry.
    folder.write("all/closed/apiproxy/policies/verify.xml", "<OAuthV2 name='verify'><Opration/></OAuthV2>");
    fs::create_dir(folder.0.join("tree")).unwrap();
    fs::write(folder.0.join("tree/wrong.zip"), zip(&all.join("closed"), &below)).unwrap();
    let (code, out, _) = run(&folder.0, &["check", "tree"]);
    assert!(code == 1 && out.contains("--> tree/wrong.zip/apiproxy/policies/verify.xml:1:24"), "{out}");
    // One that is cut off is no bundle, and says so.
    fs::write(folder.0.join("tree/wrong.zip"), &archive[..archive.len() / 2]).unwrap();
    let found = units(&folder, &["tree"]);
    assert_eq!(
        (found[0].0.as_str(), found[0].3, found[0].4.as_slice()),
        ("tree/wrong.zip", false, &["zip::unreadable".to_owned()][..])
    );
}

#[cfg(unix)]
#[test]
fn check_tells_of_links_and_follows_none() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new("links");
    let at = |path: &str| folder.0.join(path);
    symlink(at("verify.xml"), at("all/linked.xml")).unwrap();
    symlink(at("all"), at("all/around")).unwrap();
    symlink(at("nowhere.txt"), at("all/notes.txt")).unwrap();
    fs::remove_file(at("all/closed/apiproxy/policies/verify.xml")).unwrap();
    symlink(at("verify.xml"), at("all/closed/apiproxy/policies/verify.xml")).unwrap();
    symlink(at("verify.xml"), at("all/.hidden.xml")).unwrap();
    let found = units(&folder, &["all"]);
    let told: Vec<_> = found.iter().map(|unit| (unit.0.as_str(), unit.1.as_str(), unit.3, unit.4.join(" "))).collect();
    let link = "load::link-not-followed".to_owned();
    let closed = format!("{link} bundle::unknown-policy");
    let want = [
        ("all/around", "proxy", true, link.clone()),
        ("all/closed/apiproxy", "proxy", false, closed),
        ("all/hello/apiproxy", "proxy", true, String::new()),
        ("all/linked.xml", "policy", true, link),
    ];
    assert_eq!(told, want);
    let (_, out, _) = run(&folder.0, &["check", "all"]);
    assert!(out.contains("--> all/closed/apiproxy/policies/verify.xml"), "{out}");
    // What the command line names is meant.
    assert_eq!(units(&folder, &["all/linked.xml"])[0].2, "OAuthV2");
}

#[test]
fn check_writes_what_other_tools_read() {
    let folder = Folder::new("formats");
    folder.write("bad.xml", "<OAuthV2 name='v'>\n <Operation>VerifyAccessToken</Operation><Scopes/>\n</OAuthV2>");
    let written = |format: &str| run(&folder.0, &["check", "--format", format, "bad.xml"]);
    let (code, out, _) = written("github");
    assert_eq!(code, 1);
    assert_eq!(
        out,
        "::error file=bad.xml,line=2,col=43,title=xml%3A%3Aunknown-element::unknown element `Scopes`; did you mean `Scope`?\n"
    );
    let (code, out, _) = written("sarif");
    let log: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &log["runs"][0]["results"][0]["ruleId"]), (1, &"xml::unknown-element".into()));
    let (code, out, _) = written("junit");
    assert!(code == 1 && out.contains("<testsuite name=\"bad.xml\" tests=\"1\" failures=\"1\""), "{out}");
    assert_eq!(written("yaml").0, 2);
    let dialects = [("auto", "apigeex"), ("apigee", "apigee"), ("sap", "sap")];
    for (dialect, want) in dialects {
        let (_, out, _) = run(&folder.0, &["check", "--format", "json", "--dialect", dialect, "bad.xml"]);
        assert!(out.contains(&format!("\"dialect\":\"{want}\"")), "{out}");
    }
    folder.write(
        "sap.xml",
        "<OAuthV2 xmlns='http://www.sap.com/apimgmt'><Operation>VerifyAccessToken</Operation></OAuthV2>",
    );
    assert!(run(&folder.0, &["check", "--format", "json", "sap.xml"]).1.contains("\"dialect\":\"sap\""));
}

#[test]
fn check_warns_of_what_lets_strangers_in() {
    let folder = Folder::new("lint");
    folder.write("all/closed/apiproxy/policies/verify.xml", &VERIFY.replace("name=", "continueOnError='true' name="));
    let (code, out, _) = run(&folder.0, &["check", "all"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("warning[lint::guard-continues-on-error]") && out.contains("0 errors, 1 warning"), "{out}");
}

#[test]
fn the_readme_lists_every_rule() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let rules = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/lint")).unwrap();
    let mut count = 0;
    for file in rules {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        for code in text.split('"').filter(|part| part.starts_with("lint::") && !part.contains(' ')) {
            count += usize::from(code.len() > "lint::".len());
            assert!(readme.contains(code), "{code}");
        }
    }
    assert!(count >= 7, "{count}");
}

#[test]
fn wrong_command_lines_end_with_code_2() {
    let folder = Folder::new("usage");
    folder.write("empty/readme.txt", "");
    for arguments in [
        &[][..],
        &["check"],
        &["check", "none"],
        &["check", "empty"],
        &["eval", "verify.xml"],
        &["eval", "verify.xml", "no-slash"],
        &["eval", "verify.xml", "all", "/"],
        &["serve", "verify.xml"],
        &["serve", "all", "--target", "hello=http://h"],
        &["cases", "empty"],
    ] {
        let (code, _, err) = run(&folder.0, arguments);
        assert_eq!(code, 2, "{arguments:?}: {err}");
        assert!(!err.is_empty(), "{arguments:?}");
    }
}

#[test]
fn eval_shows_the_decision_and_hides_secrets() {
    let folder = Folder::new("eval");
    let (code, out, err) = run(&folder.0, &["eval", "verify.xml", "/"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("decision: fault oauth.v2.InvalidAccessToken by policy `verify`"), "{out}");
    assert!(out.contains("response: 401 Unauthorized\n"), "{out}");

    let closed =
        ["eval", "all", "--entities", "entities.json", "--token", "SECRET-1=key-1", "--now", "2026-01-02T03:04:05Z"];
    let with = |more: &[&str]| run(&folder.0, &[&closed[..], more].concat());
    let (code, out, _) = with(&["-H", "Authorization: Bearer SECRET-1", "/closed/x"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.starts_with("decision: respond\n") && !out.contains("SECRET-1"), "{out}");
    let (_, out, _) = with(&["/hello/x?apikey=SECRET-2"]);
    assert!(out.starts_with("target: GET https://target.example/base/x?apikey=***\n"), "{out}");
    assert!(out.contains("decision: call the target"), "{out}");
    let (_, out, _) = with(&["/hello", "--respond", "201:done"]);
    assert!(out.contains("response: 201 Created\n") && out.contains("\ndone\n"), "{out}");
    let (_, out, _) = with(&["--show-secrets", "/hello?apikey=SECRET-2"]);
    assert!(out.contains("SECRET-2"), "{out}");
}

#[test]
fn cases_tell_what_fails() {
    let folder = Folder::new("cases");
    let text = "bundles: [all]\nentities: entities.json\ncases:\n  - note: refused\n    request: {path: /closed}\n    want: {status: 401}\n";
    folder.write("cases.yaml", text);
    assert_eq!(run(&folder.0, &["cases", "."]), (0, "1 cases in 1 files hold\n".into(), String::new()));
    folder.write("cases.yaml", &text.replace("401", "402"));
    let (code, out, _) = run(&folder.0, &["cases", "cases.yaml"]);
    assert_eq!(code, 1);
    assert!(out.contains("1 of 1 cases failed\ncases.yaml: refused: status: want `402`, found `401`"), "{out}");
    folder.write("cases.yaml", "cases: [{nte: x}]");
    let (code, _, err) = run(&folder.0, &["cases", "cases.yaml"]);
    assert!(code == 1 && err.contains("nte"), "{err}");
}

struct Serving(Child, BufReader<std::process::ChildStdout>, String);

impl Serving {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = tollgate()
            .current_dir(folder)
            .args(["serve", "all", "--entities", "entities.json", "--port", "0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let address =
            line.trim_end().strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line}")).to_owned();
        Self(child, out, address)
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.2).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

#[test]
fn serve_answers_until_it_is_told_to_stop() {
    let folder = Folder::new("serve");
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("hello/default=http://{}/there", target.local_addr().unwrap());
    let called = std::thread::spawn(move || {
        let (mut stream, _) = target.accept().unwrap();
        let mut seen = [0; 1024];
        let length = stream.read(&mut seen).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").unwrap();
        String::from_utf8_lossy(&seen[..length]).into_owned()
    });
    let mut serving = Serving::start(&folder.0, &["--target", &url]);
    assert!(serving.2.starts_with("127.0.0.1:"), "{}", serving.2);
    assert!(serving.get("/closed").starts_with("HTTP/1.1 401 "));
    let answer = serving.get("/hello/you");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("hi"), "{answer}");
    assert!(called.join().unwrap().starts_with("GET /there/you HTTP/1.1\r\n"));

    let port = serving.2.rsplit(':').next().unwrap().to_owned();
    let (code, out, err) = run(&folder.0, &["serve", "all", "--port", &port, "--target", &url]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(err, format!("tollgate: cannot listen on 127.0.0.1:{port}: the port is taken\n"));

    #[cfg(unix)]
    {
        let stopped = Command::new("kill").args(["-TERM", &serving.0.id().to_string()]).status().unwrap();
        assert!(stopped.success());
        assert_eq!(serving.0.wait().unwrap().code(), Some(0));
        let mut rest = String::new();
        serving.1.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
    }
}

#[test]
fn serve_says_what_it_cannot_do() {
    let folder = Folder::new("refuse");
    let mut serving = Serving::start(&folder.0, &[]);
    let answer = serving.get("/hello");
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    serving.0.kill().unwrap();
    let mut err = String::new();
    serving.0.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert!(
        err.contains("target `hello/default` is `https://target.example/base`, but only plain http is spoken"),
        "{err}"
    );

    folder.write("entities.json", "{");
    let (code, _, err) = run(&folder.0, &["serve", "all", "--entities", "entities.json", "--port", "0"]);
    assert!(code == 1 && err.contains("entities.json"), "{err}");
    let (code, _, err) = run(&folder.0, &["serve", "none", "--port", "0"]);
    assert!(code == 1 && err.starts_with("tollgate: cannot read `none`"), "{err}");
}
