//! What is done twice, and what may be too much at once: what the rules report and what they leave alone.

use crate::support;
use crate::support::of_rule;

const MANIFEST: &str = r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
async-nats = "0.42"
axum = "0.8"
futures = "0.3"
http-body-util = "0.1"
hyper = "1"
rdkafka = "0.38"
redis = "1"
reqwest = "0.12"
reqwest-middleware = "0.4"
reqwest-retry = "0.7"
sqlx = "0.8"
tokio = "1"
tower = "0.5"
tower-http = "0.6"
uuid = "1"
//- src/main.rs
"#;

/// A service whose one route is `GET` or another method at `/x`.
fn service(method: &str, code: &str) -> String {
    let code =
        support::service(&format!(".route(\"/x\", {method}(handler)).with_state(state().await)"), code);
    format!(
        "{MANIFEST}use axum::extract::State;\nasync fn state() -> sqlx::PgPool {{ sqlx::PgPool::connect(\"postgres://db\").await.unwrap() }}\n{code}"
    )
}

const RESENT: &str = "retry-of-non-idempotent-call";

#[test]
fn posts_that_are_sent_again_without_a_key_are_found() {
    let tries = |send: &str| {
        service(
            "get",
            &format!(
                "async fn ask(client: &reqwest::Client) -> reqwest::Result<reqwest::Response> {{ {send}.send().await?.error_for_status() }}\n\
                 async fn handler() {{ let client = reqwest::Client::new(); for _ in 0..3 {{ match ask(&client).await {{ Ok(_) => return, Err(_) => continue }} }} }}"
            ),
        )
    };
    assert_eq!(of_rule(RESENT, &tries("client.post(\"http://payments/charges\")")), 1);
    assert_eq!(of_rule(RESENT, &tries("client.patch(\"http://payments/charges/1\")")), 1);
    for send in [
        "client.post(\"http://payments/charges\").header(\"Idempotency-Key\", \"17\")",
        "client.post(\"http://payments/charges\").headers(all())",
        "client.post(\"http://payments/charges/search\")",
        "client.put(\"http://payments/charges/17\")",
        "client.get(\"http://payments/charges\")",
    ] {
        assert_eq!(of_rule(RESENT, &tries(send)), 0, "{send}");
    }
    let once = "async fn handler() { reqwest::Client::new().post(\"http://x/charges\").send().await.unwrap().error_for_status().unwrap(); }";
    assert_eq!(of_rule(RESENT, &service("get", once)), 0);
}

/// A handler that asks with a client whose middleware tries again.
fn middleware(ask: &str) -> String {
    service(
        "get",
        &format!(
            "use reqwest_middleware::{{ClientBuilder, ClientWithMiddleware}}; use reqwest_retry::{{RetryTransientMiddleware, policies::ExponentialBackoff}};\n\
             async fn ask(client: &ClientWithMiddleware) -> Result<String, reqwest_middleware::Error> {{ Ok(client.post(\"http://x/orders\").send().await?.error_for_status()?.text().await?) }}\n\
             async fn handler() {{\n    let policy = ExponentialBackoff::builder().build_with_max_retries(3);\n    \
             let patient = ClientBuilder::new(reqwest::Client::new()).with(RetryTransientMiddleware::new_with_policy(policy)).build();\n    \
             let plain = ClientBuilder::new(reqwest::Client::new()).build();\n    {ask}\n}}"
        ),
    )
}

#[test]
fn a_middleware_sends_posts_again_too() {
    assert_eq!(of_rule(RESENT, &middleware("ask(&patient).await.unwrap();")), 1);
    assert_eq!(of_rule(RESENT, &middleware("ask(&plain).await.unwrap();")), 0);
}

#[test]
fn tries_around_tries_are_found() {
    let rule = "nested-retry";
    let around = |client: &str| {
        format!("for _ in 0..3 {{ match ask(&{client}).await {{ Ok(_) => return, Err(_) => continue }} }}")
    };
    assert_eq!(of_rule(rule, &middleware(&around("patient"))), 1);
    assert_eq!(of_rule(rule, &middleware(&around("plain"))), 0);
    assert_eq!(of_rule(rule, &middleware("ask(&patient).await.unwrap();")), 0);
    let each = "for _order in [1, 2] { ask(&patient).await.unwrap(); }";
    assert_eq!(of_rule(rule, &middleware(each)), 0, "a loop over orders tries none again");
}

