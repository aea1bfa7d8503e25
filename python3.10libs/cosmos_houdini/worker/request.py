"""The request: a command, its options as JSON values, and options that a person typed as on a command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cosmos_houdini.errors import BadInput
from cosmos_houdini.worker.options import decode_fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request.

    Attributes:
        command: a name of ``commands.COMMANDS``.
        options: the options by name, as JSON values.
        words: further options as a person types them, one word each; they override ``options``.
    """

    command: str
    options: Mapping[str, Any] = field(default_factory=dict)
    words: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Request:
        """Return the request of a line.

        Raises:
            BadInput: the line is no JSON object with these keys.
        """
        try:
            found = json.loads(text)
        except ValueError as error:
            raise BadInput(f"the request is no JSON: {error}", allowed="one JSON object on one line") from error
        if not isinstance(found, dict):
            raise BadInput("the request is no JSON object", allowed="command, options, words")
        return cls(**decode_fields(cls, found, "request"))
