{{- define "commons.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "commons.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "commons.labels" -}}
{{ include "commons.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end -}}

{{- define "commons.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- if .Values.image.digest -}}
{{ printf "%s:%s@%s" .Values.image.repository $tag .Values.image.digest }}
{{- else -}}
{{ printf "%s:%s" .Values.image.repository $tag }}
{{- end -}}
{{- end -}}

{{/* What all pods have in common: any user but root, nothing of the cluster's API, no environment from other Services. */}}
{{- define "commons.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Whether pods that reach buckets are somebody to a cloud. */}}
{{- define "commons.cloudIdentity" -}}
{{- with .Values.cloudIdentity }}{{ if or .annotations .podLabels }}yes{{ end }}{{ end -}}
{{- end -}}

{{/* What pods that reach buckets have beside "commons.pod". */}}
{{- define "commons.cloudPod" -}}
{{- if include "commons.cloudIdentity" . -}}
serviceAccountName: {{ include "commons.fullname" . }}-cloud
{{- end -}}
{{- end -}}

{{- define "commons.container" -}}
image: {{ include "commons.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{/* An environment variable from a Secret: list of name, Secret, key. */}}
{{- define "commons.secretEnv" -}}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
      name: {{ index . 1 }}
      key: {{ index . 2 }}
{{- end -}}

{{- define "commons.host" -}}
{{- regexReplaceAll ":[0-9]+$" (urlParse .Values.publicUrl).host "" -}}
{{- end -}}

{{/* The connection URL of a database in a variable: list of root, name of the variable, database. */}}
{{- define "commons.databaseEnv" -}}
{{- $root := index . 0 -}}
{{- $variable := index . 1 -}}
{{- $database := index . 2 -}}
{{- with get $root.Values.databases.dbcreds $database -}}
{{- $secret := . -}}
{{- range $key := list "host" "port" "database" "username" "password" -}}
{{ include "commons.secretEnv" (list (printf "%s_%s" $variable (upper $key)) $secret $key) }}
{{ end -}}
- name: {{ $variable }}
  value: postgresql://$({{ $variable }}_USERNAME):$({{ $variable }}_PASSWORD)@$({{ $variable }}_HOST):$({{ $variable }}_PORT)/$({{ $variable }}_DATABASE)
{{- else -}}
{{ include "commons.secretEnv" (list $variable $root.Values.databases.secret (get $root.Values.databases.keys $database)) }}
{{- end -}}
{{- end -}}

{{/* Whether a database has a place: list of root, database. */}}
{{- define "commons.hasDatabase" -}}
{{- $root := index . 0 -}}
{{- if or (get $root.Values.databases.dbcreds (index . 1)) (get $root.Values.databases.keys (index . 1)) }}yes{{ end -}}
{{- end -}}

{{/* Databases of the services that run, without those of the graph's readers; the graph is the last. */}}
{{- define "commons.databases" -}}
{{- $databases := list "fence" "arborist" "indexd" "audit" "requestor" "library" "metadata" -}}
{{- if .Values.wts.secret }}{{ $databases = append $databases "wts" }}{{ end -}}
{{- if include "commons.hasDatabase" (list . "guppy") }}{{ $databases = append $databases "guppy" }}{{ end -}}
{{- if .Values.operations.enabled }}{{ $databases = append $databases "operations" }}{{ end -}}
{{- join "," (append $databases "sheepdog") -}}
{{- end -}}

{{/* The services that run in pods of their own, with commas between them. */}}
{{- define "commons.running" -}}
{{- $needs := dict "manifests" .Values.manifests.configSecret "wts" .Values.wts.secret "operations" .Values.operations.enabled "portal" (eq .Values.portal.pages "embedded") -}}
{{- $running := list -}}
{{- range $service, $own := .Values.services -}}
{{- $wanted := true -}}
{{- if hasKey $needs $service }}{{ $wanted = get $needs $service }}{{ end -}}
{{- if hasKey $own "enabled" }}{{ $wanted = $own.enabled }}{{ end -}}
{{- if $wanted }}{{ $running = append $running $service }}{{ end -}}
{{- end -}}
{{- join "," $running -}}
{{- end -}}

{{/* fence-config.yaml and the signing keys: sources of a projected volume. */}}
{{- define "commons.fenceFiles" -}}
- secret:
    name: {{ .Values.fence.configSecret }}
    items:
      - key: fence-config.yaml
        path: fence-config.yaml
{{- range .Values.fence.signingKeys }}
- secret:
    name: {{ .secret }}
    items:
      - key: jwt_private_key.pem
        path: keys/{{ .name }}/jwt_private_key.pem
# A Secret of gen3-helm has the private half only; the other is made of it.
- secret:
    name: {{ .secret }}
    optional: true
    items:
      - key: jwt_public_key.pem
        path: keys/{{ .name }}/jwt_public_key.pem
{{- end }}
{{- end -}}


{{- /* What a kubelet asks; of a dict with startupSeconds. Liveness asks for nothing else than the process, so that a
       database which is away does not restart anything. */ -}}
{{- define "commons.probes" -}}
startupProbe:
  httpGet:
    path: /startupz
    port: http
  periodSeconds: 2
  timeoutSeconds: 3
  failureThreshold: {{ div .startupSeconds 2 }}
readinessProbe:
  httpGet:
    path: /readyz
    port: http
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
livenessProbe:
  httpGet:
    path: /livez
    port: http
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
{{- end -}}
