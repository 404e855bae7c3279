//! AccessControl: lets addresses pass, or not.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::HeaderName;

use super::shape::{shape, words};
use super::{PolicySyntax, PolicyType, Run, StepContext, StepResult};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::dialect::{AddressJudgement, ForwardedFor, UnreadableAddress};
use crate::fault::{FaultSpec, Raised};
use crate::message::{ClientInfo, header};
use crate::plan::Linker;
use crate::template::{CompiledTemplate, RenderError, Syntax, Unresolved};
use crate::variables::{Intern as _, VarRef};
use crate::xml::Element;

words! {
    /// What becomes of a request.
    pub enum AccessAction: exact {
        /// It goes on.
        Allow = "ALLOW",
        /// It is refused.
        Deny = "DENY",
    }
}

words! {
    /// Which addresses of `X-Forwarded-For` count.
    pub enum ValidateBasedOn: exact {
        /// All of them.
        All = "X_FORWARDED_FOR_ALL_IP",
        /// The leftmost.
        First = "X_FORWARDED_FOR_FIRST_IP",
        /// The rightmost.
        Last = "X_FORWARDED_FOR_LAST_IP",
    }
}

shape! {
    /// `<AccessControl>` as its document says it.
    pub struct AccessControl {
        /// `<IPRules>`
        child "IPRules" ip_rules: Option<IpRules>,
        /// `<ValidateBasedOn>`: which addresses of `X-Forwarded-For` count; the dialect's choice when absent.
        child "ValidateBasedOn" validate_based_on: Option<ValidateBasedOn>,
        /// `<IgnoreTrueClientIPHeader>`
        child "IgnoreTrueClientIPHeader" ignore_true_client_ip_header: bool = false,
        /// `<ClientIPVariable>`: the variable with the address, in place of headers.
        child "ClientIPVariable" client_ip_variable: Option<Spanned<String>>,
    }
}

shape! {
    /// `<IPRules>`: rules in order, of which the first that matches decides.
    pub struct IpRules {
        /// The `noRuleMatchAction` attribute.
        attribute "noRuleMatchAction" no_rule_match_action: AccessAction,
        /// The rules.
        children "MatchRule" rules: Vec<MatchRule>,
    }
}

shape! {
    /// `<MatchRule>`
    pub struct MatchRule {
        /// The `action` attribute.
        attribute "action" action: AccessAction,
        /// The addresses it matches.
        children "SourceAddress" source_addresses: Vec<SourceAddress>,
    }
}

shape! {
    /// `<SourceAddress>`: an address, or all that begin like it.
    pub struct SourceAddress {
        /// The `mask` attribute: how many bits count, or a template for it; all of them when absent.
        attribute "mask" mask: Option<Spanned<String>>,
        /// The address, or a template for it.
        text address: Spanned<String>,
    }
}

const DENIED: FaultSpec = FaultSpec::new(
    "accesscontrol.IPDeniedAccess",
    403,
    "Access Denied for client ip : {detail}",
    "a rule, or `noRuleMatchAction`, denies the address",
)
.in_body("steps.accesscontrol.IPDeniedAccess");

const INVALID_IN_VARIABLE: FaultSpec = FaultSpec::new(
    "accesscontrol.InvalidIPAddressInVariable",
    500,
    "Invalid IP address in variable {detail}",
    "the variable of `ClientIPVariable` holds no address",
);

const EXTRACTION_FAILED: FaultSpec = FaultSpec::new(
    "accesscontrol.ClientIpExtractionFailed",
    500,
    "Failed to extract the client ip",
    "no header holds an address, and the host knows none",
)
.in_body("steps.accesscontrol.ClientIpExtractionFailed");

const INVALID_ADDRESS: FaultSpec = FaultSpec::new(
    "accesscontrol.InvalidIPAddress",
    500,
    "Invalid IP address {detail}",
    "the template of a rule gives no address",
)
.in_body("steps.accesscontrol.InvalidIPAddress");

const INVALID_V4: FaultSpec = FaultSpec::new(
    "accesscontrol.InvalidIPv4Address",
    500,
    "Invalid IPv4 address {detail}",
    "the template of a rule gives no IPv4 address, but a text like one",
)
.in_body("steps.accesscontrol.InvalidIPv4Address");

