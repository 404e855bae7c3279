//! stub
use super::ConditionError;
use crate::Limits;
#[derive(Debug)]
pub(crate) struct JavaRegex(regex::Regex);
impl JavaRegex {
    pub(crate) fn compile(p: &str, _l: &Limits) -> Result<Self, ConditionError> {
        regex::Regex::new(&format!("^(?:{p})$")).map(Self).map_err(|e| {
            ConditionError::new("condition::regex-invalid", crate::diagnostic::Span::default(), e.to_string())
        })
    }
    pub(crate) fn is_full_match(&self, t: &str) -> bool {
        self.0.is_match(t)
    }
}
