//! The policies for signed tokens beyond their cases: what is refused at deployment, and tokens of any size.

use bytes::Bytes;
use http::Request;
use tollgate::host::Host;
use tollgate::{Deployment, Dialect, PolicyEngine};

fn vendor_codes(xml: &str, dialect: Dialect) -> Vec<&'static str> {
    let findings = Deployment::new().dialect(dialect).policy("p.xml", xml).check();
    findings.iter().filter_map(|finding| finding.vendor_code).collect()
}

const SECRET: &str = "<SecretKey><Value ref='private.k'/></SecretKey>";
const PUBLIC: &str = "<PublicKey><Value ref='k'/></PublicKey>";

#[test]
fn deployments_are_refused_with_the_vendors_codes() {
    let jwt = |policy: &str, inner: &str| format!("<{policy} name='p'>{inner}</{policy}>");
    let hs = |inner: &str| format!("<Algorithm>HS256</Algorithm>{inner}");
    let encrypted = |key: &str, content: &str, inner: &str| {
        format!("<Algorithms><Key>{key}</Key><Content>{content}</Content></Algorithms>{inner}")
    };
    let with = |inner: &str| hs(&format!("{SECRET}{inner}"));
    let rows = [
        (
            "GenerateJWT",
            with("<AdditionalClaims><Claim name='iss'>x</Claim></AdditionalClaims>"),
            "InvalidNameForAdditionalClaim",
        ),
        (
            "VerifyJWT",
            with("<AdditionalClaims><Claim name='kid'>x</Claim></AdditionalClaims>"),
            "InvalidNameForAdditionalClaim",
        ),
        (
            "GenerateJWT",
            with("<AdditionalClaims><Claim name='a' type='date'>x</Claim></AdditionalClaims>"),
            "InvalidTypeForAdditionalClaim",
        ),
        ("VerifyJWT", with("<AdditionalClaims><Claim>x</Claim></AdditionalClaims>"), "MissingNameForAdditionalClaim"),
        (
            "GenerateJWT",
            with("<AdditionalHeaders><Claim name='alg'>x</Claim></AdditionalHeaders>"),
            "InvalidNameForAdditionalHeader",
        ),
        (
            "GenerateJWS",
            with("<AdditionalHeaders><Claim name='typ'>x</Claim></AdditionalHeaders>"),
            "InvalidNameForAdditionalHeader",
        ),
        (
            "VerifyJWS",
            with("<AdditionalHeaders><Claim name='a' type='x'>x</Claim></AdditionalHeaders>"),
            "InvalidTypeForAdditionalHeader",
        ),
        (
            "VerifyJWS",
            with("<AdditionalHeaders><Claim>x</Claim></AdditionalHeaders>"),
            "MissingNameForAdditionalHeader",
        ),
        (
            "VerifyJWT",
            with("<AdditionalHeaders><Claim name='a' array='x'>x</Claim></AdditionalHeaders>"),
            "InvalidValueOfArrayAttribute",
        ),
        ("VerifyJWT", hs(PUBLIC), "InvalidConfigurationForActionAndAlgorithm"),
        (
            "VerifyJWT",
            format!("<Algorithm>HS256,RS256</Algorithm>{SECRET}"),
            "InvalidConfigurationForActionAndAlgorithm",
        ),
        ("GenerateJWT", format!("<Algorithm>RS256</Algorithm>{SECRET}"), "InvalidConfigurationForActionAndAlgorithm"),
        (
            "GenerateJWS",
            format!("<Algorithm>RS256</Algorithm>{SECRET}"),
            "InvalidConfigurationForActionAndAlgorithmFamily",
        ),
        ("VerifyJWS", format!("<Algorithm>HS256,RS256</Algorithm>{SECRET}"), "InvalidFamiliesForAlgorithm"),
        ("VerifyJWS", hs("<PrivateKey><Value ref='private.k'/></PrivateKey>"), "InvalidConfigurationForVerify"),
        ("VerifyJWT", format!("<Algorithm>none</Algorithm>{SECRET}"), "InvalidValueForElement"),
        ("VerifyJWT", format!("<Algorithm>EdDSA</Algorithm>{PUBLIC}"), "InvalidValueForElement"),
        ("GenerateJWS", format!("<Algorithm>none</Algorithm>{SECRET}"), "InvalidAlgorithm"),
        ("GenerateJWS", with("<Payload>x</Payload><Type>Encrypted</Type>"), "InvalidValueForElement"),
        ("GenerateJWT", hs(""), "MissingConfigurationElement"),
        ("VerifyJWS", SECRET.to_owned(), "MissingConfigurationElement"),
        ("VerifyJWT", hs("<SecretKey/>"), "InvalidKeyConfiguration"),
        ("VerifyJWS", hs("<SecretKey/>"), "MissingElementForKeyConfiguration"),
        ("VerifyJWT", hs("<SecretKey><Value ref=''/></SecretKey>"), "EmptyElementForKeyConfiguration"),
        ("VerifyJWS", hs("<SecretKey><Value/></SecretKey>"), "EmptyElementForKeyConfiguration"),
        ("VerifyJWT", hs("<SecretKey><Value ref='k'/></SecretKey>"), "InvalidVariableNameForSecret"),
        ("GenerateJWS", hs("<SecretKey><Value ref='k'/></SecretKey>"), "InvalidVariableNameForSecret"),
        ("GenerateJWT", hs("<SecretKey><Value>k</Value></SecretKey>"), "InvalidSecretInConfig"),
        ("GenerateJWT", with("<NotBefore>soon</NotBefore>"), "InvalidTimeFormat"),
        ("VerifyJWT", with("<TimeAllowance>soon</TimeAllowance>"), "InvalidTimeFormat"),
        (
            "VerifyJWT",
            "<Algorithm>RS256</Algorithm><PublicKey><JWKS ref='k'/><Id>1</Id></PublicKey>".into(),
            "InvalidPublicKeyId",
        ),
        (
            "VerifyJWT",
            "<Algorithm>RS256</Algorithm><PublicKey><Value>k</Value></PublicKey>".into(),
            "InvalidPublicKeyValue",
        ),
        (
            "VerifyJWT",
            "<Algorithm>RS256</Algorithm><PublicKey><JWKS>k</JWKS></PublicKey>".into(),
            "InvalidPublicKeyValue",
        ),
        ("VerifyJWT", "<Algorithm>RS256</Algorithm><PublicKey><Value/></PublicKey>".into(), "InvalidPublicKeyValue"),
        ("DecodeJWT", "<Source/>".into(), "InvalidEmptyElement"),
        ("GenerateJWT", encrypted("RSA1_5", "A128GCM", PUBLIC), "InvalidValueForElement"),
        ("GenerateJWT", encrypted("A128KW", "A128CBC", SECRET), "InvalidValueForElement"),
        ("VerifyJWT", encrypted("none", "A128GCM", SECRET), "InvalidValueForElement"),
        (
            "VerifyJWT",
            format!("<Algorithms><Content>A128GCM</Content></Algorithms>{SECRET}"),
            "MissingConfigurationElement",
        ),
        ("VerifyJWT", format!("<Type>Encrypted</Type>{SECRET}"), "MissingConfigurationElement"),
        (
            "VerifyJWT",
            encrypted("A128KW", "A128GCM", &format!("<Type>Signed</Type>{SECRET}")),
            "InvalidConfigurationForActionAndAlgorithm",
        ),
        (
            "GenerateJWT",
            with("<DirectKey><Value ref='private.k'/></DirectKey>"),
            "InvalidConfigurationForActionAndAlgorithm",
        ),
        ("GenerateJWT", hs("<PasswordKey/>"), "InvalidKeyConfiguration"),
        ("GenerateJWT", hs("<DirectKey><Value>k</Value></DirectKey>"), "InvalidSecretInConfig"),
        ("DecodeJWS", "<Source/>".into(), "InvalidEmptyElement"),
    ];
    for (policy, inner, code) in rows {
        let codes = vendor_codes(&jwt(policy, &inner), Dialect::apigee_x());
        assert!(codes.contains(&code), "{policy} {inner}: {codes:?}");
    }
    let sap = vendor_codes(&jwt("VerifyJWT", &format!("<Algorithm>ES256</Algorithm>{PUBLIC}")), Dialect::sap());
    assert_eq!(sap, ["InvalidValueForElement"]);
}

