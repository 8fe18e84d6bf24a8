"""Episodes of robosuite (MIT): Lift, Stack, PickPlace and Door with five robots, cubes of several colours, scripts of our own.

    MUJOCO_GL=egl python robosuite_episodes.py OUT --seeds 10000:10006 --tasks all --views 2

robosuite's tasks whose names begin with N or T are reserved for acceptance and are not made."""
import functools
import os

os.environ.setdefault("MUJOCO_GL", "egl")
import logging

logging.disable(logging.WARNING)
import mujoco
import numpy as np
import robosuite

import episode
import motion
from look import COLOURS
from words import texts

HUES = ["red", "green", "blue", "yellow", "white", "black", "orange", "purple"]
PAIRS = [("red", "green"), ("green", "blue"), ("blue", "yellow"), ("yellow", "red"), ("white", "black"), ("orange", "purple"), ("purple", "white"),
         ("black", "orange")]
THINGS = dict(Milk="milk carton", Bread="loaf of bread", Cereal="cereal box", Can="can")
ROBOTS = ["Panda", "Sawyer", "UR5e", "Kinova3", "IIWA"]

# name -> environment, script, words, and which things
TASKS = {}
for hue in HUES:
    TASKS[f"robosuite-lift-{hue}"] = dict(env="Lift", script="lift", words="lift", a=hue)
for a, b in PAIRS:
    TASKS[f"robosuite-stack-{a}-{b}"] = dict(env="Stack", script="place", words="stack", a=a, b=b)
for thing in THINGS:
    TASKS[f"robosuite-bin-{thing.lower()}"] = dict(env="PickPlace", script="place", words="bin", a=thing)
    TASKS[f"robosuite-take-{thing.lower()}"] = dict(env="PickPlace", script="lift", words="take", a=thing)
TASKS["robosuite-door-open"] = dict(env="Door", script="pull", words="door-open")
TASKS["robosuite-door-close"] = dict(env="Door", script="pull", words="door-close")
CARRIED = dict(lift=("lift",), place=("lift", "move", "place"), pull=("act",))
KINDS = dict(lift=["drop", "burst", "abort"], place=["drop", "burst", "abort"], pull=["undo", "burst", "abort"])


