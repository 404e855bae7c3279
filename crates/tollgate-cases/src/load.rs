//! Bundles and entities from the file system; folders are walked in order of names.
//!
//! Symbolic links below a folder are not followed: they could lead out of it, or around in it. They are told, never passed
//! over in silence, as what is behind one may be a policy.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use tollgate::Limits;
use tollgate::bundle::Bundle;
use tollgate::diagnostic::{Diagnostic, Diagnostics, Source, Span};
use tollgate::entity::Entities;

use crate::CaseError;

/// Folders below a folder; deeper ones are left out, which no bundle needs.
const DEPTH: usize = 64;

/// The bundles of a folder or zip archive, with everything that is wrong with them.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The bundles, in order of their folders.
    pub bundles: Vec<Bundle>,
    /// Findings; their files are named as the caller's path names them.
    pub diagnostics: Diagnostics,
}

impl Loaded {
    /// Adds the bundles and findings of another.
    pub fn extend(&mut self, other: Self) {
        self.bundles.extend(other.bundles);
        self.diagnostics.extend(other.diagnostics);
    }
}

/// Reads every bundle in a path: the folder of one, a tree that holds several, or a zip archive.
///
/// # Errors
/// When the path cannot be read, or holds no bundle.
pub fn bundles(path: &Path, limits: &Limits) -> Result<Loaded, CaseError> {
    let metadata = fs::metadata(path).map_err(|error| CaseError::read(path, error))?;
    let real = fs::canonicalize(path).map_err(|error| CaseError::read(path, error))?;
    let shown = shown(path, &real);
    let (name, files, diagnostics) = if metadata.is_file() {
        let name = real.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let bytes = fs::read(path).map_err(|error| CaseError::read(path, error))?;
        let (files, diagnostics) = unzip(path, &bytes, limits)?;
        (name, files, diagnostics)
    } else {
        let name = real.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Tree { files, links } = tree(path)?;
        let mut told = Diagnostics::new();
        told.extend(links.iter().map(|(below, _)| not_followed(&join(&shown, below))));
        (name, contents(files)?, told)
    };
    let named = files.into_iter().map(|(below, bytes)| (join(&shown, &below), bytes));
    let mut loaded = Loaded { bundles: Vec::new(), diagnostics };
    for (root, files) in Bundle::split(named) {
        // The folder `apiproxy` names no proxy; the one around it does.
        let around = root.rsplit('/').find(|part| !matches!(*part, "" | "apiproxy" | "sharedflowbundle" | "APIProxy"));
        let (bundle, diagnostics) = Bundle::from_files(around.unwrap_or(&name), files, limits);
        loaded.bundles.extend(bundle);
        loaded.diagnostics.extend(diagnostics);
    }
    if loaded.bundles.is_empty() && loaded.diagnostics.is_empty() {
        return Err(CaseError::NoBundle { path: path.to_owned() });
    }
    Ok(loaded)
}

fn contents(files: Vec<(String, PathBuf)>) -> Result<Vec<(String, Vec<u8>)>, CaseError> {
    let read = |(below, file): (String, PathBuf)| match fs::read(&file) {
        Ok(bytes) => Ok((below, bytes)),
        Err(error) => Err(CaseError::read(&file, error)),
    };
    files.into_iter().map(read).collect()
}

/// What is below a folder, each by its path inside of it, in order; nothing in a hidden folder belongs to a bundle.
#[derive(Debug, Default)]
pub struct Tree {
    /// The files.
    pub files: Vec<(String, PathBuf)>,
    /// Symbolic links, which are not followed; see [`not_followed`].
    pub links: Vec<(String, PathBuf)>,
}

/// Looks into a folder and all below it.
///
/// # Errors
/// When a folder cannot be read.
pub fn tree(folder: &Path) -> Result<Tree, CaseError> {
    let below = |paths: Vec<PathBuf>| {
        let named = paths.into_iter().filter_map(|path| {
            let below = path.strip_prefix(folder).unwrap_or(&path);
            let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
            let name = parts.iter().all(|part| !part.starts_with('.')).then(|| parts.join("/"));
            name.map(|name| (name, path))
        });
        named.collect()
    };
    let Walk { files, links } = walk(folder)?;
    Ok(Tree { files: below(files), links: below(links) })
}

