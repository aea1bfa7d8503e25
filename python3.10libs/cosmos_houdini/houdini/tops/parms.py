"""The four node types for TOP networks and their parameters: one table for nodes, asset and shelf."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from cosmos_houdini.model.control import DEFAULT_WEIGHT, Control
from cosmos_houdini.model.presets import STRENGTHS

Kind = Literal["String", "Integer", "Float"]
"""The types of parameter that a PDG template knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parm:
    """One parameter of a node type.

    Attributes:
        name: in the template, and of the spare parameter that Houdini makes from it.
        label: as the artist reads it.
        default: the value of a new node; its type is the parameter's.
        help: one sentence for a tooltip.
        folder: the tab of the parameter, where there are tabs.
        menu: token and label of each choice, for a String; a node that PDG registers shows the token alone.
        is_toggle: an Integer that is 0 or 1.
        is_multiline: a String of several lines.
        limits: the smallest and the largest number that can be used.
        disable_when: a rule in Houdini's grammar.
    """

    name: str
    label: str
    default: str | int | float
    help: str
    folder: str = ""
    menu: tuple[tuple[str, str], ...] = ()
    is_toggle: bool = False
    is_multiline: bool = False
    limits: tuple[float, float] | None = None
    disable_when: str = ""

    @property
    def kind(self) -> Kind:
        """The type, as a PDG template spells it."""
        if isinstance(self.default, str):
            return "String"
        return "Float" if isinstance(self.default, float) else "Integer"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeType:
    """One node type.

    Attributes:
        name: of the class and of its template.
        label: of its asset in the TAB menu.
        help: the meaning of a work item, and its cook.
        parms: in the order of display.
    """

    name: str
    label: str
    help: str
    parms: tuple[Parm, ...]

    @property
    def registered_label(self) -> str:
        """The label of the type that PDG registers: it has no menus, and stands beside the asset of the plain label."""
        return f"{self.label} (Basic)"

    def template(self) -> str:
        """Return the body of the parameter template, as ``templateBody`` of a PDG node has to give it."""
        parameters = [
            {"name": parm.name, "label": parm.label, "type": parm.kind, "size": 1, "value": parm.default}
            for parm in self.parms
        ]
        return json.dumps({"name": self.name, "dataType": "genericdata", "parameters": parameters})

    def __getitem__(self, name: str) -> Parm:
        return next(parm for parm in self.parms if parm.name == name)


CATEGORY = "Cosmos"
CONTROLS = tuple(map(str, Control))
NUMBERS = ("seed", "num_steps", "guidance", "sigma_max")
"""The engine's parameters that have a field of their own on the nodes; a text field takes all others."""

_STRENGTHS = tuple((word, word.replace("_", " ").title()) for word in STRENGTHS)
_COMPUTED = (("auto", "Where No Control Is Rendered"), ("off", "Off"), *_STRENGTHS)

_FOLDER = Parm(
    name="folder",
    label="Project Folder",
    default="$HIP",
    help="Folder of configuration, jobs and results; the scene's own folder, as for the shelf.",
    folder="Project",
)
_ENGINE = Parm(
    name="engine",
    label="Engine",
    default="",
    help="The engine that makes the result; the configured default when empty.",
    folder="Project",
)

