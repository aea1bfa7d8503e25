"""Ray-casts a courtyard of spheres and boxes through a Houdini camera with numpy: colour, depth and object ids.

Vectors are arrays of shape (3, N), with one row for each component.

The camera is the same as in Houdini. It looks down its own -Z with +Y up. It is turned about x, then y, then z (order
``xyz``, degrees). It sees ``aperture_mm`` of film across the picture's width at ``focal_mm``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SUN = np.array([0.55, 0.62, 0.35], np.float32) / np.float32(np.linalg.norm([0.55, 0.62, 0.35]))
SUN_COLOR = np.array([1.0, 0.93, 0.80], np.float32)
SKY_ZENITH = np.array([0.16, 0.33, 0.62], np.float32)
SKY_HORIZON = np.array([0.72, 0.80, 0.88], np.float32)
FAR = np.float32(1e9)
NEAR = np.float32(1e-3)  # least distance of a hit, so that a ray never meets the surface that it starts from
RAYS = 40_000  # rays cast at once; few enough to stay in the processor's cache
CONTRAST = 0.03  # a pixel is sampled again if its brightness differs from a neighbour's by more than this
TILE_M, JOINT, COURSE_M, MORTAR = 1.2, 0.485, 0.42, 0.06
SUBPIXELS = ((-0.25, -0.125), (0.125, -0.25), (0.25, 0.125), (-0.125, 0.25))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ball:
    """A sphere in metres."""

    center: tuple[float, float, float]
    radius: float
    color: tuple[float, float, float]
    gloss: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A box with sides along the axes, in metres."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    color: tuple[float, float, float]
    gloss: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A camera at one frame, in metres, degrees and millimetres."""

    translate: tuple[float, float, float]
    rotate: tuple[float, float, float]
    focal_mm: float
    aperture_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One rendered frame.

    Attributes:
        light: (H, W, 3) float32, linear, with the primaries of Rec.709.
        depth_m: (H, W) float32, distance along the camera's axis; infinite where the ray hits nothing.
        ids: (H, W) uint8; 0 is sky, 1 is the ground, 2 and more are the objects in their order.
    """

    light: Floats
    depth_m: Floats
    ids: NDArray[np.uint8]


COURTYARD: tuple[Ball | Block, ...] = (
    Block(low=(-9.0, 0.0, -9.4), high=(9.0, 4.2, -8.8), color=(0.62, 0.56, 0.48)),
    Block(low=(-5.6, 0.0, -6.2), high=(-4.4, 3.4, -5.0), color=(0.70, 0.33, 0.24)),
    Block(low=(4.2, 0.0, -6.6), high=(5.4, 2.6, -5.4), color=(0.30, 0.42, 0.55)),
    Block(low=(-2.0, 0.0, -4.6), high=(2.2, 0.5, -2.6), color=(0.55, 0.55, 0.57)),
    Ball(center=(0.1, 1.55, -3.6), radius=1.05, color=(0.85, 0.62, 0.18), gloss=0.55),
    Ball(center=(-3.1, 0.6, -1.6), radius=0.6, color=(0.20, 0.48, 0.28), gloss=0.2),
    Ball(center=(2.9, 0.75, -0.9), radius=0.75, color=(0.72, 0.16, 0.20), gloss=0.35),
    Ball(center=(1.2, 0.32, 0.7), radius=0.32, color=(0.88, 0.88, 0.86), gloss=0.4),
)


def cast(view: View, size: tuple[int, int], objects: tuple[Ball | Block, ...] = COURTYARD) -> Picture:
    """Render one frame of ``size`` (width, height) pixels; colour edges get four samples a pixel, data passes one."""
    width, height = size
    down, across = np.mgrid[0:height, 0:width].reshape(2, -1).astype(np.float32) + np.float32(0.5)
    light, depth, ids = _shoot(view, size, across, down, objects)
    edges = np.flatnonzero(_contrast(light.reshape(3, height, width)))
    finer = [_shoot(view, size, across[edges] + x, down[edges] + y, objects)[0] for x, y in SUBPIXELS]
    light[:, edges] = np.mean(finer, axis=0)
    return Picture(
        light=np.ascontiguousarray(light.T).reshape(height, width, 3),
        depth_m=depth.reshape(height, width),
        ids=ids.reshape(height, width),
    )


def rotation(degrees: tuple[float, float, float]) -> Floats:
    """Return the (3, 3) matrix that turns column vectors about x, then y, then z."""
    rx, ry, rz = np.radians(degrees)
    about_x = [[1, 0, 0], [0, np.cos(rx), -np.sin(rx)], [0, np.sin(rx), np.cos(rx)]]
    about_y = [[np.cos(ry), 0, np.sin(ry)], [0, 1, 0], [-np.sin(ry), 0, np.cos(ry)]]
    about_z = [[np.cos(rz), -np.sin(rz), 0], [np.sin(rz), np.cos(rz), 0], [0, 0, 1]]
    return (np.array(about_z) @ np.array(about_y) @ np.array(about_x)).astype(np.float32)


def _contrast(light: Floats) -> NDArray[np.bool_]:
    """Return which pixels (H, W) of a picture (3, H, W) differ in brightness from a neighbour."""
    brightness = np.sqrt(np.maximum(light.mean(axis=0), 0))
    steps = np.zeros(brightness.shape, bool)
    for axis in (0, 1):
        step = np.abs(np.diff(brightness, axis=axis)) > CONTRAST
        one, two = ([slice(None)] * 2 for _ in range(2))
        one[axis], two[axis] = slice(1, None), slice(None, -1)
        steps[tuple(one)] |= step
        steps[tuple(two)] |= step
    return steps


def _shoot(
    view: View, size: tuple[int, int], across: Floats, down: Floats, objects: tuple[Ball | Block, ...]
) -> tuple[Floats, Floats, NDArray[np.uint8]]:
    """Return light (3, N), depth along the camera's axis (N,) and id (N,) for points of the picture, in pixels."""
    turn = rotation(view.rotate)
    origin = np.array(view.translate, np.float32)[:, None]
    light = np.empty((3, across.size), np.float32)
    depth = np.empty(across.size, np.float32)
    ids = np.empty(across.size, np.uint8)
    for start in range(0, across.size, RAYS):
        part = slice(start, start + RAYS)
        local = _film(view, size, across[part], down[part])
        rays = turn @ local
        light[:, part], distance, ids[part] = _shade(origin, rays, objects)
        depth[part] = np.where(ids[part] > 0, -distance * local[2], np.inf)
    return light, depth, ids


