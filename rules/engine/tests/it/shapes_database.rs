//! Databases in the shapes that real services have.

use crate::support::seen::Seen;
use insta::assert_snapshot;

/// `query!` macros behind a repository, on a pool whose wait for a connection is bounded by hand.
#[test]
fn sqlx_macros_and_a_pool_with_limits() {
    let seen = Seen::of(
        r##"//- src/main.rs
mod repo;
mod pool;
use axum::{Json, Router, extract::{Path, State}, routing::post};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let pool = pool::open(&std::env::var("DATABASE_URL")?).await?;
    let app = Router::new().route("/v1/carts/{id}", post(add)).with_state(repo::Carts { pool });
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    axum::serve(listener, app).await?;
    Ok(())
}

async fn add(State(carts): State<repo::Carts>, Path(id): Path<i64>) -> Json<i64> {
    carts.add(id, 1).await.expect("the database answers");
    Json(carts.count(id).await.unwrap_or(0))
}
//- src/pool.rs
use std::time::Duration;
use sqlx::postgres::{PgPool, PgPoolOptions};

const WAIT: Duration = Duration::from_secs(3);

pub async fn open(url: &str) -> sqlx::Result<PgPool> {
    PgPoolOptions::new()
        .max_connections(32)
        .acquire_timeout(WAIT)
        .connect(url)
        .await
}
//- src/repo.rs
use sqlx::PgPool;

#[derive(Clone)]
pub struct Carts {
    pub pool: PgPool,
}

impl Carts {
    pub async fn add(&self, cart: i64, sku: i64) -> sqlx::Result<()> {
        sqlx::query!("INSERT INTO cart_lines (cart_id, sku) VALUES ($1, $2)", cart, sku)
            .execute(&self.pool)
            .await?;
        sqlx::query!("update carts set touched = now() where id = $1", cart).execute(&self.pool).await?;
        Ok(())
    }

    pub async fn count(&self, cart: i64) -> sqlx::Result<i64> {
        sqlx::query_scalar!(r#"SELECT count(*) AS "n!" FROM cart_lines WHERE cart_id = $1"#, cart)
            .fetch_one(&self.pool)
            .await
    }
}
"##,
    );
    assert_snapshot!(seen.clients(), @"Sql sqlx src/pool.rs:7, poolacquire 3 s, poolsize 32, poolidle 10 min, lifetime 30 min, no statement");
    assert_snapshot!(seen.effects("shop::add"), @"
    Select cart_lines > count src/repo.rs:18
    Insert cart_lines > add src/repo.rs:10
    Update carts > add src/repo.rs:13
    ");
    assert_snapshot!(seen.effects("Carts::add"), @r"
    Insert cart_lines src/repo.rs:10
    Update carts src/repo.rs:13
    ");
}

/// Statements as constants of a module, in raw strings, in lower case and continued with a backslash.
/// A version that counts changes makes no statement one that counts.
#[test]
fn statements_in_constants_and_continued_lines() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod sql;
mod users;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let pool = sqlx::PgPool::connect("postgres://db/shop").await?;
    users::register(&pool, "a@b.example").await?;
    users::rename(&pool, 4, "Ann").await?;
    users::forget(&pool, 4).await?;
    Ok(())
}
//- src/sql.rs
//! All statements.

pub const REGISTER: &str = "
    insert into shop.users (email)
    values ($1)
    on conflict (email) do nothing
";

pub const RENAME: &str = concat!("UPDATE users SET name = $2, ", "version = version + 1 WHERE id = $1");
//- src/users.rs
use sqlx::PgPool;
use crate::sql::{self, REGISTER};

pub async fn register(pool: &PgPool, email: &str) -> sqlx::Result<()> {
    sqlx::query(REGISTER).bind(email).execute(pool).await?;
    Ok(())
}

pub async fn rename(pool: &PgPool, id: i64, name: &str) -> sqlx::Result<()> {
    let query = sqlx::query(sql::RENAME).bind(id).bind(name);
    query.execute(pool).await?;
    Ok(())
}

pub async fn forget(pool: &PgPool, id: i64) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "DELETE FROM \
         users \
         WHERE id = $1",
    )
    .bind(id)
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}
"#,
    );
    assert_snapshot!(seen.effects("users::register"), @"Upsert users src/users.rs:5");
    assert_snapshot!(seen.effects("users::rename"), @"Update users src/users.rs:11");
    assert_snapshot!(seen.effects("users::forget"), @"Delete users src/users.rs:16");
}

/// sqlx's `QueryBuilder`: what begins the statement tells kind and table, whatever is pushed after it.
#[test]
fn query_builder_with_pushed_parts() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod search;
mod bulk;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let pool = sqlx::PgPool::connect("postgres://db/shop").await?;
    let found = search::find(&pool, Some("lamp")).await?;
    bulk::copy(&pool, &found).await?;
    Ok(())
}
//- src/search.rs
use sqlx::{PgPool, Postgres, QueryBuilder};

