"""Runs a plan on Ray, a task for each partition: Ray starts it again elsewhere when its machine goes.

    python on_ray.py images s3://bucket/photos --out s3://bucket/ds [options of `pipeline run`]

`pipeline` is on the PATH of every machine (or PIPELINE names it), and they share the storage. A task is a
rank of as many ranks as there are partitions, so no queue is needed.
"""

import json
import os
import shlex
import subprocess
import sys

import ray

PIPELINE = shlex.split(os.environ.get("PIPELINE", "pipeline"))


def pipeline(*arguments: str) -> str:
    ended = subprocess.run([*PIPELINE, *arguments], capture_output=True, text=True)
    if ended.returncode != 0:
        raise RuntimeError(f"pipeline {' '.join(arguments)}: {ended.returncode}\n{ended.stderr}")
    return ended.stdout


@ray.remote(num_cpus=1, max_retries=4, retry_exceptions=True)
def encode(options: list[str], partition: int, partitions: int) -> int:
    rank = ["--rank", str(partition), "--world-size", str(partitions)]
    pipeline("run", *options, "--workers", "1", "--quiet", *rank)
    return partition


def main() -> None:
    options = sys.argv[1:]
    out = options[options.index("--out") + 1]
    pipeline("plan", *options, "--quiet")
    status = json.loads(pipeline("status", out, "--json"))
    partitions = status["partitions"]["total"]
    ray.init(log_to_driver=False)
    waiting = [encode.remote(options, i, partitions) for i in range(partitions)]
    while waiting:
        ended, waiting = ray.wait(waiting)
        ray.get(ended)
        print(f"{partitions - len(waiting)} of {partitions} partitions", file=sys.stderr)
    print(pipeline("finalize", out))


if __name__ == "__main__":
    main()
