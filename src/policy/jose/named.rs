//! Claims and headers that a policy names beside the registered ones.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::Given;
use super::failure::{Failure, Refusal};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::fault::Raised;
use crate::jose;
use crate::plan::Linker;
use crate::policy::StepContext;
use crate::policy::common::ValueOrRef;
use crate::policy::shape::{AttributeField, ChildrenField, Shape};
use crate::template::{CompiledTemplate, RenderError, Syntax, Unresolved};
use crate::variables::Value;
use crate::xml::{Element, Markup};

/// `<AdditionalClaims>` or `<AdditionalHeaders>`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NamedValues {
    /// The `ref` attribute: a variable holding all of them as a JSON object, in place of the children.
    pub reference: Option<Spanned<String>>,
    /// Its `<Claim>` children.
    pub items: Vec<NamedValue>,
}

/// A `<Claim>`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NamedValue {
    /// The `name` attribute.
    pub name: Spanned<String>,
    /// Where the value comes from.
    pub value: ValueOrRef,
    /// The `type` attribute.
    pub kind: ClaimType,
    /// The `array` attribute: whether the value is a list, separated by commas.
    pub array: bool,
    /// The `wantFaultIfUnresolved` attribute, which consoles write and no page describes: it has no effect.
    pub want_fault_if_unresolved: Option<bool>,
}

/// The JSON type of a claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClaimType {
    /// A string.
    #[default]
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An object.
    Map,
}

impl ClaimType {
    const WORDS: &'static [(&'static str, Self)] =
        &[("string", Self::String), ("number", Self::Number), ("boolean", Self::Boolean), ("map", Self::Map)];

    /// The vendors' word for it.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }
}

/// Claims that have elements of their own.
const REGISTERED_CLAIMS: &[&str] = &["kid", "iss", "sub", "aud", "iat", "exp", "nbf", "jti"];
/// Headers that follow from the policy.
const REGISTERED_HEADERS: &[&str] = &["alg", "typ"];

impl Shape for NamedValues {
    fn read(list: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        let reference = ValueOrRef::parse(list).reference;
        Some(Self { reference, items: ChildrenField::read(list, "Claim", d) })
    }

    fn write(&self, to: &mut Markup) {
        AttributeField::write(&self.reference, "ref", to);
        ChildrenField::write(&self.items, "Claim", to);
    }
}

impl Shape for NamedValue {
    fn read(element: Element<'_>, d: &mut Diagnostics) -> Option<Self> {
        let is_header = element.parent().is_some_and(|list| list.name() == "AdditionalHeaders");
        let (registered, [invalid_name, missing_name, invalid_type]) = if is_header {
            let names =
                ["InvalidNameForAdditionalHeader", "MissingNameForAdditionalHeader", "InvalidTypeForAdditionalHeader"];
            (REGISTERED_HEADERS, names)
        } else {
            let names =
                ["InvalidNameForAdditionalClaim", "MissingNameForAdditionalClaim", "InvalidTypeForAdditionalClaim"];
            (REGISTERED_CLAIMS, names)
        };
        let mut report = |code, message: String, vendor, span| {
            d.push(Diagnostic::error(code, message).vendor(vendor).at(element.source(), span));
        };
        let attribute = |name| {
            let attribute = element.attribute(name).map(|attribute| (attribute.value.trim(), attribute.span));
            attribute.filter(|(text, _)| !text.is_empty())
        };
        let value = ValueOrRef::parse(element);
        let want_fault_if_unresolved =
            attribute("wantFaultIfUnresolved").map(|(text, _)| text.eq_ignore_ascii_case("true"));
        let kind = attribute("type").map_or(Some(ClaimType::String), |(text, span)| {
            let known = ClaimType::WORDS.iter().find(|(word, _)| *word == text).map(|(_, kind)| *kind);
            if known.is_none() {
                let message = format!("`{text}` is none of `string`, `number`, `boolean` and `map`");
                report("jose::invalid-claim-type", message, invalid_type, span);
            }
            known
        });
        let array = attribute("array").is_some_and(|(text, span)| {
            let is_true = text.eq_ignore_ascii_case("true");
            if !is_true && !text.eq_ignore_ascii_case("false") {
                let message = format!("`array` must be `true` or `false`, not `{text}`");
                report("jose::invalid-array", message, "InvalidValueOfArrayAttribute", span);
            }
            is_true
        });
        let Some((name, span)) = attribute("name") else {
            report("jose::missing-claim-name", "the claim has no name".into(), missing_name, element.span());
            return None;
        };
        if registered.contains(&name) {
            let message = format!("`{name}` cannot be set here");
            report("jose::registered-name", message, invalid_name, span);
        }
        let name = Spanned::new(name.to_owned(), span);
        Some(Self { name, value, kind: kind.unwrap_or_default(), array, want_fault_if_unresolved })
    }

