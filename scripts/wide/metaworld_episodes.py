"""Episodes of Meta-World's known tasks, by the generator of --sim, whose experts, setbacks and costs they keep, in other looks and words.

    MUJOCO_GL=egl python metaworld_episodes.py OUT --sim ../shared/sim --seeds 10000:10006 --tasks all --views 2

Only tasks of that generator's tasks.py: Meta-World's others are reserved for acceptance."""
import argparse
import functools
import os
import sys
import time
import zlib

os.environ.setdefault("MUJOCO_GL", "egl")
import numpy as np

import episode
import files
import look
from words import WORDS


class Scene:
    """A Meta-World environment as look.film wants it."""
    centre, reach, facing = np.array([0, 0.66, 0.1]), 1.0, 90.0
    table, spread = np.array([0, 0.66, 0.0]), np.array([0.35, 0.22])
    groups, sites = (1, 1, 1, 0, 0, 0), (1, 1, 1, 0, 0, 0)

    def __init__(self, name, env, set_state):
        self.name, self.env, self.set_state = name, env, set_state
        self.model, self.data = env.model, env.data

    def load(self, state):
        self.set_state(self.env, state)

    def hand(self):
        return self.data.body("hand").xpos

    def object(self):
        return np.asarray(self.env._get_pos_objects())[:3]

    def goal(self):
        return np.asarray(self.env._target_pos)

    def scenery(self, geom):
        return self.model.body(self.model.geom_bodyid[geom]).name in ("world", "tablelink", "RetainingWall")

    def kept(self, geom):
        return False


def quicker(cost_to_go, rolls):
    """generate.cost_to_go by fewer roll-outs of each state than its three, of which the first is the one without noise; states that look like
    a step back are tried as many times more."""
    def cost(env, policy, state, ok, K=3, k0=0, best=None):
        return cost_to_go(env, policy, state, ok, rolls if K == 3 else 3 * rolls, min(k0, rolls), best)
    return cost


OWN = 9  # the number of the generator's own look


def record(generate, plain, out, task, seed, views):
    began, wall = time.process_time(), time.time()
    wanted, found = generate.variants(task, seed), None
    others = dict(drop=["burst"], undo=["burst"], abort=["burst"]).get(wanted, [])
    for start in (seed, seed + 100000, seed + 200000):  # a few starts defeat the expert
        for variant in [wanted, *others]:
            found = found or generate.build(task, start, variant, episode.FRAMES)
    if found is None:
        return f"{task} {seed}: the expert did not get there"
    run, meta = found
    sim = Scene(task, run["env"], generate.set_state)
    names = [generate.T[task]["name"]] + WORDS["metaworld"].get(task, [])
    for view in [OWN] * plain + list(range(views)):
        number = seed * 100 + episode.VARIANTS[meta["variant"]] * 10 + view
        rng = np.random.default_rng([zlib.crc32(task.encode()), seed, 1000 + view])
        info, progress = generate.label(task, run, meta, task, number)
        states, folder = [run["st"][i] for i in meta["idx"]], os.path.join(out, "observation", task, str(number))
        if view == OWN:
            os.makedirs(folder, exist_ok=True)
            generate.render(sim.env, states, dict(head=generate.cameras(rng)["head"]), dict(head=folder))
            seen = "its own"
        else:
            seen = look.film(sim, states, folder, rng)
        info["task_name"] = progress["task_name"] = files.wording(names, rng)
        files.write(out, info, progress | dict(look=seen))
    return f"{task} {seed} {meta['variant']}: {len(meta['idx'])} frames, {time.process_time() - began:.1f} CPU s, {time.time() - wall:.0f} s"


if __name__ == "__main__":
    ap = argparse.ArgumentParser(add_help=False)
    ap.add_argument("--sim", default="../shared/sim", help="folder of generate.py and tasks.py")
    ap.add_argument("--rolls", type=int, default=3, help="roll-outs of the expert that a frame's cost is the best of")
    ap.add_argument("--own", action="store_true", help="each motion in the generator's own look, too")
    own, rest = ap.parse_known_args()
    sys.path.append(own.sim)
    import generate

    generate.cost_to_go = quicker(generate.cost_to_go, own.rolls)
    episode.main(sorted(generate.T), __doc__, functools.partial(record, generate, own.own), lambda task, seed: "the experts are rehearsed", rest)
