"""Scripts: what to do next, from where things are now and nothing else, so that the steps that remain can be counted from any state.

Each takes a simulator and returns key, move, grip. A move of length 1 is sim.stride metres."""
import numpy as np

UP = np.array([0, 0, 1.0])


def toward(sim, target, gain=0.5):
    """A proportional move to a place, at most a whole step long."""
    move = (target - sim.hand()) * gain * sim.gain / sim.stride
    return move / max(1.0, np.linalg.norm(move))


def over(sim, target, height, near=0.06):
    """A move to a place at a height: up first where the hand is low, so that nothing is knocked over on the way."""
    away = np.linalg.norm((target - sim.hand())[:2])
    z = max(height, sim.hand()[2]) if away > near else height
    if sim.hand()[2] < height - 0.03 and away > near:
        return toward(sim, np.array([*sim.hand()[:2], z]))
    return toward(sim, np.array([target[0], target[1], z]))


def reach(sim):
    """The hand over the goal, then down to it."""
    gap = sim.goal() - sim.hand()
    if np.linalg.norm(gap[:2]) > 0.025 and sim.clear > 0:
        return "approach", over(sim, sim.goal(), sim.goal()[2] + sim.clear), 1.0
    return "lower", toward(sim, sim.goal()), 1.0


def fetch(sim):
    """The gripper over the object, down, and closed: for what goes on once it is held. None when it is."""
    if sim.held():
        return None
    grasp = sim.object() + sim.grasp
    gap = grasp - sim.hand()
    if np.linalg.norm(gap[:2]) > 0.02 and not (np.linalg.norm(gap[:2]) < 0.035 and abs(gap[2]) < 0.025):
        return "approach", over(sim, grasp, grasp[2] + sim.hover), -1.0
    if abs(gap[2]) > 0.012 and not (sim.closing() and abs(gap[2]) < 0.03):
        return "lower", toward(sim, grasp), -1.0
    return "grasp", toward(sim, grasp, 0.2), 1.0


def lift(sim):
    """The object up to the height of the goal, and held there."""
    first = fetch(sim)
    if first:
        return first
    return "lift", toward(sim, sim.hand() + (sim.goal() - sim.object())), 1.0


def place(sim):
    """The object over the goal, down onto it, let go, and the gripper away."""
    thing, goal = sim.object(), sim.goal()
    off = goal - thing
    level = np.linalg.norm(off[:2])
    if level < sim.near and abs(off[2]) < (0.012 if sim.held() else sim.settle):
        away = 0.0 if sim.opening() < sim.open else 0.8  # up only with open fingers
        return "release", away * UP, -1.0
    first = fetch(sim)
    if first:
        return first
    hang = sim.hand() - thing
    if level > 0.05 and thing[2] < goal[2] + sim.clear - 0.03:
        return "lift", toward(sim, np.array([*sim.hand()[:2], goal[2] + sim.clear + 0.02 + hang[2]])), 1.0
    low = thing[2] < goal[2] + 0.6 * sim.clear  # on the way down it need not be as exact: it would go up again
    if level > (0.8 * sim.near if low else sim.over):
        return "move", toward(sim, np.array([*(goal + hang)[:2], goal[2] + sim.clear + hang[2]])), 1.0
    return "place", toward(sim, goal + hang + [0, 0, sim.drop]), 1.0


def carry(sim):
    """The object to a goal in the air, and held there."""
    first = fetch(sim)
    if first:
        return first
    return "move", toward(sim, sim.hand() + (sim.goal() - sim.object())), 1.0


def push(sim):
    """The closed hand behind the object, down, and through it to the goal."""
    thing, goal, hand = sim.object(), sim.goal(), sim.hand()
    way = (goal - thing)[:2]
    far = np.linalg.norm(way)
    way = way / max(far, 1e-6)
    back = (thing - hand)[:2]
    along, aside = back @ way, abs(back[0] * way[1] - back[1] * way[0])
    start = np.array([*(thing[:2] - way * sim.run), thing[2]])
    low = hand[2] < thing[2] + 0.03
    if low and along > 0.02 and aside < 0.03:
        target = np.array([*(goal[:2] - way * sim.width * 0.9), thing[2] + 0.005])
        lead = hand[:2] + way * min(0.08, np.linalg.norm(target[:2] - hand[:2]))
        steer = thing[:2] - way * (back @ way) - hand[:2]  # keeps the hand on the line through object and goal
        return "push", toward(sim, np.array([*(lead + 1.2 * steer), target[2]])) * 0.7, 1.0
    if np.linalg.norm((start - hand)[:2]) > 0.02 and not (low and np.linalg.norm((start - hand)[:2]) < 0.03):
        return "approach", over(sim, start, thing[2] + sim.hover, 0.03), 1.0
    return "lower", toward(sim, start), 1.0


def pull(sim):
    """The hand before the handle, onto it, and along with it: sim.before() and sim.handle() are places, sim.along() a direction."""
    gap = sim.handle() - sim.hand()
    if np.linalg.norm(gap) < sim.hooked or sim.touching():
        return "act", sim.along() + toward(sim, sim.handle()) * sim.stick, sim.fist
    line = sim.handle() - sim.before()
    length = np.linalg.norm(line)
    along = gap @ line / length
    aside = np.linalg.norm(gap - along * line / length)
    if aside > 0.015 + 0.4 * max(along, 0.05) and np.linalg.norm(sim.before() - sim.hand()) > 0.02:  # a straight way in lies in a cone
        return "approach", toward(sim, sim.before()), sim.ready
    return "lower", toward(sim, sim.handle()), sim.ready
