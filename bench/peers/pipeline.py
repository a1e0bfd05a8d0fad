"""The pipeline a practitioner would write: Pillow, HF tokenizers, pyarrow, a process pool.

    pipeline.py FOLDER TOKENIZER.json OUT.parquet WORKERS [--draft]

Each worker reads a file, decodes, crops, resizes to 256x256, encodes at quality 25 with a
restart marker after each MCU and tokenizes; the parent packs sequences of 12,288 tokens and
writes them. --draft lets the JPEG decoder leave out detail (Image.draft). Peer of
bench/pipeline/table.ts, which times it as a whole.
"""

import io
import multiprocessing
import os
import sys

# The pool is the parallelism; threads of the tokenizer below it would only get in its way.
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from tokenizers import Tokenizer

SIDE = 256
SEQ_LEN = 12288
ROWS_A_GROUP = 64

tokenizer = None
draft = False


def start_worker(path: str, use_draft: bool) -> None:
    global tokenizer, draft
    tokenizer = Tokenizer.from_file(path)
    draft = use_draft


def canonical_bytes(path: str) -> bytes:
    image = Image.open(path)
    if draft:
        image.draft("RGB", (2 * SIDE, 2 * SIDE))
    image = image.convert("RGB")
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    box = (left, top, left + side, top + side)
    out = io.BytesIO()
    image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=box).save(
        out, "JPEG", quality=25, subsampling="4:2:0", streamtype=2, restart_marker_blocks=1
    )
    return out.getvalue()


def encode(path: str) -> np.ndarray:
    data = np.frombuffer(canonical_bytes(path), np.uint8)
    text = (data.astype(np.uint32) + 0x2800).tobytes().decode("utf-32-le")
    return np.array(tokenizer.encode(text).ids, np.uint16)


def write(writer: pq.ParquetWriter, rows: list) -> None:
    offsets = pa.array(np.arange(len(rows) + 1, dtype=np.int32) * SEQ_LEN)
    ids = pa.ListArray.from_arrays(offsets, pa.array(np.concatenate(rows)))
    writer.write_table(pa.table({"input_ids": ids}))


def main() -> None:
    folder, tokenizer_path, out, workers = sys.argv[1:5]
    paths = sorted(
        os.path.join(root, name)
        for root, _, names in os.walk(folder)
        for name in names
        if name.endswith(".jpg")
    )
    pad = Tokenizer.from_file(tokenizer_path).token_to_id("<pad>")
    schema = pa.schema([("input_ids", pa.list_(pa.uint16()))])
    use_draft = "--draft" in sys.argv
    images = 0
    with (
        multiprocessing.Pool(int(workers), start_worker, (tokenizer_path, use_draft)) as pool,
        pq.ParquetWriter(out, schema) as writer,
    ):
        row = np.empty(SEQ_LEN, np.uint16)
        filled = 0
        rows = []
        for ids in pool.imap(encode, paths, chunksize=8):
            images += 1
            while len(ids) > 0:
                count = min(len(ids), SEQ_LEN - filled)
                row[filled : filled + count] = ids[:count]
                ids, filled = ids[count:], filled + count
                if filled == SEQ_LEN:
                    rows.append(row)
                    row, filled = np.empty(SEQ_LEN, np.uint16), 0
            if len(rows) >= ROWS_A_GROUP:
                write(writer, rows)
                rows = []
        if filled:
            row[filled:] = pad
            rows.append(row)
        if rows:
            write(writer, rows)
    print(f"{images} images")


if __name__ == "__main__":
    main()
