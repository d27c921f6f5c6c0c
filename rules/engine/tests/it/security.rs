//! What the rules on security between services report, and what they leave alone.

use crate::support::{check, found, service};
use svclint_catalog::Severity;

fn of(text: &str, rule: &str) -> Vec<(String, Severity)> {
    let report = check(text);
    let found = found(&report).into_iter().filter(|f| f.ends_with(&format!(" {rule}")));
    let severities = report.findings.iter().filter(|f| f.finding.rule.id == rule).map(|f| f.finding.severity);
    found.map(|f| f.split(' ').next().unwrap_or_default().to_owned()).zip(severities).collect()
}

// ---- jwt-verification-disabled

const JWT: &str = "jwt-verification-disabled";

/// A service whose handler looks at a token.
fn with_token(code: &str) -> String {
    let code = format!(
        "use jsonwebtoken::{{DecodingKey, Validation, decode, decode_header}};\n#[derive(serde::Deserialize)]\nstruct Claims {{ sub: String }}\n{code}"
    );
    service(".route(\"/v1/me\", get(me))", &code)
}

#[test]
fn a_token_that_is_not_checked_says_nothing() {
    let disabled = r#"
async fn me(token: String) -> String {
    let mut validation = Validation::default();
    validation.insecure_disable_signature_validation();
    decode::<Claims>(&token, &DecodingKey::from_secret(&[]), &validation).unwrap().claims.sub
}
"#;
    assert_eq!(of(&with_token(disabled), JWT), [("src/main.rs:8".to_owned(), Severity::Error)]);
    let unproven = r#"
async fn me(token: String) -> String {
    jsonwebtoken::dangerous::insecure_decode::<Claims>(&token).unwrap().claims.sub
}
"#;
    assert_eq!(of(&with_token(unproven), JWT), [("src/main.rs:7".to_owned(), Severity::Error)]);
}

#[test]
fn looking_into_a_token_before_it_is_checked_is_no_trust() {
    for code in [
        // The key's name stands in the header.
        "async fn me(token: String) -> String { let _kid = decode_header(&token).unwrap().kid;
         decode::<Claims>(&token, &DecodingKey::from_secret(&[1]), &Validation::default()).unwrap().claims.sub }",
        // Whose key it is stands in the claims.
        "async fn me(token: String) -> String { let issuer = issuer(&token);
         decode::<Claims>(&token, &DecodingKey::from_secret(issuer.as_bytes()), &Validation::default()).unwrap().claims.sub }
         fn issuer(token: &str) -> String {
             jsonwebtoken::dangerous::insecure_decode::<Claims>(token).unwrap().claims.sub
         }",
        "async fn me(token: String) -> String { let mut peek = Validation::default(); peek.insecure_disable_signature_validation();
         let issuer = decode::<Claims>(&token, &DecodingKey::from_secret(&[]), &peek).unwrap().claims.sub;
         decode::<Claims>(&token, &DecodingKey::from_secret(issuer.as_bytes()), &Validation::default()).unwrap().claims.sub }",
        // Only where nothing can be checked.
        "async fn me(token: String) -> String { if token.is_empty() { return String::new(); }
         match decode::<Claims>(&token, &DecodingKey::from_secret(&[1]), &Validation::default()) { Ok(token) => token.claims.sub,
         Err(_) => jsonwebtoken::dangerous::insecure_decode::<Claims>(&token).map(|t| t.claims.sub).unwrap() } }",
        // A setting decides.
        "async fn me(token: String) -> String { let mut validation = Validation::default();
         if std::env::var(\"INSECURE\").is_ok() { validation.insecure_disable_signature_validation(); }
         decode::<Claims>(&token, &DecodingKey::from_secret(&[1]), &validation).unwrap().claims.sub }",
    ] {
        assert!(of(&with_token(code), JWT).is_empty(), "{code}");
    }
}

#[test]
fn a_token_that_its_issuer_has_just_given_is_trusted_with_the_connection() {
    let code = r#"
async fn me(code: String) -> String { login(code).await }
async fn login(code: String) -> String { subject(&exchange(code).await) }
async fn exchange(code: String) -> String {
    let client = reqwest::Client::builder().timeout(std::time::Duration::from_secs(3)).build().unwrap();
    client.post("https://issuer.example/token").body(code).send().await.unwrap().text().await.unwrap()
}
fn subject(token: &str) -> String {
    jsonwebtoken::dangerous::insecure_decode::<Claims>(token).unwrap().claims.sub
}
"#;
    assert!(of(&with_token(code), JWT).is_empty());
}

#[test]
fn tokens_that_never_expire_are_reported_where_they_grant_something() {
    let body = |name: &str, write: &str| {
        format!(
            "async fn me(token: String) -> String {{ {name}(&token) }}\nfn {name}(token: &str) -> String {{\n{write}\n    \
             decode::<Claims>(token, &DecodingKey::from_secret(&[1]), &validation).unwrap().claims.sub\n}}\n"
        )
    };
    let assigned = "    let mut validation = Validation::default();\n    validation.validate_exp = false;";
    assert_eq!(
        of(&with_token(&body("subject", assigned)), JWT),
        [("src/main.rs:8".to_owned(), Severity::Warning)]
    );
    let built = "    let validation = Validation { validate_exp: false, ..Validation::default() };";
    assert_eq!(of(&with_token(&body("subject", built)), JWT).len(), 1);
    assert!(
        of(&with_token(&body("refresh_subject", assigned)), JWT).is_empty(),
        "old tokens are renewed here"
    );
    let checked = "    let mut validation = Validation::default();\n    validation.validate_exp = true;";
    assert!(of(&with_token(&body("subject", checked)), JWT).is_empty());
}

