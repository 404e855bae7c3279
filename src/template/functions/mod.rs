//! The functions of templates: one table, which everything else asks.

pub(crate) mod digest;
mod escape;
mod path;
mod random;
mod regex;
mod text;
mod time;
mod xeger;

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use super::Argument;
use super::render::{Call, Output, RenderError};
use crate::Limits;
use digest::Algorithm::{Md5, Sha1, Sha224, Sha256, Sha384, Sha512};

/// A function of the vendors' templates.
#[derive(Clone, Copy)]
pub struct Function(&'static Entry);

/// One row of the table.
struct Entry {
    name: &'static str,
    least: usize,
    most: usize,
    body: Body,
    constant: Option<(usize, Prepare)>,
}

type Run = fn(&Call<'_>, &mut Output) -> Result<(), RenderError>;

/// Makes the costly form of a constant argument, of which all arguments are given too, or says why it cannot.
pub(super) type Prepare = fn(&str, &[Argument], &Limits) -> Result<Prepared, Problem>;

/// Why an argument cannot be used.
pub(super) struct Problem {
    /// One sentence.
    pub(super) message: Cow<'static, str>,
    /// The byte of the argument that it is about, if it is not about the whole.
    pub(super) at: Option<usize>,
}

impl From<&'static str> for Problem {
    fn from(message: &'static str) -> Self {
        Self { message: message.into(), at: None }
    }
}

enum Body {
    /// Works on resolved arguments.
    Run(Run),
    /// Works on arguments some of which may be unresolved.
    RunUnresolved(Run),
}

/// A constant argument in the form that its function works with.
#[derive(Debug)]
pub(super) enum Prepared {
    Regex(crate::condition::java_regex::JavaSearch),
    XPath(crate::xpath::UnboundXPath),
    JsonPath(crate::jsonpath::JsonPath),
    Time(time::Format),
    Xeger(xeger::Pattern),
}

const fn row(name: &'static str, least: usize, most: usize, run: Run) -> Entry {
    Entry { name, least, most, body: Body::Run(run), constant: None }
}

const fn prepared(name: &'static str, least: usize, most: usize, constant: (usize, Prepare), run: Run) -> Entry {
    Entry { name, least, most, body: Body::Run(run), constant: Some(constant) }
}

const fn on_document(name: &'static str, most: usize, constant: (usize, Prepare), run: Run) -> Entry {
    Entry { name, least: 2, most, body: Body::RunUnresolved(run), constant: Some(constant) }
}

/// Every function; the numbers are the fewest and most arguments.
static TABLE: &[Entry] = &[
    row("md5Hex", 1, 1, |call, out| digest::hex(Md5, call, out)),
    row("md5Base64", 1, 1, |call, out| digest::base64(Md5, call, out)),
    row("sha1Hex", 1, 1, |call, out| digest::hex(Sha1, call, out)),
    row("sha1Base64", 1, 1, |call, out| digest::base64(Sha1, call, out)),
    row("sha256Hex", 1, 1, |call, out| digest::hex(Sha256, call, out)),
    row("sha256Base64", 1, 1, |call, out| digest::base64(Sha256, call, out)),
    row("sha384Hex", 1, 1, |call, out| digest::hex(Sha384, call, out)),
    row("sha384Base64", 1, 1, |call, out| digest::base64(Sha384, call, out)),
    row("sha512Hex", 1, 1, |call, out| digest::hex(Sha512, call, out)),
    row("sha512Base64", 1, 1, |call, out| digest::base64(Sha512, call, out)),
    row("hmacMd5", 2, 4, |call, out| digest::hmac(Md5, call, out)),
    row("hmacSha1", 2, 4, |call, out| digest::hmac(Sha1, call, out)),
    row("hmacSha224", 2, 4, |call, out| digest::hmac(Sha224, call, out)),
    row("hmacSha256", 2, 4, |call, out| digest::hmac(Sha256, call, out)),
    row("hmacSha384", 2, 4, |call, out| digest::hmac(Sha384, call, out)),
    row("hmacSha512", 2, 4, |call, out| digest::hmac(Sha512, call, out)),
    row("encodeBase64", 1, 1, text::encode_base64),
    row("decodeBase64", 1, 1, text::decode_base64),
    row("toUpperCase", 1, 1, |call, out| out.push_str(&call.text(0).to_uppercase())),
    row("toLowerCase", 1, 1, |call, out| out.push_str(&call.text(0).to_lowercase())),
    row("substring", 2, 3, text::substring),
    prepared("replaceAll", 3, 3, regex::CONSTANT, regex::replace_all),
    prepared("replaceFirst", 3, 3, regex::CONSTANT, regex::replace_first),
    row("escapeJSON", 1, 1, escape::json),
    row("escapeXML", 1, 1, escape::xml),
    row("escapeXML11", 1, 1, escape::xml11),
    row("encodeHTML", 1, 1, escape::html),
    // The name in the vendor's example; the vendor's table has only the one above.
    row("escapeHTML", 1, 1, escape::html),
    prepared("timeFormat", 2, 2, time::CONSTANT, time::format_seconds),
    prepared("timeFormatMs", 2, 2, time::CONSTANT, time::format_millis),
    prepared("timeFormatUTC", 2, 2, time::CONSTANT, time::format_seconds),
    prepared("timeFormatUTCMs", 2, 2, time::CONSTANT, time::format_millis),
    row("createUuid", 0, 0, random::uuid),
    row("randomLong", 0, 2, random::long),
    prepared("xeger", 1, 1, xeger::CONSTANT, xeger::run),
    Entry {
        body: Body::RunUnresolved(text::first_non_null),
        ..row("firstnonnull", 1, usize::MAX, text::first_non_null)
    },
    on_document("xpath", 13, path::XPATH, path::xpath),
    // The spelling that only the vendor's linter has.
    on_document("xPath", 13, path::XPATH, path::xpath),
    on_document("jsonPath", 3, path::JSON_PATH, path::json_path),
];

impl Function {
    /// The function of a name; case matters.
    pub fn named(name: &str) -> Option<Self> {
        TABLE.iter().find(|entry| entry.name == name).map(Self)
    }

    /// Every function, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(Self)
    }

    /// The name as written in templates.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The fewest and the most arguments.
    pub fn arguments(self) -> (usize, usize) {
        (self.0.least, self.0.most)
    }

    /// Which argument is worth preparing when it is constant, and how.
    pub(super) fn constant(self) -> Option<(usize, Prepare)> {
        self.0.constant
    }

    /// Whether unresolved arguments are its business.
    pub(super) fn takes_unresolved(self) -> bool {
        matches!(self.0.body, Body::RunUnresolved(_))
    }

    pub(super) fn run(self, call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
        match self.0.body {
            Body::Run(run) | Body::RunUnresolved(run) => run(call, out),
        }
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Function {}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Function({})", self.0.name)
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl Serialize for Function {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name)
    }
}
