"""Plays a script in a simulator, with setbacks on purpose, counts the script's remaining steps from every state, and writes the
episode as dataset.Simulated reads it.

A simulator here is an object with

    name, texts           the scene's name; texts: the task's name in several wordings, "plan": [(key, skill, text), ...], "noun"
    model, data, dt       MuJoCo's, and seconds a step
    save() -> state, load(state)
    script() -> key, move, grip     what the script does next in this state: a function of the state alone
    step(move, grip)      move: three numbers from -1 to 1; grip: 1 closes, -1 opens
    done()                whether the task is done
    hand(), object(), goal(), opening()    positions in metres; how far the gripper is open, from 0 to 1
    carried, kinds        keys of the plan in which the object is on its way (a drop, an undo or a giving up may begin there); the setbacks to play
    joints                addresses in qpos that an undo moves back; may be empty
"""
import argparse
import os
import time
import zlib

import mujoco
import numpy as np

import files
import look
from files import CAP

HOLD = 12  # steps that an episode goes on after success
FRAMES = 40  # the most frames of an episode, about
VARIANTS = dict(clean=0, drop=1, burst=2, undo=3, pause=4, abort=5)
STATE = mujoco.mjtState.mjSTATE_INTEGRATION


def get_state(model, data):
    state = np.empty(mujoco.mj_stateSize(model, STATE))
    mujoco.mj_getState(model, data, state, STATE)
    return state


def set_state(model, data, state):
    mujoco.mj_setState(model, data, state, STATE)
    mujoco.mj_forward(model, data)


# ------------------------------------------------------------------ motion


def steps_left(sim, state, speed, cap=CAP):
    """Steps that the undisturbed script takes from a state to success, at most cap."""
    sim.load(state)
    for n in range(cap):
        if sim.done():
            return n
        _, move, grip = sim.script()
        sim.step(np.clip(move, -1, 1) * speed, grip)
    return cap


class Run:
    """The states of an attempt, one before each step and the last one, with what was going on."""

    def __init__(self):
        self.states, self.keys, self.causes, self.ok, self.signals = [], [], [], [], []

    def note(self, sim, key, cause):
        self.states.append(sim.save())
        self.keys.append(key)
        self.causes.append(cause)
        self.ok.append(bool(sim.done()))
        hand, thing = sim.hand(), sim.object()
        self.signals.append((np.linalg.norm(hand - thing), np.linalg.norm(thing - sim.goal()), np.clip(sim.opening(), 0, 1)))

    def cut(self, n):
        """The first n states, as a run of its own."""
        head = Run()
        for name, values in vars(self).items():
            setattr(head, name, list(values[:n]))
        return head


def follow(sim, run, rng, speed, noise, limit):
    """Follows the script with noise until it has held success for a while; False if it does not get there."""
    wobble, held = np.zeros(3), 0
    grip = -1.0
    while held <= HOLD and len(run.states) < limit:
        if sim.done() or held:
            run.note(sim, "done", None)
            held += 1
            if not sim.done():
                held = 0  # it did not last
                continue
            sim.step(np.zeros(3), grip)
            continue
        key, move, grip = sim.script()
        run.note(sim, key, None)
        wobble = 0.8 * wobble + 0.4 * rng.normal(size=3)
        sim.step(np.clip(move * speed + noise * wobble * min(1.0, 4 * np.linalg.norm(move)), -1, 1), grip)
    return held > HOLD


