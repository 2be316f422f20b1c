{{/* Pods of recurring work, each as the spec of a pod. CronJobs and workflows of Argo are made of them. */}}

{{/* Which of them are wanted: a dict in YAML of name to schedule, suspend, backoffLimit, activeDeadlineSeconds, historic name and
     whether they reach buckets. */}}
{{- define "commons.jobs" -}}
{{- with .Values.usersync }}{{ if .enabled }}
usersync: { schedule: {{ .schedule | quote }}, suspend: {{ .suspend }}, retries: 0, deadline: {{ int64 .activeDeadlineSeconds }}, historic: usersync, buckets: true }
{{- end }}{{ end }}
{{- with .Values.etl }}{{ if .enabled }}
etl: { schedule: {{ .schedule | quote }}, suspend: {{ .suspend }}, retries: {{ .backoffLimit }}, deadline: {{ int64 .activeDeadlineSeconds }}, historic: etl-cronjob, buckets: false }
{{- end }}{{ end }}
{{- with .Values.backup }}{{ if .enabled }}
backup: { schedule: {{ .schedule | quote }}, suspend: {{ .suspend }}, retries: {{ .backoffLimit }}, deadline: {{ int64 .activeDeadlineSeconds }}, historic: "", buckets: true }
{{- end }}{{ end }}
{{- with .Values.aggregate }}{{ if .configSecret }}
aggregate: { schedule: {{ .schedule | quote }}, suspend: {{ .suspend }}, retries: 0, deadline: {{ int64 .activeDeadlineSeconds }}, historic: metadata-aggregate-sync, buckets: false }
{{- end }}{{ end }}
{{- with .Values.visas }}{{ if .enabled }}
visa-update: { schedule: {{ .updateSchedule | quote }}, suspend: {{ .suspend }}, retries: 0, deadline: {{ int64 .activeDeadlineSeconds }}, historic: fence-visa-update, buckets: true }
visa-cleanup: { schedule: {{ .cleanSchedule | quote }}, suspend: {{ .suspend }}, retries: 0, deadline: {{ int64 .activeDeadlineSeconds }}, historic: fence-cleanup-expired-ga4gh-info, buckets: true }
{{- end }}{{ end }}
{{- end -}}

{{/* Whether the parts of an ETL run have pods of their own. */}}
{{- define "commons.shardPods" -}}
{{- if and .Values.etl.enabled .Values.etl.shardPods (gt (int .Values.etl.shards) 1) (not .Values.argo.enabled) }}yes{{ end -}}
{{- end -}}

{{/* The name of a CronJob: list of root, name, historic name. */}}
{{- define "commons.jobName" -}}
{{- $root := index . 0 -}}
{{- if and $root.Values.historicNames.jobs (index . 2) }}{{ index . 2 }}{{ else }}{{ include "commons.fullname" $root }}-{{ index . 1 }}{{ end -}}
{{- end -}}

{{/* The spec of a pod: list of root, name. */}}
{{- define "commons.jobPod" -}}
{{- include (printf "commons.jobPod.%s" (index . 1)) (index . 0) -}}
{{- end -}}

{{- define "commons.jobPod.aggregate" -}}
{{ include "commons.pod" . }}
restartPolicy: Never
containers:
  - name: aggregate
    {{- include "commons.container" . | nindent 4 }}
    args: [metadata, sync, /etc/commons/aggregate_config.json]
    env:
      {{- include "commons.databaseEnv" (list . "METADATA_DATABASE_URL" "metadata") | nindent 6 }}
    resources:
      {{- toYaml .Values.aggregate.resources | nindent 6 }}
    volumeMounts:
      - name: config
        mountPath: /etc/commons
        readOnly: true
volumes:
  - name: config
    secret:
      secretName: {{ .Values.aggregate.configSecret }}
      items:
        - key: aggregate_config.json
          path: aggregate_config.json
{{- end -}}

{{- define "commons.jobPod.backup" -}}
{{- with .Values.backup -}}
{{- if not .place }}
{{- fail "backup.enabled: say where backups are kept, by backup.place (s3://BUCKET/BEGINNING, or a folder below /backups with backup.claim)" }}
{{- end }}
{{- if not (or .envSecret .recipients .withoutSecrets) }}
{{- fail "backup.enabled: keys are never written in clear: give backup.recipients, backup.envSecret with COMMONS_BACKUP_PASSPHRASE, or backup.withoutSecrets" }}
{{- end -}}
{{ include "commons.pod" $ }}
{{- with include "commons.cloudPod" $ }}
{{ . }}
{{- end }}
restartPolicy: Never
containers:
  - name: backup
    {{- include "commons.container" $ | nindent 4 }}
    args:
      - backup
      - run
      - {{ .place | quote }}
      - --configuration
      - /etc/fence/fence-config.yaml
      {{- range .recipients }}
      - --recipient
      - {{ . | quote }}
      {{- end }}
      {{- if .withoutSecrets }}
      - --without-secrets
      {{- end }}
      - --keep
      - {{ .keep | quote }}
      {{- with $.Values.dictionary }}
      - --dictionary
      - {{ . | quote }}
      {{- end }}
    env:
      {{- range splitList "," (include "commons.databases" $) }}
      {{- include "commons.databaseEnv" (list $ (printf "%s_DATABASE_URL" (upper .)) .) | nindent 6 }}
      {{- end }}
      - name: FENCE_KEYS
        value: /etc/fence/keys
    {{- with .envSecret }}
    envFrom:
      - secretRef:
          name: {{ . }}
    {{- end }}
    resources:
      {{- toYaml .resources | nindent 6 }}
    volumeMounts:
      - name: temporary
        mountPath: /tmp
      - name: fence
        mountPath: /etc/fence
        readOnly: true
      {{- if .claim }}
      - name: backups
        mountPath: /backups
      {{- end }}
