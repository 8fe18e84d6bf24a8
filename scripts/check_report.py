#!/usr/bin/env python3
"""Works the figures of a report out again, with scipy and scikit-learn, from what was answered.

    check_report.py report.json items.jsonl

items.jsonl has a line for every pair (evaluate.Options.Dump), report.json the curves, success scores, tracks and plans besides the
figures. Shares, correlations, counts, AUC and calibration error must agree to rounding, bootstrap intervals to what 2000 draws leave to chance. Prints
how many figures agree; exits with 1 where any does not.
"""
import json
import sys
from collections import Counter, defaultdict

import numpy as np
from scipy import stats
from sklearn.calibration import calibration_curve
from sklearn.metrics import roc_auc_score

BINS, DRAWS, WINDOW = 15, 2000, 7
rng = np.random.default_rng(0)
checked, wrong = 0, []


def same(what, got, want):
    global checked
    checked += 1
    if not abs(got - want) < 1e-9:
        wrong.append(f"{what}: the report has {got}, not {want}")


def calibration_error(what, got, sure, hit):
    stretched = 2 * sure - 1
    on_edge = (np.abs(stretched * BINS - np.round(stretched * BINS)) < 1e-9) & (stretched > 0) & (stretched < 1)
    if on_edge.any():  # scikit-learn puts what lies on the edge of two bins into the lower one, the report into the upper
        return
    share, mean = calibration_curve(hit, stretched, n_bins=BINS, strategy="uniform")
    counts = np.histogram(stretched, bins=np.linspace(0, 1, BINS + 1))[0]
    counts = counts[counts > 0]
    same(what + " calibration error", got, np.sum(counts * np.abs(share - (mean + 1) / 2)) / counts.sum())


def interval(what, got, draws):
    """Two bootstraps' percentiles differ by chance: by 0.02 of the width as a standard deviation, more where few episodes
    make the distribution a staircase."""
    global checked
    checked += 1
    want = np.quantile([d for d in draws if not np.isnan(d)], [0.025, 0.975])
    allowed = 0.15 * (want[1] - want[0]) + 0.01
    if np.max(np.abs(np.array(got) - want)) > allowed:
        wrong.append(f"{what}: the report has the interval {got}, not {want}")


def bootstrap_mean(values, counts=None):
    """Means over groups drawn with replacement; with counts, of sums over counts."""
    values = np.array(values, dtype=float)
    counts = np.ones(len(values)) if counts is None else np.array(counts, dtype=float)
    drawn = rng.integers(0, len(values), (DRAWS, len(values)))
    return values[drawn].sum(axis=1) / counts[drawn].sum(axis=1)


def in_group(name, i):
    level, _, window = name.rpartition(", ")
    if level and i["level"] != level:
        return False
    w = i["window"]
    return {
        "all": True, "short": i["level"] == "short", "long": i["level"] == "long",
        "1–3 frames": w <= 3, "4–11 frames": 3 < w <= 11, "12 and more": w > 11,
        "later is worse": i.get("kind") == "regression", "recovery": i.get("kind") == "recovery",
    }[window]


def right(p, i):
    return (p != 0.5) & ((p > 0.5) == (i["closer"] == "img1"))


def check_group(what, g, items):
    forward, inverse, agree, mean = [], [], [], []
    episodes = defaultdict(list)
    for i in items:
        a, b = i["p_asked"], i["p_swapped"]
        earlier_first = i["frame1"] <= i["frame2"]
        forward.append(right(a if earlier_first else b, i))
        inverse.append(right(b if earlier_first else a, i))
        agree.append((a > 0.5) == (b > 0.5))
        mean.append(right((a + b) / 2, i))
        episodes[i["scene"], i["episode"]].append(mean[-1])
    same(what + " pairs", g["pairs"], len(items))
    for name, values in {"forward": forward, "inverse": inverse, "consistency": agree, "right": mean}.items():
        same(f"{what} {name}", g[name], np.mean(values))
    same(what + " gap", g["gap"], np.mean(forward) - np.mean(inverse))
    interval(what, g["interval"], bootstrap_mean([sum(e) for e in episodes.values()], [len(e) for e in episodes.values()]))