const INVALID_V6: FaultSpec = FaultSpec::new(
    "accesscontrol.InvalidIPv6Address",
    500,
    "Invalid IPv6 address {detail}",
    "the template of a rule gives no IPv6 address, but a text like one",
)
.in_body("steps.accesscontrol.InvalidIPv6Address");

const INVALID_PATTERN: FaultSpec = FaultSpec::new(
    "accesscontrol.InvalidRulePattern",
    500,
    "Invalid mask {detail}",
    "the template of a mask gives none: 1 to 32 for IPv4, 1 to 128 for IPv6, 0 for 0.0.0.0 only",
)
.in_body("steps.accesscontrol.InvalidRulePattern");

/// All addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Net {
    V4 { bits: u32, mask: u32 },
    V6 { bits: u128, mask: u128 },
}

impl Net {
    /// Reads a rule; what is wrong with it is a row of the catalogue and the text that is.
    fn parse<'t>(address: &'t str, mask: Option<&'t str>) -> Result<Self, (&'static FaultSpec, &'t str)> {
        let address = address.trim();
        let ip = match lenient_v4(address).map(IpAddr::V4).or_else(|| address.parse().ok()) {
            Some(ip) => ip,
            None if address.contains(':') => return Err((&INVALID_V6, address)),
            None if !address.is_empty() && address.bytes().all(|b| b.is_ascii_digit() || b == b'.') => {
                return Err((&INVALID_V4, address));
            }
            None => return Err((&INVALID_ADDRESS, address)),
        };
        let most: u32 = if ip.is_ipv4() { 32 } else { 128 };
        let length = match mask.map(str::trim) {
            None | Some("") => most,
            Some(text) => {
                let least = u32::from(ip != IpAddr::V4(Ipv4Addr::UNSPECIFIED));
                let length = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
                length.filter(|length| (least..=most).contains(length)).ok_or((&INVALID_PATTERN, text))?
            }
        };
        let mask = |length: u32| u128::MAX.checked_shl(128 - length).unwrap_or(0);
        Ok(match ip {
            IpAddr::V4(ip) => Self::v4(ip, length),
            // Clients with an IPv4-mapped address are IPv4 clients, so that a rule about them is about IPv4.
            IpAddr::V6(ip) => match ip.to_ipv4_mapped().filter(|_| length >= 96) {
                Some(ip) => Self::v4(ip, length - 96),
                None => Self::V6 { bits: ip.to_bits() & mask(length), mask: mask(length) },
            },
        })
    }

    fn v4(ip: Ipv4Addr, length: u32) -> Self {
        let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
        Self::V4 { bits: ip.to_bits() & mask, mask }
    }

    fn contains(self, ip: IpAddr) -> bool {
        match (self, ip) {
            (Self::V4 { bits, mask }, IpAddr::V4(ip)) => ip.to_bits() & mask == bits,
            (Self::V6 { bits, mask }, IpAddr::V6(ip)) => ip.to_bits() & mask == bits,
            _ => false,
        }
    }
}

/// An address in a rule may have zeros before its numbers, which are decimal all the same.
fn lenient_v4(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0u8; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next().filter(|part| (1..=3).contains(&part.len()))?;
        *octet = part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())??;
    }
    parts.next().is_none().then(|| octets.into())
}

/// The address of a client: zeros before a number are refused, as it is not said what they mean; a port is cut off, and
/// IPv4 inside of IPv6 is IPv4.
fn client_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    // A socket address may name the scope of an IPv6 address, which is not the client's to say.
    let with_port = || Some(text).filter(|text| !text.contains('%'))?.parse::<SocketAddr>().ok().map(|it| it.ip());
    text.parse().ok().or_else(bracketed).or_else(with_port).map(|ip: IpAddr| ip.to_canonical())
}

/// AccessControl as it runs.
pub(crate) struct Compiled {
    rules: Box<[(AccessAction, Rule)]>,
    no_match: AccessAction,
    variable: Option<(VarRef, std::sync::Arc<str>)>,
    true_client_ip: bool,
    forwarded_for: ForwardedFor,
    judgement: AddressJudgement,
    unreadable: UnreadableAddress,
}

enum Rule {
    Fixed(Net),
    Template { address: CompiledTemplate, mask: Option<CompiledTemplate> },
}

