//! Workloads, and what stands around them: which Services, scalers and budgets speak of them.

use crate::support::{check_rule, found, mended};

/// Where a rule finds something.
fn at(text: &str, rule: &str) -> Vec<String> {
    let all = found(&check_rule(text, rule));
    all.iter().filter_map(|f| Some(f.strip_suffix(rule)?.trim_end().to_owned())).collect()
}

/// A Deployment with labels of its pods, and lines for its `spec`, pod and container.
fn deployment(name: &str, labels: &str, spec: &str, pod: &str, container: &str) -> String {
    let lines = |text: &str, indent: usize| -> String {
        text.lines().map(|line| format!("{}{line}\n", " ".repeat(indent))).collect()
    };
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: {name} }}\nspec:\n{}  template:\n    metadata: {{ labels: {labels} }}\n    \
         spec:\n{}      containers:\n        - name: {name}\n          image: registry/{name}:1.4.0\n{}---\n",
        lines(spec, 2),
        lines(pod, 6),
        lines(container, 10),
    )
}

fn plain(name: &str) -> String {
    deployment(name, &format!("{{ app: {name} }}"), "", "", "")
}

fn service(name: &str, selector: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{ name: {name} }}\nspec: {{ selector: {selector}, ports: [{{ port: 80 }}] }}\n---\n"
    )
}

fn deploy(parts: &[String]) -> String {
    format!("//- deploy/all.yaml\n{}", parts.concat())
}

const TARGETS: &str = "service-targets-nothing";

#[test]
fn services_without_pods_are_reported_where_their_pods_are_here_and_called_otherwise() {
    // A slip of the hand; the workload of the same name, which nothing leads to; with a label too many.
    for selector in ["{ app: ordres }", "{ name: orders }", "{ app: orders, tier: backend }"] {
        let all = deploy(&[plain("orders"), service("orders", selector)]);
        assert_eq!(at(&all, TARGETS), ["deploy/all.yaml:15"], "{selector}");
    }
    assert!(
        mended(&deploy(&[plain("orders"), service("orders", "{ app: ordres }")]), TARGETS)
            .contains("app: orders, ports")
            || mended(&deploy(&[plain("orders"), service("orders", "{ app: ordres }")]), TARGETS)
                .contains("selector: { app: orders }")
    );
}

#[test]
fn services_of_pods_that_are_made_elsewhere_are_not_reported() {
    let others = [
        // Of another release, or of the cluster.
        service("redis", "{ app.kubernetes.io/name: redis }"),
        service("kube-scheduler", "{ component: kube-scheduler }"),
        // One pod of a StatefulSet, by the label that its controller puts on it.
        service("shop-0", "{ statefulset.kubernetes.io/pod-name: shop-0 }"),
        // Part of the same product, but another component.
        service("alerts", "{ app: alerts, part-of: shop }"),
    ];
    for other in others {
        let shop = deployment("shop", "{ app: shop, part-of: shop }", "", "", "");
        assert_eq!(
            at(&deploy(&[shop, service("shop", "{ app: shop }"), other.clone()]), TARGETS),
            Vec::<String>::new(),
            "{other}"
        );
    }
}

/// An operator may make the pods that bear the name of its object.
#[test]
fn services_of_what_an_operator_runs_are_not_reported() {
    let cluster = "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: { name: orders }\nspec: { instances: 3 }\n---\n";
    let parts = [plain("orders"), service("orders", "{ cluster: orders }")];
    assert_eq!(at(&deploy(&parts), TARGETS).len(), 1);
    assert_eq!(at(&(deploy(&parts) + cluster), TARGETS), Vec::<String>::new());
}

/// A kustomization whose base is not here may bring any pods.
#[test]
fn services_of_an_incomplete_set_are_not_reported() {
    let of = |resources: &str| {
        let parts = [plain("orders"), service("orders", "{ app: ordres }")].concat();
        format!("//- k/kustomization.yaml\nresources: [{resources}]\n//- k/all.yaml\n{parts}")
    };
    assert_eq!(at(&of("all.yaml"), TARGETS), ["k/all.yaml:15"]);
    assert_eq!(at(&of("all.yaml, \"https://github.com/acme/base\""), TARGETS), Vec::<String>::new());
}

fn ingress(service: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{ name: shop }}\nspec:\n  defaultBackend: {{ service: {{ name: {service}, port: {{ number: 80 }} }} }}\n---\n"
    )
}

