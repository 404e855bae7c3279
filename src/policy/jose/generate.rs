//! What GenerateJWT and GenerateJWS make alike: the header, the signature, the variable.

use serde_json::{Map, Value as Json};

use super::encryption::Sealer;
use super::failure::{Failure, Refusal};
use super::named::CompiledNamed;
use super::{Given, parts};
use crate::jose::sign_parts;
use crate::policy::StepContext;
use crate::variables::VarRef;

/// Makes tokens of a payload.
pub(crate) struct Generator {
    pub(crate) sealer: Sealer,
    /// `typ`, where the token has one.
    pub(crate) typ: Option<&'static str>,
    pub(crate) critical_headers: Option<Given>,
    pub(crate) headers: Option<CompiledNamed>,
    pub(crate) ignore: bool,
    pub(crate) output: VarRef,
}

impl Generator {
    /// `alg` and `kid`.
    fn key(&self) -> (&'static str, Option<&Given>) {
        match &self.sealer {
            Sealer::Sign(signer) => (signer.algorithm.as_str(), signer.id.as_ref()),
            #[cfg(feature = "jwe")]
            Sealer::Encrypt(encrypter) => (encrypter.name(), encrypter.id()),
        }
    }

    /// The header, as far as it does not follow from encrypting.
    pub(crate) fn header(&self, cx: &StepContext<'_, '_>) -> Result<Map<String, Json>, Refusal> {
        let mut header = Map::new();
        if let Some(typ) = self.typ {
            header.insert("typ".into(), typ.into());
        }
        let (algorithm, id) = self.key();
        header.insert("alg".into(), algorithm.into());
        let resolve = |given: Option<&Given>| match given {
            Some(given) => given.resolve(cx, self.ignore).map(|text| text.map(|text| text.into_owned())),
            None => Ok(None),
        };
        if let Some(kid) = resolve(id)? {
            header.insert("kid".into(), kid.into());
        }
        let critical = resolve(self.critical_headers.as_ref())?.unwrap_or_default();
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

    /// The signed token over a payload.
    pub(crate) fn signed(&self, cx: &StepContext<'_, '_>, payload: &[u8], detached: bool) -> Result<String, Refusal> {
        let key = match &self.sealer {
            Sealer::Sign(signer) => signer.find(cx, self.ignore)?,
            #[cfg(feature = "jwe")]
            Sealer::Encrypt(_) => return Err(Failure::SigningFailed.into()),
        };
        let header = Json::Object(self.header(cx)?).to_string();
        sign_parts(header.as_bytes(), payload, &key, detached).ok_or_else(|| Failure::SigningFailed.into())
    }

    pub(crate) fn write(&self, cx: &mut StepContext<'_, '_>, token: String) -> Result<(), Refusal> {
        cx.set(self.output, token).map_err(|_| Failure::UnknownException.into())
    }
}
