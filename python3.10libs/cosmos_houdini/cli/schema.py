"""``schema``: the JSON Schemas of all documents."""

from __future__ import annotations

import click

from cosmos_houdini.cli.console import json_option, print_json, print_schema
from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.schemas import NAMES, schema_id
from cosmos_houdini.schemas.registry import json_schema


@click.command()
@click.argument("name", required=False)
@json_option
def schema(*, name: str | None, as_json: bool) -> None:
    """Print the JSON Schema of the document NAME; without NAME, list the names.

    A document says in its key "schema" which one it is: cosmos-houdini/NAME/VERSION.
    """
    if name is None:
        if as_json:
            print_json("schemas", {"schemas": {known: schema_id(known) for known in NAMES}})
        else:
            click.echo("\n".join(NAMES))
        return
    wanted = name.removeprefix("cosmos-houdini/").rpartition("/")[0] or name
    if wanted not in NAMES or name not in {wanted, schema_id(wanted)}:
        raise BadInput(f"no document {name!r}", allowed=", ".join(NAMES), action=did_you_mean(wanted, NAMES))
    print_schema(json_schema(wanted))
