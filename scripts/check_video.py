#!/usr/bin/env python3
"""Compares frames cut from a video with those that OpenCV decodes: their count, their order, their pixels.

check_video.py VIDEO FOLDER EVERY: FOLDER holds every EVERY-th frame of VIDEO as 00000.png, 00001.png, ...
Prints one JSON object; fails where a frame is nearer to another frame of the video than to its own.
"""
import json
import pathlib
import sys

import cv2
import numpy as np


def main(video, folder, every):
    ours = [cv2.imread(str(p)).astype(int) for p in sorted(pathlib.Path(folder).glob("*.png"))]
    capture, theirs, n = cv2.VideoCapture(video), [], 0
    while True:
        ok, frame = capture.read()
        if not ok:
            break
        if n % every == 0:
            theirs.append(frame.astype(int))
        n += 1
    report = {"opencv": cv2.__version__, "frames": n, "theirs": len(theirs), "ours": len(ours)}
    if len(ours) == len(theirs):
        differences = [np.abs(a - b) for a, b in zip(ours, theirs)]
        report["max"] = max(int(d.max()) for d in differences)
        report["mean"] = max(float(d.mean()) for d in differences)
        small = [(a[::8, ::8], b[::8, ::8]) for a, b in zip(ours, theirs)]
        report["order"] = all(i == min(range(len(small)), key=lambda j: np.abs(a - small[j][1]).sum()) for i, (a, _) in enumerate(small))
    print(json.dumps(report))
    return 0 if report.get("order") else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
