//! Logs, metrics, traces.

mod alert_rule_incomplete;
mod correlation_id_dropped_outbound;
mod inbound;
mod manifest;
mod metric_label_unbounded;
mod otel_propagator_not_set;
mod otel_version_split;
mod request_id_layers_misordered;
mod reqwest_tracing_without_otel_feature;
mod scrape_target_mismatch;
mod scraped;
mod secret_recorded_in_telemetry;
mod service_without_correlation;
mod span_guard_held_across_await;
mod spawned_task_drops_span;
mod trace_context_ignored;

super::category![
    alert_rule_incomplete,
    correlation_id_dropped_outbound,
    metric_label_unbounded,
    otel_propagator_not_set,
    otel_version_split,
    request_id_layers_misordered,
    reqwest_tracing_without_otel_feature,
    scrape_target_mismatch,
    secret_recorded_in_telemetry,
    service_without_correlation,
    span_guard_held_across_await,
    spawned_task_drops_span,
    trace_context_ignored,
];
