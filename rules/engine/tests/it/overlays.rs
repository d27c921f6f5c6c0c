//! What kustomizations put together: how many, where, and what their generators hold.

use crate::support::{check, found};
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
    // Kustomize looks for a file of this name too.
    let named = overlay.replace("kustomization.yaml", "Kustomization");
    let report = check(&format!("{BASE}{named}"));
    let [workload] = report.model.manifests.workloads.as_slice() else { panic!("one environment") };
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

const NAMED: &str = "//- base/kustomization.yaml
resources: [shop.yaml]
//- base/shop.yaml
apiVersion: v1
kind: ConfigMap
metadata: { name: shop-settings }
data: { LEVEL: info }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop }
spec:
  replicas: 2
  template:
    metadata: { labels: { app: shop } }
    spec:
      securityContext: { runAsUser: 10001 }
      containers:
        - name: shop
          image: registry/shop:1.4.0
          resources: { requests: { cpu: 1, memory: 1Gi }, limits: { memory: 1Gi } }
          ports: [{ containerPort: 8080 }]
          readinessProbe: { tcpSocket: { port: 8080 } }
          env:
            - name: LEVEL
              valueFrom: { configMapKeyRef: { name: shop-settings, key: LEVEL } }
---
apiVersion: v1
kind: Service
metadata: { name: shop }
spec:
  selector: { app: shop }
  ports: [{ port: 80, targetPort: 8080 }]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: shop }
spec:
  rules:
    - http: { paths: [{ path: /, backend: { service: { name: shop, port: { number: 80 } } } }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop }
spec: { rules: [{ backendRefs: [{ name: shop, port: 80 }] }] }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: shop }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: shop }
  minReplicas: 2
";

/// An overlay that gives names of its own changes the names of what others mean, too.
#[test]
fn names_of_others_follow_a_prefix_and_a_suffix() {
    let overlay = "//- prod/kustomization.yaml\nresources: [../base]\nnamePrefix: prod-\nnameSuffix: -v1\n";
    let report = check(&format!("{NAMED}{overlay}"));
    assert_eq!(found(&report), Vec::<String>::new());
    let manifests = &report.model.manifests;
    let [workload] = manifests.workloads.as_slice() else { panic!("one environment") };
    assert_eq!((workload.name.as_str(), workload.title().as_str()), ("prod-shop-v1", "Deployment/shop"));
    let used = workload.containers[0].env[0].from.as_ref().expect("a reference");
    let config = report.model.config_of(workload, used).expect("the config map under its new name");
    assert_eq!(config.name, "prod-shop-settings-v1");
    assert_eq!(manifests.services[0].name, "prod-shop-v1");
    for ingress in &manifests.ingresses {
        let backend = ingress.backends[0].service.present().expect("a service");
        assert_eq!(backend.value, "prod-shop-v1", "{}", ingress.kind);
    }
    let target = Tri::Present(("Deployment".to_owned(), "prod-shop-v1".to_owned()));
    assert_eq!(manifests.autoscalers[0].target, target);
}

/// What is wrong in the base is wrong once, whatever its overlays call the objects.
#[test]
fn overlays_with_names_of_their_own_share_their_findings() {
    let base = NAMED.replace("          readinessProbe: { tcpSocket: { port: 8080 } }\n", "");
    let overlay =
        |name: &str| format!("//- {name}/kustomization.yaml\nresources: [../base]\nnamePrefix: {name}-\n");
    let report = check(&format!("{base}{}{}", overlay("dev"), overlay("prod")));
    assert_eq!(found(&report), ["base/shop.yaml:16 pod-without-readiness-probe"]);
}

/// What an overlay adds may call the objects of the layers below by any of their names.
#[test]
fn layers_above_mean_objects_by_the_names_below() {
    let ingress = |service: &str| {
        format!(
            "//- mid/kustomization.yaml
resources: [../base]
namePrefix: a-
//- prod/kustomization.yaml
resources: [../mid, more.yaml]
patches:
  - patch: |
      apiVersion: apps/v1
      kind: Deployment
      metadata: {{ name: shop }}
      spec: {{ replicas: 5 }}
replicas: [{{ name: a-shop, count: 7 }}]
//- prod/more.yaml
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{ name: more }}
spec: {{ defaultBackend: {{ service: {{ name: {service}, port: {{ number: 80 }} }} }} }}
"
        )
    };
    let report = check(&format!("{NAMED}{}", ingress("shop")));
    assert_eq!(found(&report), Vec::<String>::new());
    let [workload] = report.model.manifests.workloads.as_slice() else { panic!("one environment") };
    assert_eq!(workload.name, "a-shop");
    assert!(matches!(&workload.replicas, Tri::Present(count) if count.value == 7));
    let wrong = check(&format!("{NAMED}{}", ingress("shops")));
    assert_eq!(found(&wrong), ["prod/more.yaml:4 service-targets-nothing"]);
    // What is offered is the name as it is written, to which the overlay gives its prefix.
    assert_eq!(wrong.findings[0].finding.fixes[0].title, "Lead to `shop`");
}

/// Whether names in objects of other kinds follow is said by schemas that are not read: nothing is known of them then.
#[test]
fn names_in_objects_of_other_kinds_are_not_known() {
    let route = "//- prod/kustomization.yaml
resources: [../base, route.yaml]
namePrefix: prod-
//- prod/route.yaml
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: { name: calls }
spec: { rules: [{ backendRefs: [{ name: shop, port: 80 }] }] }
";
    let report = check(&format!("{NAMED}{route}"));
    assert_eq!(found(&report), Vec::<String>::new());
    let calls = report.model.manifests.ingresses.iter().find(|i| i.kind == "GRPCRoute").expect("the route");
    assert!(calls.backends[0].service.is_unknown());
}