/// A service that does something for each message of a subject: from a stream that gives it again, or from one that does not.
fn consumer(taken: &str, body: &str) -> String {
    format!(
        "{MANIFEST}use futures::StreamExt;\nuse redis::AsyncCommands;\n\
         async fn take(db: sqlx::PgPool, nats: async_nats::Client, stream: async_nats::jetstream::consumer::PullConsumer, mut cache: redis::aio::ConnectionManager) {{\n    \
         let mut orders = {taken};\n    \
         while let Some(Ok(message)) = orders.next().await {{ let id = message.payload.to_vec(); {body} }}\n}}\n\
         async fn pack(db: &sqlx::PgPool, id: Vec<u8>) {{ sqlx::query(\"INSERT INTO parcels (item) VALUES ($1)\").bind(id).execute(db).await.unwrap(); }}\n\
         async fn stock(db: &sqlx::PgPool, id: Vec<u8>) {{\n    \
         sqlx::query(\"INSERT INTO stock (item, n) VALUES ($1, 0) ON CONFLICT DO NOTHING\").bind(id.clone()).execute(db).await.unwrap();\n    \
         sqlx::query(\"UPDATE stock SET n = n - 1 WHERE item = $1\").bind(id).execute(db).await.unwrap();\n}}\n\
         #[tokio::main]\nasync fn main() {{\n    let db = sqlx::PgPool::connect(\"postgres://db\").await.unwrap();\n    \
         let cache = redis::Client::open(\"redis://x\").unwrap().get_connection_manager().await.unwrap();\n    \
         take(db, async_nats::connect(\"nats\").await.unwrap(), todo!(), cache).await;\n}}\n\
         //- migrations/1.sql\nCREATE TABLE parcels (id BIGSERIAL PRIMARY KEY, item BYTEA);\nCREATE TABLE labels (id BIGSERIAL PRIMARY KEY, item BYTEA UNIQUE);\nCREATE TABLE inbox (id BYTEA PRIMARY KEY);\n"
    )
}

const GIVEN_AGAIN: &str = "stream.messages().await.unwrap()";
const TWICE: &str = "consumer-not-idempotent";

#[test]
fn consumers_that_do_a_message_twice_are_found() {
    for body in [
        "pack(&db, id).await;",
        "sqlx::query(\"UPDATE stock SET n = n - 1 WHERE item = $1\").bind(id).execute(&db).await.unwrap();",
        "stock(&db, id).await;",
        "stock(&db, id.clone()).await; sqlx::query(\"INSERT INTO inbox (id) VALUES ($1)\").bind(id).execute(&db).await.unwrap();",
    ] {
        assert_eq!(of_rule(TWICE, &consumer(GIVEN_AGAIN, body)), 1, "{body}");
    }
}

#[test]
fn consumers_that_know_a_repeat_are_left_alone() {
    for body in [
        "sqlx::query(\"INSERT INTO labels (item) VALUES ($1)\").bind(id).execute(&db).await.unwrap();",
        "sqlx::query(\"INSERT INTO parcels (item) VALUES ($1) ON CONFLICT DO NOTHING\").bind(id).execute(&db).await.unwrap();",
        "sqlx::query(\"INSERT INTO inbox (id) VALUES ($1)\").bind(id.clone()).execute(&db).await.unwrap(); pack(&db, id).await;",
        "sqlx::query(\"INSERT INTO orders (id) VALUES ($1) ON CONFLICT DO NOTHING\").bind(id.clone()).execute(&db).await.unwrap(); stock(&db, id).await;",
        "let new: bool = cache.set_nx(id.clone(), 1).await.unwrap(); if new { pack(&db, id).await; }",
        "sqlx::query(\"UPDATE orders SET packed = true WHERE id = $1\").bind(id).execute(&db).await.unwrap();",
        "sqlx::query(\"UPDATE totals SET n = n + 1\").execute(&db).await.unwrap();",
    ] {
        assert_eq!(of_rule(TWICE, &consumer(GIVEN_AGAIN, body)), 0, "{body}");
    }
}