class Robosuite:
    dt, stride, gain, hover, grasp = 0.05, 0.05, 2.0, 0.1, np.zeros(3)
    near, settle, over, clear, drop, open = 0.04, 0.035, 0.015, 0.1, -0.003, 0.75
    reach, facing, spread = 0.78, 0.0, np.array([0.25, 0.3])
    groups, sites = (0, 1, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0)
    hooked, stick, fist, ready = 0.02, 0.5, 1.0, -1.0
    before_gap = 0.1

    def __init__(self, name, rng):
        task = TASKS[name]
        assert task["env"][0] not in "NT", "reserved for acceptance"
        self.name, self.task, self.kind = name, task, task["env"]
        a = THINGS.get(task.get("a"), task.get("a", ""))
        self.texts = texts("robosuite", task["words"], a=a, b=task.get("b", ""))
        self.carried, self.kinds = CARRIED[task["script"]], KINDS[task["script"]]
        more = dict(Door=dict(use_latch=False), PickPlace=dict(z_rotation=0.0, single_object_mode=2 * int(rng.random() < 0.5))).get(self.kind, {})
        if self.kind == "PickPlace" and more["single_object_mode"]:
            more["object_type"] = task["a"].lower()
        robots = dict(Door=1, PickPlace=1).get(self.kind, len(ROBOTS))  # the others' hands are too big there, or open too little
        self.env = robosuite.make(self.kind, robots=ROBOTS[rng.integers(robots)], has_renderer=False, has_offscreen_renderer=False, use_camera_obs=False,
                                  use_object_obs=False, control_freq=20, hard_reset=False, ignore_done=True, seed=int(rng.integers(1 << 30)), **more)
        self.model, self.data = self.env.sim.model._model, self.env.sim.data._data
        self.robot = self.env.robots[0]
        self.arm = self.robot.arms[0]
        self.gripper = self.robot.gripper[self.arm]
        self.site = self.robot.eef_site_id[self.arm]
        self.upright = self.data.site_xmat[self.site].reshape(3, 3).copy()
        self.last, self.joints, self.width0 = -1.0, [], 1.0
        self.set_up(rng)
        for _ in range(10):  # things settle, the gripper opens
            self.step(np.zeros(3), -1.0)
        self.width0 = max(self.width(), 0.03)
        self.low = self.object()[2]
        self.data.time = 0
        self.centre = np.array([*(self.object() * 0.5 + self.goal() * 0.5)[:2], self.table[2] + 0.08])

    def set_up(self, rng):
        env, task = self.env, self.task
        if self.kind in ("Lift", "Stack"):
            cubes = [env.cube] if self.kind == "Lift" else [env.cubeA, env.cubeB]
            for cube, hue in zip(cubes, (task["a"], task.get("b"))):
                self.colour(cube, hue)
            self.bodies = [self.model.body(cube.root_body).id for cube in cubes]
            self.geoms = cubes[0].contact_geoms
            self.table = np.array(env.table_offset)
            self.rise = rng.uniform(0.08, 0.14)
        elif self.kind == "PickPlace":
            thing = next(o for o in env.objects if o.name == task["a"])
            self.bodies, self.geoms = [self.model.body(thing.root_body).id], thing.contact_geoms
            self.table = np.array([0.1, 0.0, 0.8])
            self.rise, self.reach, self.clear = rng.uniform(0.1, 0.16), 1.15, 0.17
            self.bin = env.target_bin_placements[env.object_to_id[task["a"].lower()]]
        else:  # Door
            self.table, self.reach = np.array(env.table_offset), 1.2
            self.joints = [env.hinge_qpos_addr]
            if task["words"] == "door-close":
                self.data.qpos[self.joints] = 0.38
            mujoco.mj_forward(self.model, self.data)
            way = self.hinge()  # the hand is turned as the door is
            turn = np.array([[-way[0], way[1], 0], [-way[1], -way[0], 0], [0, 0, 1]])
            self.upright = turn @ self.upright

    def colour(self, cube, hue):
        """A cube's look is a material of its own: its picture goes, its colour stays in kept."""
        for name in cube.visual_geoms:
            geom = self.model.geom(name).id
            self.model.mat_texid[self.model.geom_matid[geom]] = -1
            self.model.mat_rgba[self.model.geom_matid[geom], :3] = COLOURS[hue]
            self.model.geom_rgba[geom, :3] = COLOURS[hue]

    # -------------------------------------------------------------- what the scripts ask for

    def save(self):
        return episode.get_state(self.model, self.data), self.last, np.copy(self.gripper.current_action)

    def load(self, state):
        episode.set_state(self.model, self.data, state[0])
        self.last, self.gripper.current_action = state[1], np.copy(state[2])

    def script(self):
        return getattr(motion, self.task["script"])(self)

    def step(self, move, grip):
        """robosuite's own step without its observations and rewards."""
        env = self.env
        turn = self.upright @ self.data.site_xmat[self.site].reshape(3, 3).T  # back to how the hand was at first
        quat = np.empty(4)
        mujoco.mju_mat2Quat(quat, turn.ravel())
        twist = np.empty(3)
        mujoco.mju_quat2Vel(twist, quat, 1.0)
        action = np.concatenate([np.clip(move, -1, 1), np.clip(twist / 0.5, -1, 1), [grip] * (env.action_dim - 6)])
        for k in range(int(env.control_timestep / env.model_timestep)):
            env.sim.step1()
            env._pre_action(action, k == 0)
            env.sim.step2()
        self.last = grip

    def hand(self):
        return self.data.site_xpos[self.site]

    def object(self):
        if self.kind == "Door":
            return self.env._handle_xpos
        return self.data.xpos[self.bodies[0]]

    def goal(self):
        if self.kind == "Stack":
            return self.data.xpos[self.bodies[1]] + [0, 0, 0.045]
        if self.task["script"] == "lift":
            return np.array([*self.object()[:2], getattr(self, "low", self.table[2]) + self.rise])
        if self.kind == "PickPlace":
            return np.array([*self.bin[:2], getattr(self, "low", self.table[2])])
        return self.object()

    def width(self):
        pads = self.gripper.important_geoms
        spot = lambda names: np.mean([self.data.geom_xpos[self.model.geom(n).id] for n in names], axis=0)
        return float(np.linalg.norm(spot(pads["left_fingerpad"]) - spot(pads["right_fingerpad"])))

    def opening(self):
        return (self.width() - 0.01) / (self.width0 - 0.01)

    def closing(self):
        return self.last > 0

    def held(self):
        return bool(self.env._check_grasp(gripper=self.gripper, object_geoms=self.geoms))

    def angle(self):
        return float(self.data.qpos[self.env.hinge_qpos_addr])

    def hinge(self):
        """The direction in which the handle moves as the door opens: away from its panel."""
        joint = self.env.door.joints[0]
        k = self.model.joint(joint).id
        out = np.cross(self.data.xaxis[k], self.object() - self.data.xanchor[k])
        return out / np.linalg.norm(out)

    def handle(self):
        side = -1.0 if self.task["words"] == "door-open" else 1.0  # behind the handle to pull it, before it to push
        return self.object() + self.hinge() * side * 0.042

    def before(self):
        if self.task["words"] == "door-open":
            return self.handle() + [0, 0, self.before_gap]
        return self.handle() + self.hinge() * self.before_gap

    def along(self):
        return self.hinge() * (0.8 if self.task["words"] == "door-open" else -0.8)

    def touching(self):
        return self.env.check_contact(self.gripper, ["Door_handle"])

    def done(self):
        if self.kind == "Door":
            return self.angle() > 0.3 if self.task["words"] == "door-open" else self.angle() < 0.03
        off = self.goal() - self.object()
        if self.task["script"] == "lift":
            return abs(off[2]) < 0.015 and self.held()
        return np.linalg.norm(off[:2]) < 0.06 and abs(off[2]) < 0.03 and not self.held() and np.linalg.norm(self.hand() - self.object()) > 0.05

    # -------------------------------------------------------------- how it looks

    def scenery(self, geom):
        body = self.model.body(self.model.geom_bodyid[geom]).name
        return body in ("world", "table", "floor") or body.startswith("bin") or "mount" in body or "pedestal" in body

    def kept(self, geom):
        return self.kind in ("Lift", "Stack") and self.model.geom_bodyid[geom] in self.bodies or self.kind == "PickPlace" and any(
            thing in self.model.body(self.model.geom_bodyid[geom]).name for thing in THINGS)  # they are known by their looks


if __name__ == "__main__":
    episode.main(TASKS, __doc__, functools.partial(episode.record, Robosuite), functools.partial(episode.rehearse, Robosuite))