#[test]
fn names_that_are_other_names_are_not_taken_for_slips() {
    let knative = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: { name: orderz }\nspec: { template: { spec: { containers: [{ image: registry/orderz:1.4.0 }] } } }\n---\n";
    let of = |known: &str, asked: &str| deploy(&[service(known, "{ app: other }"), ingress(asked)]);
    assert_eq!(at(&of("orders", "order"), TARGETS).len(), 1);
    assert_eq!(at(&of("order-service", "orderservice"), TARGETS).len(), 1);
    for (known, asked) in [("api", "ui"), ("api-a", "api-b"), ("shop-v1", "shop-v2"), ("web", "web-canary")] {
        assert_eq!(at(&of(known, asked), TARGETS), Vec::<String>::new(), "{known} {asked}");
    }
    // It makes a Service of its name.
    assert_eq!(at(&(of("orders", "orderz") + knative), TARGETS), Vec::<String>::new());
}

#[test]
fn routes_into_another_namespace_are_judged_by_what_is_there() {
    let route = |namespace: &str| {
        format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{ name: web }}\nspec:\n  rules:\n    - backendRefs: [{{ name: orders, {namespace}port: 8080 }}]\n"
        )
    };
    let of = |namespace: &str| at(&deploy(&[service("orders", "{ app: x }"), route(namespace)]), TARGETS);
    assert_eq!(of("").len(), 1);
    assert_eq!(of("namespace: other, "), Vec::<String>::new());
}

fn scaler(kind: &str, name: &str) -> String {
    format!(
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{ name: scaler }}\nspec: {{ scaleTargetRef: {{ kind: {kind}, name: {name} }}, maxReplicas: 4 }}\n---\n"
    )
}

#[test]
fn scalers_of_what_is_not_there() {
    assert_eq!(at(&deploy(&[plain("orders"), scaler("Deployment", "order")]), TARGETS).len(), 1);
    // There is one of that name, of another kind.
    let other = deploy(&[plain("orders"), scaler("StatefulSet", "orders")]);
    assert_eq!(at(&other, TARGETS).len(), 1);
    assert!(mended(&other, TARGETS).contains("kind: Deployment, name: orders"));
    // Another kind's objects are made by its operator.
    assert_eq!(
        at(&deploy(&[plain("orders"), scaler("GameServerSet", "order")]), TARGETS),
        Vec::<String>::new()
    );
    assert_eq!(
        at(&deploy(&[plain("orders"), scaler("Deployment", "orders")]), TARGETS),
        Vec::<String>::new()
    );
}

const BUDGET: &str = "pdb-blocks-drain";

fn budget(limit: &str, selector: &str) -> String {
    format!(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{ name: budget }}\nspec:\n  {limit}\n  selector: {selector}\n---\n"
    )
}

#[test]
fn budgets_count_the_pods_of_all_that_they_speak_of() {
    let of = |more: &[String]| {
        let own = [plain("orders"), budget("minAvailable: 1", "{ matchLabels: { app: orders } }")];
        at(&deploy(&[own.concat(), more.concat()]), BUDGET)
    };
    assert_eq!(of(&[]).len(), 1);
    // An autoscaler without a least number keeps one.
    assert_eq!(of(&[scaler("Deployment", "orders")]).len(), 1);
    let two = deployment("other", "{ app: orders }", "replicas: 1", "", "");
    assert_eq!(of(&[two]), Vec::<String>::new());
    let keda = "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: { name: orders }\nspec: { scaleTargetRef: { name: orders }, triggers: [] }\n---\n";
    assert_eq!(of(&[keda.to_owned()]), Vec::<String>::new());
    // What scales it may stand in the next folder.
    let elsewhere = format!("//- scalers/all.yaml\n{}", scaler("Deployment", "orders"));
    assert_eq!(of(&[elsewhere]), Vec::<String>::new());
}

#[test]
fn budgets_that_speak_of_all_pods() {
    for selector in ["{}", "{ matchLabels: {} }"] {
        assert_eq!(at(&deploy(&[plain("orders"), budget("maxUnavailable: 0", selector)]), BUDGET).len(), 1);
        // How many there are in the namespace is not known.
        assert_eq!(
            at(&deploy(&[plain("orders"), budget("minAvailable: 1", selector)]), BUDGET),
            Vec::<String>::new()
        );
    }
}

const RESOURCES: &str = "container-resources-unset";

#[test]
fn limit_ranges_and_vertical_scalers_give_what_they_speak_of() {
    let range = |kind: &str, gives: &str| {
        format!(
            "apiVersion: v1\nkind: LimitRange\nmetadata: {{ name: all }}\nspec: {{ limits: [{{ type: {kind}, {gives} }}] }}\n---\n"
        )
    };
    let vertical = |name: &str, mode: &str| {
        format!(
            "apiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\nmetadata: {{ name: all }}\nspec: {{ targetRef: {{ kind: Deployment, name: {name} }}, updatePolicy: {{ updateMode: {mode} }} }}\n---\n"
        )
    };
    let both = "default: { memory: 1Gi }, defaultRequest: { cpu: 100m }";
    let of = |more: String| at(&deploy(&[plain("orders"), more]), RESOURCES).len();
    assert_eq!(of(String::new()), 1);
    assert_eq!(of(range("Container", both)), 0);
    assert_eq!(of(range("Container", "default: { memory: 1Gi }")), 1, "no CPU");
    assert_eq!(of(range("Pod", "max: { memory: 1Gi }")), 1);
    assert_eq!(of(vertical("orders", "Auto")), 0);
    assert_eq!(of(vertical("orders", "\"Off\"")), 1, "it only recommends");
    assert_eq!(of(vertical("other", "Auto")), 1);
}

