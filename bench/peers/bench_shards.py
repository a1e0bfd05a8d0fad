"""What pyarrow and HF datasets do with the sequences of one shard, one thread.

    python bench_shards.py SHARD WORK_FOLDER

Reads names of measurements from stdin, one a line, and answers each with one figure:
millions of tokens per second of CPU time, or bytes per token of a file that pyarrow writes.
"""

import hashlib
import os
import resource
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

pa.set_cpu_count(1)
pa.set_io_thread_count(1)
BUFFER = 128


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Peer:
    def __init__(self, shard, folder):
        self.shard, self.folder = shard, Path(folder)
        self.column = pq.read_table(shard, columns=["input_ids"]).combine_chunks()
        self.tokens = len(self.column["input_ids"].chunk(0).values)
        self.own = self._write("same.parquet", compression="none")

    def _write(self, name, **options):
        path = self.folder / name
        options = {"use_dictionary": True, "write_statistics": False, **options}
        pq.write_table(self.column, path, row_group_size=64, **options)
        return path

    def _timed(self, work):
        start = cpu_seconds()
        work()
        return self.tokens / (cpu_seconds() - start) / 1e6

    def write(self):
        return self._timed(lambda: self._write("same.parquet", compression="none"))

    def writeSafe(self):
        def work():
            path = self._write("safe.parquet", compression="none", write_page_checksum=True)
            with open(path, "rb") as file:
                hashlib.file_digest(file, "sha256")
                os.fsync(file.fileno())

        return self._timed(work)

    def _read(self, path):
        def work():
            table = pq.read_table(path, columns=["input_ids"], use_threads=False)
            return sum(len(chunk.values.to_numpy()) for chunk in table["input_ids"].chunks)

        return self._timed(work)

    def read(self):
        return self._read(self.shard)

    def readOwn(self):
        return self._read(self.own)

    def _stream(self, ranks):
        from datasets import load_dataset
        from datasets.distributed import split_dataset_by_node

        def work():
            for rank in range(ranks):
                rows = load_dataset("parquet", data_files=self.shard, split="train", streaming=True)
                rows = rows.select_columns(["input_ids"]).with_format("numpy")
                if ranks > 1:
                    rows = split_dataset_by_node(rows, rank, ranks)
                for row in rows.shuffle(seed=1, buffer_size=BUFFER):
                    len(row["input_ids"])

        return self._timed(work)

    def stream(self):
        return self._stream(1)

    def streamRanks(self):
        return self._stream(2)

    def _size(self, name, compression):
        return os.path.getsize(self._write(name, compression=compression)) / self.tokens

    def sizeSame(self):
        return self._size("same.parquet", "none")

    def sizeBest(self):
        return self._size("zstd.parquet", "zstd")


def main():
    peer = Peer(sys.argv[1], sys.argv[2])
    for line in sys.stdin:
        print(getattr(peer, line.strip())(), flush=True)


if __name__ == "__main__":
    main()
