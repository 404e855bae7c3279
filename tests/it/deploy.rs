//! Policies that are refused at deployment, each with the code of the finding and the vendors' name of the fault.

use tollgate::diagnostic::Severity;
use tollgate::{Deployment, Dialect};

/// Elements in a policy, and the findings they must make: code and vendors' code.
type Row = (&'static str, &'static [(&'static str, Option<&'static str>)]);

fn findings(xml: &str, dialect: Dialect) -> Vec<(&'static str, Option<&'static str>)> {
    let found = Deployment::new().policy("policy.xml", xml).dialect(dialect).check();
    for finding in found.iter() {
        assert!(finding.place.is_some(), "{xml}: {} points nowhere", finding.code);
    }
    let errors = found.iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| (finding.code, finding.vendor_code)).collect()
}

fn check(element: &str, rows: &[Row]) {
    for (inner, want) in rows {
        for dialect in [Dialect::apigee_x(), Dialect::edge(), Dialect::sap()] {
            let xml = format!("<{element} name='p'>{inner}</{element}>");
            assert_eq!(findings(&xml, dialect.clone()), *want, "{:?}: {xml}", dialect.vendor);
        }
    }
}

const GENERATE: &str = "<Operation>GenerateAccessToken</Operation>\
    <SupportedGrantTypes><GrantType>client_credentials</GrantType></SupportedGrantTypes>";

fn attributes(count: usize) -> String {
    let list: String = (0..count).map(|at| format!("<Attribute name='a{at}'>v</Attribute>")).collect();
    format!("<Attributes>{list}</Attributes>")
}

#[test]
fn oauth_v2() {
    check(
        "OAuthV2",
        &[
            ("<Operation>VerifyAccessToken</Operation>", &[]),
            ("", &[("oauth::operation-required", Some("OperationRequired"))]),
            ("<Operation/>", &[("oauth::operation-required", Some("OperationRequired"))]),
            ("<Operation>Verify</Operation>", &[("oauth::invalid-operation", Some("InvalidOperation"))]),
            ("<Operation>verifyaccesstoken</Operation>", &[("oauth::invalid-operation", Some("InvalidOperation"))]),
            (
                "<Operation>VerifyAccessToken</Operation><ExpiresIn>1000</ExpiresIn>",
                &[("oauth::not-applicable", Some("ExpiresInNotApplicableForOperation"))],
            ),
            (
                "<Operation>VerifyAccessToken</Operation><RefreshTokenExpiresIn>1000</RefreshTokenExpiresIn>",
                &[("oauth::not-applicable", Some("RefreshTokenExpiresInNotApplicableForOperation"))],
            ),
            (
                "<Operation>VerifyAccessToken</Operation>\
                 <SupportedGrantTypes><GrantType>client_credentials</GrantType></SupportedGrantTypes>",
                &[("oauth::not-applicable", Some("GrantTypesNotApplicableForOperation"))],
            ),
            (
                "<Operation>GenerateAccessToken</Operation>\
                 <SupportedGrantTypes><GrantType>refresh_token</GrantType></SupportedGrantTypes>",
                &[("oauth::invalid-grant-type", Some("InvalidGrantType"))],
            ),
            (
                "<Operation>GenerateAccessToken</Operation><SupportedGrantTypes>\
                 <GrantType>urn:ietf:params:oauth:grant-type:jwt-bearer</GrantType></SupportedGrantTypes>",
                &[("oauth::invalid-grant-type", Some("InvalidGrantType"))],
            ),
            (
                "<Operation>GenerateAccessToken</Operation><GenerateResponse><Format>XML</Format></GenerateResponse>",
                &[("oauth::format-not-supported-yet", None)],
            ),
            ("<Operation>InvalidateToken</Operation>", &[("oauth::token-required", Some("TokenValueRequired"))]),
            ("<Operation>ValidateToken</Operation><Tokens/>", &[("oauth::token-required", Some("TokenValueRequired"))]),
            (
                "<Operation>InvalidateToken</Operation><Tokens><Token type='accesstoken' cascade='true'/></Tokens>",
                &[("oauth::token-required", Some("TokenValueRequired"))],
            ),
            (
                "<Operation>InvalidateToken</Operation>\
                 <Tokens><Token type='idtoken' cascade='true'>request.formparam.token</Token></Tokens>",
                &[("oauth::invalid-token-type", None)],
            ),
            (
                "<Operation>VerifyAccessToken</Operation><AccessTokenPrefix>Token</AccessTokenPrefix>",
                &[("oauth::prefix-without-location", None)],
            ),
            ("<Operation>VerifyAccessToken</Operation><AccessTokenPrefix>Bearer</AccessTokenPrefix>", &[]),
        ],
    );
}

