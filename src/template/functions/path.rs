//! `xpath` and `jsonPath`: what a path finds in a document.

use std::io;

use serde_json::Value;

use super::{Prepare, Prepared, Problem};
use crate::diagnostic::{Diagnostics, Source};
use crate::jsonpath::{JsonPath, SelectError, Selection};
use crate::template::Argument;
use crate::template::render::{Call, Output, RenderError};
use crate::xml::{Document, Nodes};
use crate::xpath::{TooCostly, UnboundXPath, ValueType, XPath, java_double};

/// The expression is the first argument.
pub(super) const XPATH: (usize, Prepare) = (0, |text, arguments, limits| {
    let problem = |error: crate::xpath::XPathError| Problem { message: error.message.into(), at: Some(error.at) };
    let path = UnboundXPath::parse(text, limits).map_err(problem)?;
    let rest = arguments.get(2..).unwrap_or_default();
    let constant: Option<Vec<&str>> = rest
        .iter()
        .map(|argument| match argument {
            Argument::Literal { text, .. } => Some(text.as_str()),
            Argument::Name { .. } => None,
        })
        .collect();
    if let Some(constant) = constant {
        let declared: Vec<_> = constant.iter().filter_map(|text| text.split_once(':')).collect();
        path.bind(&declared).map_err(problem)?;
    }
    Ok(Prepared::XPath(path))
});

/// The path is the first argument.
pub(super) const JSON_PATH: (usize, Prepare) = (0, |text, _, limits| {
    let compiled = JsonPath::compile(text, limits);
    compiled.map(Prepared::JsonPath).map_err(|error| Problem { message: error.message.into(), at: Some(error.at) })
});

/// Namespaces that one call may declare; the vendor's limit.
const NAMESPACES: usize = 10;

/// What the caller of `xpath` wants to have.
#[derive(Clone, Copy)]
enum Wanted {
    Nodes,
    First,
    Number,
    Boolean,
    Text,
}

impl Wanted {
    fn named(name: &str) -> Option<Self> {
        const NAMES: [(&str, Wanted); 5] = [
            ("nodeset", Wanted::Nodes),
            ("node", Wanted::First),
            ("number", Wanted::Number),
            ("boolean", Wanted::Boolean),
            ("string", Wanted::Text),
        ];
        NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, wanted)| *wanted)
    }
}

/// `xpath(expression,document)`, then namespaces as `prefix:uri` and the type of the result, in any order.
pub(super) fn xpath(call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    let mut wanted = Wanted::Nodes;
    let mut namespaces = Vec::new();
    for at in 2..call.count() {
        let text = call.resolved(at)?;
        match text.split_once(':') {
            Some(declared) => namespaces.push(declared),
            None => wanted = Wanted::named(text).ok_or_else(|| call.fail("the type of the result is unknown"))?,
        }
    }
    if namespaces.len() > NAMESPACES {
        return Err(call.fail("more than ten namespaces are declared"));
    }
    let expression = call.resolved(0)?;
    let path = match call.prepared() {
        Some(Prepared::XPath(path)) => path.bind(&namespaces),
        _ => XPath::compile(expression, &namespaces, call.cx.limits),
    };
    let path = path.map_err(|_| call.fail("the expression is not XPath 1.0, or uses a prefix without a namespace"))?;
    let Some(text) = document(call)? else { return Ok(()) };
    let parsed = Document::parse(&Source::new("", text), call.cx.limits, &mut Diagnostics::new());
    let document = parsed.ok_or_else(|| call.fail("the document is not well-formed XML within the limits"))?;
    let costly = |_: TooCostly| call.fail("the expression costs more than the limits allow");
    let limits = call.cx.limits;
    match wanted {
        Wanted::Nodes | Wanted::First if path.value_type() == ValueType::Nodes => {
            let nodes = Nodes::new(&document);
            let found = path.nodes(&document, limits).map_err(costly)?;
            let most = if matches!(wanted, Wanted::First) { 1 } else { usize::MAX };
            found.into_iter().take(most).try_for_each(|id| nodes.markup(id, |piece| out.push_str(piece)))
        }
        Wanted::Number => out.push_str(&java_double(path.number(&document, limits).map_err(costly)?)),
        Wanted::Boolean => {
            out.push_str(if path.boolean(&document, limits).map_err(costly)? { "true" } else { "false" })
        }
        // What is no set of nodes has no markup.
        Wanted::Text | Wanted::Nodes | Wanted::First => out.push_str(&path.string(&document, limits).map_err(costly)?),
    }
}

/// `jsonPath(path,document)`, then `true` if an array is wanted whole and not its first element.
pub(super) fn json_path(call: &Call<'_>, out: &mut Output) -> Result<(), RenderError> {
    let whole = call.count() > 2 && call.resolved(2)?.eq_ignore_ascii_case("true");
    let expression = call.resolved(0)?;
    let fresh;
    let path = match call.prepared() {
        Some(Prepared::JsonPath(path)) => path,
        _ => {
            let compiled = JsonPath::compile(expression, call.cx.limits);
            fresh = compiled.map_err(|_| call.fail("the path is not JSONPath"))?;
            &fresh
        }
    };
    let Some(text) = document(call)? else { return Ok(()) };
    let document: Value = serde_json::from_str(text).map_err(|_| call.fail("the document is not JSON"))?;
    match path.select(&document, call.cx.limits) {
        Ok(Selection::One(value)) => match value.as_array() {
            Some(items) if !whole => items.first().map_or(Ok(()), |first| write(call, first, out)),
            _ => write(call, &value, out),
        },
        Ok(Selection::Many(found)) if whole => {
            out.push('[')?;
            for (at, value) in found.iter().enumerate() {
                if at > 0 {
                    out.push(',')?;
                }
                write_json(call, value, out)?;
            }
            out.push(']')
        }
        Ok(Selection::Many(found)) => found.first().map_or(Ok(()), |first| write(call, first, out)),
        Err(SelectError::NotFound) => Ok(()),
        Err(SelectError::Function) => Err(call.fail("a function of the path has nothing to work on")),
        Err(SelectError::TooManySteps | SelectError::TooManyValues) => {
            Err(call.fail("the path costs more than the limits allow"))
        }
    }
}

/// The second argument, unless there is no document: an absent body is not a malformed one.
fn document<'c>(call: &'c Call<'_>) -> Result<Option<&'c str>, RenderError> {
    Ok(call.document(1)?.filter(|text| !text.trim().is_empty()))
}

/// A text without quotes, anything else as JSON.
fn write(call: &Call<'_>, value: &Value, out: &mut Output) -> Result<(), RenderError> {
    match value {
        Value::String(text) => out.push_str(text),
        other => write_json(call, other, out),
    }
}

fn write_json(call: &Call<'_>, value: &Value, out: &mut Output) -> Result<(), RenderError> {
    let limit = call.cx.limits.body_bytes;
    serde_json::to_writer(Writer(out), value).map_err(|_| RenderError::TooLarge { limit })
}

/// Lets JSON be written straight into the result, so that its limit holds while writing.
struct Writer<'o>(&'o mut Output);

impl io::Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        self.0.push_str(text).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
