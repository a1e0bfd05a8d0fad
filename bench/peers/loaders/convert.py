"""Writes the rows of a benchmark as MosaicML and LitData would have them.

    convert.py FOLDER ROW_LENGTH

FOLDER has `tokens.bin`, rows of 16-bit integers; it gets `mds/`, samples of one array each, and
`litdata/`, a stream of tokens for its TokensLoader.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from litdata import optimize
from litdata.streaming.item_loader import TokensLoader
from streaming import MDSWriter

folder, row_length = Path(sys.argv[1]), int(sys.argv[2])
rows = np.memmap(folder / "tokens.bin", np.uint16, "r").reshape(-1, row_length)


def tokens_of(shard):
    for row in rows[shard * 512 : (shard + 1) * 512]:
        yield torch.from_numpy(np.array(row))


if __name__ == "__main__":
    with MDSWriter(out=str(folder / "mds"), columns={"ids": f"ndarray:uint16:{row_length}"}) as out:
        for row in rows:
            out.write({"ids": row})
    optimize(
        fn=tokens_of,
        inputs=list(range(len(rows) // 512)),
        output_dir=str(folder / "litdata"),
        chunk_bytes="64MB",
        item_loader=TokensLoader(block_size=row_length),
        num_workers=1,
    )
