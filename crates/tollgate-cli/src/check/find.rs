//! From paths to what is to be judged: bundles with the names of their files, and single documents.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use tollgate::Limits;
use tollgate::bundle::{Bundle, files_from_zip};
use tollgate::diagnostic::{Diagnostic, Diagnostics, Source, Span};
use tollgate_cases::load;

use super::{Kind, parallel};
use crate::failure::Failure;

/// The names that files have while they are read: below a number, so that no two paths share a name, and so that a path
/// with `..` or a hidden folder in it can hold a bundle.
#[derive(Clone, Debug)]
pub(super) struct Naming {
    /// What every name starts with.
    prefix: String,
    /// What stands in its place for people.
    shown: String,
}

impl Naming {
    /// The name for people.
    pub(super) fn show(&self, name: &str) -> String {
        match name.strip_prefix(self.prefix.as_str()) {
            Some("") => match self.shown.trim_end_matches('/') {
                "" => self.shown.clone(),
                shown => shown.to_owned(),
            },
            Some(below) => match below.strip_prefix('/') {
                Some(below) => join(&self.shown, below),
                None => name.to_owned(),
            },
            None => name.to_owned(),
        }
    }
}

/// The content of a file.
pub(super) enum Content {
    OnDisk(PathBuf),
    Read(Vec<u8>),
}

impl Content {
    /// The bytes, or the finding that they cannot be read.
    pub(super) fn bytes(&self, name: &str) -> Result<Cow<'_, [u8]>, Box<Diagnostic>> {
        match self {
            Self::Read(bytes) => Ok(bytes.into()),
            Self::OnDisk(path) => match fs::read(path) {
                Ok(bytes) => Ok(bytes.into()),
                Err(error) => Err(Box::new(unreadable(name, &error.to_string()))),
            },
        }
    }
}

/// A finding about a file as a whole: it cannot be read.
fn unreadable(name: &str, why: &str) -> Diagnostic {
    let finding = Diagnostic::error("check::unreadable", format!("the file cannot be read: {why}"));
    finding.at(&Source::new(name, ""), Span::default())
}

/// What is to be judged.
pub(super) enum Input {
    Bundle {
        /// Its path for people.
        path: String,
        /// Its folder, by the names of its files.
        root: String,
        /// Its name, where its manifest gives none.
        name: String,
        files: Vec<(String, Content)>,
        /// What is known before it is read: links in its folder, under their names.
        findings: Vec<Diagnostic>,
        naming: Naming,
    },
    Document {
        path: String,
        content: Content,
        /// Whether the command line names it, so that it is a unit whatever it holds.
        named: bool,
    },
    /// Something that is not looked into.
    Broken { path: String, kind: Kind, finding: Diagnostic },
}

impl Input {
    /// The path for people, which units are ordered by.
    fn path(&self) -> &str {
        match self {
            Self::Bundle { path, .. } | Self::Document { path, .. } | Self::Broken { path, .. } => path,
        }
    }
}

/// What was found, and the paths in which nothing may be.
pub(crate) struct Found {
    pub(super) inputs: Vec<Input>,
}

/// Finds everything that is to be judged, in the order of the paths, and of the names in each.
///
/// # Errors
/// When a path does not exist.
pub(crate) fn find(paths: &[PathBuf], limits: &Limits) -> Result<Found, Failure> {
    let mut inputs = Vec::new();
    let mut numbers = 0..;
    for path in paths {
        let metadata = fs::metadata(path).map_err(|error| Failure::Usage(format!("`{}`: {error}", path.display())))?;
        let mut here = Vec::new();
        if metadata.is_dir() {
            tree(path, limits, &mut numbers, &mut here);
        } else if has_extension(path, "xml") {
            let content = Content::OnDisk(path.clone());
            here.push(Input::Document { path: path.to_string_lossy().into_owned(), content, named: true });
        } else {
            let number = numbers.next().unwrap_or(0);
            here.extend(archive(path, &path.to_string_lossy(), number, true, limits));
        }
        here.sort_by(|a, b| a.path().cmp(b.path()));
        inputs.append(&mut here);
    }
    Ok(Found { inputs })
}