#[test]
fn what_is_not_built_in_is_refused_by_name() {
    let refused = |inner: &str| {
        let xml = format!("<VerifyJWT name='p'>{inner}</VerifyJWT>");
        Deployment::new().policy("p.xml", &xml).check().to_string()
    };
    let encrypted = refused(
        "<Algorithms><Key>dir</Key><Content>A128GCM</Content></Algorithms><DirectKey><Value ref='private.k'/></DirectKey>",
    );
    assert_eq!(encrypted.contains("cargo feature `jwe`"), !cfg!(feature = "jwe"), "{encrypted}");
    let es512 = refused(&format!("<Algorithm>ES512</Algorithm>{PUBLIC}"));
    assert_eq!(es512.contains("cargo feature `es512`"), !cfg!(feature = "es512"), "{es512}");
    // A secret that stands in a policy is never shown.
    let shown = refused("<Algorithm>HS256</Algorithm><SecretKey>\n<Value>hunter2</Value></SecretKey>");
    assert!(shown.contains("InvalidSecretInConfig"), "{shown}");
}

#[test]
fn a_token_of_five_megabytes_is_refused_unread() {
    let xml = "<VerifyJWT name='p'><Algorithm>HS256</Algorithm><Source>request.content</Source><SecretKey><Value ref='private.k'/></SecretKey></VerifyJWT>";
    let key = "<AssignMessage name='k'><AssignVariable><Name>private.k</Name><Value>0123456789abcdef0123456789abcdef</Value></AssignVariable></AssignMessage>";
    let deployment = Deployment::new().policy("k.xml", key).policy("p.xml", xml);
    let engine = PolicyEngine::new(deployment, Host::in_memory()).unwrap();
    for size in [300 << 10, 5 << 20] {
        let token = format!("eyJhbGciOiJIUzI1NiJ9.{}.AAAA", "A".repeat(size));
        let request = Request::post("/").body(Bytes::from(token)).unwrap();
        let outcome = engine.evaluate(&request).unwrap();
        assert_eq!(outcome.fault().unwrap().code(), "steps.jwt.UnknownException");
    }
}
