"""Reads a dataset directory with four peers, with no code of ours, and compares.

    python read_shards.py DATASET EXPECTED.json

EXPECTED.json is written by bench/peers/read_shards.ts: the sha256 of each shard's
columns as our own reader gives them (input_ids as little-endian uint16, the others
as int32). Each peer must give lists of whole numbers with the same values.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

COLUMNS = {"input_ids": "<u2", "doc_ids": "<i4", "doc_starts": "<i4"}


def with_pandas(path):
    import pandas

    frame = pandas.read_parquet(path)
    return {name: frame[name].tolist() for name in COLUMNS}


def with_pyarrow(path):
    import pyarrow.parquet

    file = pyarrow.parquet.ParquetFile(path, page_checksum_verification=True)
    table = file.read()
    element = table.schema.field("input_ids").type.value_type
    assert str(element) == "uint16", element
    return {name: table[name].to_pylist() for name in COLUMNS}


def with_datasets(path):
    import datasets

    rows = list(datasets.load_dataset("parquet", data_files=str(path), split="train", streaming=True))
    return {name: [row[name] for row in rows] for name in COLUMNS}


def with_duckdb(path):
    import duckdb

    names = ", ".join(COLUMNS)
    rows = duckdb.sql(f"select {names} from read_parquet('{path}')").fetchall()
    return {name: [row[i] for row in rows] for i, name in enumerate(COLUMNS)}


def digest(lists, dtype):
    """The hash of all values in order, and of the lengths of the lists."""
    for values in lists[:1]:
        assert all(isinstance(value, (int, np.integer)) for value in values), "not integers"
    values = np.concatenate([np.asarray(row, dtype=dtype) for row in lists])
    lengths = np.asarray([len(row) for row in lists], dtype="<i4")
    return hashlib.sha256(values.tobytes() + lengths.tobytes()).hexdigest()


def main():
    dataset, expected = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
    peers = [with_pandas, with_pyarrow, with_datasets, with_duckdb]
    wrong = 0
    for peer in peers:
        name = peer.__name__.removeprefix("with_")
        version = __import__(name).__version__
        for shard, hashes in expected.items():
            lists = peer(dataset / shard)
            found = {column: digest(lists[column], dtype) for column, dtype in COLUMNS.items()}
            equal = found == hashes
            wrong += not equal
            rows = len(lists["input_ids"])
            print(f"{name:9} {version:9} {shard}  {rows} rows  {'equal' if equal else 'DIFFERENT'}")
    print(f"{len(peers) * len(expected) - wrong} equal, {wrong} different")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
