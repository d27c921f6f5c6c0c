//! Transactions and what is read and written: what the rules report and what they leave alone.

use crate::support;
use crate::support::of_rule;

/// A handler with a database and an HTTP client.
fn handler(body: &str, helpers: &str) -> String {
    let code = format!(
        "use axum::extract::State;\n{helpers}\n\
         #[derive(Clone)]\nstruct App {{ db: sqlx::PgPool, http: reqwest::Client }}\n\
         type Done = Result<(), Box<dyn std::error::Error>>;\n\
         async fn work(app: &App, id: i64) -> Done {{\n    {body}\n    Ok(())\n}}\n\
         async fn handler(State(app): State<App>) {{ let _ = work(&app, 1).await; }}\n"
    );
    support::service(".route(\"/orders\", post(handler)).with_state(app())", &code)
        + "async fn db() -> sqlx::PgPool { sqlx::PgPool::connect(\"postgres://db\").await.unwrap() }\nfn app() -> App { todo!() }\n"
}

const BEGIN: &str = "let mut tx = app.db.begin().await?;";
const WRITE: &str =
    "sqlx::query(\"UPDATE orders SET paid = true WHERE id = $1\").bind(id).execute(&mut *tx).await?;";
const CALL: &str = "app.http.post(\"http://pay/charge\").send().await?;";
const COMMIT: &str = "tx.commit().await?;";

const REMOTE: &str = "remote-call-in-transaction";

#[test]
fn calls_while_a_transaction_is_open_are_found() {
    let helper = "async fn charge(http: &reqwest::Client) -> Result<(), reqwest::Error> { http.post(\"http://pay\").send().await?; Ok(()) }";
    for (name, body) in [
        ("between", format!("{BEGIN} {WRITE} {CALL} {COMMIT}")),
        ("in front of the first statement", format!("{BEGIN} {CALL} {WRITE} {COMMIT}")),
        ("in a branch", format!("{BEGIN} {WRITE} if id > 1 {{ {CALL} }} {COMMIT}")),
        ("in a loop", format!("{BEGIN} for _ in 0..id {{ {WRITE} {CALL} }} {COMMIT}")),
        ("in a helper", format!("{BEGIN} {WRITE} charge(&app.http).await?; {COMMIT}")),
    ] {
        assert_eq!(of_rule(REMOTE, &handler(&body, helper)), 1, "{name}");
    }
}

#[test]
fn calls_outside_of_transactions_are_left_alone() {
    for (name, body) in [
        ("before", format!("{CALL} {BEGIN} {WRITE} {COMMIT}")),
        ("after", format!("{BEGIN} {WRITE} {COMMIT} {CALL}")),
        ("after the block", format!("{{ {BEGIN} {WRITE} {COMMIT} }} {CALL}")),
        ("after it is dropped", format!("{BEGIN} {WRITE} drop(tx); {CALL}")),
        (
            "behind a commit that is asked for",
            format!("{BEGIN} {WRITE} if tx.commit().await.is_err() {{ return Ok(()); }} {CALL}"),
        ),
        (
            "rolled back first",
            format!("{BEGIN} {WRITE} if id > 1 {{ tx.rollback().await?; {CALL} return Ok(()); }} {COMMIT}"),
        ),
        (
            "a task of its own",
            format!(
                "{BEGIN} {WRITE} let http = app.http.clone(); tokio::spawn(async move {{ let _ = http.post(\"http://a\").send().await; }}); {COMMIT}"
            ),
        ),
        ("given away", format!("{BEGIN} {WRITE} finish(tx).await?; {CALL}")),
        (
            "an outbox",
            format!(
                "{BEGIN} sqlx::query(\"SELECT id FROM outbox FOR UPDATE SKIP LOCKED\").fetch_all(&mut *tx).await?; {CALL} {COMMIT}"
            ),
        ),
    ] {
        let helper = "async fn finish(tx: sqlx::Transaction<'_, sqlx::Postgres>) -> Result<(), sqlx::Error> { tx.commit().await }";
        assert_eq!(of_rule(REMOTE, &handler(&body, helper)), 0, "{name}");
    }
}

