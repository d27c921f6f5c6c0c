//! What kustomizations put together: how many, where, and what their generators hold.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::disallowed_methods)]

mod support;

use support::{check, found};
use svclint_model::Tri;

const BASE: &str = "//- base/kustomization.yaml
resources: [shop.yaml]
//- base/shop.yaml
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop }
spec:
  replicas: 1
  template:
    metadata: { labels: { app: shop } }
    spec:
      securityContext: { runAsUser: 10001 }
      containers:
        - name: shop
          image: registry/shop:1.4.0
          resources: { requests: { cpu: 1 }, limits: { memory: 1Gi } }
          env:
            - name: LEVEL
              valueFrom: { configMapKeyRef: { name: shop, key: LEVEL } }
";

#[test]
fn overlays_say_how_many_there_are_and_where() {
    let overlay = "//- prod/kustomization.yaml
resources: [../base]
namespace: sales
replicas: [{ name: shop, count: 4 }, { name: other, count: 9 }]
";
    let report = check(&format!("{BASE}{overlay}"));
    let [workload] = report.model.manifests.workloads.as_slice() else { panic!("one environment") };
    assert!(matches!(&workload.replicas, Tri::Present(count) if count.value == 4));
    assert_eq!(workload.namespace, Tri::Present("sales".to_owned()));
}

#[test]
fn generators_hold_what_their_files_hold() {
    let overlay = |variables: &str| {
        format!(
            "{BASE}//- prod/kustomization.yaml
resources: [../base]
configMapGenerator:
  - name: shop
    envs: [shop.env]
{variables}"
        )
    };
    assert_eq!(found(&check(&overlay("//- prod/shop.env\nLEVEL=info\n"))), Vec::<String>::new());
    assert_eq!(
        found(&check(&overlay("//- prod/shop.env\nLEVELS=info\n"))),
        ["base/shop.yaml:16 secret-key-missing"]
    );
    // A file that is not here may hold anything.
    assert_eq!(found(&check(&overlay(""))), Vec::<String>::new());
}

/// Each environment has its own Service of a name: an Ingress means the one beside it.
#[test]
fn ingresses_mean_the_service_beside_them() {
    let environment = |name: &str, own: u16, asked: u16| {
        format!(
            "//- {name}/all.yaml
apiVersion: v1
kind: Service
metadata: {{ name: shop }}
spec: {{ ports: [{{ port: {own} }}] }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{ name: shop }}
spec:
  rules:
    - http:
        paths:
          - path: /
            backend: {{ service: {{ name: shop, port: {{ number: {asked} }} }} }}
"
        )
    };
    let both = environment("a", 80, 80) + &environment("b", 81, 81);
    assert_eq!(found(&check(&both)), Vec::<String>::new());
    let wrong = environment("a", 80, 80) + &environment("b", 81, 80);
    assert_eq!(found(&check(&wrong)), ["b/all.yaml:14 service-targets-nothing"]);
}
