//! The sample system: each flagship defect is reported where it is, and nothing where a person has mended it.

use crate::support;
use crate::support::{copy_of, findings, stdout, svclint, systems};
use serde_json::Value;

fn check(system: &str, args: &[&str]) -> Value {
    let mut all = vec!["check", "--format", "json", system];
    all.extend(args);
    serde_json::from_str(&stdout(&svclint(&systems(), &all))).expect("JSON")
}

#[test]
fn each_defect_is_reported_at_its_place() {
    insta::assert_snapshot!(findings(&check("shop", &[])).join("\n"), @"
    shop/compose.yaml:8 grace-shorter-than-drain
    shop/crates/gateway/src/clients/orders.rs:11 http-client-without-timeout
    shop/crates/gateway/src/clients/orders.rs:16 correlation-id-dropped-outbound
    shop/crates/gateway/src/clients/orders.rs:21 correlation-id-dropped-outbound
    shop/crates/gateway/src/clients/orders.rs:26 correlation-id-dropped-outbound
    shop/crates/gateway/src/main.rs:26 graceful-shutdown-ignores-sigterm
    shop/crates/inventory/src/main.rs:20 grpc-service-without-health-service
    shop/crates/inventory/src/main.rs:20 server-without-graceful-shutdown
    shop/crates/orders/src/handlers.rs:19 post-handler-without-idempotency-key
    shop/crates/orders/src/handlers.rs:30 put-handler-not-idempotent
    shop/crates/orders/src/main.rs:26 unversioned-api
    shop/crates/orders/src/main.rs:34 server-without-graceful-shutdown
    shop/crates/orders/src/payments.rs:13 http-client-without-timeout
    shop/crates/orders/src/payments.rs:19 correlation-id-dropped-outbound
    shop/crates/payments/src/api.rs:35 post-handler-without-idempotency-key
    shop/crates/payments/src/main.rs:18 http-service-without-health-route
    shop/crates/payments/src/main.rs:18 unversioned-api
    shop/deploy/k8s/gateway.yaml:14 container-resources-unset
    shop/deploy/k8s/gateway.yaml:23 probe-route-missing
    shop/deploy/k8s/inventory.yaml:14 container-resources-unset
    shop/deploy/k8s/inventory.yaml:17 port-mismatch
    shop/deploy/k8s/orders.yaml:14 container-resources-unset
    shop/deploy/k8s/orders.yaml:14 env-var-not-provided
    shop/deploy/k8s/orders.yaml:20 liveness-as-fast-as-readiness
    shop/deploy/k8s/payments.yaml:14 container-resources-unset
    shop/deploy/k8s/payments.yaml:14 pod-without-readiness-probe
    shop/deploy/k8s/payments.yaml:23 secret-key-missing
    ");
}

#[test]
fn the_mended_system_is_quiet() {
    let output = svclint(&systems(), &["check", "shop-mended"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).contains("no findings"));
}

#[test]
fn unsafe_fixes_mend_what_they_can_and_come_to_rest() {
    let dir = copy_of("shop");
    let first = svclint(dir.path(), &["check", "--unsafe-fixes"]);
    assert!(
        String::from_utf8_lossy(&first.stderr).contains("12 fixes applied"),
        "{}",
        support::stderr(&first)
    );
    let left: Value =
        serde_json::from_str(&stdout(&svclint(dir.path(), &["check", "--format", "json"]))).expect("JSON");
    let left = findings(&left);
    assert!(
        !left.iter().any(|f| f.contains("timeout")
            || f.contains("probe-route-missing")
            || f.contains("port-mismatch")
            || f.contains("secret-key-missing")
            || f.contains("http-service-without-health")
            || f.contains("shutdown")),
        "{left:?}"
    );
    let again = svclint(dir.path(), &["check", "--unsafe-fixes", "--diff"]);
    assert_eq!(stdout(&again), "", "a second time changes nothing");
}

#[test]
fn a_diff_changes_nothing_on_disk() {
    let dir = copy_of("shop");
    let diff = stdout(&svclint(dir.path(), &["check", "--unsafe-fixes", "--diff"]));
    assert!(
        diff.contains("--- a/crates/orders/src/payments.rs\n+++ b/crates/orders/src/payments.rs\n@@ "),
        "{diff}"
    );
    assert!(diff.contains("+use std::time::Duration;"), "{diff}");
    let before =
        std::fs::read_to_string(systems().join("shop/crates/orders/src/payments.rs")).expect("readable");
    assert_eq!(
        std::fs::read_to_string(dir.path().join("crates/orders/src/payments.rs")).expect("readable"),
        before
    );
}

#[test]
fn inspect_shows_what_is_there() {
    let seen: Value =
        serde_json::from_str(&stdout(&svclint(&systems(), &["inspect", "shop", "--format", "json"])))
            .expect("JSON");
    assert_eq!(seen["version"], 1);
    let services: Vec<&str> =
        seen["services"].as_array().expect("a list").iter().filter_map(|s| s["name"].as_str()).collect();
    assert_eq!(services, ["gateway", "inventory", "orders", "payments"]);
    let coverage = &seen["coverage"];
    for part in ["paths", "method_calls", "routes", "clients"] {
        assert!(coverage[part]["known"].as_u64() > Some(0), "{part}: {coverage}");
    }
    insta::assert_snapshot!(stdout(&svclint(&systems(), &["inspect", "shop"])), @r#"
    gateway
      listens    HTTP · axum · ${GATEWAY_ADDR:-0.0.0.0:8080} · ends gracefully  shop/crates/gateway/src/main.rs:21
        GET      /api/v1/orders         list_orders · behind SetRequestIdLayer, TraceLayer, PropagateRequestIdLayer · calls HTTP  shop/crates/gateway/src/handlers.rs:12
        POST     /api/v1/orders         create_order · behind SetRequestIdLayer, TraceLayer, PropagateRequestIdLayer · calls HTTP  shop/crates/gateway/src/handlers.rs:23
        GET      /api/v1/orders/{id}    get_order · behind SetRequestIdLayer, TraceLayer, PropagateRequestIdLayer · calls HTTP  shop/crates/gateway/src/handlers.rs:16
        GET      /api/v1/payments/{id}  get_payment · behind SetRequestIdLayer, TraceLayer, PropagateRequestIdLayer · calls HTTP within a limit  shop/crates/gateway/src/handlers.rs:31
        GET      /healthz               healthz · behind SetRequestIdLayer, TraceLayer, PropagateRequestIdLayer  shop/crates/gateway/src/handlers.rs:41
      calls      reqwest · no total limit, no connect limit, no read-idle limit, pool-idle 90 s, keep-alive 15 s · 3 requests  shop/crates/gateway/src/clients/orders.rs:11
      calls      reqwest · no total limit, no connect limit, no read-idle limit, pool-idle 90 s, keep-alive 15 s · 1 request  shop/crates/gateway/src/clients/payments.rs:16
      reads      GATEWAY_ADDR · else "0.0.0.0:8080"  shop/crates/gateway/src/config.rs:10
      reads      ORDERS_URL  shop/crates/gateway/src/config.rs:11
      reads      PAYMENTS_URL  shop/crates/gateway/src/config.rs:12

    inventory
      listens    gRPC · tonic · ${INVENTORY_ADDR:-0.0.0.0:50051} · no graceful end  shop/crates/inventory/src/main.rs:20
        RPC      /shop.inventory.v1.InventoryService/GetStock  get_stock  shop/crates/inventory/src/service.rs:19
        RPC      /shop.inventory.v1.InventoryService/Reserve   reserve  shop/crates/inventory/src/service.rs:28
      reads      INVENTORY_ADDR · else "0.0.0.0:50051"  shop/crates/inventory/src/main.rs:15

    orders
      listens    HTTP · axum · 0.0.0.0:8081 · no graceful end  shop/crates/orders/src/main.rs:34
        GET      /orders             list · select  shop/crates/orders/src/handlers.rs:11
        POST     /orders             create · calls HTTP, insert  shop/crates/orders/src/handlers.rs:19
        GET      /orders/{id}        show · select  shop/crates/orders/src/handlers.rs:15
        PUT      /orders/{id}/items  put_item · insert  shop/crates/orders/src/handlers.rs:30
        GET      /healthz            (closure)  shop/crates/orders/src/main.rs:30
      calls      reqwest · no total limit, no connect limit, no read-idle limit, pool-idle 90 s, keep-alive 15 s · 1 request  shop/crates/orders/src/payments.rs:13
      store      sqlx · pool-acquire 30 s, pool-size 10, pool-idle 10 min, lifetime 30 min, no statement limit  shop/crates/orders/src/main.rs:22
      table      order_items · insert
      table      orders · select, insert
      reads      DATABASE_URL  shop/crates/orders/src/main.rs:22
      reads      PAYMENTS_URL  shop/crates/orders/src/main.rs:23

    payments
      listens    HTTP · actix-web · 0.0.0.0:8082 · ends gracefully  shop/crates/payments/src/main.rs:20
        POST     /payments              create · calls HTTP within a limit, insert  shop/crates/payments/src/api.rs:35
        GET      /payments              list · select  shop/crates/payments/src/api.rs:52
        GET      /payments/{id}         show · select  shop/crates/payments/src/api.rs:57
        POST     /payments/{id}/refund  refund · calls HTTP within a limit, select  shop/crates/payments/src/api.rs:64
      calls      reqwest · total 5 s, connect 1 s, no read-idle limit, pool-idle 90 s, keep-alive 15 s · 2 requests  shop/crates/payments/src/psp.rs:19
      store      sqlx · pool-acquire 30 s, pool-size 10, pool-idle 10 min, lifetime 30 min, no statement limit  shop/crates/payments/src/main.rs:14
      table      payments · select, insert
      reads      DATABASE_URL  shop/crates/payments/src/main.rs:14
      reads      PSP_URL  shop/crates/payments/src/main.rs:16

    workloads
      compose/postgres      postgres:16  shop/compose.yaml:2
      compose/inventory     runs inventory  shop/compose.yaml:6
      compose/payments      runs payments  shop/compose.yaml:8
      compose/orders        runs orders  shop/compose.yaml:14
      compose/gateway       runs gateway · port 8080  shop/compose.yaml:20
      Deployment/gateway    runs gateway · port 8080 · liveness GET :8080/healthz · readiness GET :8080/readyz  shop/deploy/k8s/gateway.yaml:4
      Deployment/inventory  runs inventory · port 50052  shop/deploy/k8s/inventory.yaml:4
      Deployment/orders     runs orders · port 8081 · liveness GET :8081/healthz · readiness GET :8081/healthz  shop/deploy/k8s/orders.yaml:4
      Deployment/payments   runs payments · port 8082  shop/deploy/k8s/payments.yaml:4
      1 containers run no program that is known here

    seen: paths 100 % of 327 · receivers 100 % of 158 · those that matter 100 % of 73 · routes 100 % of 16 · clients 100 % of 6
    "#);
}
