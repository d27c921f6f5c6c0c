mod clients;
mod config;
mod error;
mod handlers;
mod routes;
mod state;

use std::sync::Arc;

use config::Config;
use state::AppState;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().init();
    let config = Config::from_env()?;
    let state = Arc::new(AppState::new(&config)?);
    let listener = TcpListener::bind(&config.address).await?;
    tracing::info!(address = %config.address, "gateway listens");
    axum::serve(listener, routes::router(state)).with_graceful_shutdown(shutdown()).await?;
    Ok(())
}

async fn shutdown() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::error!(%error, "no signal handler");
    }
}
