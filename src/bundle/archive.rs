//! Bundles in zip archives, as both vendors export them, read in memory and with distrust.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::{Cursor, Read};

use ::zip::ZipArchive;
use ::zip::read::ZipReadOptions;
use ::zip::result::ZipError;

use super::Bundle;
use super::load::at_file;
use crate::Limits;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Bits of a Unix mode that tell the type of the file.
const FILE_TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;

/// The files of an archive: the path and content of each.
pub type ArchiveFiles = Vec<(String, Vec<u8>)>;

impl Bundle {
    /// Reads a bundle from a zip archive; see [`Bundle::from_files`] and [`files_from_zip`].
    pub fn from_zip(name: &str, bytes: &[u8], limits: &Limits) -> (Option<Self>, Diagnostics) {
        let (files, mut d) = files_from_zip(name, bytes, limits);
        let Some(files) = files else { return (None, d) };
        let (bundle, found) = Self::from_files(name, files, limits);
        d.extend(found);
        (bundle, d)
    }
}

/// Inflates a zip archive in memory.
///
/// Archives inside the archive stay closed. An archive is refused as a whole, with every reason, when an entry has a name
/// that leads out of it or that occurs twice, is no regular file, is encrypted, or is not what its header says. The
/// [`Limits`] `bundle_files`, `bundle_bytes` and `zip_ratio` are held against what is inflated, not against the headers.
pub fn files_from_zip(name: &str, bytes: &[u8], limits: &Limits) -> (Option<ArchiveFiles>, Diagnostics) {
    let mut d = Diagnostics::new();
    let files = inflate(name, bytes, limits, &mut d);
    (files.filter(|_| !d.has_errors()), d)
}

fn inflate(name: &str, bytes: &[u8], limits: &Limits, d: &mut Diagnostics) -> Option<ArchiveFiles> {
    if bytes.len() > limits.bundle_bytes {
        let message = format!("the archive has more than {} bytes", limits.bundle_bytes);
        d.push(at_file(Diagnostic::error("zip::limit", message), name).help("raise `Limits::bundle_bytes`"));
        return None;
    }
    let mut archive = match ZipArchive::new(Cursor::new(bytes)) {
        Ok(archive) => archive,
        Err(error) => {
            d.push(at_file(Diagnostic::error("zip::unreadable", format!("no zip archive: {error}")), name));
            return None;
        }
    };
    if archive.len() > limits.bundle_files {
        let message = format!("the archive holds more than {} entries", limits.bundle_files);
        d.push(at_file(Diagnostic::error("zip::limit", message), name).help("raise `Limits::bundle_files`"));
        return None;
    }
    if archive.has_duplicate_names() {
        let twice = repeated_name(bytes, archive.central_directory_start());
        let twice = twice.unwrap_or(Cow::Borrowed("?"));
        d.push(at_file(Diagnostic::error("zip::duplicate", format!("two entries are called `{twice}`")), name));
        return None;
    }
    let mut budget = Budget {
        bytes: limits.bundle_bytes,
        inflatable: bytes.len().saturating_mul(limits.zip_ratio),
        ratio: limits.zip_ratio,
    };
    let mut files = Vec::new();
    let mut names = HashSet::new();
    for index in 0..archive.len() {
        match entry(&mut archive, index, &mut budget) {
            Ok(Some((path, content))) => {
                if !names.insert(path.clone()) {
                    d.push(at_file(
                        Diagnostic::error("zip::duplicate", format!("two entries are called `{path}`")),
                        name,
                    ));
                }
                files.push((path, content));
            }
            Ok(None) => {}
            Err(Refusal { code, message, last }) => {
                d.push(at_file(Diagnostic::error(code, message), name));
                if last {
                    return None;
                }
            }
        }
    }
    Some(files)
}

/// What may still be inflated.
struct Budget {
    /// By the limit on the bundle.
    bytes: usize,
    /// By the size of the whole archive, so that entries that share their data do not each count it.
    inflatable: usize,
    ratio: usize,
}

/// Why an entry is refused.
struct Refusal {
    code: &'static str,
    message: String,
    /// Whether nothing more may be read.
    last: bool,
}

impl Refusal {
    fn new(code: &'static str, message: String) -> Self {
        Self { code, message, last: false }
    }
}

