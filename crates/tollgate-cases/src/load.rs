//! Bundles and entities from the file system; folders are walked in order of names, and symbolic links are not followed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tollgate::Limits;
use tollgate::bundle::Bundle;
use tollgate::diagnostic::{Diagnostics, Source};
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
    if metadata.is_file() {
        return zip(path, limits);
    }
    let (name, before) = name_of(path)?;
    let mut files = Vec::new();
    for file in walk(path)? {
        let below = file.strip_prefix(path).unwrap_or(&file);
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        // Nothing in a hidden folder belongs to a bundle, and some of those folders are large.
        if parts.iter().any(|part| part.starts_with('.')) {
            continue;
        }
        let bytes = fs::read(&file).map_err(|error| CaseError::read(&file, error))?;
        files.push((format!("{name}/{}", parts.join("/")), bytes));
    }
    let loaded = split(&name, files, &before, limits);
    if loaded.bundles.is_empty() && loaded.diagnostics.is_empty() {
        return Err(CaseError::NoBundle { path: path.to_owned() });
    }
    Ok(loaded)
}

fn split(fallback: &str, files: Vec<(String, Vec<u8>)>, before: &Path, limits: &Limits) -> Loaded {
    let mut loaded = Loaded::default();
    for (root, files) in Bundle::split(files) {
        // The folder `apiproxy` names no proxy; the one around it does.
        let named = root.rsplit('/').find(|part| !matches!(*part, "" | "apiproxy" | "sharedflowbundle" | "APIProxy"));
        let (bundle, diagnostics) = Bundle::from_files(named.unwrap_or(fallback), files, limits);
        loaded.bundles.extend(bundle);
        loaded.diagnostics.extend(under(diagnostics, before));
    }
    loaded
}

#[cfg(feature = "zip")]
fn zip(path: &Path, limits: &Limits) -> Result<Loaded, CaseError> {
    let bytes = fs::read(path).map_err(|error| CaseError::read(path, error))?;
    let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let (files, diagnostics) = tollgate::bundle::files_from_zip(&bytes, limits);
    let mut loaded = split(&name, files, path, limits);
    loaded.diagnostics.extend(under(diagnostics, path));
    if loaded.bundles.is_empty() && loaded.diagnostics.is_empty() {
        return Err(CaseError::NoBundle { path: path.to_owned() });
    }
    Ok(loaded)
}

#[cfg(not(feature = "zip"))]
fn zip(path: &Path, _: &Limits) -> Result<Loaded, CaseError> {
    Err(CaseError::NoBundle { path: path.to_owned() })
}

/// Names the files of findings as the caller does, by what stands before them.
fn under(diagnostics: Diagnostics, before: &Path) -> impl Iterator<Item = tollgate::diagnostic::Diagnostic> {
    diagnostics.into_iter().map(move |mut diagnostic| {
        diagnostic.place = diagnostic.place.map(|(source, span)| {
            let name = before.join(source.name()).to_string_lossy().into_owned();
            (Source::new(name, source.text()), span)
        });
        diagnostic
    })
}

/// The last component of a path, and what stands before it; `.` is asked for its real name.
fn name_of(path: &Path) -> Result<(String, PathBuf), CaseError> {
    let named = |path: &Path| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        (!name.starts_with('.')).then_some(name)
    };
    if let Some(name) = named(path) {
        return Ok((name, path.parent().map(Path::to_owned).unwrap_or_default()));
    }
    let real = fs::canonicalize(path).map_err(|error| CaseError::read(path, error))?;
    let name = named(&real).unwrap_or_else(|| "bundle".into());
    Ok((name, real.parent().map(Path::to_owned).unwrap_or_default()))
}

/// Every file below a folder, in order of paths.
fn walk(folder: &Path) -> Result<Vec<PathBuf>, CaseError> {
    let mut files = Vec::new();
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
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Every file of a name in a folder and below it, in order of paths.
///
/// # Errors
/// When a folder cannot be read.
pub fn files_named(folder: &Path, name: &str) -> Result<Vec<PathBuf>, CaseError> {
    let mut files = walk(folder)?;
    files.retain(|file| file.file_name().is_some_and(|it| it == name));
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
