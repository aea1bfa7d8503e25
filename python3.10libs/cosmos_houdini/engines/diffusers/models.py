"""The models that the program of the engine ``diffusers`` can load: their weights, and the parameters of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Literal

from cosmos_houdini.engines.cosmos3.hints import HINTS
from cosmos_houdini.engines.cosmos3.parameters import SHARED_PARAMETERS
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.parameter import Parameter
from cosmos_houdini.model.request import ControlInput, InferenceRequest

MODEL: Final = "model"
OFFLOAD: Final = "offload_models"
FIRST_FRAMES: Final = "num_first_chunk_conditional_frames"
EMPHASIS: Final = "emphasize_control_in_prompt"

Family = Literal["transfer2.5", "cosmos3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model of the Hugging Face Hub.

    Attributes:
        name: the value of the parameter ``model``.
        family: decides which pipeline runs it.
        repository: its repository.
        revision: the revision that holds the pipeline.
        folder: where the pipeline is below the host's ``engine_path``.
    """

    name: str
    family: Family
    repository: str
    revision: str
    folder: str

    def weights(self, engine_path: PurePosixPath | None) -> dict[str, str | None]:
        """Return the location of the pipeline: a revision of the repository, or a folder on the host."""
        if engine_path is None:
            return {"path": self.repository, "revision": self.revision}
        return {"path": str(engine_path / self.folder), "revision": None}


TRANSFER25: Final = Model(
    name="transfer2.5",
    family="transfer2.5",
    repository="nvidia/Cosmos-Transfer2.5-2B",
    revision="diffusers/general",
    folder="diffusers/general",
)
_COSMOS3 = tuple(
    Model(
        name=name,
        family="cosmos3",
        repository=f"nvidia/{folder}",
        revision="main",
        folder=folder,
    )
    for name, folder in (("cosmos3-nano", "Cosmos3-Nano"), ("cosmos3-super", "Cosmos3-Super"))
)
MODELS: Final = {model.name: model for model in (TRANSFER25, *_COSMOS3)}

# The names and defaults are those of the pipelines' calls, except for the names that Cosmos spells differently.
_COMMON = (
    Parameter(
        name=MODEL,
        default=TRANSFER25.name,
        help="The model; Cosmos 3 takes several controls, Transfer2.5 one with a weight.",
        choices=tuple(MODELS),
    ),
    Parameter(name="seed", default=1, help="Start of the random numbers.", low=0, high=2**31 - 1),
    Parameter(name="num_steps", default=36, help="Diffusion steps.", low=1, high=100),
    Parameter(name="guidance", default=3.0, help="How strongly the prompt pulls; up to 1 it does not.", low=0, high=20),
    Parameter(
        name="fps", default=24, help="Frames a second of the result; the input's where nothing is said.", low=1, high=60
    ),
    Parameter(name=OFFLOAD, default=False, help="Less GPU memory, more time: one model at a time is on the GPU."),
)
_OF_COSMOS3 = tuple(SHARED_PARAMETERS[name] for name in SHARED_PARAMETERS if name not in {p.name for p in _COMMON})
PARAMETERS: Final = {parameter.name: parameter for parameter in (*_COMMON, *_OF_COSMOS3)}


def model_of(request: InferenceRequest) -> Model:
    """Return the model that a request asks for."""
    return MODELS[str(request.parameters[MODEL])]


def controlnet(request: InferenceRequest, engine_path: PurePosixPath | None) -> dict[str, str | None]:
    """Return the location of the weights of a request's only control, for Transfer2.5."""
    revision = f"diffusers/controlnet/general/{HINTS[only_control(request).kind]}"
    if engine_path is None:
        return {"path": TRANSFER25.repository, "revision": revision}
    return {"path": str(engine_path / revision), "revision": None}


def only_control(request: InferenceRequest) -> ControlInput:
    """Return the control of a request of Transfer2.5.

    Raises:
        BadInput: the request has none, or several.
    """
    if len(request.controls) != 1:
        raise BadInput(
            f"{request.name}: {', '.join(str(control.kind) for control in request.controls) or 'no control'}",
            allowed="exactly one control with a weight above 0 with the engine diffusers and model = transfer2.5",
            action="set the other weights to 0, set model=cosmos3-nano, or take the engine transfer2.5",
        )
    return request.controls[0]


def check_parameters(request: InferenceRequest) -> None:
    """Refuse a value for a parameter that the request's model does not have.

    Raises:
        BadInput: the value would change nothing.
    """
    if model_of(request).family == "cosmos3":
        return
    for parameter in _OF_COSMOS3:
        value = request.parameters[parameter.name]
        if value != parameter.default:
            raise BadInput(
                f"{request.name}: {parameter.name} = {value} with model = {TRANSFER25.name}",
                allowed=f"{parameter.default} there: it is a parameter of Cosmos 3",
                action="leave it out, or set model=cosmos3-nano",
            )


def check_equal_weights(request: InferenceRequest) -> None:
    """Refuse weights that the pipeline of Cosmos 3 cannot follow: it takes none, and all controls count alike.

    Raises:
        BadInput: the weights differ.
    """
    weights = {control.kind: control.weight for control in request.controls}
    if len(set(weights.values())) > 1:
        told = ", ".join(f"{kind} {weight:g}" for kind, weight in weights.items())
        raise BadInput(
            f"{request.name}: weights {told} with model = {model_of(request).name}",
            allowed="equal weights: in diffusers, the controls of Cosmos 3 count alike",
            action="give each control the same weight, 0 to leave one out, or take the engine cosmos3",
        )


def prompt_of(request: InferenceRequest) -> str:
    """Return the prompt that is sent; with the sentence by which the framework of Cosmos 3 emphasises the controls.

    The sentence is that of ``cosmos_framework/inference/transfer.py``.
    """
    if model_of(request).family != "cosmos3" or not request.parameters[EMPHASIS]:
        return request.prompt
    kinds = {control.kind for control in request.controls}
    names = ", ".join(hint for kind, hint in HINTS.items() if kind in kinds)
    return (
        f"{request.prompt.rstrip()} Follow the {names} control video precisely: shape, contour, silhouette, position, "
        f"and motion of every visible structure must align with the {names} signal at every frame."
    )
