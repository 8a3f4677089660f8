#!/usr/bin/env bash
# A worker in bash, codec JSON: copy it and replace the part at the end. Comments cite spec/1.0.
# Needs bash 4 and jq 1.6. Prove it: spread-jobs-conform --codec json -- bash worker.sh
# ---- the wire: leave this part as it is ----
exec 3<&0 4>&1 </dev/null >&2 # WIRE-4: standard input is empty now, and prints go to stderr
set -o pipefail; folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT || exit
encode='def great: type == "number" and (isnan or fabs >= pow(2; 53)); # JSON-4: jq changes some
  def json: if type == "array" then "[\(map(json) | join(","))]" elif type == "object" then
      "{\(to_entries | map("\(.key | tojson):\(.value | json)") | join(","))}"
    else tojson + if great and (tojson | test("e") | not) then "e0" else "" end end;
  def checked: . as $line | fromjson | if any(..; great) | not then tojson
    elif any(..; great and (isnan or isinfinite)) or ($line
      | any(scan("(?<![-+.0-9eE])-?[0-9]{16,}(?![.0-9eE])"); tonumber | great))
    then error("NaN, an infinity or an integer beyond 2**53-1") else json end;
  def lines: input | @base64d | rtrimstr("\n") | split("\n"); # jq 1.6 spoils long lines of UTF-8
  inputs as $id | input as $status | lines as $out | lines as $err
  | ($out[:-1] + $err | map(. + "\n")) as $printed # OUT-2
  | def failed($type): [["RemoteException", ($id|tonumber), $type, ., ""], null, $printed] | tojson;
  try if $status == "whole0" then $out[-1] | checked elif $status == "0" then $out[-1] // "null"
      | checked | "[[\($id),\(.)],null,\($printed | tojson)]"
    else $err | join("\n") | failed("exit status \($status)") end catch failed("BadAnswer")' # ERR-4
next_message() { # bash alone would read byte by byte
  message=; until [[ $unread == *$'\n'* ]]; do # JSON-1
    message+=$unread unread=$(dd bs=64k count=1 <&3 2>/dev/null; echo .)
    unread=${unread%.}; [[ $unread ]] || return # SHUT-6
  done
  line=${unread%%$'\n'*} message+=$line unread=${unread:${#line}+1}
}
too_busy() { echo "[[\"TooBusy\",$id,$1],null,null]"; whole=whole; } # BUSY-1
serve() {
  { prepare; while next_message; do # PREP-5, SHUT-2
      id=${message%%,*} id=${id//[^0-9]/} payload=${message#*,} whole=
      task "${payload%]*}" 3<&- 4>&- >"$folder/out" 2>"$folder/err"; status=$?
      { printf '%s\n' "$id" $whole$status
        base64 -w0 "$folder/out"; echo; base64 -w0 "$folder/err"; echo; } >&4
    done; } 4>&1 >&2 | jq --unbuffered -nrR "$encode" >&4 # WIRE-3
}
# ---- conformance payloads (spec 1.0, section 14): delete when you are done testing ----
declare -A refused; busy() { ((++refused[$1] > $3)) && echo '"done"' || too_busy "$2"; }
conformance() { # jq turns the payload into a line of shell; the commonest one needs no jq
  if [[ $1 == '{"op":"echo","value":'*'}' ]]; then echo "${1:21:${#1}-22}"; return; fi
  local command; command=$(jq -r --argjson id "$id" 'def own: "whole=whole; echo \(tojson | @sh)"; {
    echo: "echo \(.value | tojson | @sh)", sleep: "sleep \(.seconds + 0)", exit: "exit \(.status)",
    raise: ([["RemoteException", $id, .type, .message, ""], null, null] | own),
    print: ([[$id, null], .out, .err] | own), prepared: "(IFS=,; echo \"[${items[*]}]\")",
    busy: "busy k\(.key | @base64) \(.delay_s) \(.times)"
    }[.op] // error("unknown op")' <<<"$1") && eval "$command"
}
# ---- your part: replace everything between this line and the last ----
prepare() { # take the preparation items, up to a null
  while next_message && [[ ! $message =~ ^[[:space:]]*null[[:space:]]*$ ]]
  do items+=("$message"); done
}
task() { # $1: the payload, as JSON text. Its last line of output is the answer, as JSON text too
  if [[ $1 == '{"op":'* ]] || jq -e 'has("op")?' <<<"$1" >/dev/null # keep this line while you test,
  then conformance "$1"; return; fi # and this one
  jq '[scan("\\S+")] | length' <<<"$1"
}
serve
