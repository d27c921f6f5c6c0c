mod api;
mod psp;
mod store;

use actix_web::{web, App, HttpServer};
use sqlx::PgPool;

use crate::psp::Psp;
use crate::store::PaymentStore;

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().init();
    let pool = PgPool::connect(&std::env::var("DATABASE_URL")?).await?;
    let store = web::Data::new(PaymentStore::new(pool));
    let psp = web::Data::new(Psp::new(std::env::var("PSP_URL")?)?);

    HttpServer::new(move || App::new().app_data(store.clone()).app_data(psp.clone()).configure(api::routes))
        .bind(("0.0.0.0", 8082))?
        .run()
        .await?;
    Ok(())
}
