//! Writing a field of a message.

use super::{EditError, Field, MessageMut, Root, Selection, edit};
use crate::variables::Value;

/// Why a variable of a message was not written; the message is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The vendors' table lets nobody write it.
    #[error("the variable is read-only")]
    ReadOnly,
    /// The message refuses the value.
    #[error(transparent)]
    Edit(#[from] EditError),
}

impl Field {
    /// Writes a variable.
    ///
    /// A value at a place behind the last one is added at the end. A form parameter makes a form of an empty body,
    /// never of another one. What is written to a header is one line, whatever its text.
    ///
    /// # Errors
    /// The variable is read-only under this root, or the message refuses the value.
    pub fn write(&self, root: Root, message: &mut MessageMut<'_>, value: &Value<'_>) -> Result<(), WriteError> {
        if !self.is_writable(root) {
            return Err(WriteError::ReadOnly);
        }
        let text = value.to_text();
        match self {
            Self::Header(name, selection) => edit::set_header(message, name, nth(*selection), &text)?,
            Self::QueryParam(name, selection) => edit::set_query_param(message, name, nth(*selection), &text)?,
            Self::FormParam(name, selection) => {
                let current = message.as_ref();
                if current.form().is_none() && !current.body().is_empty() {
                    return Err(EditError::NotForm.into());
                }
                edit::set_form_param(message, name, nth(*selection), &text)?;
            }
            Self::Content => edit::set_body(message, text.into_owned(), None)?,
            Self::Path => edit::set_path(message, &text)?,
            Self::Version => edit::set_version(message, &text)?,
            Self::StatusCode => edit::set_status(message, &text)?,
            Self::ReasonPhrase => edit::set_reason(message, &text)?,
            _ => return Err(WriteError::ReadOnly),
        }
        Ok(())
    }

    /// Removes what a variable names: a header or parameter, one of its values, or the body.
    ///
    /// Whether there was something to remove. What every message has, such as a status, cannot be removed.
    ///
    /// # Errors
    /// The variable is read-only under this root, or names a part that every message has.
    pub fn remove(&self, root: Root, message: &mut MessageMut<'_>) -> Result<bool, WriteError> {
        if !self.is_writable(root) {
            return Err(WriteError::ReadOnly);
        }
        match self {
            Self::Header(name, selection) => Ok(edit::remove_header(message, name, nth(*selection))?),
            Self::QueryParam(name, selection) => Ok(edit::remove_query_param(message, name, nth(*selection))?),
            Self::FormParam(name, selection) => Ok(edit::remove_form_param(message, name, nth(*selection))?),
            Self::Content => {
                let had_body = !message.as_ref().body().is_empty();
                edit::set_body(message, bytes::Bytes::new(), None)?;
                Ok(had_body)
            }
            _ => Err(WriteError::ReadOnly),
        }
    }
}

fn nth(selection: Selection) -> Option<usize> {
    match selection {
        Selection::Nth(nth) => Some(nth),
        _ => None,
    }
}