SHOT = NodeType(
    name="cosmosshot",
    label="Cosmos Shot",
    help="One work item for each rendered camera or take: its frames are verified and encoded once.",
    parms=(
        Parm(
            name="hip",
            label="Scene",
            default="$HIPFILE",
            help="The saved scene; frame rate, ranges, cameras and render nodes are read from the file.",
            folder="Shot",
        ),
        Parm(
            name="nodes",
            label="Render Nodes",
            default="*",
            help="Paths or patterns of the nodes that wrote the frames; one work item for each that names a picture.",
            folder="Shot",
            disable_when='{ renders != "" }',
        ),
        Parm(
            name="cameras",
            label="Cameras",
            default="*",
            help="Paths or patterns; render nodes of other cameras are left out.",
            folder="Shot",
            disable_when='{ renders != "" }',
        ),
        Parm(
            name="takes",
            label="Takes",
            default="",
            help="Names of takes; one work item for each. $ACTIVETAKE in the picture path keeps their frames apart.",
            folder="Shot",
            disable_when='{ renders != "" }',
        ),
        Parm(
            name="renders",
            label="Rendered Frames",
            default="",
            help="Instead of render nodes: a folder, or a pattern such as folder/name.####.exr.",
            folder="Shot",
        ),
        Parm(
            name="name",
            label="Shot Name",
            default="",
            help="Name of folders and jobs; the scene's when empty. Node and take follow where there are several.",
            folder="Shot",
        ),
        Parm(
            name="frame_range",
            label="Frame Range",
            default="",
            help="First and last frame, such as 1001-1049; when empty, the range of the render node or of the scene.",
            folder="Shot",
        ),
        Parm(
            name="fps",
            label="Frames per Second",
            default=0.0,
            help="Rate of the videos, rounded to a whole number; 0 takes the scene's rate.",
            folder="Shot",
            limits=(0, 60),
        ),
        Parm(
            name="on_gap",
            label="Missing Frames",
            default="stop",
            help="Stop, or repeat the frame before a gap.",
            folder="Shot",
            menu=(("stop", "Stop"), ("hold", "Repeat the Frame Before")),
        ),
        Parm(
            name="edge",
            label="Compute Edges",
            default="auto",
            help="Edges computed from the colour where no edge pass is rendered.",
            folder="Controls",
            menu=_COMPUTED,
        ),
        Parm(
            name="vis",
            label="Compute Blur",
            default="auto",
            help="Blurred colour computed where no vis pass is rendered.",
            folder="Controls",
            menu=_COMPUTED,
        ),
        Parm(
            name="options",
            label="Further Options",
            default="",
            help="Further options of `cosmos-houdini submit` for the videos, such as --fit crop.",
            folder="Controls",
        ),
        _FOLDER,
    ),
)

TRANSFER = NodeType(
    name="cosmostransfer",
    label="Cosmos Transfer",
    help="One inference for each work item above; an attribute with the name of a parameter overrides it.",
    parms=(
        Parm(
            name="prompt",
            label="Prompt",
            default="",
            help="Description of the result: place, materials, light, weather, lens.",
            folder="Look",
            is_multiline=True,
        ),
        Parm(
            name="negative_prompt",
            label="Negative Prompt",
            default="",
            help="Things to avoid; the engine's own when empty.",
            folder="Look",
            is_multiline=True,
        ),
        *(
            Parm(
                name=f"weight_{control}",
                label=f"{control.label} Weight",
                default=DEFAULT_WEIGHT,
                help=f"How strongly the result follows {control.shows}; 0 leaves the control out.",
                folder="Look",
                limits=(0, 1),
            )
            for control in Control
        ),
        Parm(
            name="seed",
            label="Seed",
            default=1,
            help="Seed of the random numbers.",
            folder="Parameters",
            limits=(0, 2**31 - 1),
        ),
        Parm(
            name="num_steps",
            label="Steps",
            default=35,
            help="Diffusion steps.",
            folder="Parameters",
            limits=(1, 100),
        ),
        Parm(
            name="guidance",
            label="Guidance",
            default=5.0,
            help="How strongly the result follows the prompt.",
            folder="Parameters",
            limits=(0, 20),
        ),
        Parm(
            name="sigma_max",
            label="Noise",
            default=70.0,
            help="Noise added to the colour video at the start; 80 hides it completely.",
            folder="Parameters",
            limits=(0.01, 80),
        ),
        Parm(
            name="parameters",
            label="Further Parameters",
            default="",
            help="Any parameter of the engine: KEY=VALUE, separated by spaces; overrides the fields above.",
            folder="Parameters",
        ),
        Parm(
            name="measure",
            label="Measure Results",
            default=0,
            help="Measure each result when it arrives: cosmos_score. Cosmos Report measures all of them at the end.",
            folder="Parameters",
            is_toggle=True,
        ),
        Parm(
            name="videos",
            label="Videos",
            default="",
            help="Folder that convert-sequence has written; needed only without a Cosmos Shot above.",
            folder="Shot",
        ),
        Parm(
            name="options",
            label="Further Options",
            default="",
            help="Further options of `cosmos-houdini submit`.",
            folder="Shot",
        ),
        _ENGINE,
        Parm(
            name="host",
            label="Host",
            default="",
            help="Host of the job: local, or a name from the configuration; the configured default when empty.",
            folder="Project",
        ),
        Parm(
            name="num_gpu",
            label="GPUs",
            default=1,
            help="GPUs for one inference.",
            folder="Project",
            limits=(1, 64),
        ),
        _FOLDER,
    ),
)

