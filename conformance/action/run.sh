#!/usr/bin/env bash
# Installs the kit, runs the worker of the environment variable WORKER, and leaves reports in the folder REPORTS.
# With any CI: `WORKER="./worker" bash run.sh`. The exit status is that of spread-jobs-conform.
set -euo pipefail

OPTIONS=${OPTIONS:-}
REPORTS=${REPORTS:-conformance-reports}
KIT=${KIT:-.spread-jobs-conform}
PACKAGE=${PACKAGE:-$(dirname "${BASH_SOURCE[0]}")/../..}

"${PYTHON:-python3}" -m venv "$KIT"
# Outside of the kit's own environment, where the worker may have a Python and packages of its own.
"$KIT/bin/pip" install --quiet --disable-pip-version-check "$PACKAGE[reports]"

# Words as a shell reads them, of which nothing is run; quotes that are not closed end it here.
words() {
    "${PYTHON:-python3}" -c 'import shlex, sys; sys.stdout.write("".join(word + "\n" for word in shlex.split(sys.argv[1])))' "$1"
}
split=$(words "$OPTIONS") || { echo "OPTIONS cannot be read: $OPTIONS" >&2; exit 2; }
options=() worker=()
while IFS= read -r word; do options+=("$word"); done < <(printf '%s' "${split:+$split$'\n'}")
split=$(words "${WORKER:-}") || { echo "WORKER cannot be read: ${WORKER:-}" >&2; exit 2; }
while IFS= read -r word; do worker+=("$word"); done < <(printf '%s' "${split:+$split$'\n'}")

mkdir -p "$REPORTS"
status=0
"$KIT/bin/spread-jobs-conform" ${options[@]+"${options[@]}"} \
    --report "$REPORTS/report.jsonl" --junit "$REPORTS/junit.xml" --html "$REPORTS/page.html" \
    --badge "$REPORTS/badge.svg" --markdown "$REPORTS/summary.md" \
    ${worker[@]:+-- "${worker[@]}"} || status=$?

if [[ -n "${GITHUB_STEP_SUMMARY:-}" && -s "$REPORTS/summary.md" ]]; then
    cat "$REPORTS/summary.md" >>"$GITHUB_STEP_SUMMARY"
fi
if [[ -n "${GITHUB_OUTPUT:-}" ]]; then
    echo "exit-status=$status" >>"$GITHUB_OUTPUT"
fi
exit "$status"
