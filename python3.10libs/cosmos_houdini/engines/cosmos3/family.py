"""The traits that every engine of Cosmos 3 has."""

from __future__ import annotations

from collections.abc import Mapping

from cosmos_houdini.engines.cosmos3.buckets import Size, bucket_size
from cosmos_houdini.model.parameter import ParameterValue


class Cosmos3Family:
    """The base of the engines of Cosmos 3: their frames are buckets, and their prompts may be captions."""

    def reads_captions(self, parameters: Mapping[str, ParameterValue]) -> bool:  # noqa: ARG002 - the same for all
        """Return True; see engines.captions."""
        return True

    def frame_size(self, size: Size, parameters: Mapping[str, ParameterValue]) -> Size:
        """Return the bucket for a video of this size; see engines.frame_size."""
        return bucket_size(size, str(parameters["resolution"]))
