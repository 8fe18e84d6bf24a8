"""How an episode looks: camera, light, colours, textures, things that lie about, and the shape of the picture, all drawn by chance."""
import os

import mujoco
import numpy as np
from PIL import Image

# Where a camera may stand: degrees from the way the robot faces (0 is behind it, 180 before it), elevation, and distance in units of sim.reach.
POSES = dict(shoulder=(48, -37, 1.0), left=(-57, -28, 1.15), right=(70, -30, 1.15), front=(180, -28, 1.1), above=(180, -68, 1.1),
             behind=(0, -46, 1.15), low=(120, -14, 1.05), close=(150, -40, 0.75))
SHAPES = [(224, 224)] * 4 + [(256, 192), (192, 256), (288, 162), (256, 170)]
COLOURS = dict(red=(0.85, 0.1, 0.1), green=(0.1, 0.65, 0.15), blue=(0.1, 0.25, 0.85), yellow=(0.95, 0.85, 0.1), orange=(0.95, 0.5, 0.05),
               purple=(0.5, 0.15, 0.65), white=(0.95, 0.95, 0.95), black=(0.08, 0.08, 0.08), pink=(0.95, 0.5, 0.7), brown=(0.42, 0.26, 0.13))


def picture(rng, height, width):
    """A plain, striped, checked or speckled surface [height, width, 3]."""
    a, b = rng.uniform(40, 255, (2, 3))
    if rng.random() < 0.5:  # most tables are of one colour, more or less
        b = np.clip(a + rng.uniform(-40, 40), 0, 255)
    y, x = np.mgrid[:height, :width] / max(height, width)
    n = rng.integers(2, 12)
    share = [x * 0, (np.sin(x * 6.283 * n + 2 * np.sin(y * 9)) + 1) / 2, (np.floor(x * n) + np.floor(y * n)) % 2,
             rng.random((height, width))][rng.integers(4)]
    return (a + (b - a) * share[..., None]).astype(np.uint8)


def paint(model, rng, scenery, kept):
    """Colours the geoms of scenery anew, and tints every other material but those kept."""
    for t in range(model.ntex):
        used = [m for m in range(model.nmat) if t in model.mat_texid[m]]
        geoms = [g for g in range(model.ngeom) if model.geom_matid[g] in used]
        sky = model.tex_type[t] == mujoco.mjtTexture.mjTEXTURE_SKYBOX
        if (sky or geoms and all(scenery(g) for g in geoms)) and rng.random() < 0.7:
            height, width, channels = model.tex_height[t], model.tex_width[t], model.tex_nchannel[t]
            at = model.tex_adr[t]
            if channels == 3 and height * width < 5_000_000:
                model.tex_data[at:at + height * width * 3] = picture(rng, height, width).ravel()
    tints = rng.uniform(0.6, 1.15, (model.nmat + 1, 3))
    plain = rng.uniform(0.15, 1.0, (model.nmat + 1, 3))
    strong = rng.random() < 0.8
    for m in range(model.nmat):
        geoms = [g for g in range(model.ngeom) if model.geom_matid[g] == m]
        if any(kept(g) for g in geoms):
            continue
        whole = strong and geoms and all(scenery(g) for g in geoms)
        model.mat_rgba[m, :3] = plain[m] if whole else np.clip(model.mat_rgba[m, :3] * tints[m], 0, 1)
    for g in range(model.ngeom):
        if model.geom_matid[g] < 0 and not kept(g) and model.geom_rgba[g, 3] > 0:
            model.geom_rgba[g, :3] = plain[-1] if strong and scenery(g) else np.clip(model.geom_rgba[g, :3] * tints[-1], 0, 1)


def light(model, rng):
    model.vis.headlight.ambient[:] = rng.uniform(0.1, 0.4)
    model.vis.headlight.diffuse[:] = rng.uniform(0.1, 0.5) * rng.uniform(0.85, 1, 3)
    for k in range(model.nlight):
        model.light_diffuse[k] = rng.uniform(0.25, 0.8) * rng.uniform(0.85, 1, 3)
        model.light_pos[k] += rng.uniform(-0.6, 0.6, 3)
        model.light_dir[k] += rng.uniform(-0.3, 0.3, 3)
        model.light_castshadow[k] = int(k == 0 and rng.random() < 0.7)
    model.vis.quality.shadowsize = 1024
    model.vis.quality.offsamples = 4