#[test]
fn what_a_handler_of_the_same_program_does_is_no_part_of_its_consumer() {
    let beside = format!(
        "{}async fn refund(State(db): State<sqlx::PgPool>) {{ sqlx::query(\"UPDATE items SET back = back + 1\").execute(&db).await.unwrap(); }}\n",
        consumer(GIVEN_AGAIN, "drop(id);")
            .replace("use futures::StreamExt;", "use futures::StreamExt;\nuse axum::extract::State;")
            .replace("//- migrations", "//- unused/migrations")
            .split("//- unused")
            .next()
            .unwrap()
            .replace(
                "    let cache",
                "    let app = axum::Router::new().route(\"/refunds\", axum::routing::post(refund)).with_state(db.clone());\n    \
                 tokio::spawn(async move { axum::serve(tokio::net::TcpListener::bind(\"0.0.0.0:80\").await.unwrap(), app).await.unwrap() });\n    let cache",
            )
    );
    assert_eq!(of_rule(TWICE, &beside), 0, "{beside}");
}

#[test]
fn messages_that_come_at_most_once_are_left_alone() {
    let subject = "nats.subscribe(\"orders\").await.unwrap().map(Ok::<_, ()>)";
    assert_eq!(of_rule(TWICE, &consumer(subject, "pack(&db, id).await;")), 0);
}

#[test]
fn handlers_that_change_something_for_a_get_are_found() {
    let rule = "get-handler-mutates";
    let writes = |method: &str, sql: &str| {
        service(
            method,
            &format!(
                "async fn handler(State(db): State<sqlx::PgPool>) {{ note(&db).await; }}\nasync fn note(db: &sqlx::PgPool) {{ sqlx::query(\"{sql}\").execute(db).await.unwrap(); }}"
            ),
        )
    };
    for sql in
        ["UPDATE orders SET closed = true", "DELETE FROM orders", "INSERT INTO orders (item) VALUES (1)"]
    {
        assert_eq!(of_rule(rule, &writes("get", sql)), 1, "{sql}");
        assert_eq!(of_rule(rule, &writes("post", sql)), 0, "{sql}");
    }
    for sql in
        ["SELECT * FROM orders", "INSERT INTO audit_log (item) VALUES (1)", "UPDATE sessions SET used = true"]
    {
        assert_eq!(of_rule(rule, &writes("get", sql)), 0, "{sql}");
    }
    let meant = writes("get", "UPDATE orders SET closed = true").replace("\"/x\"", "\"/orders/confirm\"");
    assert_eq!(of_rule(rule, &meant), 0, "a link of a mail");
}

#[test]
fn keys_that_are_promised_and_not_read_are_found() {
    let rule = "idempotency-key-declared-but-unread";
    let promised = |parameter: &str, read: &str| {
        let code = support::service(
            ".route(\"/orders\", post(place)).route(\"/orders/{id}\", get(one)).route(\"/parcels/{id}\", get(one))",
            &format!(
                "use axum::http::HeaderMap;\nasync fn place(headers: HeaderMap) {{ {read} }}\nasync fn one() {{}}\n\
                 fn key(headers: &HeaderMap) -> bool {{ headers.contains_key(\"idempotency-key\") }}"
            ),
        );
        format!(
            "{MANIFEST}{code}//- openapi.yaml\nopenapi: 3.0.0\ninfo: {{ title: shop, version: '1' }}\npaths:\n  /orders:\n    post:\n      parameters:\n        - {{ name: {parameter}, in: header, schema: {{ type: string }} }}\n      responses: {{ '200': {{ description: placed }} }}\n  /orders/{{id}}:\n    get:\n      responses: {{ '200': {{ description: an order }} }}\n  /parcels/{{id}}:\n    get:\n      responses: {{ '200': {{ description: a parcel }} }}\n"
        )
    };
    assert_eq!(of_rule(rule, &promised("Idempotency-Key", "")), 1);
    assert_eq!(of_rule(rule, &promised("Idempotency-Key", "headers.get(\"x-tenant\");")), 1);
    assert_eq!(of_rule(rule, &promised("X-Tenant", "")), 0, "nothing is promised");
    for read in [
        "headers.get(\"Idempotency-Key\");",
        "key(&headers);",
        "headers.get(name());",
        "elsewhere::key(&headers); headers.unknown().clone_all();",
    ] {
        assert_eq!(of_rule(rule, &promised("Idempotency-Key", read)), 0, "{read}");
    }
}