def disturb(sim, run, kind, rng):
    """Plays one disturbance from the state that sim is in."""
    grip = sim.script()[2]
    steps = dict(drop=(10, 18), burst=(14, 26), pause=(16, 36), undo=(22, 30), abort=(26, 40), freeze=(26, 40))[kind]
    steps = int(rng.integers(*steps))
    push = rng.normal(size=3)
    push[2] = abs(push[2]) * 0.7
    push /= np.linalg.norm(push)
    back = np.array([rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.5), 1.0])
    loose = rng.random() < 0.7
    before = None
    for n in range(steps):
        run.note(sim, "disturb", kind)
        if kind == "drop":
            sim.step(np.array([0, 0, 0.3]), -1.0)
        elif kind == "burst":
            sim.step(push, -1.0 if loose else grip)
        elif kind in ("pause", "freeze"):
            sim.step(np.zeros(3), grip)
        elif kind == "undo":
            sim.step(back * 0.7, -1.0)
            if n >= steps // 2 and sim.joints:  # the arm is away: the joint moves back
                if before is None:
                    before, amount = sim.data.qpos[sim.joints].copy(), rng.uniform(0.6, 1.0)
                share = amount * (n + 1 - steps // 2) / (steps - steps // 2)
                sim.data.qpos[sim.joints] = before + share * (sim.start[sim.joints] - before)
                mujoco.mj_forward(sim.model, sim.data)
        else:  # abort
            away = sim.rest - sim.hand()
            sim.step(np.array([0, 0, 0.6]) if n < 8 else np.clip(away * 8, -1, 1), -1.0)


def attempt(sim, variant, rng):
    """One attempt at the task: (run, costs of its states, None where only a roll-out can tell, speed, outcome); or None if it did not
    turn out as the variant says."""
    speed, noise = rng.uniform(0.6, 1.0), rng.uniform(0.0, 0.3)
    sim.rest, sim.start = sim.hand().copy(), sim.data.qpos.copy()
    plain = Run()
    if sim.done() or not follow(sim, plain, rng, speed, noise, CAP) or plain.ok[0]:
        return None
    success = plain.ok.index(True)
    costs = [max(0, success - i) for i in range(len(plain.states))]
    if variant == "clean":
        return plain, costs, speed, "success"
    carried = [i for i in range(success) if plain.keys[i] in sim.carried]
    if variant in ("drop", "undo", "abort"):
        if len(carried) < 4:
            return None
        at = carried[int(rng.uniform(0.35, 0.85) * (len(carried) - 1))]
    else:
        at = int(success * rng.uniform(0.25, 0.9))
    kind = "freeze" if variant == "abort" and rng.random() < 0.3 else variant
    run = plain.cut(at)
    sim.load(plain.states[at])
    disturb(sim, run, kind, rng)
    after = len(run.states)
    costs = costs[:at]
    if variant == "abort":
        run.note(sim, "disturb", kind)
        if any(run.ok):
            return None
        outcome = "failed"
    else:
        if not follow(sim, run, rng, speed, noise, 2 * CAP):
            return None
        outcome = "success" if variant == "pause" else "recovered"
    for i in range(at, len(run.states)):  # what the disturbance cost: the script tries again from there
        if i < after or outcome == "failed":
            costs.append(None)
        else:
            costs.append(next((k for k, ok in enumerate(run.ok[i:]) if ok), 0))
    return run, costs, speed, outcome


def frame_costs(sim, run, costs, speed, idx):
    """The costs of the frames, those that are not known yet by roll-outs; no state is further away than the next one and the way to it."""
    costs = [min(CAP, steps_left(sim, run.states[i], speed) if costs[i] is None else costs[i]) for i in idx]
    for i in range(len(idx) - 2, -1, -1):
        costs[i] = min(costs[i], idx[i + 1] - idx[i] + costs[i + 1])
    return costs


# ------------------------------------------------------------------ episodes


def variant_of(seed, kinds):
    """Of six seeds in turn three are clean, one pauses, and two fail or have a setback."""
    return ["clean", kinds[seed // 6 % len(kinds)], "clean", "pause", "clean", kinds[(seed // 6 + 1) % len(kinds)]][seed % 6]


def record(make, out, task, seed, views):
    """Makes the episodes of a task and seed: one motion, seen in as many looks as there are views. Returns what to tell of them."""
    began = time.process_time(), time.time()
    sim = run = None
    for trial in range(6):
        rng = np.random.default_rng([zlib.crc32(task.encode()), seed, trial])
        sim = make(task, rng)
        variant = variant_of(seed, sim.kinds)
        got = attempt(sim, variant, rng)
        if got is None:
            continue
        run, costs, speed, outcome = got
        last = len(run.states) - 1
        idx = list(range(0, last, max(2, -(-len(run.states) // FRAMES)))) + [last]
        costs = frame_costs(sim, run, costs, speed, idx)
        if costs[0] < CAP and (variant in ("clean", "pause") or files.setbacks(costs) or trial > 3):
            break
        run = None
    if run is None:
        return f"{task} {seed}: the script did not get there"
    for view in range(views):
        number = seed * 100 + VARIANTS[variant] * 10 + view
        folder = os.path.join(out, "observation", sim.name, str(number))
        rng = np.random.default_rng([zlib.crc32(task.encode()), seed, 1000 + view])
        name = files.wording(sim.texts["names"], rng)
        seen = look.film(sim, [run.states[i] for i in idx], folder, rng)
        info, progress = files.describe(sim, run, costs, idx, task_name=name, seed=seed, variant=variant, outcome=outcome, look=seen)
        head = dict(episode_id=number, task_id=zlib.crc32(sim.name.encode()) % 1000000, task_name=name)
        files.write(out, head | info, dict(episode_id=number) | progress)
    cpu, wall = time.process_time() - began[0], time.time() - began[1]
    return f"{task} {seed} {variant}: {len(idx)} frames, cost {costs[0]} to {costs[-1]}, {len(files.setbacks(costs))} setbacks, {cpu:.1f} CPU s, {wall:.0f} s"


def made(folder, seed, views):
    """Whether a folder of progress holds a seed's episodes, all of them."""
    return os.path.isdir(folder) and sum(f.endswith(".json") and int(f.split(".")[0]) // 100 == seed for f in os.listdir(folder)) >= views


def rehearse(make, task, seed):
    """One undisturbed run of a script, told in a line: what was done for how many steps, and where things are at the end."""
    began = time.process_time()
    sim, run = make(task, np.random.default_rng(seed)), Run()
    sim.rest, sim.start = sim.hand().copy(), sim.data.qpos.copy()
    reached = follow(sim, run, np.random.default_rng(seed), 1.0, 0.1, CAP)
    phases = []
    for key in run.keys:
        if phases and phases[-1][0] == key:
            phases[-1][1] += 1
        else:
            phases.append([key, 1])
    at = " ".join(f"{what} {np.round(place, 3)}" for what, place in (("hand", sim.hand()), ("object", sim.object()), ("goal", sim.goal())))
    return f"{task} {seed} {'done' if reached else 'NOT DONE'}: {' '.join(f'{k} {n}' for k, n in phases)}; {at}; {time.process_time() - began:.1f} CPU s"


def main(tasks, about, record, rehearse=None, arguments=None):
    """The command line that all simulators share: record(out, task, seed, views) makes the episodes of a task and seed and tells of them,
    rehearse(task, seed) only plays its script."""
    ap = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("out")
    ap.add_argument("--seeds", default="10000:10006", help="first:last+1; below 10000 is reserved")
    ap.add_argument("--tasks", default="all", help="all, list, or names with commas")
    ap.add_argument("--rehearse", action="store_true", help="only play the undisturbed scripts and tell of their phases; out stays as it is")
    ap.add_argument("--views", type=int, default=1, help="looks of each motion, each an episode of its own (at most 10)")
    args = ap.parse_args(arguments)
    if args.tasks == "list":
        print("\n".join(tasks))
        return
    first, last = map(int, args.seeds.split(":"))
    if first < 10000 or not 1 <= args.views <= 10:
        ap.error("seeds below 10000 are reserved, and views are 1 to 10")
    wanted = list(tasks) if args.tasks == "all" else args.tasks.split(",")
    for seed in range(first, last):
        for task in wanted:
            folder = os.path.join(args.out, "progress", task)
            if args.rehearse:
                print(rehearse(task, seed), flush=True)
            elif not made(folder, seed, args.views):  # a run that was cut short goes on
                print(record(args.out, task, seed, args.views), flush=True)
