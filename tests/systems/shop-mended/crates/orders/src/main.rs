mod error;
mod handlers;
mod payments;
mod repo;
mod service;

use axum::routing::{get, put};
use axum::Router;
use repo::OrderRepo;
use service::OrderService;
use sqlx::postgres::PgPoolOptions;
use tokio::net::TcpListener;

#[derive(Clone)]
pub struct AppState {
    pub orders: OrderService,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().init();
    let pool = PgPoolOptions::new().max_connections(10).connect(&std::env::var("DATABASE_URL")?).await?;
    let payments = payments::PaymentsClient::new(std::env::var("PAYMENTS_URL")?)?;
    let state = AppState { orders: OrderService::new(OrderRepo::new(pool), payments) };

    let api = Router::new()
        .route("/orders", get(handlers::list).post(handlers::create))
        .route("/orders/{id}", get(handlers::show))
        .route("/orders/{id}/items", put(handlers::put_item));
    let app = Router::new().nest("/v1", api).route("/healthz", get(|| async { "ok" })).with_state(state);

    let listener = TcpListener::bind("0.0.0.0:8081").await?;
    axum::serve(listener, app).with_graceful_shutdown(shutdown_signal()).await?;
    Ok(())
}

/// Completes when the process is asked to end: SIGTERM from an orchestrator, Ctrl-C from a person.
async fn shutdown_signal() {
    let interrupt = async {
        tokio::signal::ctrl_c().await.expect("Ctrl-C can be waited for");
    };
    #[cfg(unix)]
    let terminate = async {
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
            .expect("SIGTERM can be waited for")
            .recv()
            .await;
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
