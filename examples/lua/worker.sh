#!/bin/sh
# worker.sh
exec lua5.4 "$(dirname "$0")/worker.lua" 3<&0 4>&1 </dev/null 1>&2