fn entry(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    budget: &mut Budget,
) -> Result<Option<(String, Vec<u8>)>, Refusal> {
    let (path, compressed, size) = {
        let data = archive.by_index_data(index).map_err(|error| unreadable(&format!("#{index}"), &error))?;
        let raw = data.name_raw();
        let path = match std::str::from_utf8(raw) {
            Ok(path) => path.to_owned(),
            Err(_) => data.name().map_err(|error| unreadable(&format!("#{index}"), &error))?.into_owned(),
        };
        if let Some(wrong) = unsafe_name(&path) {
            return Err(Refusal::new("zip::name", format!("the entry `{}` {wrong}", path.escape_debug())));
        }
        let kind = data.unix_mode().map_or(0, |mode| mode & FILE_TYPE);
        if data.is_symlink() || ![0, REGULAR, DIRECTORY].contains(&kind) {
            return Err(Refusal::new("zip::file-type", format!("the entry `{path}` is no regular file")));
        }
        if data.encrypted() {
            return Err(Refusal::new("zip::encrypted", format!("the entry `{path}` is encrypted")));
        }
        if data.is_dir() || kind == DIRECTORY {
            return Ok(None);
        }
        (path, data.compressed_size(), data.size())
    };
    let options = ZipReadOptions::new().enforce_header_consistency(true);
    let mut file = archive.by_index_with_options(index, options).map_err(|error| unreadable(&path, &error))?;
    let by_entry = usize::try_from(compressed).unwrap_or(usize::MAX).saturating_mul(budget.ratio);
    let allowed = budget.bytes.min(budget.inflatable).min(by_entry);
    let mut content = Vec::new();
    // One byte more than allowed tells an entry that just fits from one that does not.
    let most = u64::try_from(allowed).unwrap_or(u64::MAX).saturating_add(1);
    let read = file.by_ref().take(most).read_to_end(&mut content);
    if content.len() > allowed {
        return Err(if content.len() > budget.bytes {
            let message = format!("the entry `{path}` inflates the bundle beyond `Limits::bundle_bytes`");
            Refusal { code: "zip::limit", message, last: true }
        } else {
            let message = format!("the entry `{path}` inflates to more than {} times its size", budget.ratio);
            Refusal { code: "zip::ratio", message, last: true }
        });
    }
    if let Err(error) = read {
        return Err(Refusal::new("zip::damaged", format!("the entry `{path}` is damaged: {error}")));
    }
    if u64::try_from(content.len()) != Ok(size) {
        let message = format!("the entry `{path}` holds {} bytes and claims to hold {size}", content.len());
        return Err(Refusal::new("zip::damaged", message));
    }
    budget.bytes = budget.bytes.saturating_sub(content.len());
    budget.inflatable = budget.inflatable.saturating_sub(content.len());
    Ok(Some((path, content)))
}

fn unreadable(entry: &str, error: &ZipError) -> Refusal {
    Refusal::new("zip::unreadable", format!("the entry `{entry}` cannot be read: {error}"))
}

/// What is wrong with the name of an entry.
fn unsafe_name(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("has no name")
    } else if name.contains('\0') {
        Some("has a NUL character in its name")
    } else if name.contains('\\') {
        Some("has a backslash in its name")
    } else if name.starts_with('/') {
        Some("has an absolute name")
    } else if name.as_bytes().get(1) == Some(&b':') {
        Some("has a drive letter in its name")
    } else if name.split('/').any(|part| part == "..") {
        Some("has a name that leads out of the archive")
    } else {
        None
    }
}

