"""A live robot for examples/robot: a Meta-World task, done by its scripted policy in MuJoCo.

    go run ./examples/robot -task "Open a drawer" -hz 0 -live "python scripts/robot_live.py drawer-open-v3 --push 60"

Needs metaworld==3.1.1 and mujoco==3.3.0, and MUJOCO_GL=egl (or osmesa) without a screen. Every 5 steps the head camera's frame
goes to standard output, a JPEG after its length; what comes back on standard input says how the task is going. --push shoves
the arm away once, so that there is something to notice.
"""
import argparse
import io
import os
import struct
import sys

os.environ.setdefault("MUJOCO_GL", "egl")
import mujoco
import numpy as np
from metaworld.env_dict import ALL_V3_ENVIRONMENTS
from metaworld.policies import ENV_POLICY_MAP
from PIL import Image

parser = argparse.ArgumentParser()
parser.add_argument("task")
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--push", type=int, default=-1, help="step at which the arm is pushed away for 12 steps")
parser.add_argument("--steps", type=int, default=400)
args = parser.parse_args()

frames = sys.stdout.buffer
sys.stdout = sys.stderr  # the simulator's own words must not get among the frames
env = ALL_V3_ENVIRONMENTS[args.task]()
env._partially_observable = False
env.__dict__.pop("sawyer_observation_space", None)  # cached with a goal of zero, it would clip the goal
env._freeze_rand_vec, env.seeded_rand_vec, env._set_task_called = False, True, True
env.seed(args.seed)
seen, _ = env.reset()
policy = ENV_POLICY_MAP[args.task]()

env.model.vis.quality.shadowsize = 1024
renderer = mujoco.Renderer(env.model, 224, 224)
head = mujoco.MjvCamera()  # over the robot's right shoulder, looking at the table
head.type, head.distance, head.azimuth, head.elevation = mujoco.mjtCamera.mjCAMERA_FREE, 0.98, 138, -37
head.lookat[:] = 0, 0.68, 0.10

for step in range(args.steps):
    if step % 5 == 0:
        renderer.update_scene(env.data, camera=head)
        jpeg = io.BytesIO()
        Image.fromarray(renderer.render()).save(jpeg, "JPEG", quality=90)
        try:
            frames.write(struct.pack(">I", jpeg.tell()) + jpeg.getvalue())
            frames.flush()
        except BrokenPipeError:
            break
        said = sys.stdin.readline()
        if not said or said.startswith("done"):
            break
    action = np.clip(policy.get_action(seen.copy()), -1, 1)
    if args.push <= step < args.push + 12:
        action = np.array([1, -1, 1, -1.0])
    env.curr_path_length = 0
    seen, _, _, _, _ = env.step(action)