const SELECTING: &str = "//- base/kustomization.yaml
resources: [shop.yaml, service.yaml]
//- base/service.yaml
apiVersion: v1
kind: Service
metadata: { name: shop }
spec:
  selector: { app: shop, tier: web }
  ports: [{ port: 80 }]
";

/// Labels of a kustomization reach pods and selectors only where it says so.
#[test]
fn labels_reach_pods_and_selectors_as_asked_for() {
    let with = |labels: &str| {
        let shop = &NAMED[NAMED.find("//- base/shop.yaml").unwrap()
            ..NAMED.find("---\napiVersion: v1\nkind: Service").unwrap()];
        let overlay = format!("//- prod/kustomization.yaml\nresources: [../base]\n{labels}");
        check(&format!("{SELECTING}{shop}{overlay}"))
    };
    let missed = ["base/service.yaml:5 service-targets-nothing"];
    assert_eq!(found(&with("")), missed);
    assert_eq!(found(&with("labels: [{ pairs: { tier: web } }]\n")), missed);
    for labels in [
        "labels: [{ pairs: { tier: web }, includeTemplates: true }]\n",
        "labels: [{ pairs: { tier: web }, includeSelectors: true }]\n",
        "labels: [{ pairs: { tier: web }, fields: [{ path: spec/template/metadata/labels, create: true }] }]\n",
        "commonLabels: { tier: web }\n",
    ] {
        assert_eq!(found(&with(labels)), Vec::<String>::new(), "{labels}");
    }
    let report = with("commonLabels: { of: sales }\ncommonAnnotations: { prometheus.io/scrape: 'true' }\n");
    let [workload] = report.model.manifests.workloads.as_slice() else { panic!("one environment") };
    let sales = Some(Some("sales".to_owned()));
    assert_eq!(workload.labels.all.get("of").cloned(), sales);
    assert_eq!(workload.annotations.all.get("prometheus.io/scrape").cloned(), Some(Some("true".to_owned())));
    let service = &report.model.manifests.services[0];
    assert_eq!(service.labels.all.get("of").cloned(), sales);
    assert_eq!(service.selector.present().expect("selected").all.get("of").cloned(), sales);
}

/// A component works on the objects of those who name it; a patch may take objects away, and is for those that it selects.
#[test]
fn components_and_selectors_decide_which_objects_are_patched() {
    let component = |target: &str| {
        format!(
            "{BASE}//- extra/kustomization.yaml
kind: Component
patches:
  - target: {target}
    patch: |
      - {{ op: replace, path: /spec/replicas, value: 6 }}
//- prod/kustomization.yaml
resources: [../base]
components: [../extra]
labels: [{{ pairs: {{ team: sales }} }}]
"
        )
    };
    let count = |target: &str| {
        let report = check(&component(target));
        let [workload] = report.model.manifests.workloads.as_slice() else { panic!("one environment") };
        workload.replicas.clone()
    };
    let is = |target: &str, number: i64| {
        assert!(matches!(count(target), Tri::Present(n) if n.value == number), "{target}");
    };
    is("{ kind: Deployment }", 6);
    is("{ kind: Deployment, name: sh.* }", 6);
    is("{ kind: Deployment, name: cart|shop }", 6);
    is("{ kind: StatefulSet }", 1);
    is("{ kind: Deployment, name: sho }", 1);
    is("{ kind: Deployment, labelSelector: team=other }", 1);
    // Which names a harder expression means is not followed.
    assert!(count("{ kind: Deployment, name: 's[h]op' }").is_unknown());

    let gone = "//- prod/kustomization.yaml
resources: [../base]
patches:
  - patch: |
      $patch: delete
      apiVersion: apps/v1
      kind: Deployment
      metadata: { name: shop }
";
    assert!(check(&format!("{BASE}{gone}")).model.manifests.workloads.is_empty());
}

/// An overlay's generator adds to what the base's one holds.
#[test]
fn generators_add_to_those_of_the_layer_below() {
    let overlay = |behavior: &str| {
        let base = BASE.replace(
            "resources: [shop.yaml]\n",
            "resources: [shop.yaml]\nconfigMapGenerator:\n  - name: shop\n    literals: [LEVEL=info]\n",
        );
        format!(
            "{base}//- prod/kustomization.yaml
resources: [../base]
configMapGenerator:
  - name: shop
    behavior: {behavior}
    literals: [MODE=fast]
"
        )
    };
    assert_eq!(found(&check(&overlay("merge"))), Vec::<String>::new());
    assert_eq!(found(&check(&overlay("replace"))), ["base/shop.yaml:16 secret-key-missing"]);
}

/// Values of one object that are put into another one.
#[test]
fn replacements_put_values_of_objects_into_others() {
    let replaced = |options: &str| {
        let overlay = format!(
            "//- prod/kustomization.yaml
resources: [../base, settings.yaml]
replacements:
  - source: {{ kind: ConfigMap, name: settings, fieldPath: data.image }}
    targets:
      - select: {{ kind: Deployment, name: shop }}
        fieldPaths: ['spec.template.spec.containers.[name=shop].image']
{options}//- prod/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {{ name: settings }}
data: {{ image: registry/shop:2.0.0 }}
"
        );
        let report = check(&format!("{BASE}{overlay}"));
        let [workload] = report.model.manifests.workloads.as_slice() else { panic!("one environment") };
        workload.containers[0].image.clone()
    };
    assert!(matches!(replaced(""), Tri::Present(image) if image.value == "registry/shop:2.0.0"));
    assert!(replaced("        options: { delimiter: ':', index: 1 }\n").is_unknown());
}
