#!/usr/bin/env bash
# The main job with nothing but curl: log in with the API key, submit a study, query it, upload a file, download it.
#   integration-tests/curl/main-job.sh http://localhost:8080 .commons/credentials.json
# Needs curl, sed, cmp and dd. Stops at the first answer that is not the expected one.
set -euo pipefail
base=${1:?usage: main-job.sh BASE_URL API_KEY_FILE}
key=${2:?usage: main-job.sh BASE_URL API_KEY_FILE}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The token stays out of the process list: curl reads it from a file.
umask 077

field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" | head -n 1; }

step() { printf '%-58s' "$1"; }
ok() { echo "ok"; }
die() { echo "FAILED"; echo "$1" >&2; exit 1; }

# call WANTED_STATUS METHOD PATH [curl options...]: the body goes to $work/body
call() {
    local wanted=$1 method=$2 path=$3 got
    shift 3
    got=$(curl -sS -o "$work/body" -w '%{http_code}' -X "$method" ${login[@]+"${login[@]}"} "$@" "$base$path")
    [ "$got" = "$wanted" ] || die "$method $path answered $got, not $wanted: $(head -c 600 "$work/body")"
}
contains() { grep -qF -- "$1" "$work/body" || die "the answer lacks $1: $(head -c 600 "$work/body")"; }

login=()
step "the commons answers"
call 200 GET /_status
ok

step "the API key makes an access token"
call 200 POST /user/credentials/api/access_token -H 'Content-Type: application/json' --data-binary "@$key"
printf 'header = "Authorization: bearer %s"\n' "$(field access_token < "$work/body")" > "$work/login"
login=(-K "$work/login")
ok

program=CURL$RANDOM code=c$RANDOM
json=(-H 'Content-Type: application/json')
step "a program and a project"
call 200 POST /api/v0/submission/ "${json[@]}" -d "{\"type\":\"program\",\"name\":\"$program\",\"dbgap_accession_number\":\"$program\"}"
call 200 PUT "/api/v0/submission/$program" "${json[@]}" -d "{\"type\":\"project\",\"code\":\"$code\",\"name\":\"By curl\",\"dbgap_accession_number\":\"$code\"}"
ok

step "records as JSON and as a table"
call 200 PUT "/api/v0/submission/$program/$code" "${json[@]}" -d "{\"type\":\"study\",\"submitter_id\":\"st\",\"study_title\":\"By curl\",\"projects\":{\"code\":\"$code\"}}"
printf 'type\tsubmitter_id\tstudies.submitter_id\nsubject\ts1\tst\nsubject\ts2\tst\n' > "$work/subjects.tsv"
call 200 PUT "/api/v0/submission/$program/$code" -H 'Content-Type: text/tab-separated-values' --data-binary "@$work/subjects.tsv"
contains '"created_entity_count"'
ok

step "they are found by GraphQL"
call 200 POST /api/v0/submission/graphql "${json[@]}" -d "{\"query\":\"{ _subject_count(project_id: \\\"$program-$code\\\") study(project_id: \\\"$program-$code\\\") { study_title } }\"}"
contains '"_subject_count":2'
contains 'By curl'
ok

step "they are exported as a table"
call 200 GET "/api/v0/submission/$program/$code/export/?node_label=subject&format=tsv"
contains 's2'
ok

step "a file goes up by a presigned URL"
dd if=/dev/urandom of="$work/file" bs=1M count=5 status=none
call 201 POST /user/data/upload "${json[@]}" -d '{"file_name":"by-curl.bin"}'
guid=$(field guid < "$work/body") url=$(field url < "$work/body" | sed 's/\\u0026/\&/g')
[ "$(curl -sS -o /dev/null -w '%{http_code}' -T "$work/file" "$url")" = 200 ] || die "the upload was refused"
ok

step "it is indexed"
for _ in $(seq 100); do
    call 200 GET "/index/index/$guid"
    grep -q '"size": *5242880' "$work/body" && break
    sleep 0.2
done
grep -q '"size": *5242880' "$work/body" || die "no size within 20 s: $(cat "$work/body")"
contains "$(md5sum < "$work/file" | cut -d' ' -f1)"
ok

step "it comes down with equal bytes"
call 200 GET "/user/data/download/$guid"
curl -sS -o "$work/again" "$(field url < "$work/body" | sed 's/\\u0026/\&/g')"
cmp "$work/file" "$work/again" || die "the bytes differ"
ok

step "nobody else gets it"
login=()
call 401 GET "/user/data/download/$guid"
ok
echo "the main job works at $base"
