"""Episodes of FrankaKitchen's scene (gymnasium-robotics, MIT; scene Apache-2.0): doors that are opened and closed by scripts of our own.

    MUJOCO_GL=egl python kitchen_episodes.py OUT --seeds 10000:10006 --tasks all --views 2
"""
import functools
import importlib.util
import os

os.environ.setdefault("MUJOCO_GL", "egl")
import mujoco
import numpy as np

import episode
import motion
from words import texts

SCENE = os.path.join(os.path.dirname(importlib.util.find_spec("gymnasium_robotics").origin), "envs/assets/kitchen_franka/kitchen_assets/kitchen_env_model.xml")
READY = [0.1484, -1.7614, 1.8436, -2.4769, 0.2603, 0.7126, 1.5957, 0.04, 0.04]  # as the environment begins

# door -> joint, site at its handle, how far is open, how its handle is taken
DOORS = dict(
    microwave=("microwave", "microhandle_site", -0.6, "grasp"), slide=("slide_cabinet", "slide_site", 0.3, "side"),
    left=("left_hinge_cabinet", "hinge_site1", -0.7, "grasp"), right=("right_hinge_cabinet", "hinge_site2", 0.7, "grasp"))
# Those whose script gets there: the arm does not come far enough to the left, and loses a handle that it has to grasp.
TASKS = {f"kitchen-{door}-{way}": (door, way) for door, way in (("slide", "open"), ("slide", "close"), ("right", "close"))}


class Kitchen:
    dt, stride, gain, fist, hooked, stick = 0.04, 0.018, 1.0, 1.0, 0.012, 0.5
    carried, kinds = ("act",), ["undo", "burst", "abort"]
    reach, facing, spread = 1.25, 90.0, np.array([0.5, 0.08])
    groups, sites = (1, 1, 1, 0, 0, 0), (0, 0, 0, 0, 0, 0)

    def __init__(self, name, rng):
        self.name = name
        self.door, self.way = TASKS[name]
        self.texts = texts("kitchen", f"{self.door}-{self.way}")
        joint, site, self.wide, take = DOORS[self.door]
        self.grasps = take == "grasp" and self.way == "open"  # other doors are pushed with the closed hand
        self.ready = -1.0 if self.grasps else 1.0
        self.beside = take == "side"
        self.model = mujoco.MjModel.from_xml_path(SCENE)
        self.data = mujoco.MjData(self.model)
        mujoco.mj_resetDataKeyframe(self.model, self.data, 0)
        self.joint = self.model.joint(joint)
        self.joints = [self.joint.qposadr[0]]
        self.knob, self.tip = self.model.site(site).id, self.model.site("end_effector").id
        self.wrist, self.panel = self.model.site_bodyid[self.tip], self.model.site_bodyid[self.knob]
        self.fingers = [self.model.body(f"panda0_{side}finger").id for side in ("left", "right")]
        self.data.qpos[:9] = READY
        self.data.qpos[:7] += rng.uniform(-0.05, 0.05, 7)
        for other in DOORS:  # the doors that play no part may stand open a little
            if other != self.door and rng.random() < 0.3:
                self.data.joint(DOORS[other][0]).qpos[0] = DOORS[other][2] * rng.uniform(0.1, 0.5)
        if self.way == "close":
            self.data.qpos[self.joints] = self.wide * rng.uniform(0.9, 1.2)
        mujoco.mj_forward(self.model, self.data)
        self.table = np.array([-0.1, 0.55, 1.6])
        # The hand points forward, its fingers left and right; of the two ways to do so the nearer one.
        now = self.data.site_xmat[self.tip].reshape(3, 3)
        ways = [np.array([[0, s, 0], [0, 0, 1], [s, 0, 0]], float) for s in (1, -1)]
        self.upright = max(ways, key=lambda r: np.trace(r.T @ now))
        for _ in range(60):
            self.step(np.zeros(3), -1.0)
        self.data.time = 0
        self.centre = self.data.site_xpos[self.knob] * 0.7 + np.array([-0.1, 0.4, 2.0]) * 0.3

    def save(self):
        return episode.get_state(self.model, self.data)

    def load(self, state):
        episode.set_state(self.model, self.data, state)

    def script(self):
        return motion.pull(self)

    def step(self, move, grip):
        """A step of damped least squares from the joints as they are, against their damping and gravity."""
        m, d = self.model, self.data
        jac = np.zeros((6, m.nv))
        mujoco.mj_jac(m, d, jac[:3], jac[3:], self.hand(), self.wrist)
        jac = jac[:, :7]
        quat, twist = np.empty(4), np.empty(3)
        mujoco.mju_mat2Quat(quat, (self.upright @ d.site_xmat[self.tip].reshape(3, 3).T).ravel())
        mujoco.mju_quat2Vel(twist, quat, 1.0)
        want = np.concatenate([np.asarray(move) * self.stride, np.clip(twist, -0.12, 0.12)])
        turn = jac.T @ np.linalg.solve(jac @ jac.T + 0.003 * np.eye(6), want)
        d.ctrl[:7] = d.qpos[:7] + (turn / self.dt * m.dof_damping[:7] + d.qfrc_bias[:7]) / m.actuator_gainprm[:7, 0]
        d.ctrl[7:9] = 0.0 if grip > 0 else 0.04
        mujoco.mj_step(m, d, nstep=round(self.dt / m.opt.timestep))

    def hand(self):
        """The middle of the fingertips."""
        return self.data.site_xpos[self.tip] + 0.035 * self.data.site_xmat[self.tip].reshape(3, 3)[:, 2]

    def object(self):
        return self.data.site_xpos[self.knob]

    def goal(self):
        return self.object()

    def opening(self):
        return float(self.data.qpos[7:9].sum() / 0.08)

    def opens(self):
        """The direction in which the handle moves as the door opens."""
        k, sign = self.joint.id, np.sign(self.wide)
        axis = self.data.xaxis[k] * sign
        if self.door == "slide":
            return axis
        out = np.cross(axis, self.object() - self.data.xanchor[k])
        return out / np.linalg.norm(out)

    def out(self):
        """Away from the door."""
        return np.array([0, -1.0, 0]) if self.door == "slide" else self.opens()

    def handle(self):
        if self.beside:  # on the side from which it is pushed
            return self.object() - self.opens() * (0.04 if self.way == "open" else -0.04)
        return self.object() if self.grasps else self.object() + self.opens() * 0.04

    def before(self):
        return self.handle() + self.out() * 0.12

    def along(self):
        if self.grasps and self.opening() > 0.7:
            return np.zeros(3)  # not until the fingers have closed
        return self.opens() if self.way == "open" else -self.opens()

    def touching(self):
        """Whether the closed hand touches the door, or has its handle between both fingers if it is to be grasped."""
        bodies = self.model.geom_bodyid[self.data.contact.geom]
        touched = {int(finger) for pair in bodies if self.panel in pair for finger in pair if finger in self.fingers}
        return len(touched) >= 1 + self.grasps

    def done(self):
        share = self.data.qpos[self.joints][0] / self.wide
        return bool(share > 0.8 if self.way == "open" else share < 0.08)

    def scenery(self, geom):
        return self.model.body(self.model.geom_bodyid[geom]).name in ("world", "counters1", "backwall", "countersroot", "backwallroot", "desk")

    def kept(self, geom):
        return False


if __name__ == "__main__":
    episode.main(TASKS, __doc__, functools.partial(episode.record, Kitchen), functools.partial(episode.rehearse, Kitchen))