volumes:
  - name: temporary
    emptyDir: {}
  - name: fence
    projected:
      sources:
        {{- include "commons.fenceFiles" $ | nindent 8 }}
  {{- with .claim }}
  - name: backups
    persistentVolumeClaim:
      claimName: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "commons.jobPod.etl" -}}
{{- with .Values.etl -}}
{{- if not .mapping }}
{{- fail "etl.enabled: name the ConfigMap with the etlMapping.yaml, by etl.mapping" }}
{{- end }}
{{- if not (or .searchUrl .envSecret) }}
{{- fail "etl.enabled: say where the search engine is, by etl.searchUrl or etl.envSecret" }}
{{- end -}}
{{ include "commons.pod" $ }}
restartPolicy: Never
{{- if include "commons.shardPods" $ }}
# The pods of a Job find each other by their names below this Service.
subdomain: {{ include "commons.fullname" $ }}-etl
{{- end }}
containers:
  - name: etl
    {{- include "commons.container" $ | nindent 4 }}
    {{- if include "commons.shardPods" $ }}
    ports:
      - name: http
        containerPort: 8000
    {{- end }}
    args:
      - etl
      - run
      - /etl/etlMapping.yaml
      {{- if .force }}
      - --force
      {{- end }}
      - --connections
      - {{ .connections | quote }}
      - --keep
      - {{ .keep | quote }}
      {{- if gt (int .shards) 1 }}
      - --shards
      - {{ .shards | quote }}
      {{- end }}
      {{- with $.Values.dictionary }}
      - --dictionary
      - {{ . | quote }}
      {{- end }}
    env:
      {{- include "commons.databaseEnv" (list $ "SHEEPDOG_DATABASE_URL" "sheepdog") | nindent 6 }}
      {{- if include "commons.shardPods" $ }}
      - name: JOB_NAME
        valueFrom:
          fieldRef:
            fieldPath: metadata.labels['batch.kubernetes.io/job-name']
      - name: COMMONS_ETL_PEERS
        value: http://$(JOB_NAME)-{}.{{ include "commons.fullname" $ }}-etl:8000
      {{- end }}
      {{- with .searchUrl }}
      - name: GEN3_ES_ENDPOINT
        value: {{ . | quote }}
      {{- end }}
    {{- with .envSecret }}
    envFrom:
      - secretRef:
          name: {{ . }}
    {{- end }}
    resources:
      {{- toYaml .resources | nindent 6 }}
    volumeMounts:
      - name: mapping
        mountPath: /etl
        readOnly: true
volumes:
  - name: mapping
    configMap:
      name: {{ .mapping }}
{{- end }}
{{- end -}}

{{- define "commons.jobPod.usersync" -}}
{{- with .Values.usersync -}}
{{- if and .source .secret }}
{{- fail "usersync.source and usersync.secret are two places of one user.yaml: give one" }}
{{- end }}
{{- if not (or .source .secret) }}
{{- fail "usersync.enabled: say where the user.yaml is, by usersync.source or usersync.secret" }}
{{- end -}}
{{ include "commons.pod" $ }}
{{- with include "commons.cloudPod" $ }}
{{ . }}
{{- end }}
restartPolicy: Never
containers:
  - name: usersync
    {{- include "commons.container" $ | nindent 4 }}
    args:
      - user
      - sync
      - {{ .source | default "/users/user.yaml" | quote }}
      {{- if not (kindIs "invalid" .maxRemovals) }}
      - --max-removals
      - {{ .maxRemovals | quote }}
      {{- end }}
    env:
      {{- include "commons.databaseEnv" (list $ "FENCE_DATABASE_URL" "fence") | nindent 6 }}
      {{- include "commons.databaseEnv" (list $ "ARBORIST_DATABASE_URL" "arborist") | nindent 6 }}
    {{- with .envSecret }}
    envFrom:
      - secretRef:
          name: {{ . }}
    {{- end }}
    resources:
      {{- toYaml .resources | nindent 6 }}
    {{- if .secret }}
    volumeMounts:
      - name: users
        mountPath: /users
        readOnly: true
    {{- end }}
{{- with .secret }}
volumes:
  - name: users
    secret:
      secretName: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "commons.jobPod.visa-update" -}}
{{ include "commons.visas" (list . "update") }}
volumes:
  - name: config
    secret:
      secretName: {{ .Values.fence.configSecret }}
      items:
        - key: fence-config.yaml
          path: fence-config.yaml
{{- end -}}

{{- define "commons.jobPod.visa-cleanup" -}}
{{ include "commons.visas" (list . "clean") }}
{{- end -}}

{{/* List of root, command. */}}
{{- define "commons.visas" -}}
{{- $command := index . 1 -}}
{{- with index . 0 -}}
{{ include "commons.pod" . }}
{{- with include "commons.cloudPod" . }}
{{ . }}
{{- end }}
restartPolicy: Never
containers:
  - name: visas
    {{- include "commons.container" . | nindent 4 }}
    args: [user, visas, {{ $command }}]
    env:
      {{- include "commons.databaseEnv" (list . "FENCE_DATABASE_URL" "fence") | nindent 6 }}
      {{- include "commons.databaseEnv" (list . "ARBORIST_DATABASE_URL" "arborist") | nindent 6 }}
      {{- if eq $command "update" }}
      - name: FENCE_CONFIG_PATH
        value: /etc/commons/fence-config.yaml
      {{- end }}
    resources:
      {{- toYaml .Values.visas.resources | nindent 6 }}
    {{- if eq $command "update" }}
    volumeMounts:
      - name: config
        mountPath: /etc/commons
        readOnly: true
    {{- end }}
{{- end }}
{{- end -}}
