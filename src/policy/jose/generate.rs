//! What GenerateJWT and GenerateJWS make alike: the header, the signature, the variable.

use serde_json::{Map, Value as Json};

use super::failure::{Failure, Refusal};
use super::keys::Signer;
use super::named::CompiledNamed;
use super::{Given, parts};
use crate::jose::sign_parts;
use crate::policy::StepContext;
use crate::variables::VarRef;

/// Makes tokens of a payload.
pub(crate) struct Generator {
    pub(crate) signer: Signer,
    /// `typ`, where the token has one.
    pub(crate) typ: Option<&'static str>,
    pub(crate) critical_headers: Option<Given>,
    pub(crate) headers: Option<CompiledNamed>,
    pub(crate) ignore: bool,
    pub(crate) output: VarRef,
}

impl Generator {
    fn header(&self, cx: &StepContext<'_, '_>) -> Result<Map<String, Json>, Refusal> {
        let mut header = Map::new();
        if let Some(typ) = self.typ {
            header.insert("typ".into(), typ.into());
        }
        header.insert("alg".into(), self.signer.algorithm.as_str().into());
        let resolve = |given: &Option<Given>| match given {
            Some(given) => given.resolve(cx, self.ignore).map(|text| text.map(|text| text.into_owned())),
            None => Ok(None),
        };
        if let Some(kid) = resolve(&self.signer.id)? {
            header.insert("kid".into(), kid.into());
        }
        let critical = resolve(&self.critical_headers)?.unwrap_or_default();
        let critical: Vec<Json> = parts(&critical).map(Json::from).collect();
        if !critical.is_empty() {
            header.insert("crit".into(), critical.into());
        }
        let more = self.headers.as_ref().map(|headers| headers.resolve(cx, self.ignore)).transpose()?;
        for (name, value) in more.unwrap_or_default() {
            // What would change how the token is signed, or what the policy says elsewhere, is not taken from a map.
            if header.contains_key(&name) || (name == "b64" && value != Json::Bool(true)) {
                return Err(Failure::GenerationFailed.into());
            }
            header.insert(name, value);
        }
        Ok(header)
    }

    /// The token over a payload, as it is written to its variable.
    pub(crate) fn token(&self, cx: &StepContext<'_, '_>, payload: &[u8], detached: bool) -> Result<String, Refusal> {
        let key = self.signer.find(cx, self.ignore)?;
        let header = Json::Object(self.header(cx)?).to_string();
        sign_parts(header.as_bytes(), payload, &key, detached).ok_or_else(|| Failure::SigningFailed.into())
    }

    pub(crate) fn write(&self, cx: &mut StepContext<'_, '_>, token: String) -> Result<(), Refusal> {
        cx.set(self.output, token).map_err(|_| Failure::UnknownException.into())
    }
}
