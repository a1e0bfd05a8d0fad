#!/usr/bin/env bash
# Hugging Face datasets: of a folder with part-*.parquet and val-*.parquet, load_dataset gives only `validation`.
#
# Consequence for us: pipeline/finish/card.ts writes a README.md whose `configs` name both splits.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check datasets==5.2.0 pyarrow==26.0.1
export HF_HOME="$folder/cache" HF_HUB_OFFLINE=1
venv/bin/python - <<'PYTHON'
import os, sys
import datasets, pyarrow as pa, pyarrow.parquet as pq

os.makedirs("plain/shards")
for name, rows in {"part-00000": 21, "part-00001": 4, "val-00000": 12}.items():
    pq.write_table(pa.table({"x": list(range(rows))}), f"plain/shards/{name}.parquet")
print("datasets", datasets.__version__)
found = {split: len(rows) for split, rows in datasets.load_dataset("plain").items()}
print("expected: 37 rows under some split, or a word about those that are left out")
print("seen:    ", found)
sys.exit(0 if found == {"validation": 12} else 1)
PYTHON
