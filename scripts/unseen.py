#!/usr/bin/env python3
"""Episodes of the Meta-World tasks that generate.py does not offer, by its means: for measuring what a model does in tasks that it has
never seen, never for training the embedded checkpoint. Three simulator sets: OUT/demos has ten clean successes of each task, OUT/failures three episodes that
give up, and OUT/held ten more, four of them with a setback or failing.

  MUJOCO_GL=egl PYTHONPATH=../shared/sim python scripts/unseen.py OUT [--tasks box-close-v3,...]
"""
import argparse, functools, json, os, time
import generate
from tasks import T


def task(name, noun, kind, scene):
    """One phase before the object has moved and one after: nothing that is measured needs more."""
    return dict(name=name, noun=noun, kind=kind, scene=scene, pre="approach", act=["act"], br=["act"] * 16,
                phases=[("approach", "Reach", f"Move the gripper to the {noun}"), ("act", "Move", name), ("done", "Hold", "Hold still")])


# Names are those that Meta-World publishes.
UNSEEN = {
    "box-close-v3": task("Grasp the cover and close the box with it", "cover", "grasp", "A box stands on the table; its cover lies beside it."),
    "plate-slide-v3": task("Slide a plate into the cabinet", "plate", "joint", "A plate lies on the table in front of a cabinet."),
    "coffee-pull-v3": task("Pull a mug from a coffee machine", "mug", "grasp", "A mug stands under a coffee machine."),
    "window-close-v3": task("Push and close a window", "window", "joint", "An open sliding window stands on the table."),
    "dial-turn-v3": task("Rotate a dial 180 degrees", "dial", "joint", "A dial stands on the table."),
    "bin-picking-v3": task("Grasp the puck from one bin and place it into another bin", "puck", "grasp", "Two bins stand on the table, a puck lies in one."),
    "door-close-v3": task("Close a door with a revolving joint", "door", "joint", "An open cabinet door stands on the table."),
    "push-back-v3": task("Pull a puck to a goal", "puck", "grasp", "A puck lies on the table; a ball marks the goal."),
    "handle-pull-v3": task("Pull a handle up", "handle", "joint", "A handle stands on the table."),
    "pick-place-wall-v3": task("Pick a puck, bypass a wall and place the puck", "puck", "grasp", "A puck lies in front of a wall; a ball marks the goal."),
    "plate-slide-side-v3": task("Slide a plate into the cabinet sideways", "plate", "joint", "A plate lies on the table beside a cabinet."),
    "soccer-v3": task("Kick a soccer into the goal", "ball", "grasp", "A ball lies on the table in front of a goal."),
}


def write(out, name, wanted, seeds, outcome=None):
    """One episode of each variant wanted, from seeds in turn. What is finished has its task_info, and is left alone."""
    path = f"{out}/task_info/{name}.json"
    if os.path.exists(path): return
    infos, seeds = [], iter(seeds)
    for variant in wanted:
        for seed in seeds:
            t0 = time.time()
            if outcome and generate.job((None, name, seed, variant, 40, False)).get("P", {}).get("outcome") != outcome: continue
            r = generate.job((out, name, seed, variant, 40, False))
            if r.get("failed"): continue
            infos.append(r["info"])
            print(out, seed, r["variant"], r["P"]["outcome"], r["P"]["num_frames"], f"{time.time() - t0:.1f}s", flush=True)
            break
    os.makedirs(f"{out}/task_info", exist_ok=True)
    json.dump(infos, open(path, "w"), indent=1)


if __name__ == "__main__":
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("out"); a.add_argument("--tasks", default=",".join(UNSEEN)); a = a.parse_args()
    T.update(UNSEEN)
    generate.build = functools.lru_cache(12)(generate.build)  # an episode is built to see its outcome, and again to be kept
    for name in a.tasks.split(","):
        back = "drop" if T[name]["kind"] == "grasp" else "undo"
        write(f"{a.out}/demos", name, ["clean"] * 10, range(10200, 10230))
        write(f"{a.out}/failures", name, ["abort"] * 3, range(10230, 10245), "failed")
        write(f"{a.out}/held", name, ["clean"] * 6 + [back, "burst", back, "abort"], range(10250, 10290))
