"""The main job on a shot that is made from nothing: a scene, its renders, and a result of the engine ``preview``."""

from __future__ import annotations

from pathlib import Path

from cosmos_houdini.config import Config
from cosmos_houdini.demo.hip import CameraKey, DemoCamera, Interpolation, write_scene
from cosmos_houdini.demo.raycast import View
from cosmos_houdini.demo.renders import render
from cosmos_houdini.errors import CheckFailed
from cosmos_houdini.model.scene import Scene
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.scene.camera import sample_cameras
from cosmos_houdini.scene.reader import read_scene
from cosmos_houdini.shots.options import ShotSource, SubmitOptions
from cosmos_houdini.shots.submit import ShotResult, submit_shot

SHOT = "courtyard"
NODE = "/out/mantra1"
FPS = 24
FRAMES = (1001, 1025)
PROMPT = (
    "A sunlit courtyard of weathered sandstone after rain: a brass sphere on a worn plinth, moss-green and crimson "
    "glazed spheres, wet paving with soft reflections, morning haze, photographed on 35 mm film."
)
CAMERA = DemoCamera(
    keys=(
        CameraKey(frame=1001, translate=(-2.6, 1.9, 7.0), rotate=(-5.5, -15.0, 0.0)),
        CameraKey(frame=1013, translate=(-0.4, 2.1, 6.6), rotate=(-7.0, -2.0, 0.0)),
        CameraKey(frame=1025, translate=(1.8, 2.3, 6.7), rotate=(-8.5, 11.0, 0.0)),
    ),
    interpolation=Interpolation.BEZIER,
    resolution=(1280, 720),
    focal_mm=35.0,
    aperture_mm=36.0,
    near=0.1,
    far=1000.0,
)


def make_demonstration(config: Config, folder: Path, reporter: Reporter) -> ShotResult:
    """Write a scene, read its camera back, render through it, and submit the shot.

    Args:
        config: of the project; the job runs on the host ``local``.
        folder: gets the scene, the renders and the result; it is made where it is missing.
        reporter: takes messages and progress.

    Raises:
        CheckFailed: the scene that was just written does not read back.
        BadInput: the folder holds results of another job.
    """
    folder.mkdir(parents=True, exist_ok=True)
    hip = folder / f"{SHOT}.hip"
    write_scene(hip, fps=FPS, frames=FRAMES, camera=CAMERA, rop=NODE, picture="$HIP/render/$HIPNAME.$F4.exr")
    reporter.say(f"wrote {hip}: an animated camera and the render node {NODE}")
    views = _views(read_scene(hip))
    with reporter.progress("rendering", total=len(views), unit="frames") as advance:
        for _ in render(folder / "render", SHOT, views, CAMERA.resolution):
            advance(1)
    reporter.say(f"ray-cast {len(views)} frames of EXR (light, depth, object ids) through the camera of the scene")
    source = ShotSource(scene=hip, output=NODE)
    options = SubmitOptions(prompt=PROMPT, engine="preview", host="local", results=folder)
    return submit_shot(config, source, options, reporter)


def _views(scene: Scene) -> dict[int, View]:
    """Return the scene's camera at every frame of its range.

    Raises:
        CheckFailed: the scene that was just written does not read back as a camera with all its values.
    """
    camera = scene.cameras[0]
    views = {}
    for sample in sample_cameras(scene)[camera.path]:
        if sample.translate is None or sample.rotate is None or not sample.focal_mm or not camera.aperture_mm:
            raise CheckFailed(f"{scene.path}: {camera.path} does not read back", action="report this")
        views[sample.frame] = View(
            translate=sample.translate,
            rotate=sample.rotate,
            focal_mm=sample.focal_mm,
            aperture_mm=camera.aperture_mm,
        )
    return views
