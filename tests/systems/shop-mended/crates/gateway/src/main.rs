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
    if let Err(error) = asked_to_end().await {
        tracing::error!(%error, "no signal handler");
    }
}

async fn asked_to_end() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt,
        _ = terminate.recv() => Ok(()),
    }
}