#[test]
fn every_operation_runs() {
    for operation in [
        "GenerateAccessToken",
        "GenerateAccessTokenImplicitGrant",
        "GenerateAuthorizationCode",
        "RefreshAccessToken",
        "VerifyAccessToken",
    ] {
        let xml = format!("<OAuthV2 name='p'><Operation>{operation}</Operation></OAuthV2>");
        assert_eq!(findings(&xml, Dialect::apigee_x()), [], "{operation}");
    }
    let key = "<Algorithm>HS256</Algorithm><SecretKey><Value ref='private.k'/></SecretKey>";
    for operation in [
        "GenerateJWTAccessToken",
        "GenerateJWTAccessTokenImplicitGrant",
        "RefreshJWTAccessToken",
        "VerifyJWTAccessToken",
    ] {
        let xml = |key| format!("<OAuthV2 name='p'><Operation>{operation}</Operation>{key}</OAuthV2>");
        assert_eq!(findings(&xml(key), Dialect::apigee_x()), [], "{operation}");
        assert!(!findings(&xml(""), Dialect::apigee_x()).is_empty(), "{operation}");
    }
}

#[test]
fn lifetimes_are_positive_or_endless() {
    for (text, good) in [
        ("1", true),
        ("1800000", true),
        ("-1", true),
        ("", true),
        ("0", false),
        ("-2", false),
        ("1.5", false),
        ("1h", false),
        ("99999999999999999999", false),
    ] {
        for (element, vendor) in [
            ("ExpiresIn", "InvalidValueForExpiresIn"),
            ("RefreshTokenExpiresIn", "InvalidValueForRefreshTokenExpiresIn"),
        ] {
            let xml = format!("<OAuthV2 name='p'>{GENERATE}<{element} ref='flow.life'>{text}</{element}></OAuthV2>");
            let found = findings(&xml, Dialect::apigee_x());
            let want: &[_] = if good { &[] } else { &[("oauth::invalid-lifetime", Some(vendor))] };
            assert_eq!(found, want, "{xml}");
        }
    }
}

#[test]
fn eighteen_attributes_are_the_most() {
    let generate = |count| format!("<OAuthV2 name='p'>{GENERATE}{}</OAuthV2>", attributes(count));
    let set =
        |count| format!("<SetOAuthV2Info name='p'><AccessToken>t</AccessToken>{}</SetOAuthV2Info>", attributes(count));
    for policy in [&generate as &dyn Fn(usize) -> String, &set] {
        assert_eq!(findings(&policy(18), Dialect::apigee_x()), []);
        assert_eq!(findings(&policy(19), Dialect::apigee_x()), [("oauth::too-many-attributes", None)]);
    }
}

#[test]
fn get_oauth_v2_info() {
    check(
        "GetOAuthV2Info",
        &[
            ("<AccessToken ref='request.queryparam.token'/>", &[]),
            ("<ClientId>key</ClientId>", &[]),
            ("", &[("oauth::one-entity", None)]),
            ("<ClientId>a</ClientId><RefreshToken>b</RefreshToken>", &[("oauth::one-entity", None)]),
            ("<AuthorizationCode>c</AuthorizationCode>", &[]),
            ("<RefreshToken>r</RefreshToken>", &[]),
        ],
    );
    // SAP's own sample has both.
    let both = "<GetOAuthV2Info name='p'><AccessToken>t</AccessToken><ClientId>k</ClientId></GetOAuthV2Info>";
    assert_eq!(findings(both, Dialect::sap()), []);
    assert_eq!(findings(both, Dialect::apigee_x()), [("oauth::one-entity", None)]);
}

#[test]
fn set_oauth_v2_info() {
    check(
        "SetOAuthV2Info",
        &[
            ("<AccessToken>t</AccessToken><Attributes/>", &[]),
            ("<Attributes/>", &[("xml::missing-element", None)]),
            ("<AccessToken>t</AccessToken>", &[("xml::missing-element", None)]),
            (
                "<AccessToken>t</AccessToken><Attributes><Attribute>v</Attribute></Attributes>",
                &[("xml::missing-attribute", None)],
            ),
        ],
    );
}

#[test]
fn fixed_parts_of_a_token_are_only_warned_of() {
    for name in ["scope", "status", "expires_in", "developer_email", "client_id", "org_name", "refresh_count"] {
        let xml = format!(
            "<SetOAuthV2Info name='p'><AccessToken>t</AccessToken>\
             <Attributes><Attribute name='{name}'>v</Attribute></Attributes></SetOAuthV2Info>"
        );
        let found = Deployment::new().policy("p.xml", &xml).check();
        let found: Vec<_> = found.iter().map(|finding| (finding.severity, finding.code)).collect();
        assert_eq!(found, [(Severity::Warning, "oauth::fixed-attribute")], "{name}");
    }
}