#[test]
fn calls_that_a_flag_leaves_out_are_left_alone() {
    let asked = |body: &str, call: &str| {
        let helpers = format!("async fn check(app: &App, ask: bool, n: i64) -> Done {{ {body} Ok(()) }}");
        of_rule(
            REMOTE,
            &handler(&format!("{BEGIN} {WRITE} check(app, {call}, id).await?; {COMMIT}"), &helpers),
        )
    };
    let if_so = format!("if ask {{ {CALL} }}");
    let in_a_chain = format!("if ask && let Some(_n) = Some(n) {{ {CALL} }}");
    let if_not = format!("if !ask {{ {CALL} }}");
    let otherwise = format!("if ask {{ println!(\"{{n}}\"); }} else {{ {CALL} }}");
    let both = format!("if ask {{ {CALL} }} else {{ {CALL} }}");
    let by_another = "if ask { send(app).await?; } if n > 7 { send(app).await?; }";
    let send = format!("async fn send(app: &App) -> Done {{ {CALL} Ok(()) }}");
    for (body, call, found) in [
        (&*if_so, "true", 1),
        (&*if_so, "false", 0),
        (&*if_so, "id > 7", 1),
        (&*in_a_chain, "true", 1),
        (&*in_a_chain, "false", 0),
        (&*if_not, "true", 0),
        (&*if_not, "false", 1),
        (&*otherwise, "true", 0),
        (&*otherwise, "false", 1),
        (&*both, "true", 1),
        (&*both, "false", 1),
    ] {
        assert_eq!(asked(body, call), found, "{body}: {call}");
    }
    for (body, found) in [(by_another, 1), ("if ask { send(app).await?; }", 0)] {
        let helpers =
            format!("async fn check(app: &App, ask: bool, n: i64) -> Done {{ {body} Ok(()) }}\n{send}");
        let text = handler(&format!("{BEGIN} {WRITE} check(app, false, id).await?; {COMMIT}"), &helpers);
        assert_eq!(of_rule(REMOTE, &text), found, "{body}");
    }
}

const NEVER: &str = "transaction-never-committed";

/// A row that a pool is given, by itself.
const BESIDE: &str =
    "sqlx::query(\"INSERT INTO sessions (id) VALUES ($1)\").bind(id).execute(&app.db).await?;";

