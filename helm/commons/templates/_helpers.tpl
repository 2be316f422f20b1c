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

{{/* What operations show the state of: NAME=URL, with commas between them. */}}
{{- define "commons.watched" -}}
{{- $watched := list -}}
{{- range $service := list "fence" "indexd" "sheepdog" "peregrine" "guppy" "audit" "requestor" "library" "metadata" -}}
{{- $watched = append $watched (printf "%s=http://%s-%s/_status" $service (include "commons.fullname" $) $service) -}}
{{- end -}}
{{- $watched = append $watched (printf "arborist=http://%s-arborist/health" (include "commons.fullname" .)) -}}
{{- join "," $watched -}}
{{- end -}}

{{/* The environment of one service beside the ConfigMap: a dict of root, service and its values. */}}
{{- define "commons.env" -}}
{{- $login := .root.Values.indexd.loginSecret -}}
{{- with get .root.Values.databases.keys .service }}
{{ include "commons.secretEnv" (list "DATABASE_URL" $.root.Values.databases.secret .) }}
{{- end }}
{{- if has .service (list "gateway" "fence" "indexd" "sheepdog") }}
{{ include "commons.secretEnv" (list "INDEXD_USER" $login "username") }}
{{ include "commons.secretEnv" (list "INDEXD_PASS" $login "password") }}
{{- end }}
{{- if eq .service "gateway" }}
- name: INDEXD_LOGIN
  value: $(INDEXD_USER):$(INDEXD_PASS)
{{- end }}
{{- if eq .service "indexd" }}
- name: INDEXD_LOGINS
  value: $(INDEXD_USER):$(INDEXD_PASS)
# Kubernetes' own value would be the pod's name; DRS addresses are made of this.
- name: HOSTNAME
  value: {{ include "commons.host" .root | quote }}
- name: FENCE_SERVICE_URL
  value: http://{{ include "commons.fullname" .root }}-fence
- name: DRS_FORM
  value: {{ .root.Values.indexd.drsForm | quote }}
{{- end }}
{{- if eq .service "metadata" }}
{{- with .root.Values.metadata.loginsSecret }}
{{ include "commons.secretEnv" (list "ADMIN_LOGINS" . "logins") }}
{{- end }}
{{- end }}
{{- /* For `commons client` and `commons user` in its pod. */}}
{{- if eq .service "fence" }}
{{ include "commons.secretEnv" (list "FENCE_DATABASE_URL" .root.Values.databases.secret .root.Values.databases.keys.fence) }}
{{- with .root.Values.fence.uploadQueues }}
- name: UPLOAD_QUEUES
  value: {{ join "," . | quote }}
{{- end }}
{{- end }}
{{- if eq .service "guppy" }}
{{- with .root.Values.guppy }}
{{- if .envSecret }}
{{ include "commons.secretEnv" (list "GEN3_ES_ENDPOINT" .envSecret "GEN3_ES_ENDPOINT") }}
{{- else if .esEndpoint }}
- name: GEN3_ES_ENDPOINT
  value: {{ .esEndpoint | quote }}
{{- else }}
# An engine of its own, without documents.
- name: SEARCH_FOLDER
  value: /tmp/search
{{- end }}
{{- if .indices }}
- name: GUPPY_CONFIG_FILEPATH
  value: /etc/guppy/guppy_config.json
{{- end }}
{{- end }}
{{- end }}
{{- if eq .service "operations" }}
{{ include "commons.secretEnv" (list "FENCE_DATABASE_URL" .root.Values.databases.secret .root.Values.databases.keys.fence) }}
{{- if and .root.Values.operations.exportsSecret .root.Values.guppy.indices }}
{{ include "commons.secretEnv" (list "SHEEPDOG_DATABASE_URL" .root.Values.databases.secret .root.Values.databases.keys.peregrine) }}
- name: EXPORTS_CONFIG
  value: /etc/commons/exports.json
- name: GUPPY_CONFIG_FILEPATH
  value: /etc/guppy/guppy_config.json
{{- with .root.Values.guppy }}
{{- if .envSecret }}
{{ include "commons.secretEnv" (list "GEN3_ES_ENDPOINT" .envSecret "GEN3_ES_ENDPOINT") }}
{{- else if .esEndpoint }}
- name: GEN3_ES_ENDPOINT
  value: {{ .esEndpoint | quote }}
{{- end }}
{{- end }}
{{- end }}
- name: WATCHED_SERVICES
  value: {{ include "commons.watched" .root | quote }}
{{- end }}
{{- if eq .service "wts" }}
{{- range $variable, $key := dict "OIDC_CLIENT_ID" "client_id" "OIDC_CLIENT_SECRET" "client_secret" "ENCRYPTION_KEY" "encryption_key" "SECRET_KEY" "secret_key" }}
{{ include "commons.secretEnv" (list $variable $.root.Values.wts.secret $key) }}
{{- end }}
{{- if .root.Values.wts.configSecret }}
- name: SECRET_CONFIG
  value: /etc/commons/appcreds.json
{{- end }}
{{- end }}
{{- range $variable, $text := .values.env }}
- name: {{ $variable }}
  value: {{ $text | quote }}
{{- end }}
{{- end -}}
