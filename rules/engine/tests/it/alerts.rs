//! Alerts: rule files of Prometheus and what the rule on them says.

use crate::support;
use crate::support::{assert_markers, check, found, mended};

const INCOMPLETE: &str = "alert-rule-incomplete";

#[test]
fn alerts_that_say_too_little_are_reported() {
    assert_markers(
        r#"
//- monitoring/orders.rules.yml
groups:
  - name: orders
    rules:
      - alert: OrdersDown # error: [alert-rule-incomplete]
        expr: up{job="orders"} == 0
      - alert: SlowOrders # error: [alert-rule-incomplete]
        expr: histogram_quantile(0.95, sum(rate(request_seconds_bucket[5m])) by (le)) > 2
        labels: { severity: warning }
        annotations: { summary: "Orders take {{ $value }} seconds" }
      - alert: FullQueue # error: [alert-rule-incomplete]
        expr: queue_length > 1000
        for: 5m
        labels:
          team: orders
        annotations:
          description: The queue of {{ $labels.shop }} grows.
      - alert: NoWords # error: [alert-rule-incomplete]
        expr: queue_length > 1000
        for: 5m
        labels:
          severity: warning
        annotations: {}
"#,
    );
}

#[test]
fn objects_and_charts_hold_the_same_rules() {
    assert_markers(
        r#"
//- deploy/orders-alerts.yaml
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: { name: orders }
spec:
  groups:
    - name: orders
      rules:
        - alert: OrdersDown # error: [alert-rule-incomplete]
          expr: up{job="orders"} == 0
          for: 2m
          labels: { severity: critical }
//- chart/Chart.yaml
apiVersion: v2
name: shop
version: 0.1.0
//- chart/values.yaml
alerts:
  down: 5m
//- chart/templates/alerts.yaml
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: {{ .Release.Name }}
spec:
  groups:
    - name: {{ .Release.Name }}
      rules:
        - alert: ShopDown # error: [alert-rule-incomplete]
          expr: up{job="shop"} == 0
          for: {{ .Values.alerts.down }}
          annotations:
            summary: "{{ "{{" }} $labels.instance {{ "}}" }} is down"
        - alert: LabelsOfTheChart
          expr: up{job="shop"} == 0
          for: 5m
          labels:
            {{- toYaml .Values.labels | nindent 12 }}
          annotations:
            {{- include "shop.annotations" . | nindent 12 }}
        - alert: HoldOfTheChart
          expr: up{job="shop"} == 0
          {{- with .Values.hold }}
          for: {{ . }}
          {{- end }}
          labels: { severity: critical }
          annotations: { summary: Down }
        - alert: {{ .Values.name }}
          expr: {{ .Values.expr }}
"#,
    );
}

#[test]
fn what_says_enough_in_its_own_words_is_left_alone() {
    assert_markers(
        r#"
//- monitoring/orders.rules.yaml
groups:
  - name: heartbeats
    rules:
      - alert: Watchdog
        expr: vector(1)
      - alert: DeadMansSwitch
        expr: up
      - alert: AlwaysOn
        expr: |
          vector( 1 )
      - alert: Inhibitor
        expr: ALERTS{severity="info"} == 1
        labels: { severity: none }
  - name: of-time
    rules:
      - alert: CertificateExpires
        expr: client_certificate_expiration_seconds < 604800
        labels: { severity: warning }
        annotations: { summary: The certificate must be renewed }
  - name: recorded
    rules:
      - record: job:requests:rate5m
        expr: sum by (job) (rate(requests_total[5m]))
  - name: other-words
    rules:
      # A single order that is lost is one too many.
      - alert: OrderLost
        expr: increase(orders_lost_total[10m]) > 0
        labels: { priority: P1 }
        annotations: { message: An order was lost }
      - alert: Immediate
        expr: up{job="orders"} == 0
        for: 0m
        labels: { severity: critical }
        annotations:
          description: |
            {{ $labels.instance }} is down
            {{ $value }}
  - name: severity-of-the-group
    labels: { severity: warning }
    rules:
      - alert: OrdersDown
        expr: up{job="orders"} == 0
        for: 5m
        annotations: { runbook_url: "https://example.com/runbooks/orders-down" }
//- tests/orders.rules.yaml
groups:
  - name: of-a-test
    rules:
      - alert: OrdersDown
        expr: up == 0
//- monitoring/orders.test.yaml
rule_files: [orders.rules.yaml]
tests:
  - interval: 1m
    alert_rule_test:
      - alertname: OrdersDown
//- grafana/rules.yaml
apiVersion: 1
groups:
  - name: of-grafana
    rules:
      - uid: orders
        title: OrdersDown
"#,
    );
}

#[test]
fn the_fix_adds_what_is_missing_where_it_belongs() {
    let text = r#"//- monitoring/orders.rules.yaml
groups:
- name: orders
  rules:
  # Nobody can order.
  - alert: OrdersDown
    expr: |
      up{job="orders"}
        == 0
    labels: # of the team
      team: "orders"   # they know

  - record: job:up
    expr: sum(up)
"#;
    let mended = mended(text, INCOMPLETE);
    insta::assert_snapshot!(mended.split("//- monitoring").nth(1).unwrap(), @r#"
    /orders.rules.yaml
    groups:
    - name: orders
      rules:
      # Nobody can order.
      - alert: OrdersDown
        expr: |
          up{job="orders"}
            == 0
        for: 5m
        labels: # of the team
          team: "orders"   # they know
          severity: warning
        annotations:
          summary: "TODO: what OrdersDown means, and what to do"

      - record: job:up
        expr: sum(up)
    "#);
    assert!(!found(&check(&mended)).iter().any(|f| f.contains(INCOMPLETE)));

    let bare =
        "//- a.rules.yaml\ngroups:\n  - name: a\n    rules:\n      - alert: A\n        expr: up == 0\n";
    let mended = support::mended(bare, INCOMPLETE);
    insta::assert_snapshot!(mended.split("//- a").nth(1).unwrap(), @r#"
    .rules.yaml
    groups:
      - name: a
        rules:
          - alert: A
            expr: up == 0
            for: 5m
            labels:
              severity: warning
            annotations:
              summary: "TODO: what A means, and what to do"
    "#);
    assert!(!found(&check(&mended)).iter().any(|f| f.contains(INCOMPLETE)));
}

#[test]
fn a_key_without_anything_gets_what_it_needs() {
    let text = "//- a.rules.yaml\ngroups:\n  - name: a\n    rules:\n      - alert: A\n        annotations:\n        labels: # of all\n        expr: up == 0\n        for: 1m\n";
    let mended = mended(text, INCOMPLETE);
    insta::assert_snapshot!(mended.split("//- a").nth(1).unwrap(), @r#"
    .rules.yaml
    groups:
      - name: a
        rules:
          - alert: A
            annotations:
              summary: "TODO: what A means, and what to do"
            labels: # of all
              severity: warning
            expr: up == 0
            for: 1m
    "#);
    assert!(!found(&check(&mended)).iter().any(|f| f.contains(INCOMPLETE)));
}

#[test]
fn a_fix_that_cannot_add_all_of_it_is_not_offered() {
    let text = "//- a.rules.yaml\ngroups: [{ name: a, rules: [{ alert: A, expr: up == 0 }] }]\n";
    let report = check(text);
    let finding = report.findings.iter().find(|f| f.finding.rule.id == INCOMPLETE).expect("reported");
    assert!(finding.finding.fixes.is_empty());
}
