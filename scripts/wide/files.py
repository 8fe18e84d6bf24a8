"""An episode's files, as dataset.Simulated reads them: progress/<scene>/<episode>.json and task_info/<scene>.json."""
import json
import os

CAP = 250  # the greatest cost, in steps
CAUSES = dict(drop="The {} slips out of the gripper.", burst="The arm is pushed away from the {}.", pause="The robot waits without moving.",
              undo="The arm lets go and the {} moves back.", abort="The robot gives up and moves the arm back.",
              freeze="The robot gives up and stands still.")


def setbacks(costs, least=8):
    """[(best frame so far, worst frame after it)] where the cost rises by at least that many steps."""
    found, best, worst = [], 0, None
    for i, c in enumerate(costs):
        if worst is None:
            if c <= costs[best]:
                best = i
            elif c - costs[best] >= least:
                worst = i
        elif c > costs[worst]:
            worst = i
        elif costs[worst] - c >= least:
            found.append((best, worst))
            best, worst = i, None
    return found + ([(best, worst)] if worst is not None else [])


def actions(keys, causes, texts):
    """AgiBot World's segments of the frames: a key that lasts one frame between two equal ones is flicker."""
    keys = list(keys)
    for i in range(1, len(keys) - 1):
        if keys[i - 1] == keys[i + 1] and "disturb" not in (keys[i], keys[i - 1]):
            keys[i] = keys[i - 1]
    order = {key: i for i, (key, _, _) in enumerate(texts["plan"])}
    out, tries, last = [], {}, None
    for i, key in enumerate(keys):
        if key != last:
            if key == "disturb":
                skill, text, at = "Disturbance", CAUSES[causes[i]].format(texts["noun"]), -1
            else:
                at = order[key]
                _, skill, text = texts["plan"][at]
                text += "."
                tries[key] = tries.get(key, 0) + 1
            out.append(dict(start_frame=i, end_frame=i, action_text=text, skill=skill, plan_index=at, attempt=tries.get(key, 0) if at >= 0 else 0))
            last = key
        out[-1]["end_frame"] = i + 1
    return out


def dump(path, value):
    """A file is there whole or not at all."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".part", "w") as f:
        json.dump(value, f, separators=(",", ":"))
    os.replace(path + ".part", path)


def write(out, info, progress):
    """Adds one episode, whose frames are there, to task_info and progress."""
    scene = progress["scene_id"]
    path = os.path.join(out, "task_info", scene + ".json")
    known = []
    if os.path.exists(path):
        with open(path) as f:
            known = [e for e in json.load(f) if e["episode_id"] != info["episode_id"]]
    dump(os.path.join(out, "progress", scene, f"{info['episode_id']}.json"), progress)
    dump(path, sorted(known + [info], key=lambda e: e["episode_id"]))


def describe(sim, run, costs, idx, **facts):
    """The two entries of an episode but for its name and number: task_info's and progress'."""
    texts, top = sim.texts, max(max(costs), 1)
    falls, best, below = setbacks(costs), costs[0], []
    for c in costs:
        below.append(int(c > best + 3))
        best = min(best, c)
    progress = [round(1 - c / top, 4) for c in costs]
    segments = [dict(start_frame=a, end_frame=b, progress_before=progress[a], progress_after=progress[b],
                     cause=next((run.causes[i] for i in range(idx[a], idx[b] + 1) if run.causes[i]), "expert_retry")) for a, b in falls]
    signals = {name: [round(float(run.signals[i][k]), 4) for i in idx]
               for k, name in enumerate(("hand_object_distance", "object_goal_distance", "gripper_opening"))}
    signals["success"] = [int(run.ok[i]) for i in idx]
    info = dict(init_scene_text=texts.get("scene", ""), outcome=facts["outcome"], subtask_plan=[text + "." for _, _, text in texts["plan"]],
                label_info=dict(action_config=actions([run.keys[i] for i in idx], [run.causes[i] for i in idx], texts)))
    return info, dict(
        scene_id=sim.name, env=sim.name, **facts, num_frames=len(idx), sim_dt=sim.dt, sim_step=list(idx), progress=progress, cost_to_go=costs,
        cost_to_go_cap=CAP, regress=[int(any(a < i <= b for a, b in falls)) for i in range(len(idx))], below_best=below,
        disturbed=[int(run.causes[i] is not None) for i in idx], regression_segments=segments, signals=signals)


def wording(names, rng):
    """Half of the episodes bear the task's first name, the others one of its other wordings."""
    return names[0] if len(names) == 1 or rng.random() < 0.5 else names[1 + int(rng.integers(len(names) - 1))]
