"""One rank that reads a dataset by a loader of others: the peer of bench/loader/rank.ts.

    rank.py mds|litdata|litdata-raw FOLDER RANK WORLD_SIZE EPOCHS ROW_LENGTH [REMOTE [STEP_MS]]

Waits for a line on stdin, then reads epoch after epoch, and prints a JSON line for each. REMOTE is an
s3:// place that FOLDER is the cache of. Ids are given as a model takes them, 32-bit integers like those of our
loader; litdata-raw leaves them as they are stored, 16-bit views that no embedding takes.
"""

import json
import os
import resource
import sys
import time

kind, folder, rank, world_size, epochs, row_length = sys.argv[1:7]
remote = sys.argv[7] if len(sys.argv) > 7 and sys.argv[7] else None
step = float(sys.argv[8]) / 1000 if len(sys.argv) > 8 else 0
os.environ.update(
    RANK=rank,
    LOCAL_RANK=rank,
    WORLD_SIZE=world_size,
    LOCAL_WORLD_SIZE=world_size,
    MASTER_ADDR="127.0.0.1",
    MASTER_PORT=os.environ.get("MASTER_PORT", "29511"),
)
BATCH = 4

import torch

torch.set_num_threads(1)
if int(world_size) > 1:
    import torch.distributed

    torch.distributed.init_process_group("gloo", rank=int(rank), world_size=int(world_size))
if kind == "mds":
    import streaming
    from torch.utils.data import DataLoader
else:
    import litdata
    from litdata.streaming.item_loader import TokensLoader


def make_loader():
    if kind == "mds":
        dataset = streaming.StreamingDataset(
            remote=remote, local=folder, shuffle=True, batch_size=BATCH
        )
        return DataLoader(dataset, batch_size=BATCH, num_workers=0, drop_last=True)
    dataset = litdata.StreamingDataset(
        folder,
        item_loader=TokensLoader(block_size=int(row_length)),
        shuffle=True,
        drop_last=True,
    )
    return litdata.StreamingDataLoader(dataset, batch_size=BATCH, num_workers=0)


def ids_of(batch):
    ids = batch["ids"] if kind == "mds" else batch
    return ids if kind == "litdata-raw" else ids.to(torch.int32)


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def say(**figures):
    print(json.dumps(figures), flush=True)


say(ready=True)
sys.stdin.readline()
start = time.perf_counter()
loader = make_loader()
first = waited = whole = 0
batches = 0
for epoch in range(int(epochs)):
    since = time.perf_counter() if epoch else start
    cpu = cpu_seconds()
    tokens = 0
    iterator = iter(loader)
    while True:
        asked = time.perf_counter()
        batch = next(iterator, None)
        if batch is None:
            break
        now = time.perf_counter()
        first = first or now - start
        waited += now - asked
        batches += 1
        tokens += ids_of(batch).numel()
        if step:
            time.sleep(step)
    seconds = time.perf_counter() - since
    whole += seconds
    say(epoch=epoch, tokens=tokens, seconds=seconds, cpu=cpu_seconds() - cpu, first=first)
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
say(batches=batches, share=waited / whole, memory=memory)
os._exit(0)