/// What is in a folder and below it.
fn tree(folder: &Path, limits: &Limits, numbers: &mut impl Iterator<Item = usize>, inputs: &mut Vec<Input>) {
    let shown = folder.to_string_lossy().into_owned();
    let load::Tree { files, links } = match load::tree(folder) {
        Ok(tree) => tree,
        Err(error) => {
            let finding = unreadable(&shown, &error.to_string());
            inputs.push(Input::Broken { path: shown, kind: Kind::Proxy, finding });
            return;
        }
    };
    let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let last = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let number = numbers.next().unwrap_or(0);
    let own = last(&real);
    // The folder's own name may be the one that tells a bundle, such as `apiproxy`.
    let prefix = if own.is_empty() || own.starts_with('.') { number.to_string() } else { format!("{number}/{own}") };
    let naming = Naming { prefix, shown: shown.clone() };
    let named: Vec<(String, usize)> =
        files.iter().enumerate().map(|(at, (below, _))| (format!("{}/{below}", naming.prefix), at)).collect();
    let mut claimed = vec![false; files.len()];
    for (root, members) in Bundle::split(named) {
        let read = |at: usize| files.get(at).and_then(|(_, path)| fs::read(path).ok()).unwrap_or_default();
        if !is_bundle(&root, &members, |at| Cow::Owned(read(*at))) {
            continue;
        }
        let mut own_files = Vec::with_capacity(members.len());
        for (name, at) in members {
            if let (Some(claim), Some((_, path))) = (claimed.get_mut(at), files.get(at)) {
                *claim = true;
                own_files.push((name, Content::OnDisk(path.clone())));
            }
        }
        let around = real.parent().map(last).unwrap_or_default();
        let name = bundle_name(&root, number).unwrap_or(around);
        let (files, findings) = (own_files, Vec::new());
        inputs.push(Input::Bundle { path: naming.show(&root), root, name, files, findings, naming: naming.clone() });
    }
    tell_links(links, &naming, &shown, inputs);
    let mut archives = Vec::new();
    for ((below, path), _) in files.into_iter().zip(claimed).filter(|(_, claimed)| !claimed) {
        let shown = join(&shown, &below);
        if has_extension(&path, "xml") {
            inputs.push(Input::Document { path: shown, content: Content::OnDisk(path), named: false });
        } else if has_extension(&path, "zip") {
            archives.push((path, shown, numbers.next().unwrap_or(0)));
        }
    }
    let read = parallel(&archives, |(path, shown, number)| archive(path, shown, *number, false, limits));
    inputs.extend(read.into_iter().flatten());
}

/// Tells of the links in a tree: to the bundle they lie in, and by themselves where they may lead to policies or bundles.
fn tell_links(links: Vec<(String, PathBuf)>, naming: &Naming, shown: &str, inputs: &mut Vec<Input>) {
    for (below, path) in links {
        let name = format!("{}/{below}", naming.prefix);
        let length = |input: &Input| match input {
            Input::Bundle { root, .. } => {
                name.strip_prefix(root.as_str()).filter(|rest| rest.starts_with('/')).map(|_| root.len())
            }
            Input::Document { .. } | Input::Broken { .. } => None,
        };
        let around = inputs.iter_mut().filter(|input| length(input).is_some()).max_by_key(|input| length(input));
        if let Some(Input::Bundle { findings, .. }) = around {
            findings.push(load::not_followed(&name));
            continue;
        }
        let path_shown = join(shown, &below);
        let is_document = has_extension(&path, "xml");
        if is_document || has_extension(&path, "zip") || path.is_dir() {
            let kind = if is_document { Kind::Policy } else { Kind::Proxy };
            let finding = load::not_followed(&path_shown);
            inputs.push(Input::Broken { path: path_shown, kind, finding });
        }
    }
}

/// Whether a folder is that of a bundle: its name tells, or an endpoint in it; any folder may hold one called `proxies`.
fn is_bundle<B>(root: &str, files: &[(String, B)], read: impl Fn(&B) -> Cow<'_, [u8]>) -> bool {
    let name = root.rsplit('/').next().unwrap_or_default();
    matches!(name, "apiproxy" | "sharedflowbundle" | "APIProxy" | "PolicyTemplateContainer")
        || name.ends_with("-APIProxy")
        || files.iter().any(|(name, file)| lies_with_endpoints(root, name) && is_endpoint(&first_tag(&read(file))))
}

