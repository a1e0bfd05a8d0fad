#!/usr/bin/env bash
# wandb: `wandb sync DIR` of a folder with TensorBoard's event files uploads nothing, says "No runs to sync" and ends with 0;
# up to 0.29.0 it was the way to upload them, and its option `--sync-tensorboard` is gone since.
#
# Consequence for us: docs/guides/train.md sends metrics.jsonl by `run.log` and does not name `wandb sync` for event files.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wandb==0.31.0 tensorboard==2.21.0 numpy==2.4.6
venv/bin/python - <<'PYTHON'
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

writer = EventFileWriter("events")
for step in range(3):
    value = Summary.Value(tag="loss", simple_value=1 / (step + 1))
    writer.add_event(Event(step=step, wall_time=1.0 + step, summary=Summary(value=[value])))
writer.close()
PYTHON
export WANDB_MODE=offline WANDB_DIR="$folder"
venv/bin/wandb --version
venv/bin/tensorboard --inspect --logdir events 2>/dev/null | grep -A 9 'Event statistics'
status=0
venv/bin/wandb sync events >said 2>&1 || status=$?
echo "expected: the three steps are read, or a word that event files no longer are"
echo "seen:     status $status: $(cat said)"
option=0
venv/bin/wandb sync --sync-tensorboard events >refused 2>&1 || option=$?
echo "with --sync-tensorboard: status $option: $(tail -n 1 refused)"
[ "$status" -eq 0 ] && grep -q 'No runs to sync' said && [ "$option" -ne 0 ] && grep -q 'have been removed' refused
