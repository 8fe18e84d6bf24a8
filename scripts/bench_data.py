"""Loads a JSONL file of samples as Python's trainers do, into a list of objects; prints one JSON object.

    python scripts/bench_data.py FILE --library orjson --memory 8

Stops when the process has --memory GB, because all of a large file would not fit; internal/benchdata scales from there.
"""
import argparse
import importlib
import json
import time


def rss():
    """Resident memory in bytes, as the kernel counts it."""
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmRSS:"))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("file")
    ap.add_argument("--library", choices=["json", "orjson"], default="json")
    ap.add_argument("--memory", type=float, default=8, help="GB")
    args = ap.parse_args()
    try:
        loads = importlib.import_module(args.library).loads
    except ImportError as e:
        print(json.dumps({"missing": str(e)}))
        return
    samples, size, start = [], 0, time.perf_counter()
    with open(args.file, "rb") as f:
        for line in f:
            samples.append(loads(line))
            size += len(line)
            if len(samples) % 10000 == 0 and rss() > args.memory * 1e9:
                break
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "samples": len(samples), "bytes": size, "peak_rss_mb": rss() / 2**20}))


if __name__ == "__main__":
    main()