/// A namespace has its LimitRange from wherever it is applied.
#[test]
fn limit_ranges_of_the_same_namespace_in_another_folder() {
    let of = |namespace: &str| {
        let shop = plain("orders").replace("{ name: orders }", "{ name: orders, namespace: shop }");
        let range = format!(
            "//- base/namespace/all.yaml\napiVersion: v1\nkind: LimitRange\nmetadata: {{ name: all, namespace: {namespace} }}\nspec: {{ limits: [{{ type: Container, default: {{ memory: 1Gi, cpu: 1 }} }}] }}\n"
        );
        at(&(deploy(&[shop]) + &range), RESOURCES).len()
    };
    assert_eq!((of("shop"), of("other")), (0, 1));
}

#[test]
fn jobs_and_what_runs_before_need_resources_too() {
    let job = "//- jobs/all.yaml
apiVersion: batch/v1
kind: CronJob
metadata: { name: report }
spec:
  jobTemplate:
    spec:
      template:
        spec:
          initContainers: [{ name: fetch, image: registry/fetch:1.4.0 }]
          containers:
            - name: report
              image: registry/report:1.4.0
              resources: {}
";
    let report = check_rule(job, RESOURCES);
    let own = report.findings.iter().filter(|f| f.finding.rule.id == RESOURCES);
    let severities: Vec<String> = own.map(|f| format!("{:?}", f.finding.severity)).collect();
    assert_eq!(severities, ["Info", "Warning"]);
}

#[test]
fn resources_are_added_to_those_that_are_there() {
    let of = |container: &str| {
        mended(&deploy(&[deployment("orders", "{ app: orders }", "", "", container)]), RESOURCES)
    };
    let empty = of("resources: {}");
    assert!(empty.contains("          resources:\n            requests:\n              cpu: 100m\n            limits:\n              memory: 256Mi\n"), "{empty}");
    let partly = of("resources:\n  requests:\n    memory: 64Mi");
    assert!(partly.contains("              memory: 64Mi\n              cpu: 100m\n            limits:\n              memory: 256Mi\n"), "{partly}");
    let limits = of("resources:\n  limits:\n    memory: 64Mi");
    assert!(
        limits.contains("              memory: 64Mi\n            requests:\n              cpu: 100m\n"),
        "{limits}"
    );
}

const REQUESTS: &str = "hpa-without-resource-request";

#[test]
fn scalers_by_utilisation_need_requests() {
    let scaler = |metrics: &str| {
        format!(
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{ name: orders }}\nspec:\n  scaleTargetRef: {{ kind: Deployment, name: orders }}\n  maxReplicas: 4\n  metrics: [{metrics}]\n"
        )
    };
    let of = |container: &str, metrics: &str| {
        at(&deploy(&[deployment("orders", "{ app: orders }", "", "", container), scaler(metrics)]), REQUESTS)
    };
    let cpu =
        "{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 80 } } }";
    assert_eq!(of("", cpu).len(), 1);
    assert_eq!(of("", "{ type: Resource, resource: { name: cpu, targetAverageUtilization: 80 } }").len(), 1);
    assert_eq!(of("resources: { requests: { cpu: 1 } }", cpu), Vec::<String>::new());
    assert_eq!(
        of("resources: { limits: { cpu: 1 } }", cpu),
        Vec::<String>::new(),
        "a limit is the request too"
    );
    assert_eq!(
        of(
            "",
            "{ type: Resource, resource: { name: cpu, target: { type: AverageValue, averageValue: 1 } } }"
        ),
        Vec::<String>::new()
    );
    assert_eq!(
        of(
            "",
            "{ type: ContainerResource, containerResource: { name: cpu, container: x, target: { type: Utilization } } }"
        ),
        Vec::<String>::new()
    );
    // The workload in the next folder, if it is the only one of that name.
    let apart =
        format!("//- deploy/app/all.yaml\n{}//- deploy/scalers/all.yaml\n{}", plain("orders"), scaler(cpu));
    assert_eq!(at(&apart, REQUESTS).len(), 1);
    let two = format!("{apart}//- deploy/other/all.yaml\n{}", plain("orders"));
    assert_eq!(at(&two, REQUESTS), Vec::<String>::new());
}