#[test]
fn transactions_that_nobody_commits_are_found() {
    let helper = "async fn mark(tx: &mut sqlx::PgConnection, id: i64) -> Result<(), sqlx::Error> {
        sqlx::query(\"UPDATE orders SET paid = true WHERE id = $1\").bind(id).execute(tx).await?; Ok(()) }";
    for (name, body) in [
        ("own statements", format!("{BEGIN} {WRITE}")),
        ("a helper's", format!("{BEGIN} mark(&mut tx, id).await?;")),
        ("in a branch", format!("if id > 1 {{ {BEGIN} {WRITE} }}")),
        ("a pool is written beside it", format!("{BEGIN} {WRITE} {BESIDE}")),
        ("through what borrows it", format!("{BEGIN} let to = &mut tx; mark(to, id).await?;")),
    ] {
        assert_eq!(of_rule(NEVER, &handler(&body, helper)), 1, "{name}");
    }
    let mended = support::mended(&handler(&format!("{BEGIN}\n    {WRITE}"), ""), NEVER);
    assert!(mended.contains("\n    tx.commit().await?;"), "{mended}");
    assert_eq!(of_rule(NEVER, &mended), 0);
}

#[test]
fn transactions_that_may_be_committed_are_left_alone() {
    let helper = "async fn finish(tx: sqlx::Transaction<'_, sqlx::Postgres>) -> Result<(), sqlx::Error> { tx.commit().await }
        struct Unit<'t> { tx: sqlx::Transaction<'t, sqlx::Postgres> }
        async fn one(tx: &mut sqlx::PgConnection) -> Result<i64, sqlx::Error> {
            sqlx::query_scalar(\"SELECT id FROM orders\").fetch_one(tx).await
        }
        async fn keep(id: i64, db: &sqlx::PgPool) -> Result<(), sqlx::Error> {
            sqlx::query(\"INSERT INTO sessions (id) VALUES ($1)\").bind(id).execute(db).await?; Ok(())
        }
        impl App { async fn keep(&self, id: i64) -> Result<(), sqlx::Error> { keep(id, &self.db).await } }";
    for (name, body) in [
        ("committed", format!("{BEGIN} {WRITE} {COMMIT}")),
        ("in a branch", format!("{BEGIN} {WRITE} if id > 1 {{ {COMMIT} }}")),
        ("rolled back on purpose", format!("{BEGIN} {WRITE} tx.rollback().await?;")),
        ("given away", format!("{BEGIN} {WRITE} finish(tx).await?;")),
        ("kept", format!("{BEGIN} {WRITE} let unit = Unit {{ tx }}; drop(unit);")),
        ("only read", format!("{BEGIN} sqlx::query(\"SELECT 1 FROM orders\").fetch_all(&mut *tx).await?;")),
        (
            "what was read is written by a pool",
            format!("{BEGIN} let row = one(&mut tx).await?; let id = row + 1; keep(id, &app.db).await?;"),
        ),
        (
            "what was read is written by one that has a pool",
            format!("{BEGIN} let row = one(&mut tx).await?; app.keep(row).await?;"),
        ),
    ] {
        assert_eq!(of_rule(NEVER, &handler(&body, helper)), 0, "{name}");
    }
}

#[test]
fn a_commit_is_proposed_where_it_compiles_and_all_is_written() {
    let told = BEGIN.replace(".await?", ".await.map_err(|e| e.to_string())?");
    let named = BEGIN.replace(".await?", ".await.map_err(|e| format!(\"cannot begin: {e}\"))?");
    for (name, body, expected) in [
        (
            "an error of another type",
            format!("{told}\n    {WRITE}"),
            Some("tx.commit().await.map_err(|e| e.to_string())?;"),
        ),
        ("an error that tells of the beginning", format!("{named}\n    {WRITE}"), None),
        ("others wrote in between", format!("{BEGIN}\n    {WRITE}\n    {BESIDE}\n    {WRITE}"), None),
        (
            "read after it",
            format!(
                "{BEGIN}\n    {WRITE}\n    sqlx::query(\"SELECT 1 FROM orders\").fetch_all(&mut *tx).await?;"
            ),
            None,
        ),
    ] {
        let report = support::check_rule(&handler(&body, ""), NEVER);
        let finding = report.findings.iter().find(|f| f.finding.rule.id == NEVER).expect(name);
        match (finding.finding.fixes.first(), expected) {
            (Some(_), Some(expected)) => {
                let mended = support::mended(&handler(&body, ""), NEVER);
                assert!(mended.contains(expected), "{name}: {mended}");
            }
            (fix, expected) => assert_eq!(fix.is_some(), expected.is_some(), "{name}"),
        }
    }
}

const HALVES: &str = "non-atomic-multi-write";

#[test]
fn rows_that_belong_together() {
    let insert = "let new: (i64,) = sqlx::query_as(\"INSERT INTO orders (paid) VALUES (false) RETURNING id\").fetch_one(&app.db).await?;";
    let item =
        "sqlx::query(\"INSERT INTO items (order_id) VALUES ($1)\").bind(new.0).execute(&app.db).await?;";
    let helpers = "async fn add_order(db: &sqlx::PgPool) -> Result<i64, sqlx::Error> {
        let new: (i64,) = sqlx::query_as(\"INSERT INTO orders (paid) VALUES (false) RETURNING id\").fetch_one(db).await?; Ok(new.0) }
        async fn add_item(db: &sqlx::PgPool, order: i64) -> Result<(), sqlx::Error> {
        sqlx::query(\"INSERT INTO items (order_id) VALUES ($1)\").bind(order).execute(db).await?; Ok(()) }";
    for (name, body, count) in [
        ("a row and one that refers to it", format!("{insert} {item}"), 1),
        ("in a loop", format!("{insert} for _ in 0..id {{ {item} }}"), 1),
        (
            "by helpers",
            "let order = add_order(&app.db).await?; add_item(&app.db, order).await?;".to_owned(),
            1,
        ),
        (
            "written anew",
            "sqlx::query(\"DELETE FROM tags WHERE id = $1\").bind(id).execute(&app.db).await?;
             sqlx::query(\"INSERT INTO tags (id) VALUES ($1)\").bind(id).execute(&app.db).await?;"
                .to_owned(),
            1,
        ),
        ("in a transaction", format!("{BEGIN} {insert} {item} {COMMIT}").replace("&app.db)", "&mut *tx)"), 0),
        ("two rows of their own", format!("{insert} {}", item.replace("new.0", "id")), 0),
        (
            "one or the other",
            format!(
                "if id > 1 {{ {insert} println!(\"{{}}\", new.0); }} else {{ {} }}",
                item.replace("new.0", "id")
            ),
            0,
        ),
        ("a trail", format!("{insert} {}", item.replace("items", "audit_log")), 0),
    ] {
        assert_eq!(of_rule(HALVES, &handler(&body, helpers)), count, "{name}");
    }
    // What fails as the program starts is done anew when it is started again.
    let at_start = handler(&format!("{insert} {item}"), helpers)
        .replace("let _ = work(&app, 1).await;", "")
        .replace("async fn main() {", "async fn main() { work(&app(), 1).await.unwrap();");
    assert_eq!(of_rule(HALVES, &at_start), 0, "once, at the start");
}

#[test]
fn walks_through_all_keys() {
    let rule = "redis-keys-scan";
    let manifest = "//- Cargo.toml\n[package]\nname = \"carts\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\naxum = \"0.8\"\nredis = \"0.32\"\ntokio = \"1\"\n//- src/main.rs\n";
    let text = |handler: &str, main: &str| {
        let code = format!(
            "use redis::AsyncCommands;\nasync fn con() -> redis::aio::ConnectionManager {{ redis::Client::open(\"redis://r\").unwrap().get_connection_manager().await.unwrap() }}\n\
             async fn clean() {{ {main} }}\nasync fn count() {{ {handler} }}\n"
        );
        let service = support::service(".route(\"/count\", get(count))", &code);
        format!("{manifest}{}", service.replace("async fn main() {", "async fn main() { clean().await;"))
    };
    let keys = "let mut con = con().await; let _: Vec<String> = con.keys(\"cart:*\").await.unwrap();";
    let map = "let map = std::collections::HashMap::from([(1, 2)]); println!(\"{:?}\", map.keys());";
    assert_eq!(of_rule(rule, &text(keys, "")), 1, "in a handler");
    assert_eq!(of_rule(rule, &text("", keys)), 0, "once, at the start");
    assert_eq!(of_rule(rule, &text(map, "")), 0, "keys of a map");
}

const RACE: &str = "check-then-update-race";

#[test]
fn rows_that_two_requests_insert() {
    let look = "let known = sqlx::query(\"SELECT id FROM carts WHERE customer = $1\").bind(id).fetch_optional(&app.db).await?;";
    let count = "let n: i64 = sqlx::query_scalar(\"SELECT COUNT(*) FROM carts WHERE customer = $1\").bind(id).fetch_one(&app.db).await?;";
    let put = "sqlx::query(\"INSERT INTO carts (customer) VALUES ($1)\").bind(id).execute(&app.db).await?;";
    let table = "CREATE TABLE carts (id BIGSERIAL PRIMARY KEY, customer BIGINT NOT NULL";
    let with = |table: &str, body: &str| {
        let migration =
            if table.is_empty() { String::new() } else { format!("//- migrations/1.sql\n{table});\n") };
        format!("{migration}//- src/main.rs\n{}", handler(body, ""))
    };
    for (name, table, body, found) in [
        ("nothing there", table, format!("{look} if known.is_none() {{ {put} }}"), 1),
        (
            "nothing there, in a match",
            table,
            format!("{look} match known {{ Some(_) => {{}} None => {{ {put} }} }}"),
            1,
        ),
        ("something there leaves", table, format!("{look} if known.is_some() {{ return Ok(()); }} {put}"), 1),
        ("a row leaves", table, format!("{look} if let Some(_row) = known {{ return Ok(()); }} {put}"), 1),
        ("counted", table, format!("{count} if n == 0 {{ {put} }}"), 1),
        ("a unique key", &format!("{table} UNIQUE"), format!("{look} if known.is_none() {{ {put} }}"), 0),
        ("a table of somewhere else", "", format!("{look} if known.is_none() {{ {put} }}"), 0),
        (
            "only where there is one",
            table,
            format!("{look} if known.is_none() {{ return Ok(()); }} {put}"),
            0,
        ),
        (
            "a failure leaves",
            table,
            format!(
                "{} {put}",
                look.replace("let known =", "let Ok(_known) =")
                    .replace("await?;", "await else { return Ok(()); };")
            ),
            0,
        ),
        (
            "on conflict",
            table,
            format!(
                "{look} if known.is_none() {{ {} }}",
                put.replace("($1)\")", "($1) ON CONFLICT DO NOTHING\")")
            ),
            0,
        ),
        ("in a transaction", table, format!("{BEGIN} {look} if known.is_none() {{ {put} }} {COMMIT}"), 0),
        (
            "another table",
            table,
            format!("{} if known.is_none() {{ {put} }}", look.replace("carts", "people")),
            0,
        ),
    ] {
        assert_eq!(of_rule(RACE, &with(table, &body)), found, "{name}");
    }
}

// ---- sql-built-by-format

const SPLICED: &str = "sql-built-by-format";

/// A function that is given texts by a handler.
fn with_texts(body: &str) -> String {
    let code = format!(
        "use axum::extract::{{Path, State}};\n\
         #[derive(Clone)]\nstruct App {{ db: sqlx::PgPool }}\nstruct Filter {{ name: Option<String>, kind: Kind, limit: u32 }}\n\
         #[derive(Clone, Copy)]\nenum Kind {{ A }}\nconst STATE: &str = \"open\";\n\
         async fn find(app: &App, filter: Filter, name: &str, id: i64, names: Vec<String>) -> Result<(), sqlx::Error> {{\n    {body}\n    Ok(())\n}}\n\
         async fn handler(State(app): State<App>, Path(name): Path<String>) {{ let _ = find(&app, todo!(), &name, 1, vec![]).await; }}\n"
    );
    support::service(".route(\"/orders\", post(handler)).with_state(app())", &code)
        + "fn app() -> App { todo!() }\n"
}

#[test]
fn texts_between_the_quotes_of_a_statement_are_found() {
    let run = "sqlx::query(&sql).execute(&app.db).await?;";
    for (name, body) in [
        (
            "compared",
            "sqlx::query(&format!(\"SELECT 1 FROM t WHERE name = '{name}'\")).execute(&app.db).await?;".to_owned(),
        ),
        (
            "a method that runs texts",
            "use sqlx::Executor; app.db.execute(format!(\"SELECT 1 FROM t WHERE name = '{}'\", name).as_str()).await?;".to_owned(),
        ),
        ("like", format!("let sql = format!(\"SELECT 1 FROM t WHERE name ILIKE '%{{}}%'\", name.to_lowercase()); {run}")),
        ("stored", format!("let sql = format!(\"INSERT INTO t (id, name) VALUES ({{id}}, '{{name}}')\"); {run}")),
        ("with a plus", format!("let sql = \"DELETE FROM t WHERE name = '\".to_owned() + name + \"'\"; {run}")),
        (
            "added in a branch",
            format!("let mut sql = String::from(\"SELECT 1 FROM t WHERE 1 = 1\"); if let Some(name) = filter.name {{ sql.push_str(&format!(\" AND name = '{{name}}'\")); }} {run}"),
        ),
        (
            "a list of conditions",
            format!("let mut all = Vec::new(); all.push(format!(\"name = '{{}}'\", name)); let sql = format!(\"SELECT 1 FROM t WHERE {{}}\", all.join(\" AND \")); {run}"),
        ),
        (
            "a list of values",
            format!("let list = names.iter().map(|n| format!(\"'{{}}'\", n)).collect::<Vec<_>>().join(\", \"); let sql = format!(\"SELECT 1 FROM t WHERE name IN ({{list}})\"); {run}"),
        ),
        (
            "several at once",
            format!("let list = names.join(\"','\"); let sql = format!(\"SELECT 1 FROM t WHERE name IN ('{{list}}')\"); {run}"),
        ),
        (
            "one of several texts",
            format!("let only = if id > 0 {{ format!(\"AND name = '{{name}}'\") }} else {{ String::new() }}; let sql = format!(\"SELECT 1 FROM t WHERE id = $1 {{only}}\"); {run}"),
        ),
        (
            "pushed to a builder",
            "let mut q = sqlx::QueryBuilder::<sqlx::Postgres>::new(\"SELECT 1 FROM t WHERE \"); q.push(format!(\"name = '{name}'\")); q.build().execute(&app.db).await?;".to_owned(),
        ),
    ] {
        assert_eq!(of_rule(SPLICED, &with_texts(&body)), 1, "{name}");
    }
}

#[test]
fn what_is_no_text_or_no_value_is_left_alone() {
    let run = "sqlx::query(&sql).execute(&app.db).await?;";
    for (name, sql) in [
        ("a constant", "format!(\"SELECT 1 FROM t WHERE state = '{STATE}'\")"),
        ("a number", "format!(\"SELECT 1 FROM t WHERE id = '{id}' LIMIT {}\", filter.limit)"),
        ("a type of its own", "format!(\"SELECT 1 FROM t WHERE kind = '{:?}'\", filter.kind)"),
        ("the name of a table", "format!(\"SELECT 1 FROM {name} WHERE id = $1\")"),
        ("a schema", "format!(\"SELECT '{name}' AS schema_name, to_regclass('{name}.t') FROM {name}.t\")"),
        ("the number of a parameter", "format!(\"SELECT 1 FROM t WHERE id = ${id}\")"),
        ("what takes no parameters", "format!(\"ALTER USER app WITH PASSWORD = '{name}'\")"),
        ("escaped", "format!(\"SELECT 1 FROM t WHERE name = '{}'\", name.replace('\\'', \"''\"))"),
        ("something between", "format!(\"SELECT 1 FROM t WHERE name = 'x' AND {name} = 'y'\")"),
    ] {
        assert_eq!(of_rule(SPLICED, &with_texts(&format!("let sql = {sql}; {run}"))), 0, "{name}");
    }
    let of_a_list = "for state in [\"open\", \"done\"] { sqlx::query(&format!(\"SELECT 1 FROM t WHERE state = '{state}'\")).execute(&app.db).await?; }";
    assert_eq!(of_rule(SPLICED, &with_texts(of_a_list)), 0, "one of a written list");
    let list = "let list = STATES.iter().map(|s| format!(\"'{s}'\")).collect::<Vec<_>>().join(\", \");";
    let constant = format!(
        "const STATES: [&str; 1] = [\"open\"]; {list} let sql = format!(\"SELECT 1 FROM t WHERE state IN ({{list}})\"); {run}"
    );
    assert_eq!(of_rule(SPLICED, &with_texts(&constant)), 0, "a constant list");
}

#[test]
fn a_text_that_all_callers_write_out_is_left_alone() {
    let helper = "async fn count(app: &App, state: &str) { let _ = sqlx::query(&format!(\"SELECT 1 FROM t WHERE state = '{state}'\")).execute(&app.db).await; }\n";
    let calls = "count(app, \"open\").await; count(app, \"done\").await;";
    assert_eq!(of_rule(SPLICED, &(with_texts(calls) + helper)), 0);
    let of_a_list = "for state in STATES { count(app, state).await; }";
    assert_eq!(
        of_rule(SPLICED, &(with_texts(of_a_list) + helper + "const STATES: [&str; 1] = [\"open\"];\n")),
        0
    );
    let one_chosen = "count(app, \"open\").await; count(app, name).await;";
    assert_eq!(of_rule(SPLICED, &(with_texts(one_chosen) + helper)), 1);
}

// ---- query-in-loop

const IN_LOOP: &str = "query-in-loop";

/// A handler that is given a list, and what it calls.
fn with_list(body: &str) -> usize {
    let code = format!(
        "use axum::{{Json, extract::State}};\n\
         #[derive(Clone)]\nstruct App {{ db: sqlx::PgPool }}\nstruct Item {{ id: i64 }}\nconst KINDS: [i64; 2] = [1, 2];\n\
         async fn one(app: &App, id: i64) -> Result<i64, sqlx::Error> {{ sqlx::query_scalar::<_, i64>(\"SELECT price FROM items WHERE id = $1\").bind(id).fetch_one(&app.db).await }}\n\
         async fn cached(app: &App, id: i64) -> Result<i64, sqlx::Error> {{ if id == 1 {{ return Ok(5); }} one(app, id).await }}\n\
         async fn total(State(app): State<App>, Json(items): Json<Vec<Item>>) -> Result<(), sqlx::Error> {{\n    {body}\n    Ok(())\n}}\n"
    );
    let text = support::service(".route(\"/total\", post(total)).with_state(app())", &code);
    support::count(&support::check_rule(&(text + "fn app() -> App { todo!() }\n"), IN_LOOP), IN_LOOP)
}

/// A handler that is given a list, and calls another service.
fn with_list_and_client(body: &str) -> usize {
    let rule = "remote-call-in-loop";
    let code = format!(
        "use axum::{{Json, extract::State}};\n\
         #[derive(Clone)]\nstruct App {{ http: reqwest::Client }}\nstruct Item {{ id: i64 }}\nconst KINDS: [i64; 2] = [1, 2];\n\
         async fn one(app: &App, id: i64) -> Result<(), reqwest::Error> {{ app.http.get(format!(\"http://prices/{{id}}\")).send().await?; Ok(()) }}\n\
         async fn known(app: &App, id: i64) -> Result<(), reqwest::Error> {{ if id > 9 {{ return Ok(()); }} one(app, id).await }}\n\
         async fn total(State(app): State<App>, Json(items): Json<Vec<Item>>) -> Result<(), reqwest::Error> {{\n    {body}\n    Ok(())\n}}\n"
    );
    let text = support::service(".route(\"/total\", post(total)).with_state(app())", &code);
    support::count(&support::check_rule(&(text + "fn app() -> App { todo!() }\n"), rule), rule)
}

#[test]
fn calls_of_other_services_for_each_element_are_found() {
    for body in [
        "for item in items { app.http.get(format!(\"http://prices/{}\", item.id)).send().await?; }",
        "for item in &items { one(&app, item.id).await?; }",
        "for item in items { let id = item.id; if id > 0 { one(&app, id).await?; } }",
    ] {
        assert_eq!(with_list_and_client(body), 1, "{body}");
    }
    for body in [
        "for id in [1, 2] { one(&app, id).await?; }",
        "for id in KINDS { one(&app, id).await?; }",
        "for attempt in 0..3 { one(&app, attempt).await?; }",
        "for some in items.chunks(100) { one(&app, some[0].id).await?; }",
        "for item in items { if one(&app, item.id).await.is_ok() { return Ok(()); } }",
        "for _item in &items { one(&app, 1).await?; }",
        "let mut all = Vec::new(); for item in items { all.push(Box::pin(one(&app, item.id))); }",
        "for item in items { known(&app, item.id).await?; }",
        "for item in items { let app = app.clone(); tokio::spawn(async move { let _ = one(&app, item.id).await; }); }",
    ] {
        assert_eq!(with_list_and_client(body), 0, "{body}");
    }
}

const PRICE: &str =
    "sqlx::query(\"SELECT price FROM items WHERE id = $1\").bind(item.id).fetch_one(&app.db).await?;";

#[test]
fn statements_for_each_element_are_found() {
    for (name, body) in [
        ("by itself", format!("for item in items {{ {PRICE} }}")),
        ("of a reference", format!("for item in &items {{ {PRICE} }}")),
        ("with a number", format!("for (n, item) in items.iter().enumerate() {{ let _ = n; {PRICE} }}")),
        ("in a branch", format!("for item in items {{ if item.id > 0 {{ {PRICE} }} }}")),
        ("that all must pass", "for item in items { if one(&app, item.id).await? > 9 { return Err(sqlx::Error::RowNotFound); } }".to_owned()),
        ("twice", "for item in items { one(&app, item.id).await?; one(&app, item.id).await?; }".to_owned()),
        ("in a helper", "for item in items { one(&app, item.id).await?; }".to_owned()),
        ("by a variable", "for item in items { let id = item.id + 1; one(&app, id).await?; }".to_owned()),
        (
            "written",
            "for item in items { sqlx::query(\"INSERT INTO items (id) VALUES ($1)\").bind(item.id).execute(&app.db).await?; }".to_owned(),
        ),
        (
            "of what was read",
            "for id in sqlx::query_scalar::<_, i64>(\"SELECT id FROM items\").fetch_all(&app.db).await? { one(&app, id).await?; }".to_owned(),
        ),
    ] {
        assert_eq!(with_list(&body), 1, "{name}");
    }
}

#[test]
fn loops_that_ask_a_few_times_are_left_alone() {
    for (name, body) in [
        ("before the loop", format!("let item = &items[0]; {PRICE} for item in &items {{ drop(item); }}")),
        ("written out", "for id in [1, 2] { one(&app, id).await?; }".to_owned()),
        ("a constant", "for id in KINDS { one(&app, id).await?; }".to_owned()),
        ("written out before", "let ids = vec![1, 2]; for id in ids { one(&app, id).await?; }".to_owned()),
        ("a range", "for id in 0..3 { one(&app, id).await?; }".to_owned()),
        ("chunks", "for some in items.chunks(100) { one(&app, some[0].id).await?; }".to_owned()),
        ("chunks with a name", "let chunks = items.chunks(100); for some in chunks { one(&app, some[0].id).await?; }".to_owned()),
        ("the first ones", "for item in items.iter().take(3) { one(&app, item.id).await?; }".to_owned()),
        ("a search", "for item in items { if one(&app, item.id).await? > 9 { return Ok(()); } }".to_owned()),
        ("a search that breaks", "for item in items { let price = one(&app, item.id).await?; if price > 9 { break; } }".to_owned()),
        ("perhaps in memory", "for item in items { cached(&app, item.id).await?; }".to_owned()),
        ("attempts", "loop { if one(&app, 1).await.is_ok() { break; } }".to_owned()),
        ("nothing of the element", "for _item in &items { one(&app, 1).await?; }".to_owned()),
        (
            "a task of its own",
            "for item in items { let app = app.clone(); tokio::spawn(async move { let _ = one(&app, item.id).await; }); }".to_owned(),
        ),
    ] {
        assert_eq!(with_list(&body), 0, "{name}");
    }
}

#[test]
fn loops_that_no_request_waits_for_are_left_alone() {
    let code = "async fn seed(db: &sqlx::PgPool, ids: Vec<i64>) {\n    for id in ids { let _ = sqlx::query(\"SELECT 1 FROM t WHERE id = $1\").bind(id).execute(db).await; }\n}\n";
    let text = support::service(".route(\"/\", get(|| async { \"\" }))", code)
        .replace("async fn main() {", "async fn main() {\n    seed(&todo!(), vec![]).await;");
    assert!(text.contains("seed(&todo"));
    assert_eq!(support::count(&support::check_rule(&text, IN_LOOP), IN_LOOP), 0);
}
