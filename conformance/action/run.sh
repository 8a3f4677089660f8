#!/usr/bin/env bash
# Installs the kit, runs the worker of the environment variable WORKER, and leaves reports in the folder REPORTS.
# With any CI: `WORKER="./worker" bash run.sh`. The exit status is that of spread-jobs-conform.
set -euo pipefail

OPTIONS=${OPTIONS:-}
REPORTS=${REPORTS:-conformance-reports}
KIT=${KIT:-.spread-jobs-conform}
PACKAGE=${PACKAGE:-$(dirname "${BASH_SOURCE[0]}")/../..}

ended() {
    if [[ -n "${GITHUB_OUTPUT:-}" ]]; then
        echo "exit-status=$1" >>"$GITHUB_OUTPUT"
    fi
    exit "$1"
}

split=$(mktemp)
trap 'rm -f "$split"' EXIT
# Words as a shell reads them, of which nothing is run; quotes that are not closed end it here.
words() {
    "${PYTHON:-python3}" - "$2" >"$split" <<'PY' || { echo "$1 cannot be read: $2" >&2; ended 2; }
import shlex, sys
try:
    sys.stdout.write("".join(word + "\0" for word in shlex.split(sys.argv[1])))
except ValueError as error:
    sys.exit(str(error))
PY
}
options=() worker=()
words OPTIONS "$OPTIONS"
while IFS= read -r -d '' word; do options+=("$word"); done <"$split"
words WORKER "${WORKER:-}"
while IFS= read -r -d '' word; do worker+=("$word"); done <"$split"

"${PYTHON:-python3}" -m venv "$KIT"
# Outside of the kit's own environment, where the worker may have a Python and packages of its own.
"$KIT/bin/pip" install --quiet --disable-pip-version-check "$PACKAGE[reports]"

mkdir -p "$REPORTS"
status=0
# What OPTIONS says comes last, so that it may put a report elsewhere.
"$KIT/bin/spread-jobs-conform" \
    --report "$REPORTS/report.jsonl" --junit "$REPORTS/junit.xml" --html "$REPORTS/page.html" \
    --badge "$REPORTS/badge.svg" --markdown "$REPORTS/summary.md" ${options[@]+"${options[@]}"} \
    ${worker[@]:+-- "${worker[@]}"} || status=$?

if [[ -n "${GITHUB_STEP_SUMMARY:-}" && -s "$REPORTS/summary.md" ]]; then
    cat "$REPORTS/summary.md" >>"$GITHUB_STEP_SUMMARY"
fi
ended "$status"