impl PolicySyntax for AccessControl {
    const ELEMENT: &'static str = "AccessControl";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        if self.ip_rules.is_none() {
            let finding =
                Diagnostic::warning("access-control::no-rules", "the policy has no `IPRules`, so all may pass");
            d.push(finding.at(root.source(), root.span()));
        }
        let rules = self.ip_rules.iter().flat_map(|rules| &rules.rules);
        for source in rules.flat_map(|rule| &rule.source_addresses).filter(|source| !source.is_template()) {
            if let Err((fault, text)) = source.net() {
                let is_mask = fault.code == INVALID_PATTERN.code;
                let (what, span) = match &source.mask {
                    Some(mask) if is_mask => ("mask", mask.span),
                    _ => ("address", source.address.span),
                };
                let finding = Diagnostic::error("access-control::bad-address", format!("`{text}` is not an {what}"));
                let finding = if is_mask {
                    Diagnostic { message: format!("`{text}` is not a mask of `{}`", source.address.value), ..finding }
                        .help("1 to 32 for IPv4, 1 to 128 for IPv6, and 0 for 0.0.0.0")
                } else {
                    finding
                };
                d.push(finding.vendor(fault.name()).at(root.source(), span));
            }
        }
    }
}

impl SourceAddress {
    fn is_template(&self) -> bool {
        self.address.contains('{') || self.mask.as_ref().is_some_and(|mask| mask.contains('{'))
    }

    fn net(&self) -> Result<Net, (&'static FaultSpec, &str)> {
        Net::parse(&self.address, self.mask.as_ref().map(|mask| mask.value.as_str()))
    }

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Rule> {
        if !self.is_template() {
            return self.net().ok().map(Rule::Fixed);
        }
        let mask = match &self.mask {
            Some(mask) => Some(linker.template(mask, &Syntax::default())?),
            None => None,
        };
        Some(Rule::Template { address: linker.template(&self.address, &Syntax::default())?, mask })
    }
}

impl PolicyType for AccessControl {
    type Compiled = Compiled;
    const PREFIX: &'static str = "acl";
    const FAULTS: &'static [FaultSpec] =
        &[DENIED, INVALID_IN_VARIABLE, EXTRACTION_FAILED, INVALID_ADDRESS, INVALID_V4, INVALID_V6, INVALID_PATTERN];

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Compiled> {
        let mut rules = Vec::new();
        for rule in self.ip_rules.iter().flat_map(|rules| &rules.rules) {
            for source in &rule.source_addresses {
                rules.push((rule.action, source.compile(linker)?));
            }
        }
        let dialect = linker.dialect;
        let ignored = self.ignore_true_client_ip_header;
        let forwarded_for = match self.validate_based_on {
            _ if !ignored && !dialect.validate_based_on_alone => ForwardedFor::Last,
            None => dialect.forwarded_for,
            Some(ValidateBasedOn::All) => ForwardedFor::All,
            Some(ValidateBasedOn::First) => ForwardedFor::First,
            Some(ValidateBasedOn::Last) => ForwardedFor::Last,
        };
        Some(Compiled {
            rules: rules.into(),
            no_match: self.ip_rules.as_ref().map_or(AccessAction::Allow, |rules| rules.no_rule_match_action),
            true_client_ip: dialect.true_client_ip && !ignored,
            forwarded_for,
            judgement: dialect.address_judgement,
            unreadable: dialect.unreadable_address,
            variable: self
                .client_ip_variable
                .as_ref()
                .map(|name| (linker.intern(name.trim()), name.value.trim().into())),
        })
    }
}

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static TRUE_CLIENT_IP: HeaderName = HeaderName::from_static("true-client-ip");

impl Run for Compiled {
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        match self.addresses(cx).and_then(|addresses| self.judge(cx, &addresses)) {
            Ok(()) => StepResult::Continue,
            Err(raised) => StepResult::Raise(raised),
        }
    }
}