pub async fn find(pool: &PgPool, name: Option<&str>) -> sqlx::Result<Vec<(i64,)>> {
    let mut query: QueryBuilder<Postgres> = QueryBuilder::new("SELECT id FROM items WHERE true");
    if let Some(name) = name {
        query.push(" AND name = ").push_bind(name);
    }
    query.push(" LIMIT 50");
    query.build_query_as::<(i64,)>().fetch_all(pool).await
}
//- src/bulk.rs
use sqlx::{PgPool, Postgres, QueryBuilder};

pub async fn copy(pool: &PgPool, ids: &[(i64,)]) -> sqlx::Result<()> {
    let mut query = QueryBuilder::<Postgres>::new("INSERT INTO favourites (item_id) ");
    query.push_values(ids, |mut row, id| {
        row.push_bind(id.0);
    });
    query.push(" ON CONFLICT (item_id) DO NOTHING");
    query.build().execute(pool).await?;
    Ok(())
}
"#,
    );
    assert_snapshot!(seen.effects("search::find"), @"Select items src/search.rs:9");
    assert_snapshot!(seen.effects("bulk::copy"), @"Upsert favourites src/bulk.rs:9");
}

/// A transaction that is begun in one function and handed to two others; the commit is at the end.
#[test]
fn transaction_through_helpers() {
    let seen = Seen::of(
        r#"//- src/main.rs
mod ledger;
mod transfer;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let pool = sqlx::PgPool::connect_lazy("postgres://db/bank")?;
    transfer::transfer(&pool, 1, 2, 500).await?;
    Ok(())
}
//- src/transfer.rs
use sqlx::PgPool;
use crate::ledger;

pub async fn transfer(pool: &PgPool, from: i64, to: i64, cents: i64) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    ledger::book(&mut tx, from, -cents).await?;
    ledger::book(&mut tx, to, cents).await?;
    ledger::note(&mut *tx, from, to).await?;
    tx.commit().await
}
//- src/ledger.rs
use sqlx::{PgConnection, Postgres, Transaction};

pub async fn book(tx: &mut Transaction<'_, Postgres>, account: i64, cents: i64) -> sqlx::Result<()> {
    sqlx::query("UPDATE accounts SET cents = cents + $2 WHERE id = $1")
        .bind(account)
        .bind(cents)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

pub async fn note(connection: &mut PgConnection, from: i64, to: i64) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO transfers (source, target) VALUES ($1, $2)")
        .bind(from)
        .bind(to)
        .execute(connection)
        .await?;
    Ok(())
}
"#,
    );
    assert_snapshot!(seen.effects("transfer::transfer"), @r"
    Insert transfers > note src/ledger.rs:13
    Increment accounts > book src/ledger.rs:4
    Other(Acquire) src/transfer.rs:5
    Other(Begin) src/transfer.rs:5
    Other(Commit) src/transfer.rs:9
    ");
}

/// diesel: tables of a `table!` schema, `insert_into` with and without `on_conflict`, on a pooled connection.
#[test]
fn diesel_with_a_schema() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
diesel = "2"
//- src/main.rs
mod schema;
mod store;
use diesel::{Connection, PgConnection};

fn main() -> anyhow::Result<()> {
    let mut connection = PgConnection::establish("postgres://db/shop")?;
    store::add(&mut connection, "lamp")?;
    store::stock(&mut connection, 1, 5)?;
    println!("{:?}", store::names(&mut connection)?);
    Ok(())
}
//- src/schema.rs
diesel::table! {
    items (id) {
        id -> Int8,
        name -> Text,
    }
}

diesel::table! {
    stock_levels (item_id) {
        item_id -> Int8,
        count -> Int4,
    }
}
//- src/store.rs
use diesel::prelude::*;
use crate::schema::{items, stock_levels};

pub fn add(connection: &mut PgConnection, name: &str) -> QueryResult<usize> {
    diesel::insert_into(items::table).values(items::name.eq(name)).execute(connection)
}

pub fn stock(connection: &mut PgConnection, item: i64, count: i32) -> QueryResult<usize> {
    diesel::insert_into(stock_levels::table)
        .values((stock_levels::item_id.eq(item), stock_levels::count.eq(count)))
        .on_conflict(stock_levels::item_id)
        .do_update()
        .set(stock_levels::count.eq(count))
        .execute(connection)
}