#[test]
fn channels_without_a_capacity_are_found() {
    let rule = "unbounded-buffering";
    let makes = |make: &str| service("get", &format!("async fn handler() {{ let (_s, _r) = {make}; }}"));
    assert_eq!(of_rule(rule, &makes("tokio::sync::mpsc::unbounded_channel::<u8>()")), 1);
    assert_eq!(of_rule(rule, &makes("tokio::sync::mpsc::channel::<u8>(10)")), 0);
    assert_eq!(of_rule(rule, &makes("tokio::sync::mpsc::channel::<u8>(size())")), 0);
}

#[test]
fn servers_that_nothing_holds_back_are_found() {
    let app = |layer: &str| {
        let code = support::service(
            &format!(".route(\"/x\", get(handler)){layer}"),
            "async fn handler() { reqwest::get(\"http://x\").await.unwrap().error_for_status().unwrap(); }",
        );
        format!("{MANIFEST}use std::time::Duration;\nuse axum::http::StatusCode;\n{code}")
    };
    let (endless, open) = ("server-without-request-timeout", "service-without-overload-protection");
    assert_eq!((of_rule(endless, &app("")), of_rule(open, &app(""))), (1, 1));
    let timeout = ".layer(tower_http::timeout::TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(5)))";
    assert_eq!((of_rule(endless, &app(timeout)), of_rule(open, &app(timeout))), (0, 1));
    let limit = ".layer(tower::limit::ConcurrencyLimitLayer::new(64))";
    assert_eq!((of_rule(endless, &app(limit)), of_rule(open, &app(limit))), (1, 0));
}

/// A service of the program's own that a server of hyper calls for each request: nothing in the workspace calls it.
#[test]
fn bodies_that_a_service_of_its_own_collects_are_found() {
    let ingress = |layer: &str| {
        let text = format!(
            r#"//- Cargo.toml
[package]
name = "ingress"
version = "0.1.0"
edition = "2021"
[dependencies]
http-body-util = "0.1"
hyper = "1"
hyper-util = "0.1"
tokio = "1"
tower = "0.5"
tower-http = "0.6"
//- src/main.rs
mod handler;
use hyper_util::{{rt::{{TokioExecutor, TokioIo}}, server::conn::auto::Builder, service::TowerToHyperService}};

#[tokio::main]
async fn main() {{
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    let service = tower::ServiceBuilder::new(){layer}.service(handler::Handler::default());
    loop {{
        let (stream, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {{
            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        }});
    }}
}}
//- src/handler.rs
use http_body_util::BodyExt;
use hyper::{{Request, Response, body::{{Body, Bytes}}}};
use std::{{convert::Infallible, pin::Pin, task::{{Context, Poll}}}};

#[derive(Clone, Default)]
pub struct Handler;

impl<B: Body + Send + 'static> tower::Service<Request<B>> for Handler {{
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {{
        Poll::Ready(Ok(()))
    }}

    fn call(&mut self, request: Request<B>) -> Self::Future {{
        Box::pin(take(request))
    }}
}}

async fn take<B: Body>(request: Request<B>) -> Result<Response<String>, Infallible> {{
    match request.into_body().collect().await {{
        Ok(body) => Ok(Response::new(format!("{{}} bytes", body.to_bytes().len()))),
        Err(_) => Ok(Response::new(String::new())),
    }}
}}
"#
        );
        let report = support::check(&text);
        support::found(&report).into_iter().filter(|f| f.ends_with("body-limit-disabled")).collect::<Vec<_>>()
    };
    assert_eq!(ingress(""), ["src/handler.rs:23 body-limit-disabled"]);
    assert_eq!(ingress(".layer(tower_http::limit::RequestBodyLimitLayer::new(1024))"), [""; 0]);
}

