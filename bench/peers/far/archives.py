"""The pipeline a practitioner would write for archives in a bucket: boto3, tarfile, Pillow, HF tokenizers.

    archives.py BUCKET PREFIX TOKENIZER.json OUT.parquet WORKERS

Each worker takes whole archives and downloads the next one on a thread while it encodes this one; the
rest is pipeline.py's. Peer of bench/s3/pipeline.ts, which times it as a whole.
"""

import io
import multiprocessing
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import boto3
import numpy as np
import pipeline
import pyarrow as pa
import pyarrow.parquet as pq
from tokenizers import Tokenizer


def download(bucket: str, key: str) -> bytes:
    client = boto3.session.Session().client("s3")
    out = io.BytesIO()
    # In ranges and on threads of its own, as boto3 does by default.
    client.download_fileobj(bucket, key, out)
    return out.getvalue()


def encode_archives(work: tuple, results: multiprocessing.Queue) -> None:
    bucket, keys, tokenizer = work
    pipeline.start_worker(tokenizer, False)
    with ThreadPoolExecutor(1) as ahead:
        next_one = ahead.submit(download, bucket, keys[0]) if keys else None
        for i, _ in enumerate(keys):
            archive = next_one.result()
            if i + 1 < len(keys):
                next_one = ahead.submit(download, bucket, keys[i + 1])
            documents = []
            with tarfile.open(fileobj=io.BytesIO(archive)) as members:
                for member in members:
                    if member.isfile():
                        content = io.BytesIO(members.extractfile(member).read())
                        documents.append(pipeline.encode(content))
            results.put(documents)
    results.put(None)


def main() -> None:
    bucket, prefix, tokenizer, out, workers = sys.argv[1:6]
    workers = int(workers)
    client = boto3.client("s3")
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = sorted(item["Key"] for page in pages for item in page.get("Contents", []))
    results = multiprocessing.Queue(4)
    processes = [
        multiprocessing.Process(
            target=encode_archives, args=((bucket, keys[i::workers], tokenizer), results)
        )
        for i in range(workers)
    ]
    for process in processes:
        process.start()
    pad = Tokenizer.from_file(tokenizer).token_to_id("<pad>")
    schema = pa.schema([("input_ids", pa.list_(pa.uint16()))])
    images = 0
    left = workers
    tail = np.empty(0, np.uint16)
    with pq.ParquetWriter(out, schema) as writer:
        while left:
            documents = results.get()
            if documents is None:
                left -= 1
                continue
            images += len(documents)
            tokens = np.concatenate([tail, *documents])
            whole = len(tokens) // pipeline.SEQ_LEN
            rows = list(tokens[: whole * pipeline.SEQ_LEN].reshape(-1, pipeline.SEQ_LEN))
            tail = tokens[whole * pipeline.SEQ_LEN :]
            if rows:
                pipeline.write(writer, rows)
        last = np.full(pipeline.SEQ_LEN, pad, np.uint16)
        last[: len(tail)] = tail
        pipeline.write(writer, [last])
    print(f"{images} images")


if __name__ == "__main__":
    main()