pub fn names(connection: &mut PgConnection) -> QueryResult<Vec<String>> {
    items::table.select(items::name).order(items::name.asc()).load(connection)
}
"#,
    );
    assert_snapshot!(seen.effects("store::add"), @r"
    Insert items src/store.rs:5
    Block src/store.rs:5
    ");
    assert_snapshot!(seen.effects("store::stock"), @r"
    Upsert stock_levels src/store.rs:9
    Block src/store.rs:9
    ");
    assert_snapshot!(seen.effects("store::names"), @r"
    Select items src/store.rs:18
    Block src/store.rs:18
    ");
    assert_snapshot!(seen.clients(), @"Sql diesel src/main.rs:6, no connect, no statement");
}

/// sea-orm: an entity with derives; rows are read, added with `on_conflict`, and saved as active models.
#[test]
fn sea_orm_entities() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
sea-orm = "1"
tokio = "1"
//- src/main.rs
mod coupons;
mod entity;
use std::time::Duration;
use sea_orm::{ConnectOptions, Database};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut options = ConnectOptions::new("postgres://db/shop");
    options.max_connections(20).acquire_timeout(Duration::from_secs(4));
    let db = Database::connect(options).await?;
    coupons::issue(&db, "SPRING").await?;
    coupons::redeem(&db, "SPRING").await?;
    Ok(())
}
//- src/entity.rs
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "coupons")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    pub redeemed: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
//- src/coupons.rs
use sea_orm::{ActiveModelTrait, DatabaseConnection, DbErr, EntityTrait, ModelTrait, Set, sea_query::OnConflict};
use crate::entity;

pub async fn issue(db: &DatabaseConnection, code: &str) -> Result<(), DbErr> {
    let row = entity::ActiveModel { code: Set(code.to_owned()), redeemed: Set(false) };
    entity::Entity::insert(row)
        .on_conflict(OnConflict::column(entity::Column::Code).do_nothing().to_owned())
        .exec(db)
        .await?;
    Ok(())
}

pub async fn redeem(db: &DatabaseConnection, code: &str) -> Result<(), DbErr> {
    let found = entity::Entity::find_by_id(code).one(db).await?;
    let mut row: entity::ActiveModel = found.ok_or(DbErr::RecordNotInserted)?.into();
    row.redeemed = Set(true);
    row.update(db).await?;
    Ok(())
}

pub async fn add(db: &DatabaseConnection, code: &str) -> Result<(), DbErr> {
    let row = entity::ActiveModel { code: Set(code.to_owned()), redeemed: Set(false) };
    row.insert(db).await?;
    Ok(())
}

pub async fn withdraw(db: &DatabaseConnection, code: &str) -> Result<(), DbErr> {
    if let Some(coupon) = entity::Entity::find_by_id(code).one(db).await? {
        coupon.delete(db).await?;
    }
    Ok(())
}
"#,
    );
    assert_snapshot!(seen.effects("coupons::issue"), @"Upsert coupons src/coupons.rs:6");
    assert_snapshot!(seen.effects("coupons::redeem"), @r"
    Select coupons src/coupons.rs:14
    Update coupons src/coupons.rs:17
    ");
    assert_snapshot!(seen.effects("coupons::add"), @"Insert coupons src/coupons.rs:23");
    assert_snapshot!(seen.effects("coupons::withdraw"), @r"
    Select coupons src/coupons.rs:28
    Delete coupons src/coupons.rs:29
    ");
    assert_snapshot!(seen.clients(), @"Sql sea-orm src/main.rs:10, poolacquire 4 s, poolsize 20, poolidle 10 min, lifetime 30 min, no statement");
}

/// tokio-postgres: statements go as text to the client, or are prepared before.
#[test]
fn tokio_postgres_with_text() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
tokio = "1"
tokio-postgres = "0.7"
//- src/main.rs
mod visits;
use tokio_postgres::NoTls;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (client, connection) = tokio_postgres::connect("host=db user=shop", NoTls).await?;
    tokio::spawn(connection);
    visits::record(&client, "/").await?;
    println!("{}", visits::total(&client).await?);
    Ok(())
}
//- src/visits.rs
use tokio_postgres::{Client, Error};

const TOTAL: &str = "select sum(n) from visits";

pub async fn record(client: &Client, path: &str) -> Result<(), Error> {
    let bump = client.prepare("UPDATE visits SET n = n + 1 WHERE path = $1").await?;
    if client.execute(&bump, &[&path]).await? == 0 {
        client.execute("INSERT INTO visits (path, n) VALUES ($1, 1)", &[&path]).await?;
    }
    Ok(())
}

pub async fn total(client: &Client) -> Result<i64, Error> {
    let row = client.query_one(TOTAL, &[]).await?;
    Ok(row.get(0))
}
"#,
    );
    assert_snapshot!(seen.clients(), @"Sql tokio-postgres src/main.rs:6, no connect, no statement, keepalive 2 h");
    assert_snapshot!(seen.effects("visits::record"), @r"
    Insert visits src/visits.rs:8
    Increment visits src/visits.rs:7
    ");
    assert_snapshot!(seen.effects("visits::total"), @"Select visits src/visits.rs:14");
}