/// hyper up to 0.14 collects with a function.
#[test]
fn bodies_that_a_function_collects_are_found() {
    let hooks = |call: &str| {
        let text = format!(
            r#"//- Cargo.toml
[package]
name = "hooks"
version = "0.1.0"
edition = "2021"
[dependencies]
hyper = "0.14"
tokio = "1"
//- src/main.rs
use hyper::service::{{make_service_fn, service_fn}};
use hyper::{{Body, Client, Request, Response, Server}};

async fn answer(request: Request<Body>) -> hyper::Result<Response<Body>> {{
    {call}
    Ok(Response::new(Body::from(whole)))
}}

#[tokio::main]
async fn main() {{
    let service = make_service_fn(|_| async {{ Ok::<_, hyper::Error>(service_fn(answer)) }});
    Server::bind(&([0, 0, 0, 0], 8080).into()).serve(service).await.unwrap();
}}
"#
        );
        support::found(&support::check(&text)).iter().filter(|f| f.ends_with("body-limit-disabled")).count()
    };
    assert_eq!(hooks("let whole = hyper::body::to_bytes(request.into_body()).await?;"), 1);
    assert_eq!(hooks("let whole = hyper::body::to_bytes(request).await?;"), 1);
    let other = "let answer = Client::new().request(request).await?;\n    let whole = hyper::body::to_bytes(answer.into_body()).await?;";
    assert_eq!(hooks(other), 0, "the answer of somebody else");
}

#[test]
fn bodies_that_are_collected_without_a_limit_are_found() {
    let rule = "body-limit-disabled";
    let reads = |layer: &str, body: &str| {
        let code = support::service(
            &format!(".route(\"/x\", post(handler)){layer}"),
            &format!(
                "use axum::{{body::Body, http::Request}};\nuse http_body_util::{{BodyExt, Limited}};\nasync fn handler(request: Request<Body>) {{ {body} }}"
            ),
        );
        format!("{MANIFEST}{code}")
    };
    let whole = "request.into_body().collect().await.unwrap();";
    assert_eq!(of_rule(rule, &reads("", whole)), 1);
    let taken_apart = "let (_parts, body) = request.into_parts(); body.collect().await.unwrap();";
    assert_eq!(of_rule(rule, &reads("", taken_apart)), 1);
    let limited = "Limited::new(request.into_body(), 1024).collect().await.unwrap();";
    assert_eq!(of_rule(rule, &reads("", limited)), 0);
    let layer = ".layer(tower_http::limit::RequestBodyLimitLayer::new(1024))";
    assert_eq!(of_rule(rule, &reads(layer, whole)), 0);
}

/// sea-orm adds a row where a model that is saved has no key, and changes one where it has.
#[test]
fn saving_a_model_without_a_key_adds_a_row() {
    let text = |note: &str| {
        format!(
            r#"//- src/main.rs
mod notes;
use axum::{{Router, extract::State, routing::post}};
use sea_orm::{{ActiveModelTrait, Database, DatabaseConnection, Set}};

#[tokio::main]
async fn main() {{
    let db = Database::connect("postgres://db/notes").await.unwrap();
    let app = Router::new().route("/notes", post(create)).with_state(db);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}}

async fn create(State(db): State<DatabaseConnection>, body: String) -> &'static str {{
    {note}
    note.save(&db).await.unwrap();
    "ok"
}}
//- src/notes.rs
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "notes")]
pub struct Model {{
    #[sea_orm(primary_key)]
    pub id: i64,
    pub body: String,
}}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {{}}

impl ActiveModelBehavior for ActiveModel {{}}
//- migrations/1.sql
CREATE TABLE notes (id BIGSERIAL PRIMARY KEY, body TEXT NOT NULL);
"#
        )
    };
    let rule = "post-handler-without-idempotency-key";
    let new = "let mut note = notes::ActiveModel { body: Set(body), ..Default::default() };";
    assert_eq!(of_rule(rule, &text(new)), 1);
    for (name, note) in [
        (
            "a key",
            "let note = notes::ActiveModel { id: Set(7), body: Set(body), ..Default::default() };".to_owned(),
        ),
        (
            "the rest from somewhere",
            "let given = notes::ActiveModel { id: Set(7), ..Default::default() };\n    \
             let note = notes::ActiveModel { body: Set(body), ..given };"
                .to_owned(),
        ),
        ("a key later on", format!("{new}\n    note.id = Set(7);")),
        (
            "one that was read",
            "let note = notes::Entity::find_by_id(7).one(&db).await.unwrap().unwrap().into_active_model();"
                .to_owned(),
        ),
    ] {
        assert_eq!(of_rule(rule, &text(&note)), 0, "{name}");
    }
}

