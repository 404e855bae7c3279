//! Addresses of resources, such as `jsc://check.js`.

use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::xml::Element;

/// What a policy type asks of the addresses of its resources.
pub(super) struct Resources {
    /// The schemes they may have, the usual one first.
    pub(super) schemes: &'static [&'static str],
    /// The vendor's code for an address of another form.
    pub(super) malformed: Option<&'static str>,
    /// The vendor's code for another scheme.
    pub(super) wrong_type: Option<&'static str>,
}

impl Resources {
    /// Reports addresses that no resource of the policy's kind can have.
    ///
    /// Whether the resource is there is not known here: the bundle looks it up.
    pub(super) fn check<'u>(
        &self,
        urls: impl IntoIterator<Item = &'u Spanned<String>>,
        root: Element<'_>,
        d: &mut Diagnostics,
    ) {
        let scheme = self.schemes.first().copied().unwrap_or_default();
        let help = || format!("an address such as `{scheme}://{{name}}`");
        for url in urls {
            let (code, message, vendor) = match url.split_once("://") {
                Some((written, name)) if self.schemes.contains(&written) && !name.is_empty() => continue,
                Some((other, name)) if is_scheme(other) && !name.is_empty() => {
                    let message = format!("`{}` is no resource of the type `{scheme}`", url.value);
                    ("resource::wrong-type", message, self.wrong_type)
                }
                _ => {
                    let message = format!("`{}` is not the address of a resource", url.value);
                    ("resource::malformed-url", message, self.malformed)
                }
            };
            let finding = Diagnostic { vendor_code: vendor, ..Diagnostic::error(code, message) };
            d.push(finding.at(root.source(), url.span).help(help()));
        }
    }
}

fn is_scheme(scheme: &str) -> bool {
    !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