    fn write(&self, to: &mut Markup) {
        AttributeField::write(&self.name, "name", to);
        if self.kind != ClaimType::String {
            to.push_attribute("type", self.kind.as_str());
        }
        if self.array {
            to.push_attribute("array", "true");
        }
        AttributeField::write(&self.want_fault_if_unresolved, "wantFaultIfUnresolved", to);
        self.value.write(to);
    }
}

impl NamedValues {
    pub(crate) fn compile(&self, linker: &mut Linker<'_>, registered: Registered) -> Option<CompiledNamed> {
        if let Some(reference) = &self.reference {
            let whole = ValueOrRef { reference: Some(reference.clone()), text: None };
            return Some(CompiledNamed::Whole(Given::compile(&whole, linker), registered));
        }
        let items: Option<Vec<Item>> = self.items.iter().map(|item| Item::compile(item, linker)).collect();
        Some(CompiledNamed::Items(items?))
    }
}

/// Whose registered names a map at run time may not use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registered {
    Claims,
    Headers,
    /// A map that is only compared with.
    None,
}

impl Registered {
    fn has(self, name: &str) -> bool {
        match self {
            Self::Claims => REGISTERED_CLAIMS.contains(&name),
            Self::Headers => REGISTERED_HEADERS.contains(&name),
            Self::None => false,
        }
    }
}

/// [`NamedValues`] as they run.
pub(crate) enum CompiledNamed {
    Whole(Given, Registered),
    Items(Vec<Item>),
}

/// A [`NamedValue`] as it runs.
pub(crate) struct Item {
    name: Arc<str>,
    given: Given,
    map: Option<MapTemplate>,
    kind: ClaimType,
    array: bool,
}

/// A map that stands in the policy: the only place where templates are filled in.
///
/// They are filled into texts that were parsed before, so that no value can add a member.
enum MapTemplate {
    Literal(Json),
    Text(CompiledTemplate),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Item {
    fn compile(item: &NamedValue, linker: &mut Linker<'_>) -> Option<Self> {
        let mut map = None;
        if let (ClaimType::Map, Some(text)) = (item.kind, &item.value.text) {
            match maps(text, item.array) {
                Some(json) => map = Some(MapTemplate::compile(json, text, linker)?),
                None => {
                    let message = format!("the value of `{}` is no JSON object", item.name.value);
                    let finding = Diagnostic::warning("jose::not-a-map", message).at(&linker.source, text.span);
                    linker.diagnostics.push(finding.help("requests that need it end in `InvalidJsonFormat`"));
                }
            }
        }
        Some(Self {
            name: Arc::from(item.name.value.as_str()),
            given: Given::compile(&item.value, linker),
            map,
            kind: item.kind,
            array: item.array,
        })
    }

    fn resolve(&self, cx: &StepContext<'_, '_>, ignore: bool) -> Result<Option<Json>, Refusal> {
        if let Some(value) = self.given.variable(cx) {
            if let (Value::List(items), true) = (&value, self.array) {
                let typed = items.iter().map(|item| self.typed(item.trim()));
                return typed.collect::<Result<_, _>>().map(|items| Some(Json::Array(items)));
            }
            return self.read(&value.to_text()).map(Some);
        }
        if let Some(map) = &self.map {
            return map.render(cx, ignore).map(Some);
        }
        self.given.resolve(cx, ignore)?.map(|text| self.read(&text)).transpose()
    }

    fn read(&self, text: &str) -> Result<Json, Refusal> {
        if self.kind == ClaimType::Map {
            return maps(text, self.array).ok_or_else(|| Failure::InvalidJsonFormat.into());
        }
        if !self.array {
            return self.typed(text);
        }
        let items: Result<Vec<Json>, Refusal> = super::parts(text).map(|part| self.typed(part)).collect();
        items.map(Json::Array)
    }

    fn typed(&self, text: &str) -> Result<Json, Refusal> {
        let typed = match self.kind {
            ClaimType::String => Some(Json::String(text.to_owned())),
            ClaimType::Number => jose::value(text.trim().as_bytes()).ok().filter(Json::is_number),
            ClaimType::Boolean if text.trim().eq_ignore_ascii_case("true") => Some(Json::Bool(true)),
            ClaimType::Boolean if text.trim().eq_ignore_ascii_case("false") => Some(Json::Bool(false)),
            ClaimType::Boolean => None,
            ClaimType::Map => maps(text, false),
        };
        typed.ok_or_else(|| Failure::InvalidJsonFormat.into())
    }
}

/// One object, or several with commas between them.
fn maps(text: &str, array: bool) -> Option<Json> {
    let text = if array { format!("[{text}]") } else { text.to_owned() };
    let json = jose::value(text.as_bytes()).ok()?;
    let fits = match &json {
        Json::Array(items) => array && items.iter().all(Json::is_object),
        Json::Object(_) => !array,
        _ => false,
    };
    fits.then_some(json)
}

impl MapTemplate {
    /// Its depth is that of JSON, which was bounded when it was read.
    fn compile(json: Json, at: &Spanned<String>, linker: &mut Linker<'_>) -> Option<Self> {
        Some(match json {
            Json::String(text) if text.contains('{') => {
                let syntax = Syntax { optional_quotes: false, ..Syntax::default() };
                Self::Text(linker.template(&Spanned::new(text, at.span), &syntax)?)
            }
            Json::Array(items) => {
                Self::Array(items.into_iter().map(|item| Self::compile(item, at, linker)).collect::<Option<_>>()?)
            }
            Json::Object(members) => {
                let compile = |(name, value)| Some((name, Self::compile(value, at, linker)?));
                Self::Object(members.into_iter().map(compile).collect::<Option<_>>()?)
            }
            other => Self::Literal(other),
        })
    }