_VALUES = "Values such as 0.2 0.5 0.8, a range such as 5-12, or steps such as 0.1-0.9:0.1; empty does not vary it."

SWEEP = NodeType(
    name="cosmossweep",
    label="Cosmos Sweep",
    help="Randomised work items for each one above; the same seed makes the same sweep on every machine.",
    parms=(
        Parm(
            name="count",
            label="Runs",
            default=24,
            help="Work items for each one above; 0 makes every combination of lists and steps.",
            folder="Sweep",
            limits=(0, 100_000),
        ),
        Parm(
            name="sampler",
            label="Sampler",
            default="",
            help="How the runs are chosen. Automatic is grid for lists and steps when Runs is 0, else random.",
            folder="Sweep",
            menu=(
                ("", "Automatic"),
                ("grid", "Grid"),
                ("random", "Random"),
                ("latin_hypercube", "Latin Hypercube"),
                ("sobol", "Sobol"),
            ),
        ),
        Parm(
            name="sweep_seed",
            label="Sweep Seed",
            default=0,
            help="The same seed makes the same sweep.",
            folder="Sweep",
            limits=(0, 2**31 - 1),
            disable_when="{ sampler == grid }",
        ),
        Parm(
            name="seeds",
            label="Seeds",
            default="random",
            help="random gives every run its own seed. " + _VALUES,
            folder="Values",
        ),
        *(
            Parm(name=name, label=TRANSFER[name].label, default="", help=_VALUES, folder="Values")
            for name in NUMBERS
            if name != "seed"
        ),
        *(
            Parm(name=f"weight_{control}", label=f"{control.label} Weight", default="", help=_VALUES, folder="Values")
            for control in Control
        ),
        Parm(
            name="parameters",
            label="Further Parameters",
            default="",
            help="Any parameter of the engine, one a line: KEY = values as above.",
            folder="Values",
            is_multiline=True,
        ),
        Parm(
            name="max_weight_sum",
            label="Largest Sum of Weights",
            default=0.0,
            help="Largest sum of the weights of a run; 0 sets no limit.",
            folder="Values",
            limits=(0, len(Control)),
        ),
        _ENGINE,
        _FOLDER,
    ),
)

REPORT = NodeType(
    name="cosmosreport",
    label="Cosmos Report",
    help="One work item that waits for all above and shows their results as a grid, a table and a page.",
    parms=(
        Parm(
            name="name",
            label="Name",
            default="$OS",
            help="Name of the report; its folder is cosmos_out/NAME/report in the project folder.",
            folder="Report",
            disable_when='{ output != "" }',
        ),
        Parm(
            name="output",
            label="Folder",
            default="",
            help="Folder of the report, instead of that; it may hold nothing else.",
            folder="Report",
        ),
        _FOLDER,
    ),
)

NODE_TYPES = (SHOT, TRANSFER, SWEEP, REPORT)