impl Compiled {
    /// The addresses to judge, as they are written; at least one.
    fn addresses<'c>(&self, cx: &'c StepContext<'_, '_>) -> Result<Vec<Cow<'c, str>>, Raised> {
        if let Some((var, name)) = &self.variable {
            let text = cx.text(*var).filter(|text| client_address(text).is_some());
            let text = text.ok_or_else(|| Raised::new(&INVALID_IN_VARIABLE).detail(std::sync::Arc::clone(name)))?;
            return Ok(vec![text.into()]);
        }
        let headers = cx.run.request().headers();
        if self.true_client_ip
            && let Some(text) = header::joined(headers, &TRUE_CLIENT_IP)
            && client_address(&text).is_some()
        {
            return Ok(vec![text]);
        }
        let mut items = header::items(headers, &X_FORWARDED_FOR).filter(|item| !item.trim().is_empty());
        let chosen: Vec<_> = match self.forwarded_for {
            ForwardedFor::All => items.collect(),
            ForwardedFor::First => items.next().into_iter().collect(),
            ForwardedFor::Last => items.last().into_iter().collect(),
        };
        if !chosen.is_empty() {
            return Ok(chosen);
        }
        let sender = cx.run.received().extensions().get::<ClientInfo>().and_then(|client| client.ip);
        sender.map(|ip| vec![ip.to_string().into()]).ok_or_else(|| Raised::new(&EXTRACTION_FAILED))
    }

    fn judge(&self, cx: &StepContext<'_, '_>, addresses: &[Cow<'_, str>]) -> Result<(), Raised> {
        let nets = self.nets(cx)?;
        let matches = |net: Net, text: &str| client_address(text).is_some_and(|ip| net.contains(ip));
        let denied = |text: &str| Err(Raised::new(&DENIED).detail(text.trim()));
        if self.unreadable == UnreadableAddress::Denied
            && let Some(text) = addresses.iter().find(|text| client_address(text).is_none())
        {
            return denied(text);
        }
        let judged = match self.judgement {
            AddressJudgement::Each => addresses.chunks(1),
            AddressJudgement::FirstMatch => addresses.chunks(addresses.len().max(1)),
        };
        for group in judged {
            let decided = nets.iter().find_map(|(action, net)| {
                let text = group.iter().find(|text| matches(*net, text))?;
                Some((*action, text))
            });
            match decided {
                Some((AccessAction::Deny, text)) => return denied(text),
                None if self.no_match == AccessAction::Deny => {
                    return denied(group.first().map_or("", |text| text));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The rules in order, with what their templates say now.
    fn nets(&self, cx: &StepContext<'_, '_>) -> Result<Vec<(AccessAction, Net)>, Raised> {
        let view = cx.view();
        let context = view.render_context(Unresolved::Empty);
        let render = |template: &CompiledTemplate| match template.render(&view, &context) {
            Ok(text) => Ok(text.into_owned()),
            Err(RenderError::Random) => Err(Raised::host_failure()),
            Err(_) => Ok(String::new()),
        };
        let net = |rule: &Rule| match rule {
            Rule::Fixed(net) => Ok(*net),
            Rule::Template { address, mask } => {
                let address = render(address)?;
                // A template that says nothing is no mask, unlike an attribute that is not there.
                let mask =
                    mask.as_ref().map(render).transpose()?.map(|mask| if mask.is_empty() { "?".into() } else { mask });
                Net::parse(&address, mask.as_deref()).map_err(|(fault, text)| Raised::new(fault).detail(text))
            }
        };
        self.rules.iter().map(|(action, rule)| Ok((*action, net(rule)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::tests::{codes, refused};

    #[test]
    fn rules_are_read_before_they_run() {
        for (rules, want) in [
            ("<MatchRule action='DENY'><SourceAddress mask='32'>198.51.100.1</SourceAddress></MatchRule>", &[][..]),
            ("<MatchRule action='DENY'><SourceAddress mask='0'>0.0.0.0</SourceAddress></MatchRule>", &[]),
            ("<MatchRule action='DENY'><SourceAddress>2001:db8::1</SourceAddress></MatchRule>", &[]),
            ("<MatchRule action='DENY'><SourceAddress mask='{m}'>{a}</SourceAddress></MatchRule>", &[]),
            ("<MatchRule action='ALLOW'><SourceAddress mask='16'>20.10.10.09</SourceAddress></MatchRule>", &[]),
            ("<MatchRule action='DENY'/>", &[]),
            ("<MatchRule><SourceAddress>1.2.3.4</SourceAddress></MatchRule>", &["xml::missing-attribute"]),
            ("<MatchRule action='deny'/>", &["policy::other-case"]),
            ("<MatchRule action='refuse'/>", &["policy::unknown-word"]),
            ("<MatchRule action='DENY'><SourceAddress/></MatchRule>", &["xml::missing-element"]),
            (
                "<MatchRule action='DENY'><SourceAddress mask='33'>1.2.3.4</SourceAddress></MatchRule>",
                &["InvalidRulePattern"],
            ),
            (
                "<MatchRule action='DENY'><SourceAddress mask='0'>1.2.3.4</SourceAddress></MatchRule>",
                &["InvalidRulePattern"],
            ),
            (
                "<MatchRule action='DENY'><SourceAddress mask='0'>::</SourceAddress></MatchRule>",
                &["InvalidRulePattern"],
            ),
            (
                "<MatchRule action='DENY'><SourceAddress mask='129'>::1</SourceAddress></MatchRule>",
                &["InvalidRulePattern"],
            ),
            (
                "<MatchRule action='DENY'><SourceAddress mask='+8'>1.2.3.4</SourceAddress></MatchRule>",
                &["InvalidRulePattern"],
            ),
            (
                "<MatchRule action='DENY'><SourceAddress mask='-1'>1.2.3.4</SourceAddress></MatchRule>",
                &["InvalidRulePattern"],
            ),
            ("<MatchRule action='DENY'><SourceAddress>1.2.3.256</SourceAddress></MatchRule>", &["InvalidIPv4Address"]),
            ("<MatchRule action='DENY'><SourceAddress>1.2.3</SourceAddress></MatchRule>", &["InvalidIPv4Address"]),
            ("<MatchRule action='DENY'><SourceAddress>1::2::3</SourceAddress></MatchRule>", &["InvalidIPv6Address"]),
            ("<MatchRule action='DENY'><SourceAddress>localhost</SourceAddress></MatchRule>", &["InvalidIPAddress"]),
        ] {
            let xml =
                format!("<AccessControl name='a'><IPRules noRuleMatchAction='ALLOW'>{rules}</IPRules></AccessControl>");
            assert_eq!(codes(&xml), want, "{rules}");
            assert_eq!(refused(&xml), want, "{rules}");
        }
        assert_eq!(codes("<AccessControl name='a'/>"), ["access-control::no-rules"]);
        assert_eq!(codes("<AccessControl name='a'><IPRules/></AccessControl>")[0], "xml::missing-attribute");
    }

    #[test]
    fn nets_hold_what_begins_like_them() {
        for (net, mask, ip, want) in [
            ("10.0.0.0", Some("8"), "10.255.0.1", true),
            ("10.0.0.0", Some("8"), "11.0.0.1", false),
            ("20.10.10.09", Some("16"), "20.10.255.255", true),
            ("198.51.100.1", Some("32"), "198.51.100.1", true),
            ("198.51.100.1", Some("31"), "198.51.100.0", true),
            ("198.51.100.1", None, "198.51.100.2", false),
            ("0.0.0.0", Some("0"), "255.255.255.255", true),
            ("0.0.0.0", Some("0"), "::1", false),
            ("2001:db8::", Some("32"), "2001:db8:ffff::1", true),
            ("2001:db8::", Some("32"), "2001:db9::1", false),
            ("2001:db8::1", None, "2001:DB8:0::1", true),
            ("2001:db8::1", None, "2001:db8::2", false),
            ("::1", Some("1"), "7fff::", true),
            ("::ffff:10.0.0.0", Some("104"), "10.1.2.3", true),
            ("::ffff:10.0.0.0", Some("104"), "11.1.2.3", false),
            ("10.0.0.0", Some("8"), "::ffff:10.1.2.3", true),
        ] {
            let net = Net::parse(net, mask).unwrap();
            assert_eq!(net.contains(client_address(ip).unwrap()), want, "{net:?} {ip}");
        }
    }

    #[test]
    fn addresses_of_clients() {
        for (text, want) in [
            ("192.0.2.1", Some("192.0.2.1")),
            (" 192.0.2.1 ", Some("192.0.2.1")),
            ("192.0.2.1:443", Some("192.0.2.1")),
            ("[2001:db8::1]:443", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            ("[::ffff:c000:201]:80", Some("192.0.2.1")),
            ("192.0.2.01", None),
            ("0300.0.2.1", None),
            ("3221225985", None),
            ("192.0.2.1:", None),
            ("192.0.2.1:99999", None),
            ("fe80::1%eth0", None),
            ("[fe80::1%1]:80", None),
            ("[192.0.2.1]", None),
            ("unknown", None),
            ("_hidden", None),
            ("", None),
        ] {
            assert_eq!(client_address(text), want.map(|ip| ip.parse().unwrap()), "{text:?}");
        }
    }
}