/// A statement speaks of more than one table: joined, in a sub-query, selected from, under a name of its own.
#[test]
fn further_tables_of_a_statement() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
sqlx = { version = "0.8", features = ["postgres"] }
//- src/main.rs
mod orders;
fn main() {}
//- src/orders.rs
use sqlx::PgPool;

pub async fn joined(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::query("SELECT o.id FROM orders o LEFT JOIN shop.customers c ON c.id = o.customer WHERE EXISTS (SELECT 1 FROM refunds)")
        .fetch_all(pool).await.map(drop)
}

pub async fn copied(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::query("WITH recent AS (SELECT id FROM orders) INSERT INTO archive (id) SELECT id FROM recent")
        .execute(pool).await.map(drop)
}
"#,
    );
    assert_snapshot!(seen.tables("orders::joined"), @"Select orders, Select customers, Select refunds");
    assert_snapshot!(seen.tables("orders::copied"), @"Insert archive, Select orders");
}

/// Statements put together: what is pushed after the first text, and columns set from their old values.
#[test]
fn statements_that_are_put_together() {
    let seen = Seen::of(
        r#"//- Cargo.toml
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
sqlx = { version = "0.8", features = ["postgres"] }
diesel = { version = "2", features = ["postgres"] }
sea-orm = "1"
//- src/main.rs
mod pushed;
mod counted;
mod stock;
fn main() {}
//- src/pushed.rs
use sqlx::{PgPool, Postgres, QueryBuilder};

pub async fn import(pool: &PgPool, orders: &[(i64, i64)]) -> sqlx::Result<()> {
    let mut query: QueryBuilder<Postgres> = QueryBuilder::new("INSERT INTO orders (id, total) ");
    query.push_values(orders, |mut row, order| {
        row.push_bind(order.0).push_bind(order.1);
    });
    query.build().execute(pool).await.map(drop)
}

pub async fn replace(pool: &PgPool, orders: &[(i64, i64)]) -> sqlx::Result<()> {
    let mut query = QueryBuilder::<Postgres>::new("INSERT INTO orders (id, total) ");
    query.push_values(orders, |mut row, order| {
        row.push_bind(order.0).push_bind(order.1);
    });
    query.push(" ON CONFLICT (id) DO UPDATE SET total = EXCLUDED.total");
    query.build().execute(pool).await.map(drop)
}

pub async fn pay(pool: &PgPool, id: i64, amount: i64) -> sqlx::Result<()> {
    let mut query = QueryBuilder::<Postgres>::new("UPDATE accounts SET balance = balance - ");
    query.push_bind(amount).push(" WHERE id = ").push_bind(id);
    query.build().execute(pool).await.map(drop)
}

pub async fn visit(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO visits (day, n) VALUES (now(), 1) ON CONFLICT (day) DO UPDATE SET n = visits.n + 1")
        .execute(pool).await.map(drop)
}
//- src/counted.rs
use diesel::prelude::*;

diesel::table! {
    accounts (id) {
        id -> BigInt,
        balance -> BigInt,
        version -> BigInt,
    }
}

pub fn book(connection: &mut PgConnection, id: i64, amount: i64) -> QueryResult<usize> {
    diesel::update(accounts::table.find(id))
        .set(accounts::balance.eq(accounts::balance + amount))
        .execute(connection)
}

pub fn book_once(connection: &mut PgConnection, id: i64, amount: i64, version: i64) -> QueryResult<usize> {
    diesel::update(accounts::table.find(id).filter(accounts::version.eq(version)))
        .set((accounts::balance.eq(accounts::balance + amount), accounts::version.eq(accounts::version + 1)))
        .execute(connection)
}

pub fn reset(connection: &mut PgConnection, id: i64) -> QueryResult<usize> {
    diesel::update(accounts::table.find(id)).set(accounts::balance.eq(0)).execute(connection)
}
//- src/stock.rs
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "stock")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub left: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

pub async fn take(db: &sea_orm::DatabaseConnection, id: i64) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Left, Expr::col(Column::Left).sub(1))
        .filter(Column::Id.eq(id))
        .exec(db).await.map(drop)
}
"#,
    );
    let tables = [
        "pushed::import",
        "pushed::replace",
        "pushed::pay",
        "pushed::visit",
        "counted::book",
        "counted::book_once",
        "counted::reset",
        "stock::take",
    ]
    .map(|function| format!("{function}: {}", seen.tables(function)));
    assert_snapshot!(tables.join("\n"), @"
    pushed::import: Insert orders
    pushed::replace: Upsert orders
    pushed::pay: Increment accounts
    pushed::visit: Increment visits
    counted::book: Increment accounts
    counted::book_once: Update accounts
    counted::reset: Update accounts
    stock::take: Increment stock
    ");
}