const REPLICAS: &str = "single-replica-service";

#[test]
fn one_pod_behind_a_service() {
    let of = |spec: &str, pod: &str, more: &str| {
        let shop = deployment("orders", "{ app: orders }", spec, pod, "");
        at(&deploy(&[shop, service("orders", "{ app: orders }"), more.to_owned()]), REPLICAS).len()
    };
    assert_eq!(of("replicas: 1", "", ""), 1);
    assert_eq!(of("", "", ""), 1);
    // Two, which may be on one node and moved at once.
    assert_eq!(of("replicas: 2", "", ""), 1);
    assert_eq!(of("replicas: 2", "topologySpreadConstraints: [{ maxSkew: 1 }]", ""), 0);
    assert_eq!(of("replicas: 2", "affinity: { podAntiAffinity: {} }", ""), 0);
    assert_eq!(of("replicas: 2", "", &budget("maxUnavailable: 1", "{ matchLabels: { app: orders } }")), 0);
    // Files that one pod holds.
    assert_eq!(
        of("replicas: 1", "volumes: [{ name: data, persistentVolumeClaim: { claimName: data } }]", ""),
        0
    );
    // It scales from nothing on.
    let keda = "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: { name: orders }\nspec: { scaleTargetRef: { name: orders } }\n";
    assert_eq!(of("", "", keda), 0);
    // A folder for developers.
    let shop = [plain("orders"), service("orders", "{ app: orders }")].concat();
    assert_eq!(at(&format!("//- deploy/dev/all.yaml\n{shop}"), REPLICAS), Vec::<String>::new());
    let fixed = mended(
        &deploy(&[
            deployment("orders", "{ app: orders }", "replicas: 1", "", ""),
            service("orders", "{ app: orders }"),
        ]),
        REPLICAS,
    );
    assert!(fixed.contains("replicas: 2") && fixed.contains("topologySpreadConstraints:"), "{fixed}");
    assert_eq!(at(&fixed, REPLICAS), Vec::<String>::new());
}

#[test]
fn pods_that_are_killed_at_once_in_tests() {
    let of = |folder: &str| {
        let shop = deployment("orders", "{ app: orders }", "", "terminationGracePeriodSeconds: 0", "");
        let all = [shop, service("orders", "{ app: orders }")].concat();
        at(&format!("//- {folder}/all.yaml\n{all}"), "termination-not-graceful").len()
    };
    assert_eq!((of("deploy"), of("tests/e2e")), (1, 0));
}

/// A proxy in the same pod is as ready as the one behind it.
#[test]
fn side_containers_that_hand_requests_on_need_no_readiness() {
    let of = |args: &str| {
        let proxy = "readinessProbe: { httpGet: { path: /readyz, port: 8080 } }\n";
        let more = format!(
            "        - name: proxy\n          image: quay.io/brancz/kube-rbac-proxy:v0.18.0\n          args: [{args}]\n          ports: [{{ name: https, containerPort: 8443 }}]\n---\n"
        );
        let shop =
            deployment("orders", "{ app: orders }", "", "", proxy).trim_end_matches("---\n").to_owned()
                + &more;
        let service =
            service("orders", "{ app: orders }").replace("port: 80 }", "port: 443, targetPort: https }");
        at(&deploy(&[shop, service]), "pod-without-readiness-probe").len()
    };
    assert_eq!(of("--upstream=http://127.0.0.1:8080/"), 0);
    assert_eq!(of("--verbose"), 1);
}

#[test]
fn liveness_that_gives_up_no_later_than_readiness() {
    let of = |liveness: &str| {
        let probes = format!(
            "ports: [{{ name: http, containerPort: 8080 }}]\nreadinessProbe: {{ httpGet: {{ path: /readyz, port: 8080 }} }}\nlivenessProbe: {{ {liveness} }}"
        );
        at(
            &deploy(&[deployment("orders", "{ app: orders }", "", "", &probes)]),
            "liveness-as-fast-as-readiness",
        )
        .len()
    };
    assert_eq!(of("httpGet: { path: /readyz, port: 8080 }"), 1);
    assert_eq!(of("httpGet: { path: /readyz, port: http }"), 1, "the name of the same port");
    assert_eq!(of("httpGet: { path: /livez, port: 8080 }"), 0);
    assert_eq!(of("httpGet: { path: /readyz, port: 8081 }"), 0);
    assert_eq!(of("httpGet: { path: /readyz, port: 8080 }, failureThreshold: 6"), 0);
    // By its headers the service may tell who asks.
    assert_eq!(
        of("httpGet: { path: /readyz, port: 8080, httpHeaders: [{ name: X-Probe, value: live }] }"),
        0
    );
}