def camera(sim, rng, targets):
    """A camera that sees the first of the targets, and most of them; the best of a dozen tries where the robot is always in the way."""
    best = None
    for _ in range(12):
        pose = list(POSES)[rng.integers(len(POSES))]
        azimuth, elevation, far = POSES[pose]
        cam = mujoco.MjvCamera()
        cam.type = mujoco.mjtCamera.mjCAMERA_FREE
        cam.lookat[:] = sim.centre + rng.uniform(-0.03, 0.03, 3)
        cam.distance = sim.reach * far * rng.uniform(0.9, 1.12)
        cam.azimuth = sim.facing + azimuth + rng.uniform(-14, 14)
        cam.elevation = elevation + rng.uniform(-6, 6)
        a, e = np.radians([cam.azimuth, cam.elevation])
        eye = cam.lookat - cam.distance * np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
        seen = [clear(sim, eye, t) for t in targets]
        if best is None or sum(seen) > best[0]:
            best = sum(seen), pose, cam
        if seen[0] and sum(seen) > 0.7 * len(seen):
            break
    return best[1:]


def clear(sim, eye, target):
    """Whether nothing stands between an eye and a target that is a few centimetres big, as things are now."""
    way, hit = target - eye, np.zeros(1, np.int32)
    far = np.linalg.norm(way)
    met = mujoco.mj_ray(sim.model, sim.data, eye, way / far, np.array(sim.groups, np.uint8), 1, -1, hit)
    return met < 0 or met > far - 0.07


def clutter(sim, rng, paths):
    """Up to five things on the table, away from where the hand and the object go: [(type, size, pos, mat, rgba)]. Nothing touches them."""
    things = []
    for _ in range(rng.integers(6)):
        for _ in range(20):
            pos = sim.table + np.array([*rng.uniform(-1, 1, 2) * sim.spread, 0])
            if min(np.linalg.norm(paths[:, :2] - pos[:2], axis=1)) > 0.13 and all(np.linalg.norm(pos[:2] - t[2][:2]) > 0.1 for t in things):
                break
        else:
            continue
        kind = [mujoco.mjtGeom.mjGEOM_BOX, mujoco.mjtGeom.mjGEOM_CYLINDER, mujoco.mjtGeom.mjGEOM_SPHERE, mujoco.mjtGeom.mjGEOM_ELLIPSOID][rng.integers(4)]
        size = rng.uniform(0.015, 0.04, 3)
        turn = rng.uniform(0, 6.283)
        c, s = np.cos(turn), np.sin(turn)
        high = {mujoco.mjtGeom.mjGEOM_SPHERE: size[0], mujoco.mjtGeom.mjGEOM_CYLINDER: size[1]}.get(kind, size[2])
        if kind == mujoco.mjtGeom.mjGEOM_CYLINDER:
            size = np.array([size[0], size[0], size[1]])
        elif kind == mujoco.mjtGeom.mjGEOM_SPHERE:
            size = np.full(3, size[0])
        things.append((kind, size, pos + [0, 0, high], np.array([c, -s, 0, s, c, 0, 0, 0, 1.0]), np.array([*rng.uniform(0.05, 1, 3), 1.0])))
    return things


def film(sim, states, folder, rng):
    """Writes a frame of each state into folder, and returns what the look was. The model keeps its own colours."""
    model = sim.model
    keep = {name: getattr(model, name).copy() for name in ("tex_data", "mat_rgba", "geom_rgba", "light_diffuse", "light_pos", "light_dir", "light_castshadow")}
    paint(model, rng, sim.scenery, sim.kept)
    light(model, rng)
    width, height = SHAPES[rng.integers(len(SHAPES))]
    paths = []
    for state in states:
        sim.load(state)
        paths += [sim.object().copy(), sim.goal().copy(), sim.hand().copy()]
    sim.load(states[0])
    pose, cam = camera(sim, rng, paths[::8] + paths[1:2])
    things = clutter(sim, rng, np.array(paths))
    os.makedirs(folder, exist_ok=True)
    model.vis.global_.offwidth = max(model.vis.global_.offwidth, 640)
    model.vis.global_.offheight = max(model.vis.global_.offheight, 480)
    option = mujoco.MjvOption()
    option.geomgroup[:] = sim.groups
    option.sitegroup[:] = sim.sites
    quality = int(rng.integers(75, 95))
    renderer = mujoco.Renderer(model, height, width)
    try:
        for k, state in enumerate(states):
            sim.load(state)
            renderer.update_scene(sim.data, camera=cam, scene_option=option)
            for kind, size, pos, mat, rgba in things:
                geom = renderer.scene.geoms[renderer.scene.ngeom]
                mujoco.mjv_initGeom(geom, kind, size, pos, mat, rgba.astype(np.float32))
                renderer.scene.ngeom += 1
            Image.fromarray(renderer.render()).save(os.path.join(folder, f"frame_{k:06d}.jpg"), quality=quality)
    finally:
        renderer.close()
    for name, value in keep.items():
        getattr(model, name)[:] = value
    return dict(camera=pose, azimuth=round(cam.azimuth, 1), elevation=round(cam.elevation, 1), distance=round(cam.distance, 3),
                width=width, height=height, things=len(things))
