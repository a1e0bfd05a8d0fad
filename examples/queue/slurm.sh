#!/bin/bash
#SBATCH --job-name=encode --array=0-15 --cpus-per-task=4 --time=24:00:00 --requeue
# Each task of the array is a worker of the queue; tasks may start and end at any time.
#   export SOURCE=s3://bucket/photos OUT=s3://bucket/ds QUEUE=redis://login-node:6379
#   pipeline plan images "$SOURCE" --out "$OUT" --queue "$QUEUE" && sbatch examples/queue/slurm.sh
set -eu
exec pipeline run images "$SOURCE" --out "$OUT" --queue "$QUEUE" --workers "${SLURM_CPUS_PER_TASK:-1}"
