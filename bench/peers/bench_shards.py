"""What pyarrow and HF datasets do with the sequences of one shard, one thread.

    python bench_shards.py SHARD WORK_FOLDER

Prints one JSON object: millions of tokens a second of CPU time, best of several
runs, and bytes a token of files that pyarrow writes.
"""

import json
import os
import resource
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

pa.set_cpu_count(1)
pa.set_io_thread_count(1)
RUNS = 4


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def best(work):
    def once():
        start = cpu_seconds()
        tokens = work()
        return tokens / (cpu_seconds() - start) / 1e6

    return max(once() for _ in range(RUNS))


def main():
    shard, folder = sys.argv[1], Path(sys.argv[2])
    column = pq.read_table(shard, columns=["input_ids"]).combine_chunks()
    tokens = len(column["input_ids"].chunk(0).values)

    def write(name, **options):
        path = folder / name
        pq.write_table(column, path, row_group_size=64, write_statistics=False, **options)
        return os.path.getsize(path) / tokens

    def write_same():
        write("same.parquet", use_dictionary=True, compression="none")
        return tokens

    def read(path):
        table = pq.read_table(path, columns=["input_ids"], use_threads=False)
        return sum(len(chunk.values.to_numpy()) for chunk in table["input_ids"].chunks)

    def stream():
        import datasets

        rows = datasets.load_dataset("parquet", data_files=shard, split="train", streaming=True)
        rows = rows.select_columns(["input_ids"]).with_format("numpy")
        shuffled = rows.shuffle(seed=1, buffer_size=128)
        return sum(len(row["input_ids"]) for row in shuffled)

    result = {
        "write": best(write_same),
        "read": best(lambda: read(shard)),
        "readOwn": best(lambda: read(folder / "same.parquet")),
        "sizeSame": write("same.parquet", use_dictionary=True, compression="none"),
        "sizeBest": write("zstd.parquet", use_dictionary=True, compression="zstd"),
        "loader": best(stream),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
