"""Episodes of the Fetch robot of gymnasium-robotics (MIT) at a table with blocks, a drawer and a button.

    MUJOCO_GL=egl python fetch_episodes.py OUT --seeds 10000:10006 --tasks all --views 2
"""
import functools
import os

os.environ.setdefault("MUJOCO_GL", "egl")
import importlib.util

import mujoco
import numpy as np

import episode
import motion
from look import COLOURS
from words import texts

ROBOT = os.path.join(os.path.dirname(importlib.util.find_spec("gymnasium_robotics").origin), "envs/assets/fetch/pick_and_place.xml")
TABLE = 0.4  # metres
START = {"robot0:slide0": 0.405, "robot0:slide1": 0.48, "robot0:slide2": 0.0}
HUES = ["red", "green", "blue", "yellow"]
PAIRS = [("red", "green"), ("green", "blue"), ("blue", "red"), ("yellow", "blue"), ("red", "yellow"), ("green", "red")]

# name -> script, its words, and what stands on the table
TASKS = {}
for hue in HUES:
    TASKS[f"fetch-reach-{hue}"] = dict(script="reach", words="reach", a=hue)
    TASKS[f"fetch-lift-{hue}"] = dict(script="lift", words="lift", a=hue)
    TASKS[f"fetch-box-{hue}"] = dict(script="place", words="box", a=hue)
for a, b in PAIRS:
    TASKS[f"fetch-push-{a}-{b}"] = dict(script="push", words="push", a=a, b=b)
    TASKS[f"fetch-plate-{a}-{b}"] = dict(script="place", words="plate", a=a, b=b)
    TASKS[f"fetch-stack-{a}-{b}"] = dict(script="place", words="stack", a=a, b=b)
TASKS["fetch-air"] = dict(script="carry", words="air", a="blue")
PLANS = dict(reach=(), lift=("lift",), push=("push",), place=("lift", "move", "place"), carry=("move",))


