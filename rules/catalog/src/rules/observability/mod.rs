//! Logs, metrics, traces.

mod correlation_id_dropped_outbound;
mod scrape_target_mismatch;

super::category![correlation_id_dropped_outbound, scrape_target_mismatch];