    fn render(&self, cx: &StepContext<'_, '_>, ignore: bool) -> Result<Json, Refusal> {
        Ok(match self {
            Self::Literal(json) => json.clone(),
            Self::Text(template) => Json::String(render(template, cx, ignore, Failure::InvalidJsonFormat)?),
            Self::Array(items) => {
                Json::Array(items.iter().map(|item| item.render(cx, ignore)).collect::<Result<_, _>>()?)
            }
            Self::Object(members) => {
                let render = |(name, value): &(String, Self)| Ok((name.clone(), value.render(cx, ignore)?));
                Json::Object(members.iter().map(render).collect::<Result<_, Refusal>>()?)
            }
        })
    }
}

/// The text of a template; `otherwise` is the fault of a function that fails, or of a text too long.
pub(crate) fn render(
    template: &CompiledTemplate,
    cx: &StepContext<'_, '_>,
    ignore: bool,
    otherwise: Failure,
) -> Result<String, Refusal> {
    let view = cx.view();
    let unresolved = if ignore { Unresolved::Empty } else { Unresolved::Fault };
    match template.render(&view, &view.render_context(unresolved)) {
        Ok(text) => Ok(text.into_owned()),
        Err(RenderError::Unresolved(name)) => Err(Failure::FailedToResolveVariable.of(name)),
        Err(RenderError::Random) => Err(Raised::host_failure().into()),
        Err(_) => Err(otherwise.into()),
    }
}

impl CompiledNamed {
    /// Names and values as they are now; a value that is unresolved and ignored is left out.
    pub(crate) fn resolve(&self, cx: &StepContext<'_, '_>, ignore: bool) -> Result<Map<String, Json>, Refusal> {
        match self {
            Self::Whole(given, registered) => {
                let Some(text) = given.resolve(cx, ignore)? else { return Ok(Map::new()) };
                let map = jose::object(text.as_bytes()).map_err(|_| Failure::InvalidJsonFormat)?;
                if map.keys().any(|name| registered.has(name)) {
                    return Err(Failure::GenerationFailed.into());
                }
                Ok(map)
            }
            Self::Items(items) => {
                let mut map = Map::new();
                for item in items {
                    if let Some(value) = item.resolve(cx, ignore)? {
                        map.insert(item.name.to_string(), value);
                    }
                }
                Ok(map)
            }
        }
    }

    /// Demands that an object has every one of them, of the same type and value.
    pub(crate) fn demand(
        &self,
        found: &Map<String, Json>,
        cx: &StepContext<'_, '_>,
        ignore: bool,
    ) -> Result<(), Refusal> {
        for (name, wanted) in self.resolve(cx, ignore)? {
            if !found.get(&name).is_some_and(|value| same(value, &wanted)) {
                return Err(Failure::InvalidClaim.of(name));
            }
        }
        Ok(())
    }
}

/// Whether two values are of one type and value; `1` and `1.0` are the same number.
///
/// Both come from texts whose depth was bounded when they were read.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a == b || (a.is_f64() || b.is_f64()) && a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

pub(crate) fn compile_option(
    values: Option<&NamedValues>,
    linker: &mut Linker<'_>,
    kind: Registered,
) -> Option<Option<CompiledNamed>> {
    values.map(|values| values.compile(linker, kind)).map_or(Some(None), |compiled| compiled.map(Some))
}