def check_system(s, items):
    for g in s["groups"]:
        check_group(f"{s['name']}, {g['name']}", g, [i for i in items if in_group(g["name"], i)])
    for w in s["windows"]:
        part = [i for i in items if i["level"] == w["level"] and w["from"] <= i["window"] <= (w["to"] or 10**9)]
        check_group(f"{s['name']}, window {w['name']}", w, part)
    p = np.array([(i["p_asked"] + i["p_swapped"]) / 2 for i in items])
    hit = np.array([right(q, i) for q, i in zip(p, items)], dtype=float)
    sure = np.maximum(p, 1 - p)
    calibration_error(s["name"], s["calibration_error"], sure, hit)
    for c in s["coverage"][:: max(1, len(s["coverage"]) // 50)]:
        answered = sure >= c["above"]
        same(f"{s['name']} coverage above {c['above']}", c["coverage"], answered.mean())
        same(f"{s['name']} accuracy above {c['above']}", c["accuracy"], hit[answered].mean())


def correlation(statistic, x, y):
    if len(set(x)) < 2 or len(set(y)) < 2:
        return 0.0
    return statistic(x, y).statistic


def check_curves(r):
    for k, s in enumerate(r["systems"]):
        for g in s["groups"]:
            part = [c for c in r["episodes"] if g["name"] == "all" or c["setbacks"] == (g["name"] == "with setbacks")]
            same(f"curves, {s['name']}, {g['name']}", g["episodes"], len(part))
            for name, values in {
                "order": [correlation(stats.spearmanr, c["values"][k], c["frames"]) for c in part],
                "truth": [correlation(stats.spearmanr, c["values"][k], c["truth"]) for c in part],
                "tau": [correlation(stats.kendalltau, c["values"][k], c["truth"]) for c in part],
            }.items():
                what = f"curves, {s['name']}, {g['name']}, {name}"
                same(what, g[name]["value"], np.mean(values))
                interval(what, g[name]["interval"], bootstrap_mean(values))


def check_done(r):
    done = np.array([i["done"] for i in r["items"]])
    episodes = defaultdict(list)
    for n, i in enumerate(r["items"]):
        episodes[i["scene"], i["episode"]].append(n)
    groups = [np.array(g) for g in episodes.values()]
    for k, s in enumerate(r["systems"]):
        scores = np.array([i["scores"][k] for i in r["items"]])
        what = "success, " + s["name"]
        same(what, s["auc"], roc_auc_score(done, scores))
        same(what + " found", s["found"], np.mean(scores[done] > 0.5))
        same(what + " false", s["false"], np.mean(scores[~done] > 0.5))
        draws = []
        for _ in range(DRAWS):
            at = np.concatenate([groups[g] for g in rng.integers(0, len(groups), len(groups))])
            if 0 < done[at].sum() < len(at):
                draws.append(roc_auc_score(done[at], scores[at]))
        interval(what, s["interval"], draws)


REGRESSING, DONE = "regressing", "done"
SLACK = 5  # frames late that are still in time


def spans(flags):
    """First frames of the stretches that are true."""
    return [i for i, f in enumerate(flags or []) if f and not (i and flags[i - 1])]


def check_track(r):
    episodes = r["episodes"]
    progress = lambda e: [s["progress"] for s in e["states"]]  # of the tracker, which may have any name
    ways = {
        "all frames compared": lambda e: e["curve"],
        "elapsed time": lambda e: list(range(len(e["states"]))),
    }
    for c in r["curves"]:
        rho = [correlation(stats.spearmanr, ways.get(c["name"], progress)(e), e["truth"]) for e in episodes]
        what = "track, " + c["name"]
        same(what + " median", c["median"], np.median(rho))
        same(what + " mean", c["mean"]["value"], np.mean(rho))
        interval(what, c["mean"]["interval"], bootstrap_mean(rho))
        hard = [x for x, e in zip(rho, episodes) if e["setback"]]
        same(what + " with setbacks", c["setbacks"], np.median(hard) if hard else 0)
    sure, hit = [], []
    for e in episodes:
        for i, s in enumerate(e["states"]):
            if i == 0 or s["trend"] in ("stalled", DONE):
                continue
            moved = e["truth"][i] - (max(e["truth"][:i]) if s["trend"] == REGRESSING else e["truth"][max(0, i - WINDOW)])
            if moved == 0 and s["trend"] != REGRESSING:
                continue
            says = moved < 0 if s["trend"] == REGRESSING else moved > 0  # whether what the trend says is so
            likely = s["confidence"] >= 0.5
            sure.append(s["confidence"] if likely else 1 - s["confidence"])
            hit.append(says == likely)
    calibration_error("track", r["calibration_error"], np.array(sure), np.array(hit))
    setbacks, alarms, done, early, failed = [], [], [], [], []
    for e in episodes:
        trends = [s["trend"] for s in e["states"]]
        setbacks += [REGRESSING in trends[i:i + SLACK + 1] for i in spans(e["regress"])]
        if not spans(e["regress"]) and not e["setback"]:
            alarms.append(len(spans([t == REGRESSING for t in trends])))
        said = trends.index(DONE) if DONE in trends else None
        if e["success"] < 0:
            failed.append(said is None)
        else:
            done.append(said is not None and abs(said - e["success"]) <= SLACK)
            early.append(said is not None and said < e["success"] - SLACK)
    for name, values in {"setbacks": setbacks, "alarms": alarms, "done": done, "early": early, "failed": failed}.items():
        same("track, " + name, r[name]["n"], sum(values))
        same(f"track, {name}, of", r[name]["of"], len(values))


def edits(a, b):
    """Levenshtein's distance, by the whole table."""
    table = np.add.outer(np.arange(len(a) + 1), np.arange(len(b) + 1))
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i + 1, j + 1] = min(table[i, j] + (x != y), table[i, j + 1] + 1, table[i + 1, j] + 1)
    return int(table[-1, -1])


def check_plans(r):
    faults = Counter()
    for i in r["items"]:
        got, want = i["got"], i["want"] or []
        if got is None:
            faults.update(i["faults"])  # what it was refused for, which only the library knows
            continue
        found = {"missing step": Counter(want) - Counter(got), "additional step": Counter(got) - Counter(want)}
        found["wrong order"] = got != want and not any(found.values())
        faults.update(name for name, yes in found.items() if yes)
    for name in faults.keys() | r["faults"].keys():
        same("plans, " + name, r["faults"].get(name, 0), faults[name])
    for task, score in [(None, r["all"]), *r["tasks"].items()]:
        part = [(i["got"], i["want"] or []) for i in r["items"] if task in (None, i["task"])]
        answered = [(got, want) for got, want in part if got is not None]
        for name, want in {
            "asked": len(part), "impossible": len(part) - len(answered),
            "first": sum(got[:1] == want[:1] for got, want in answered),
            "exact": sum(got == want for got, want in answered),
            "edits": sum(edits(got or [], want) for got, want in part),
        }.items():
            same(f"plans, {task or 'all'}, {name}", score[name], want)


def pixels(i):
    a, b = i["distance"]
    p = 0.5 if a == b else b / (a + b)
    return i | {"p_asked": p, "p_swapped": p}


with open(sys.argv[1]) as f:
    report = json.load(f)
with open(sys.argv[2]) as f:
    items = [json.loads(line) for line in f]
for n, system in enumerate(report["systems"]):
    if n == 0:
        check_system(system, items)
    elif system["name"] == "always the later frame":
        later = [float(i["frame1"] > i["frame2"]) for i in items]
        check_system(system, [i | {"p_asked": p, "p_swapped": p} for i, p in zip(items, later)])
    elif system["name"] == "pixels like the last":
        check_system(system, [pixels(i) for i in items])
if report.get("curves"):
    check_curves(report["curves"])
if report.get("done"):
    check_done(report["done"])
if report.get("track"):
    check_track(report["track"])
if report.get("plans"):
    check_plans(report["plans"])
for line in wrong:
    print(line)
print(f"{checked - len(wrong)} of {checked} figures agree")
sys.exit(bool(wrong) or not checked)
