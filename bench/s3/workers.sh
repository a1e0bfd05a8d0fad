#!/bin/sh
# Starts N processes of a run at once and waits for them: ranks, then `finalize`; or workers of a queue.
# Usage: workers.sh ranks|queue N NODE PIPELINE OUT ARGUMENTS...
set -eu
kind=$1 count=$2 node=$3 pipeline=$4 out=$5
shift 5
pids=
i=0
while [ "$i" -lt "$count" ]; do
  if [ "$kind" = ranks ]; then
    "$node" "$pipeline" "$@" --rank "$i" --world-size "$count" &
  else
    "$node" "$pipeline" "$@" &
  fi
  pids="$pids $!"
  i=$((i + 1))
done
for pid in $pids; do wait "$pid"; done
if [ "$kind" = ranks ]; then "$node" "$pipeline" finalize "$out" --quiet; fi