/// Whether a file lies where a bundle keeps its endpoints.
fn lies_with_endpoints(root: &str, name: &str) -> bool {
    let below = name.strip_prefix(root).unwrap_or(name).trim_start_matches('/');
    let folder = below.split_once('/').filter(|(_, file)| !file.contains('/')).map(|(folder, _)| folder);
    matches!(folder, Some("proxies" | "sharedflows" | "APIProxyEndPoint" | "APITargetEndPoint"))
}

fn is_endpoint(root: &str) -> bool {
    matches!(root, "ProxyEndpoint" | "TargetEndpoint" | "SharedFlow" | "ProxyEndPoint" | "TargetEndPoint")
}

/// The name of a document's first element, whether or not the rest of it can be read.
pub(super) fn first_tag(bytes: &[u8]) -> String {
    // UTF-16 shows as ASCII with zeros between.
    let text = String::from_utf8_lossy(bytes).replace('\0', "");
    let tags = text.split('<').skip(1).find(|tag| tag.starts_with(|c: char| c.is_alphabetic() || c == '_'));
    let name = tags.and_then(|tag| tag.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/' | '<')).next());
    name.unwrap_or_default().chars().take(64).collect()
}

/// Whether an archive that cannot be opened seems to hold a bundle: names of files stand in it as they are.
fn seems_to_hold_bundle(bytes: &[u8]) -> bool {
    let holds = |name: &str| bytes.windows(name.len()).any(|window| window == name.as_bytes());
    bytes.starts_with(b"PK") && ["apiproxy", "sharedflowbundle", "APIProxy"].into_iter().any(holds)
}

/// The bundles in a zip archive.
fn archive(path: &Path, shown: &str, number: usize, named: bool, limits: &Limits) -> Vec<Input> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let finding = unreadable(shown, &error.to_string());
            return vec![Input::Broken { path: shown.to_owned(), kind: Kind::Proxy, finding }];
        }
    };
    let (files, findings) = files_from_zip(shown, &bytes, limits);
    let broken = |findings: Diagnostics| findings.into_iter().next();
    let Some(files) = files else {
        if !named && !seems_to_hold_bundle(&bytes) {
            return Vec::new();
        }
        let finding = broken(findings).unwrap_or_else(|| unreadable(shown, "it is no zip archive"));
        return vec![Input::Broken { path: shown.to_owned(), kind: Kind::Proxy, finding }];
    };
    let naming = Naming { prefix: number.to_string(), shown: shown.to_owned() };
    let files: Vec<(String, Vec<u8>)> =
        files.into_iter().map(|(name, bytes)| (format!("{number}/{name}"), bytes)).collect();
    let mut bundles = Bundle::split(files);
    bundles.retain(|(root, files)| is_bundle(root, files, |bytes| Cow::Borrowed(bytes)));
    if bundles.is_empty() && named {
        let finding = broken(findings).unwrap_or_else(|| {
            let help = "a bundle holds a folder `apiproxy`, `sharedflowbundle` or `APIProxy`";
            let finding = Diagnostic::error("bundle::no-bundle", "the archive holds no bundle").help(help);
            finding.at(&Source::new(shown, ""), Span::default())
        });
        return vec![Input::Broken { path: shown.to_owned(), kind: Kind::Proxy, finding }];
    }
    let alone = bundles.len() == 1;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let input = |(root, files): (String, Vec<(String, Vec<u8>)>)| Input::Bundle {
        path: if alone { shown.to_owned() } else { naming.show(&root) },
        name: bundle_name(&root, number).unwrap_or_else(|| stem.clone()),
        files: files.into_iter().map(|(name, bytes)| (name, Content::Read(bytes))).collect(),
        findings: Vec::new(),
        naming: naming.clone(),
        root,
    };
    bundles.into_iter().map(input).collect()
}

/// The name of a bundle by its folder: `apiproxy` names none, the folder around it does.
fn bundle_name(root: &str, number: usize) -> Option<String> {
    let below = root.strip_prefix(&number.to_string()).unwrap_or(root);
    let mut parts = below.rsplit('/');
    parts.find(|part| !matches!(*part, "" | "apiproxy" | "sharedflowbundle" | "APIProxy")).map(str::to_owned)
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case(extension))
}

/// A path below another; `.` is where the caller stands, and need not be said.
fn join(before: &str, below: &str) -> String {
    match before.trim_end_matches('/') {
        "" if before.is_empty() => below.to_owned(),
        "." => below.to_owned(),
        before => format!("{}/{below}", before.strip_prefix("./").unwrap_or(before)),
    }
}