/// A handler of a table whose keys are known.
fn with_carts(method: &str, body: &str) -> String {
    let code = format!(
        "use axum::extract::{{Path, State}};\n\
         async fn handler(State(db): State<sqlx::PgPool>, Path((id, kind)): Path<(i64, String)>) -> Result<(), String> {{\n    \
         store(&db, id, &kind).await.map_err(|e| e.to_string())\n}}\n\
         async fn store(db: &sqlx::PgPool, id: i64, kind: &str) -> Result<(), sqlx::Error> {{\n    {body}\n    Ok(())\n}}\n\
         fn db() -> sqlx::PgPool {{ sqlx::PgPool::connect_lazy(\"postgres://db\").unwrap() }}\n"
    );
    let routes = format!(".route(\"/carts/{{id}}/{{kind}}\", {method}(handler)).with_state(db())");
    format!(
        "//- migrations/1.sql\nCREATE TABLE carts (id BIGSERIAL PRIMARY KEY, customer BIGINT NOT NULL, kind TEXT, n INT);\n\
         //- src/main.rs\n{}",
        support::service(&routes, &code)
    )
}

const ADD: &str = "sqlx::query(\"INSERT INTO carts (customer, kind) VALUES ($1, $2)\").bind(id).bind(kind).execute(db).await?;";
const LOOK: &str = "let found = sqlx::query_scalar::<_, String>(\"SELECT kind FROM carts WHERE customer = $1\").bind(id).fetch_optional(db).await?;";

#[test]
fn posts_that_put_a_row_in_the_place_of_the_first_are_left_alone() {
    let rule = "post-handler-without-idempotency-key";
    let remove = "sqlx::query(\"DELETE FROM carts WHERE customer = $1\").bind(id).execute(db).await?;";
    let other = remove.replace("carts", "baskets");
    for (name, body, found) in [
        ("added", ADD.to_owned(), 1),
        ("removed first", format!("{remove}\n    {ADD}"), 0),
        ("removed sometimes", format!("if id > 7 {{ {remove} }}\n    {ADD}"), 1),
        ("removed afterwards", format!("{ADD}\n    {remove}"), 1),
        ("another table's rows are removed", format!("{other}\n    {ADD}"), 1),
        ("added only where there is none", format!("{LOOK}\n    if found.is_none() {{ {ADD} }}"), 0),
        (
            "one that is there leaves",
            format!("{LOOK}\n    if found.is_some() {{ return Ok(()); }}\n    {ADD}"),
            0,
        ),
        ("added where there is one", format!("{LOOK}\n    if found.is_some() {{ {ADD} }}"), 1),
    ] {
        assert_eq!(of_rule(rule, &with_carts("post", &body)), found, "{name}");
    }
}

#[test]
fn puts_that_count_only_what_differs_are_left_alone() {
    let rule = "put-handler-not-idempotent";
    let count =
        "sqlx::query(\"UPDATE carts SET n = n + 1 WHERE customer = $1\").bind(id).execute(db).await?;";
    for (name, body, found) in [
        ("counted", count.to_owned(), 1),
        ("counted where there is a row", format!("{LOOK}\n    if found.is_some() {{ {count} }}"), 1),
        ("only what differs", format!("{LOOK}\n    if found.as_deref() != Some(kind) {{ {count} }}"), 0),
        (
            "what is the same leaves",
            format!("{LOOK}\n    if found.as_deref() == Some(kind) {{ return Ok(()); }}\n    {count}"),
            0,
        ),
    ] {
        assert_eq!(of_rule(rule, &with_carts("put", &body)), found, "{name}");
    }
}