/// The first name that occurs twice in the central directory, which the archive reader keeps only once.
fn repeated_name(bytes: &[u8], start: u64) -> Option<Cow<'_, str>> {
    const SIGNATURE: &[u8] = b"PK\x01\x02";
    const HEADER: usize = 46;
    let mut seen = HashSet::new();
    let mut rest = bytes.get(usize::try_from(start).ok()?..)?;
    while rest.starts_with(SIGNATURE) {
        let length = |at: usize| Some(usize::from(u16::from_le_bytes([*rest.get(at)?, *rest.get(at + 1)?])));
        let (name, extra, comment) = (length(28)?, length(30)?, length(32)?);
        let found = rest.get(HEADER..HEADER + name)?;
        if !seen.insert(found) {
            return Some(String::from_utf8_lossy(found));
        }
        rest = rest.get(HEADER + name + extra + comment..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use ::zip::write::SimpleFileOptions;
    use ::zip::{CompressionMethod, ZipWriter};

    use super::*;

    const MANIFEST: (&str, &[u8]) = ("apiproxy/x.xml", b"<APIProxy name='x'/>");
    const ENDPOINT: (&str, &[u8]) = (
        "apiproxy/proxies/default.xml",
        b"<ProxyEndpoint name='default'><HTTPProxyConnection><BasePath>/x</BasePath></HTTPProxyConnection></ProxyEndpoint>",
    );

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    /// Replaces a text of the same length everywhere, as a forger would.
    fn forge(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
        assert_eq!(from.len(), to.len());
        let mut at = 0;
        while let Some(found) = bytes[at..].windows(from.len()).position(|window| window == from) {
            bytes[at + found..at + found + to.len()].copy_from_slice(to);
            at += found + to.len();
        }
        bytes
    }

    /// Where the only entry's central header starts.
    fn central(bytes: &[u8]) -> usize {
        bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap()
    }

    #[track_caller]
    fn refused(bytes: &[u8], limits: &Limits, code: &str, text: &str) {
        let (files, d) = files_from_zip("b.zip", bytes, limits);
        assert!(files.is_none(), "{d}");
        let printed = d.to_string();
        assert!(d.iter().any(|found| found.code == code) && printed.contains(text), "{printed}");
        assert!(Bundle::from_zip("b.zip", bytes, limits).0.is_none());
    }

    #[test]
    fn a_bundle_is_read() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.add_directory("apiproxy/", SimpleFileOptions::default()).unwrap();
        for (name, content) in [MANIFEST, ENDPOINT] {
            let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
            writer.start_file(name, stored.unix_permissions(0o644)).unwrap();
            writer.write_all(content).unwrap();
        }
        let (bundle, d) = Bundle::from_zip("b.zip", &writer.finish().unwrap().into_inner(), &Limits::default());
        assert!(d.is_empty(), "{d}");
        assert_eq!(bundle.unwrap().name, "x");
        let (bundle, d) = Bundle::from_zip("b.zip", &archive(&[MANIFEST, ENDPOINT]), &Limits::default());
        assert!(d.is_empty() && bundle.is_some(), "{d}");
    }

    #[test]
    fn an_archive_written_in_one_pass_is_read() {
        let mut writer = ZipWriter::new_stream(Vec::new());
        for (name, content) in [MANIFEST, ENDPOINT] {
            writer.start_file(name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
        let bytes = writer.finish().unwrap().into_inner();
        let (bundle, d) = Bundle::from_zip("b.zip", &bytes, &Limits::default());
        assert!(d.is_empty() && bundle.is_some(), "{d}");
    }

    #[test]
    fn inner_archives_stay_closed() {
        let inner = archive(&[MANIFEST, ENDPOINT]);
        let (files, _) = files_from_zip("b.zip", &archive(&[("inner.zip", &inner)]), &Limits::default());
        assert_eq!(files.unwrap(), [("inner.zip".to_owned(), inner)]);
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        let limits = Limits::default();
        for forged in
            ["../aaaaaaa", "/aaaaaaaaa", "a/../aaaaa", "a\\aaaaaaaa", "C:aaaaaaaa", "aaaaaaa/..", "aaaaa\0aaaa"]
        {
            let bytes = forge(archive(&[("0123456789", b"x")]), b"0123456789", forged.as_bytes());
            refused(&bytes, &limits, "zip::name", &forged.escape_debug().to_string());
        }
    }

    #[test]
    fn repeated_names_are_refused() {
        let bytes = forge(archive(&[("a/first.xml", b"1"), ("a/other.xml", b"2")]), b"a/other.xml", b"a/first.xml");
        refused(&bytes, &Limits::default(), "zip::duplicate", "`a/first.xml`");
    }

    #[test]
    fn only_regular_files_are_read() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.add_symlink("apiproxy/link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        let link = writer.finish().unwrap().into_inner();
        refused(&link, &Limits::default(), "zip::file-type", "`apiproxy/link`");
        let mut device = archive(&[("device", b"")]);
        let at = central(&device);
        device[at + 5] = 3; // made by Unix
        device[at + 38..at + 42].copy_from_slice(&(0o020_666_u32 << 16).to_le_bytes());
        refused(&device, &Limits::default(), "zip::file-type", "`device`");
    }

    #[test]
    fn encrypted_entries_are_refused() {
        let mut bytes = archive(&[("secret", b"x")]);
        let at = central(&bytes);
        bytes[at + 8] |= 1;
        bytes[6] |= 1;
        refused(&bytes, &Limits::default(), "zip::encrypted", "`secret`");
    }

    #[test]
    fn bombs_are_refused() {
        let zeros = vec![0; 1 << 20];
        let bomb = archive(&[("bomb", &zeros)]);
        refused(&bomb, &Limits::default(), "zip::ratio", "`bomb`");
        let small = Limits { bundle_bytes: 1 << 16, zip_ratio: 100_000, ..Limits::default() };
        refused(&bomb, &small, "zip::limit", "`bomb`");
        let few = Limits { bundle_files: 1, ..Limits::default() };
        refused(&archive(&[("a", b""), ("b", b"")]), &few, "zip::limit", "entries");
        let tiny = Limits { bundle_bytes: 10, ..Limits::default() };
        refused(&bomb, &tiny, "zip::limit", "bundle_bytes");
    }

    #[test]
    fn headers_are_not_believed() {
        let zeros = vec![0; 1 << 20];
        for claimed in [10_u32, 1 << 19, 1 << 21] {
            let mut bytes = archive(&[("bomb", &zeros)]);
            let at = central(&bytes);
            bytes[at + 24..at + 28].copy_from_slice(&claimed.to_le_bytes());
            let (files, d) = files_from_zip("b.zip", &bytes, &Limits { zip_ratio: 1 << 20, ..Limits::default() });
            assert!(files.is_none() && d.to_string().contains("`bomb`"), "{claimed}: {d}");
            bytes[22..26].copy_from_slice(&claimed.to_le_bytes());
            let (files, d) = files_from_zip("b.zip", &bytes, &Limits { zip_ratio: 1 << 20, ..Limits::default() });
            assert!(files.is_none() && d.to_string().contains("`bomb`"), "{claimed}: {d}");
        }
    }

    #[test]
    fn damaged_archives_are_refused() {
        let bytes = archive(&[MANIFEST, ENDPOINT]);
        refused(b"", &Limits::default(), "zip::unreadable", "no zip archive");
        refused(&bytes[..bytes.len() / 2], &Limits::default(), "zip::unreadable", "no zip archive");
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x55;
            let _ = Bundle::from_zip("b.zip", &damaged, &Limits::default());
        }
    }
}
