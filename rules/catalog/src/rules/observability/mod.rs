//! Logs, metrics, traces.

super::category![correlation_id_dropped_outbound, scrape_target_mismatch];
