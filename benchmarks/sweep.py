"""Expanding 100,000 samples against a plain NumPy and csv script that draws and writes as many.

Ours checks every value, keeps the sum of weights, removes repeated runs and holds all of them; the script draws with
numpy.random.Generator and writes rows. Each runs in a process of its own, which tells its peak of memory; both run in
turn, the first round warms up and is not counted.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

from figures import Figure

SAMPLES = 100_000
ROUNDS = 5
TARGET_S = 3.0
TARGET_MB = 200.0

OURS = f"""
from pathlib import Path
from cosmos_houdini.engines.cosmos.parameters import TRANSFER1_PARAMETERS
from cosmos_houdini.model.batch import BatchSpec
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.spec import PromptSpec
from cosmos_houdini.sweeps.sweep import expand

file = Path("/shots/street.spec.json").absolute()
controls = {{kind: Path(f"/shots/{{kind}}.mp4") for kind in Control}}
spec = PromptSpec(name="street", prompt="at night", input_video=Path("/shots/color.mp4"), controls=controls)
how = {{
    "control_weights": {{"min": 0.1, "max": 0.9, "step": 0.1}}, "num_steps": [1, 35, 50],
    "guidance_scale": {{"min": 5.0, "max": 12.0}}, "seeds": "random",
    "constraints": {{"max_weight_sum": 2.5}}, "count": {SAMPLES}, "sampler": SAMPLER,
}}
batch = BatchSpec.model_validate({{"engine": "preview", "items": [{{"spec": file}}], "randomization": how}})
start = time.perf_counter()
sweep = expand(batch, {{file: spec}}, TRANSFER1_PARAMETERS)
assert len(sweep.runs) == {SAMPLES}
"""
PLAIN = f"""
import csv, io
import numpy as np

start = time.perf_counter()
rng = np.random.default_rng(0)
columns = [np.round(rng.integers(1, 10, {SAMPLES}) * 0.1, 1) for _ in range(4)]
columns += [rng.choice([1, 35, 50], {SAMPLES}), rng.uniform(5, 12, {SAMPLES}), rng.integers(0, 2**31, {SAMPLES})]
csv.writer(io.StringIO()).writerows(zip(*(column.tolist() for column in columns)))
"""
END = """
import resource
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def spent(script: str) -> tuple[float, float]:
    """Return the seconds that a script tells, and its peak of memory in MiB."""
    done = subprocess.run(
        [sys.executable, "-c", f"import time\n{script}{END}"], check=True, capture_output=True, text=True
    )
    seconds, mebibytes = map(float, done.stdout.split())
    return seconds, mebibytes


def measure() -> list[Figure]:
    """Expand with each sampler, and let the plain script draw and write as many rows."""
    samplers = ("random", "latin_hypercube", "sobol")
    scripts = [f"SAMPLER = {sampler!r}\n{OURS}" for sampler in samplers] + [PLAIN]
    rounds = [[spent(script) for script in scripts] for _ in range(ROUNDS + 1)][1:]
    *ours, plain = [
        tuple(statistics.median(side) for side in zip(*each, strict=True)) for each in zip(*rounds, strict=True)
    ]
    found = []
    for sampler, (seconds, mebibytes) in zip(samplers, ours, strict=True):
        name = f"a sweep of {SAMPLES} runs, {sampler}"
        found.append(
            Figure(name=name, ours=seconds, unit="s", other=plain[0], beside="NumPy writes rows", limit=TARGET_S)
        )
        found.append(Figure(name=f"{name}, memory", ours=mebibytes, unit="MB", limit=TARGET_MB))
    return found
