//! Helm charts: what their templates print with named templates, values and further files of values, alone and as parts of
//! other charts.

use crate::support::{check, found};
use svclint_model::Tri;

/// The named templates that `helm create` writes.
const HELPERS: &str = r#"//- chart/templates/_helpers.tpl
{{/* The name of the chart. */}}
{{- define "shop.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "shop.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "shop.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "shop.selectorLabels" . }}
{{- if .Chart.AppVersion }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}
{{- end }}

{{- define "shop.selectorLabels" -}}
app.kubernetes.io/name: {{ include "shop.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
"#;

const TEMPLATES: &str = r#"//- chart/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "shop.fullname" . }}
  labels:
    {{- include "shop.labels" . | nindent 4 }}
spec:
  {{- if not .Values.autoscaling.enabled }}
  replicas: {{ .Values.replicaCount }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "shop.selectorLabels" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "shop.labels" . | nindent 8 }}
        {{- with .Values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      securityContext:
        {{- toYaml .Values.podSecurityContext | nindent 8 }}
      containers:
        - name: {{ .Chart.Name }}
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          ports:
            - name: http
              containerPort: {{ .Values.service.port }}
          {{- with .Values.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
//- chart/templates/service.yaml
apiVersion: v1
kind: Service
metadata:
  name: {{ include "shop.fullname" . }}
spec:
  ports:
    - port: 80
      targetPort: http
  selector:
    {{- include "shop.selectorLabels" . | nindent 4 }}
"#;

const ABOUT: &str =
    "//- chart/Chart.yaml\napiVersion: v2\nname: shop\nversion: 0.3.0\nappVersion: \"1.4.0\"\n";

fn values(resources: &str) -> String {
    format!(
        "//- chart/values.yaml
replicaCount: 2
nameOverride: \"\"
fullnameOverride: \"\"
image:
  repository: registry/shop
  tag: \"\"
autoscaling: {{ enabled: false }}
podLabels: {{}}
podSecurityContext: {{ runAsUser: 10001 }}
service: {{ port: 8080 }}
resources:
{resources}"
    )
}

const ENOUGH: &str = "  requests: { cpu: 1 }\n  limits: { memory: 1Gi }\n";

fn chart(values: &str) -> String {
    format!("{ABOUT}{HELPERS}{TEMPLATES}{values}")
}

#[test]
fn named_templates_link_services_and_pods() {
    let report = check(&chart(&values(ENOUGH)));
    let workload = &report.model.manifests.workloads[0];
    assert_eq!(workload.title(), "Deployment/release-name-shop");
    let labels = &workload.labels;
    let label = |key: &str| labels.all.get(key).cloned().flatten();
    assert_eq!(label("helm.sh/chart").as_deref(), Some("shop-0.3.0"));
    assert_eq!(label("app.kubernetes.io/instance").as_deref(), Some("release-name"));
    // Whoever installs it may give more.
    assert!(!labels.complete);
    let container = &workload.containers[0];
    assert!(matches!(&container.image, Tri::Present(image) if image.value == "registry/shop:1.4.0"));
    assert_eq!(found(&report), ["chart/templates/deployment.yaml:25 pod-without-readiness-probe"]);
}

/// A finding stands at the line of the values that decides it.
#[test]
fn what_values_decide_is_found_in_the_values() {
    let text = chart(&values("  requests: { cpu: 1 }\n  limits: { memory: 1Gi }\n"))
        .replace("tag: \"\"", "tag: latest");
    assert_eq!(
        found(&check(&text)),
        [
            "chart/templates/deployment.yaml:25 pod-without-readiness-probe",
            "chart/values.yaml:6 image-tag-mutable"
        ]
    );
    // What is empty there is filled in by whoever installs it.
    let open = chart(&values("  {}\n").replace("resources:\n  {}", "resources: {}"));
    assert_eq!(found(&check(&open)), ["chart/templates/deployment.yaml:25 pod-without-readiness-probe"]);
    let lacking = chart(&values("  requests: { cpu: 1 }\n"));
    let lacking = found(&check(&lacking));
    assert!(lacking.iter().any(|f| f.ends_with("container-resources-unset")), "{lacking:?}");
}

/// Each further file of values is an environment of its own.
#[test]
fn further_files_of_values() {
    let prod = "//- chart/values-prod.yaml\nimage: { tag: latest }\n";
    let text = chart(&values(ENOUGH)) + prod;
    let report = check(&text);
    let environments: Vec<&str> =
        report.model.manifests.workloads.iter().map(|w| w.environment.path.as_str()).collect();
    assert_eq!(environments, ["/ws/chart", "/ws/chart with values-prod.yaml"]);
    assert_eq!(
        found(&report),
        [
            "chart/templates/deployment.yaml:25 pod-without-readiness-probe",
            "chart/values-prod.yaml:1 image-tag-mutable"
        ]
    );
}

/// What values switch off is not there; what they leave empty may be.
#[test]
fn parts_that_are_switched_off() {
    let budget = |condition: &str| {
        let text = format!(
            "//- chart/templates/budget.yaml\n{{{{- if {condition} }}}}\napiVersion: policy/v1\nkind: PodDisruptionBudget\n\
             metadata: {{ name: shop }}\nspec:\n  minAvailable: 2\n  selector:\n    matchLabels:\n      \
             {{{{- include \"shop.selectorLabels\" . | nindent 6 }}}}\n{{{{- else }}}}\n---\napiVersion: v1\nkind: ConfigMap\n\
             metadata: {{ name: instead }}\n{{{{- end }}}}\n"
        );
        let report = check(&(chart(&values(ENOUGH)) + &text));
        let manifests = &report.model.manifests;
        (
            manifests.budgets.len(),
            manifests.configs.len(),
            found(&report).iter().any(|f| f.ends_with("pdb-blocks-drain")),
        )
    };
    assert_eq!(budget("gt (int .Values.replicaCount) 1"), (1, 0, true));
    assert_eq!(budget("and .Values.replicaCount (gt (int .Values.replicaCount) 2)"), (0, 1, false));
    assert_eq!(budget(".Values.autoscaling.enabled"), (0, 1, false));
    assert_eq!(budget("not .Values.autoscaling.enabled"), (1, 0, true));
    assert_eq!(budget(".Values.nowhere").0, 1);
    // Where replicas are left to what scales them, their number is not known.
    let scaled =
        chart(&values(ENOUGH)).replace("autoscaling: { enabled: false }", "autoscaling: { enabled: true }");
    assert!(check(&scaled).model.manifests.workloads[0].replicas.is_unknown());
}

/// What the chart around it says goes before what a chart says itself.
#[test]
fn charts_that_are_parts_of_others() {
    let umbrella = "//- umbrella/Chart.yaml\napiVersion: v2\nname: all\nversion: 1.0.0\ndependencies:\n  - name: shop\n    repository: file://../chart\n    alias: orders\n  - name: shop\n    repository: file://../chart\n    alias: billing\n//- umbrella/values.yaml\norders:\n  image: { tag: latest }\nbilling:\n  image: { tag: 2.0.0 }\n";
    let report = check(&(chart(&values(ENOUGH)) + umbrella));
    let mut images: Vec<(String, String)> = Vec::new();
    for workload in &report.model.manifests.workloads {
        let Tri::Present(image) = &workload.containers[0].image else { panic!("an image is known") };
        images.push((workload.name.clone(), image.value.clone()));
        assert_eq!(workload.environment.path, "/ws/umbrella");
    }
    images.sort();
    let expected =
        [("release-name-billing", "registry/shop:2.0.0"), ("release-name-orders", "registry/shop:latest")];
    assert_eq!(images, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    assert!(found(&report).contains(&"umbrella/values.yaml:2 image-tag-mutable".to_owned()));
}

/// Parts that the values switch off run nowhere, and those from a repository of charts are not ours to mend.
#[test]
fn parts_that_are_not_installed_or_not_ours() {
    let umbrella = "//- umbrella/Chart.yaml\napiVersion: v2\nname: all\nversion: 1.0.0\ndependencies:\n  - name: shop\n    repository: file://../chart\n    condition: shop.enabled\n//- umbrella/values.yaml\nshop:\n  enabled: true\n  image: { tag: latest }\n";
    let both = |umbrella: &str| chart(&values(ENOUGH)) + umbrella;
    let tag = "umbrella/values.yaml:3 image-tag-mutable".to_owned();
    assert!(found(&check(&both(umbrella))).contains(&tag));
    let off = check(&both(&umbrella.replace("enabled: true", "enabled: false")));
    assert!(off.model.manifests.workloads.is_empty());
    // Another file of values installs it after all.
    let on = format!(
        "{}//- umbrella/values-prod.yaml\nshop: {{ enabled: true }}\n",
        umbrella.replace("enabled: true", "enabled: false")
    );
    assert_eq!(check(&both(&on)).model.manifests.workloads.len(), 1);
    let copied = both(umbrella).replace("//- chart/", "//- umbrella/charts/shop/");
    let theirs = copied.replace("repository: file://../chart", "repository: https://charts.example.com");
    assert!(check(&theirs).model.manifests.workloads.is_empty());
    let ours = copied.replace("repository: file://../chart", "repository: \"\"");
    assert!(found(&check(&ours)).contains(&tag));
}

/// Templates that include themselves, grow without end or are broken: bounded, and nothing is said of what they print.
#[test]
fn hostile_templates() {
    let name = |body: &str| {
        let helpers = format!("//- chart/templates/_helpers.tpl\n{body}\n");
        chart(&values(ENOUGH)).replace(HELPERS, &helpers)
    };
    let twice = (1..40)
        .map(|n| format!("{{{{ define \"n{n}\" }}}}{{{{ include \"n{0}\" . }}}}{{{{ include \"n{0}\" . }}}}{{{{ end }}}}", n - 1))
        .collect::<String>();
    for body in [
        "{{ define \"shop.fullname\" }}{{ include \"shop.fullname\" . }}{{ end }}".to_owned(),
        format!(
            "{{{{ define \"n0\" }}}}x{{{{ end }}}}{twice}{{{{ define \"shop.fullname\" }}}}{{{{ include \"n39\" . }}}}{{{{ end }}}}"
        ),
        "{{ define \"shop.fullname\" }}{{ if".to_owned(),
        "{{ define \"shop.fullname\" }}{{ end }}{{ end }}{{ else }}{{ (((( }}".to_owned(),
        "{{ define \"shop.fullname\" }}{{ $a := \"x\" }}{{ $a = $b }}{{ $a | printf \"%q%\" }}{{ end }}"
            .to_owned(),
        format!("{{{{ define \"shop.fullname\" }}}}{{{{ {} }}}}{{{{ end }}}}", "(".repeat(5000)),
    ] {
        check(&name(&body));
    }
}
