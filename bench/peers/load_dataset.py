"""Opens a dataset directory with Hugging Face datasets, by its path alone.

    python load_dataset.py DATASET

Prints one line of JSON: the rows of each split, read whole and streamed, and whether the
first row is the same both ways.
"""

import json
import sys

import datasets


def main():
    whole = datasets.load_dataset(sys.argv[1])
    streamed = datasets.load_dataset(sys.argv[1], streaming=True)
    rows = {split: list(streamed[split]) for split in streamed}
    report = {
        "version": datasets.__version__,
        "whole": {split: len(whole[split]) for split in whole},
        "streamed": {split: len(rows[split]) for split in rows},
        "first": {split: rows[split][0]["input_ids"] == whole[split][0]["input_ids"] for split in rows},
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
