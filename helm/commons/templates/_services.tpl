{{/* What operations show the state of: NAME=URL, with commas between them. */}}
{{- define "commons.watched" -}}
{{- $watched := list -}}
{{- range $service := list "fence" "indexd" "sheepdog" "peregrine" "guppy" "audit" "requestor" "library" "metadata" -}}
{{- $watched = append $watched (printf "%s=http://%s-%s/_status" $service (include "commons.fullname" $) $service) -}}
{{- end -}}
{{- $watched = append $watched (printf "arborist=http://%s-arborist/health" (include "commons.fullname" .)) -}}
{{- join "," $watched -}}
{{- end -}}

{{/* The environment of one service beside the ConfigMap: a dict of root, service (whose program it is), name (of the Deployment) and its values. */}}
{{- define "commons.env" -}}
{{- $login := .root.Values.indexd.loginSecret -}}
{{- if include "commons.hasDatabase" (list .root .service) }}
{{ include "commons.databaseEnv" (list .root "DATABASE_URL" .service) }}
{{- end }}
{{- if has .service (list "gateway" "fence" "indexd" "sheepdog") }}
{{ include "commons.secretEnv" (list "INDEXD_USER" $login "username") }}
{{ include "commons.secretEnv" (list "INDEXD_PASS" $login "password") }}
{{- end }}
{{- if eq .service "gateway" }}
- name: INDEXD_LOGIN
  value: $(INDEXD_USER):$(INDEXD_PASS)
{{- if include "commons.routes" .root }}
- name: ROUTES_FILE
  value: /etc/commons/routes.toml
{{- end }}
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
{{ include "commons.databaseEnv" (list .root "FENCE_DATABASE_URL" "fence") }}
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
{{ include "commons.databaseEnv" (list .root "FENCE_DATABASE_URL" "fence") }}
{{- if and .root.Values.operations.exportsSecret .root.Values.guppy.indices }}
{{ include "commons.databaseEnv" (list .root "SHEEPDOG_DATABASE_URL" "peregrine") }}
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
{{- if .root.Values.operations.archiveTiersSecret }}
- name: ARCHIVE_TIERS
  value: /etc/archive/archive-tiers.yaml
{{- end }}
{{- if or .root.Values.operations.archiveTiersSecret .root.Values.operations.exportsSecret }}
{{ include "commons.secretEnv" (list "INDEXD_USER" $login "username") }}
{{ include "commons.secretEnv" (list "INDEXD_PASS" $login "password") }}
{{- end }}
{{- $schedules := list }}
{{- range $kind, $cron := .root.Values.operations.schedules }}
{{- $schedules = append $schedules (printf "%s=%s" $kind $cron) }}
{{- end }}
{{- with $schedules }}
- name: SCHEDULES
  value: {{ join ";" . | quote }}
{{- end }}
- name: WATCHED_SERVICES
  value: {{ include "commons.watched" .root | quote }}
{{- end }}
{{- if and (eq .service "portal") .root.Values.portal.configMap }}
- name: PORTAL_CONFIG
  value: /etc/portal
{{- end }}
{{- if eq .name "presigned-url-fence" }}
{{- if (index .root.Values.services "indexd-reads").enabled }}
- name: INDEX_CLIENT_HOST
  value: http://{{ include "commons.fullname" .root }}-indexd-reads
{{- end }}
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

{{/* Which volumes a service has, and where: a list in YAML of name, mountPath, readOnly and source. Dict of root, service. */}}
{{- define "commons.volumes" -}}
{{- $root := .root -}}
{{- $name := include "commons.fullname" $root -}}
{{- if has .service (list "sheepdog" "guppy" "operations") }}
# What waits between the steps of its work.
- name: temporary
  mountPath: /tmp
  readOnly: false
  source:
    emptyDir: {}
{{- end }}
{{- if and (has .service (list "guppy" "operations")) $root.Values.guppy.indices }}
- name: guppy
  mountPath: /etc/guppy
  readOnly: true
  source:
    configMap:
      name: {{ $name }}-guppy
{{- end }}
{{- if and (eq .service "operations") $root.Values.operations.archiveTiersSecret }}
- name: archive
  mountPath: /etc/archive
  readOnly: true
  source:
    secret:
      secretName: {{ $root.Values.operations.archiveTiersSecret }}
      items:
        - key: archive-tiers.yaml
          path: archive-tiers.yaml
{{- end }}
{{- if and (eq .service "gateway") (include "commons.routes" $root) }}
- name: routes
  mountPath: /etc/commons
  readOnly: true
  source:
    configMap:
      name: {{ $name }}-routes
{{- end }}
{{- if and (eq .service "portal") $root.Values.portal.configMap }}
- name: portal
  mountPath: /etc/portal
  readOnly: true
  source:
    configMap:
      name: {{ $root.Values.portal.configMap }}
      # All but the first may be missing.
      optional: true
      items:
        {{- range $key, $path := dict "gitops.json" "gitops.json" "themeColors.json" "themeColors.json" "logo.svg" "img/logo.svg" "logo.png" "img/logo.png" "themeoverrides.css" "css/themeoverrides.css" }}
        - key: {{ $key }}
          path: {{ $path }}
        {{- end }}
{{- end }}
{{- if eq .service "fence" }}
- name: config
  mountPath: /etc/commons
  readOnly: true
  source:
    projected:
      sources:
        {{- include "commons.fenceFiles" $root | nindent 8 }}
{{- end }}
{{- $files := dict
  "manifests" (list $root.Values.manifests.configSecret "config.json" "manifests.json")
  "operations" (list $root.Values.operations.exportsSecret "config.json" "exports.json")
  "wts" (list $root.Values.wts.configSecret "appcreds.json" "appcreds.json") }}
{{- with get $files .service }}
{{- if index . 0 }}
- name: config
  mountPath: /etc/commons
  readOnly: true
  source:
    secret:
      secretName: {{ index . 0 }}
      items:
        - key: {{ index . 1 }}
          path: {{ index . 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Rows of the gateway's table beside its own: where reads of DRS go. */}}
{{- define "commons.routes" -}}
{{- if (index .Values.services "indexd-reads").enabled -}}
[[instance]]
name = "indexd-reads"
of = "indexd"

[[route]]
prefix = "/ga4gh/"
service = "indexd-reads"
{{ end -}}
{{- .Values.gateway.routes -}}
{{- end -}}