def _film(view: View, size: tuple[int, int], across: Floats, down: Floats) -> Floats:
    """Return the unit directions (3, N) of the rays in the camera's own space."""
    width, height = size
    half_width = view.aperture_mm / view.focal_mm / 2
    rays = np.empty((3, across.size), np.float32)
    rays[0] = (across / width * 2 - 1) * half_width
    rays[1] = (1 - down / height * 2) * half_width * height / width
    rays[2] = -1
    rays /= np.sqrt(_dot(rays, rays))
    return rays


def _dot(one: Floats, two: Floats) -> Floats:
    product: Floats = one[0] * two[0] + one[1] * two[1] + one[2] * two[2]
    return product


def _column(vector: tuple[float, float, float]) -> Floats:
    return np.array(vector, np.float32)[:, None]


def _nearest(origin: Floats, rays: Floats, objects: tuple[Ball | Block, ...]) -> tuple[Floats, NDArray[np.uint8]]:
    """Return the distance (N,) and id (N,) of the first surface that each ray meets.

    ``origin`` or ``rays`` may be a single column, which then applies to all rays.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.float32(1) / rays
        ground = -origin[1] * steps[1]
    distance = np.where(ground > NEAR, ground, FAR).astype(np.float32)
    ids = (distance < FAR).astype(np.uint8)
    for index, thing in enumerate(objects, start=2):
        near = _ball(origin, rays, thing) if isinstance(thing, Ball) else _block(origin, steps, thing)
        closer = near < distance
        distance = np.where(closer, near, distance)
        ids[closer] = index
    return distance, ids


def _ball(origin: Floats, rays: Floats, ball: Ball) -> Floats:
    to_center = _column(ball.center) - origin
    along = _dot(rays, to_center)
    inside = np.float32(ball.radius**2) - _dot(to_center, to_center) + along * along
    near = along - np.sqrt(np.maximum(inside, 0))
    return np.where((inside > 0) & (near > NEAR), near, FAR)


def _block(origin: Floats, steps: Floats, block: Block) -> Floats:
    """Return the distance (N,) to a box; ``steps`` is how far a ray goes for one metre along each axis."""
    with np.errstate(invalid="ignore"):
        one = (_column(block.low) - origin) * steps
        two = (_column(block.high) - origin) * steps
    # Compare axis by axis: NumPy's own reduction over three rows is several times slower.
    (enter_x, enter_y, enter_z), (leave_x, leave_y, leave_z) = np.minimum(one, two), np.maximum(one, two)
    enter: Floats = np.maximum(np.maximum(enter_x, enter_y), enter_z)
    leave = np.minimum(np.minimum(leave_x, leave_y), leave_z)
    return np.where((enter < leave) & (enter > NEAR), enter, FAR)


def _normals(ids: NDArray[np.uint8], at: Floats, objects: tuple[Ball | Block, ...]) -> Floats:
    """Return the unit normals (3, N) of the surfaces at the hit points."""
    normals = np.zeros_like(at)
    normals[1] = 1
    for index, thing in enumerate(objects, start=2):
        mine = np.flatnonzero(ids == index)
        if mine.size:
            normals[:, mine] = _normal(thing, at[:, mine])
    return normals


def _normal(thing: Ball | Block, at: Floats) -> Floats:
    if isinstance(thing, Ball):
        return (at - _column(thing.center)) / np.float32(thing.radius)
    low, high = _column(thing.low), _column(thing.high)
    from_middle = (at - (low + high) / 2) / ((high - low) / 2)
    side = np.abs(from_middle).argmax(axis=0)
    points = np.arange(at.shape[1])
    normal = np.zeros_like(at)
    normal[side, points] = np.sign(from_middle[side, points])
    return normal


def _shade(origin: Floats, rays: Floats, objects: tuple[Ball | Block, ...]) -> tuple[Floats, Floats, NDArray[np.uint8]]:
    """Return scene-linear light (3, N), distance and id; the light has sun with shadows, sky, highlights and haze."""
    distance, ids = _nearest(origin, rays, objects)
    picture = _sky(rays)
    solid = np.flatnonzero(ids)
    ray, hit = rays[:, solid], ids[solid]
    at = origin + ray * distance[solid]
    normal = _normals(hit, at, objects)
    at += normal * np.float32(2e-3)
    facing = SUN @ normal
    lit = facing > 0
    lit[lit] = _nearest(at[:, lit], SUN[:, None], objects)[1] == 0
    sun = facing * lit * np.float32(1.15)
    ambient = np.float32(0.30) + np.float32(0.16) * normal[1]
    albedo, gloss = _surface(hit, at, objects)
    mirrored = ray - 2 * _dot(ray, normal) * normal
    highlight = np.maximum(SUN @ mirrored, 0) ** 60 * gloss * lit
    light = albedo * (sun * SUN_COLOR[:, None] + ambient * SKY_HORIZON[:, None]) + highlight
    light += gloss * np.float32(0.35) * np.maximum(mirrored[1], 0) * _sky(mirrored)
    haze = 1 - np.exp(-distance[solid] / 90)
    picture[:, solid] = light * (1 - haze) + haze * SKY_HORIZON[:, None]
    return picture, distance, ids


def _sky(rays: Floats) -> Floats:
    height = np.sqrt(np.clip(rays[1], 0, 1))
    glow = np.maximum(SUN @ rays, 0) ** 200
    colors = (SKY_HORIZON[:, None], SKY_ZENITH[:, None], SUN_COLOR[:, None])
    light: Floats = colors[0] * (1 - height) + colors[1] * height + colors[2] * glow
    return light


def _surface(ids: NDArray[np.uint8], at: Floats, objects: tuple[Ball | Block, ...]) -> tuple[Floats, Floats]:
    """Return the colour (3, N) and gloss (N,) of the hit surfaces; joints give ground and walls a visible texture."""
    colors = np.array([(0, 0, 0), (0.40, 0.38, 0.34), *(o.color for o in objects)], np.float32)
    gloss = np.array([0, 0, *(o.gloss for o in objects)], np.float32)
    albedo = np.ascontiguousarray(colors[ids].T)
    x, y, z = at
    checker = (np.floor(x / TILE_M) + np.floor(z / TILE_M)) % 2
    joint = np.maximum(np.abs(x / TILE_M % 1 - 0.5), np.abs(z / TILE_M % 1 - 0.5)) > JOINT
    albedo *= np.where(ids == 1, (0.82 + 0.30 * checker) * np.where(joint, 0.5, 1), 1).astype(np.float32)
    is_wall = np.array([False, False, *(isinstance(o, Block) for o in objects)])
    albedo *= np.where(is_wall[ids] & (y / COURSE_M % 1 < MORTAR), 0.55, 1).astype(np.float32)
    return albedo, gloss[ids]