// ---- cors-any-origin

const CORS: &str = "cors-any-origin";

/// A service with a layer for other origins, and a handler that knows users in some way.
fn cors(layer: &str, knows: &str) -> String {
    let code = format!(
        "use tower_http::cors::{{AllowOrigin, Any, CorsLayer}};\nasync fn me(headers: axum::http::HeaderMap) -> String {{ format!(\"{{:?}}\", {knows}) }}\n"
    );
    service(&format!(".route(\"/v1/me\", get(me)).layer({layer})"), &code)
}

#[test]
fn any_page_with_the_users_cookies() {
    let cookie = "headers.get(\"cookie\")";
    let token = "headers.get(\"authorization\")";
    let severities = |layer: &str, knows: &str| {
        of(&cors(layer, knows), CORS).into_iter().map(|(_, s)| s).collect::<Vec<_>>()
    };
    let very = "CorsLayer::very_permissive()";
    assert_eq!(severities(very, cookie), [Severity::Error]);
    assert_eq!(severities(very, token), [Severity::Warning]);
    assert!(severities(very, "headers.len()").is_empty(), "it asks nobody who they are");
    let mirrored = "CorsLayer::new().allow_origin(AllowOrigin::mirror_request()).allow_credentials(true)";
    assert_eq!(severities(mirrored, cookie), [Severity::Error]);
    let turned = "CorsLayer::new().allow_credentials(true).allow_origin(AllowOrigin::mirror_request())";
    assert_eq!(severities(turned, cookie), [Severity::Error]);
    assert_eq!(severities("CorsLayer::permissive()", token), [Severity::Info]);
    for layer in [
        "CorsLayer::new().allow_origin(Any)",
        "CorsLayer::new().allow_origin([\"https://shop.example\".parse().unwrap()]).allow_credentials(true)",
        "CorsLayer::new().allow_origin(AllowOrigin::mirror_request()).allow_credentials(false)",
        "if cfg!(debug_assertions) { CorsLayer::very_permissive() } else { CorsLayer::new() }",
    ] {
        assert!(severities(layer, cookie).is_empty(), "{layer}");
    }
}

#[test]
fn actixs_permissive_layer_allows_credentials() {
    let text = r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"
[dependencies]
actix-cors = "0.7"
actix-session = "0.10"
actix-web = "4"
//- src/main.rs
use actix_cors::Cors;
use actix_session::Session;
use actix_web::{App, HttpServer, Responder, web};

async fn me(session: Session) -> impl Responder {
    session.get::<String>("user").unwrap().unwrap_or_default()
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| App::new().wrap(Cors::permissive()).route("/v1/me", web::get().to(me)))
        .bind("0.0.0.0:80")?
        .run()
        .await
}
"#;
    assert_eq!(of(text, CORS), [("src/main.rs:11".to_owned(), Severity::Error)]);
    let named = text.replace(
        "Cors::permissive()",
        "Cors::default().allowed_origin(\"https://shop.example\").supports_credentials()",
    );
    assert!(of(&named, CORS).is_empty());
}

// ---- secret-literal-in-manifest

const LITERAL: &str = "secret-literal-in-manifest";

/// A Deployment with one variable.
fn with_variable(path: &str, variable: &str) -> String {
    format!(
        "//- src/main.rs\nfn main() {{}}\n//- {path}\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop\nspec:\n  \
         template:\n    metadata: {{ labels: {{ app: shop }} }}\n    spec:\n      containers:\n        - name: shop\n          \
         image: registry/shop:1.4.0\n          env:\n            - {variable}\n"
    )
}

#[test]
fn secrets_do_not_stand_in_manifests() {
    let path = "deploy/shop.yaml";
    for (path, variable, reported) in [
        (path, "name: DB_PASSWORD\n              value: Tr0ub4dor", 1),
        (path, "{ name: API_KEY, value: \"sk-4242\" }", 1),
        (path, "{ name: API_KEY, valueFrom: { secretKeyRef: { name: shop, key: API_KEY } } }", 0),
        (path, "{ name: API_KEY, value: changeme }", 0),
        (path, "{ name: API_KEY, value: \"<your key>\" }", 0),
        (path, "{ name: API_KEY, value: API_KEY_VAL }", 0),
        (path, "{ name: API_KEY, value: \"$(OTHER)\" }", 0),
        (path, "{ name: API_KEY_FILE, value: /run/secrets/key }", 0),
        (path, "{ name: TOKEN_TTL, value: \"3600\" }", 0),
        (path, "{ name: GREETING, value: hello }", 0),
        ("deploy/dev/shop.yaml", "{ name: API_KEY, value: abc }", 0),
        ("deploy/shop-local.yaml", "{ name: API_KEY, value: abc }", 0),
    ] {
        assert_eq!(of(&with_variable(path, variable), LITERAL).len(), reported, "{path}: {variable}");
    }
}

#[test]
fn an_image_brings_no_secrets() {
    let image = |line: &str| {
        let text = format!(
            "{}\n//- Dockerfile\nFROM debian:12\nUSER 10001\n{line}\nENTRYPOINT [\"/shop\"]\n",
            service("", "")
        );
        of(&format!("//- src/main.rs\n{text}"), LITERAL).len()
    };
    assert_eq!(image("ENV JWT_SECRET=s3cr3t-for-all"), 1);
    assert_eq!(image("ENV JWT_SECRET=\"\" PORT=8080"), 0);
}

#[test]
fn compose_files_are_for_desks() {
    let compose = "//- src/main.rs\nfn main() {}\n//- compose.yaml\nservices:\n  db:\n    image: postgres:16\n    environment: { POSTGRES_PASSWORD: shop }\n";
    assert!(of(compose, LITERAL).is_empty());
}