class Fetch:
    dt, stride, gain, hover, grasp = 0.04, 0.014, 1.0, 0.1, np.array([0, 0, 0.0])
    near, settle, over, clear, drop, open = 0.035, 0.03, 0.015, 0.09, 0.0, 0.75
    width, run = 0.045, 0.085
    centre, reach, facing, table, spread = np.array([1.3, 0.75, TABLE + 0.05]), 0.8, 0.0, np.array([1.3, 0.75, TABLE]), np.array([0.2, 0.3])
    groups, sites, joints = (1, 1, 1, 0, 0, 0), (0, 0, 0, 0, 0, 0), []

    def __init__(self, name, rng):
        task = TASKS[name]
        self.name, self.rng, self.task = name, rng, task
        self.texts = texts("fetch", task["words"], a=task["a"], b=task.get("b", ""))
        self.carried = PLANS[task["script"]]
        self.kinds = dict(reach=["burst"], push=["burst", "abort"]).get(task["script"], ["drop", "burst", "abort"])
        self.half = rng.uniform(0.02, 0.026)
        self.scene()
        self.pose()

    # -------------------------------------------------------------- scene

    def spots(self, n):
        """Places on the table, 13 cm and more apart."""
        out = []
        while len(out) < n:
            spot = np.array([1.3, 0.75]) + self.rng.uniform(-1, 1, 2) * [0.13, 0.2]
            if all(np.linalg.norm(spot - o) > 0.13 for o in out):
                out.append(spot)
        return out

    def scene(self):
        rng, task = self.rng, self.task
        spec = mujoco.MjSpec.from_file(ROBOT)
        spec.detach_body(spec.body("object0"))
        world, words = spec.worldbody, task["words"]
        world.add_geom(name="wall", type=mujoco.mjtGeom.mjGEOM_BOX, size=[0.02, 3, 2], pos=[3.2, 0.75, 1], rgba=[0.7, 0.7, 0.75, 1], contype=0, conaffinity=0)
        spots = self.spots(4)
        blocks = [] if words == "reach" else [task["a"]] + ([task["b"]] if words == "stack" else [])
        others = [h for h in HUES if h not in (task["a"], task.get("b"))]
        if words not in ("reach", "push") and rng.random() < 0.6:  # another block that plays no part
            blocks.append(others[rng.integers(len(others))])
        for hue, spot in zip(blocks, spots):
            body = world.add_body(name=hue, pos=[*spot, TABLE + self.half], quat=[1, 0, 0, 0])
            body.add_freejoint(name=hue)
            body.add_geom(name=hue, type=mujoco.mjtGeom.mjGEOM_BOX, size=[self.half] * 3, rgba=[*COLOURS[hue], 1], mass=0.15,
                          friction=[1, 0.05, 0.01], condim=4)
        spot, flat = spots[3], dict(contype=0, conaffinity=0)
        self.aim = np.array([*spot, TABLE + self.half])
        if words in ("push", "plate"):
            world.add_geom(name="goal", type=mujoco.mjtGeom.mjGEOM_CYLINDER, size=[0.05, 0.002, 0], pos=[*spot, TABLE + 0.002],
                           rgba=[*COLOURS[task["b"]], 1], **flat)
        elif words == "box":
            tone = [*rng.uniform(0.2, 0.9, 3), 1]
            for k, (x, y, w, d) in enumerate([(0.065, 0, 0.004, 0.065), (-0.065, 0, 0.004, 0.065), (0, 0.065, 0.065, 0.004), (0, -0.065, 0.065, 0.004)]):
                world.add_geom(name=f"side{k}", type=mujoco.mjtGeom.mjGEOM_BOX, size=[w, d, 0.025], pos=[spot[0] + x, spot[1] + y, TABLE + 0.025], rgba=tone)
        elif words in ("reach", "air"):
            self.aim[2] = TABLE + (rng.uniform(0.03, 0.06) if words == "reach" else rng.uniform(0.12, 0.25))
            hues = [task["a"] if words == "reach" else "red"] + (list(rng.permutation(others)[:2]) if words == "reach" else [])
            for hue, place in zip(hues, [spot] + spots):
                world.add_geom(name="ball " + hue, type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[0.022, 0, 0], pos=[*place, self.aim[2]],
                               rgba=[*COLOURS[hue], 1], **flat)
        elif words == "lift":
            self.aim = np.array([*spots[0], TABLE + self.half + rng.uniform(0.1, 0.16)])
        self.model = spec.compile()
        self.model.vis.map.znear = 0.01
        self.model.geom_rgba[self.model.geom_bodyid == self.model.body("robot0:mocap").id, 3] = 0  # the cross that leads the hand is no thing
        self.data = mujoco.MjData(self.model)

    def pose(self):
        m, d, rng = self.model, self.data, self.rng
        for name, value in START.items():
            d.joint(name).qpos[0] = value
        m.eq_data[:, :10] = [0, 0, 0, 0, 0, 0, 1, 0, 0, 0]  # the hand is where the mocap body is
        mujoco.mj_forward(m, d)
        self.site = m.site("robot0:grip").id
        self.fingers = [m.geom("robot0:r_gripper_finger_link").id, m.geom("robot0:l_gripper_finger_link").id]
        self.slides = [m.joint("robot0:r_gripper_finger_joint").qposadr[0], m.joint("robot0:l_gripper_finger_joint").qposadr[0]]
        self.block = m.geom(self.task["a"]).id if self.task["words"] != "reach" else None
        self.base = m.geom(self.task["b"]).id if self.task["words"] == "stack" else None
        d.mocap_pos[0] = np.array([1.3, 0.75, TABLE + 0.22]) + rng.uniform(-0.1, 0.1, 3) * [1, 1, 0.8]
        d.mocap_quat[0] = [1, 0, 1, 0]
        for _ in range(40):
            mujoco.mj_step(m, d, nstep=20)
        d.time = 0

    # -------------------------------------------------------------- what the scripts ask for

    def save(self):
        return episode.get_state(self.model, self.data)

    def load(self, state):
        episode.set_state(self.model, self.data, state)

    def script(self):
        return getattr(motion, self.task["script"])(self)

    def step(self, move, grip):
        d = self.data
        d.mocap_pos[0] = np.clip(d.mocap_pos[0] + np.asarray(move) * self.stride, [1.05, 0.4, TABLE + 0.015], [1.55, 1.1, TABLE + 0.45])
        d.ctrl[:] = np.clip(d.qpos[self.slides] - 0.02 * grip, 0, 0.05)
        mujoco.mj_step(self.model, d, nstep=20)

    def hand(self):
        return self.data.site_xpos[self.site]

    def object(self):
        return self.data.geom_xpos[self.block] if self.block is not None else self.aim

    def goal(self):
        return self.data.geom_xpos[self.base] + [0, 0, 2 * self.half] if self.base is not None else self.aim

    def opening(self):
        return float(self.data.qpos[self.slides].sum() / 0.1)

    def closing(self):
        return bool(self.data.ctrl.sum() < self.data.qpos[self.slides].sum() - 0.005)

    def held(self):
        touched = set()
        for a, b in self.data.contact.geom:
            if self.block in (a, b):
                touched.update({a, b} & set(self.fingers))
        return len(touched) == 2

    def done(self):
        off = self.goal() - self.object()
        script = self.task["script"]
        if script == "reach":
            return np.linalg.norm(self.aim - self.hand()) < 0.02
        if script in ("lift", "carry"):
            return np.linalg.norm(off) < 0.025 and self.held()
        if script == "push":
            return np.linalg.norm(off[:2]) < 0.02
        return np.linalg.norm(off[:2]) < 0.045 and abs(off[2]) < 0.012 and not self.held() and np.linalg.norm(self.hand() - self.object()) > 0.05

    # -------------------------------------------------------------- how it looks

    def scenery(self, geom):
        return self.model.geom(geom).name in ("wall", "floor0") or self.model.body(self.model.geom_bodyid[geom]).name == "table0"

    def kept(self, geom):
        return self.model.geom(geom).name.split(" ")[0] in HUES + ["goal", "ball"]


if __name__ == "__main__":
    episode.main(TASKS, __doc__, functools.partial(episode.record, Fetch), functools.partial(episode.rehearse, Fetch))
