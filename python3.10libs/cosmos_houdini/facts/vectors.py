"""Vectors of three numbers."""

from __future__ import annotations

from cosmos_houdini.model.scene import Vector


def subtract(a: Vector, b: Vector) -> Vector:
    """Return ``a - b``."""
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def dot(a: Vector, b: Vector) -> float:
    """Return the inner product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Vector, b: Vector) -> Vector:
    """Return the outer product."""
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def solve(rows: tuple[Vector, Vector, Vector], right: Vector) -> Vector | None:
    """Return the solution of three equations with a symmetric matrix, by Cramer's rule; None where there is none."""
    a, b, c = rows
    whole = dot(a, cross(b, c))
    if abs(whole) < _SINGULAR * max(1.0, *(abs(value) for row in rows for value in row)) ** 3:
        return None
    return (dot(right, cross(b, c)) / whole, dot(a, cross(right, c)) / whole, dot(a, cross(b, right)) / whole)


_SINGULAR = 1e-9