/// The warning that a symbolic link was not followed.
pub fn not_followed(name: &str) -> Diagnostic {
    let finding = Diagnostic::warning("load::link-not-followed", "a symbolic link is not followed");
    let help = "put what it leads to in its place, or name that on the command line";
    finding.help(help).at(&Source::new(name, ""), Span::default())
}

type Unzipped = (Vec<(String, Vec<u8>)>, Diagnostics);

#[cfg(feature = "zip")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature there is an error")]
fn unzip(path: &Path, bytes: &[u8], limits: &Limits) -> Result<Unzipped, CaseError> {
    let (files, diagnostics) = tollgate::bundle::files_from_zip(&path.to_string_lossy(), bytes, limits);
    Ok((files.unwrap_or_default(), diagnostics))
}

#[cfg(not(feature = "zip"))]
fn unzip(path: &Path, _: &[u8], _: &Limits) -> Result<Unzipped, CaseError> {
    Err(CaseError::NoBundle { path: path.to_owned() })
}

/// A path as findings show it: the caller's own words, unless they climb or hide, which no path in a bundle may.
fn shown(path: &Path, real: &Path) -> String {
    let plain = |path: &Path| path.iter().all(|part| part == "." || !part.to_string_lossy().starts_with('.'));
    let chosen = [path, real].into_iter().find(|path| plain(path));
    let chosen = chosen.map_or_else(|| real.file_name().map(PathBuf::from).unwrap_or_default(), Path::to_owned);
    // `.` is where the caller stands, and need not be said.
    chosen.components().filter(|part| *part != Component::CurDir).collect::<PathBuf>().to_string_lossy().into_owned()
}

fn join(before: &str, below: &str) -> String {
    match before.trim_end_matches('/') {
        "" if before.is_empty() => below.to_owned(),
        before => format!("{before}/{below}"),
    }
}

/// Every file and every symbolic link below a folder, in order of paths.
struct Walk {
    files: Vec<PathBuf>,
    links: Vec<PathBuf>,
}

fn walk(folder: &Path) -> Result<Walk, CaseError> {
    let (mut files, mut links) = (Vec::new(), Vec::new());
    let mut open = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = open.pop() {
        let failed = |error: io::Error| CaseError::read(&folder, error);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // The type of the entry itself: a link is neither a folder nor a file.
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() && depth < DEPTH {
                open.push((entry.path(), depth + 1));
            } else if kind.is_file() {
                files.push(entry.path());
            } else if kind.is_symlink() {
                links.push(entry.path());
            }
        }
    }
    files.sort();
    links.sort();
    Ok(Walk { files, links })
}

/// Every file of a name in a folder and below it, in order of paths.
///
/// # Errors
/// When a folder cannot be read.
pub fn files_named(folder: &Path, name: &str) -> Result<Vec<PathBuf>, CaseError> {
    let mut files = walk(folder)?.files;
    files.retain(|file| file.file_name().is_some_and(|it| it == name));
    Ok(files)
}

/// Every file whose name ends with an extension, in a folder and below it, in order of paths; hidden ones are left out.
///
/// # Errors
/// When a folder cannot be read.
pub fn files_with_extension(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, CaseError> {
    let mut files = walk(folder)?.files;
    files.retain(|file| {
        let below = file.strip_prefix(folder).unwrap_or(file);
        let hidden = below.iter().any(|part| part.to_string_lossy().starts_with('.'));
        !hidden && file.extension().is_some_and(|it| it == extension)
    });
    Ok(files)
}

/// Reads entities: one JSON document, or a folder with `products.json`, `developers.json` and `developerapps.json`.
///
/// # Errors
/// When a file cannot be read, or is not JSON of entities.
pub fn entities(path: &Path) -> Result<Entities, CaseError> {
    let read = |path: &Path| fs::read(path).map_err(|error| CaseError::read(path, error));
    let found = if path.is_dir() {
        let [products, developers, apps] =
            ["products.json", "developers.json", "developerapps.json"].map(|name| read(&path.join(name)));
        Entities::from_emulator(&products?, &developers?, &apps?)
    } else {
        Entities::from_json(&path.to_string_lossy(), &read(path)?)
    };
    found.map_err(|diagnostics| CaseError::Deployment { path: path.to_owned(), diagnostics })
}

/// Reads a text file.
///
/// # Errors
/// When it cannot be read, or is not UTF-8.
pub fn text(path: &Path) -> Result<String, CaseError> {
    fs::read_to_string(path).map_err(|error| CaseError::read(path, error))
}
