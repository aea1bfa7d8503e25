"""The JSON Schema of each document (json-schema.org, draft 2020-12)."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import cleandoc
from typing import Any

import msgspec

from cosmos_houdini.model.batch import BatchSpec
from cosmos_houdini.model.spec import PromptSpec, RunSpec
from cosmos_houdini.report.ratings import Ratings
from cosmos_houdini.schemas import command_documents as commands
from cosmos_houdini.schemas import job_documents as jobs
from cosmos_houdini.schemas import shot_documents as shots
from cosmos_houdini.schemas.names import schema_id
from cosmos_houdini.specs import files

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_STRUCTURES: Mapping[str, type[msgspec.Struct]] = {
    "attach": jobs.JobsDocument,
    "batch-status": jobs.BatchStatusDocument,
    "cancel": jobs.JobsDocument,
    "caption": shots.CaptionDocument,
    "check": shots.CheckDocument,
    "clean": commands.CleanDocument,
    "completion": commands.CompletionDocument,
    "config": commands.ConfigDocument,
    "config-trust": commands.ConfigTrustDocument,
    "conversion": shots.ConversionDocument,
    "conversions": shots.ConversionsDocument,
    "create-batch": jobs.CreateBatchDocument,
    "deliver": shots.DeliveriesDocument,
    "demo": jobs.JobDocument,
    "doctor": commands.DoctorDocument,
    "dry-run": jobs.DryRunDocument,
    "enhance-prompt": jobs.EnhancementDocument,
    "error": commands.ErrorDocument,
    "extract-frame": shots.FilesDocument,
    "fetch": jobs.FetchDocument,
    "help": commands.HelpDocument,
    "history": jobs.HistoryDocument,
    "install-houdini": commands.InstallDocument,
    "logs": jobs.LogsDocument,
    "measures": jobs.MeasuresDocument,
    "next": jobs.NextDocument,
    "prompt": shots.PromptDocument,
    "ratings": Ratings,
    "report": jobs.ReportDocument,
    "restore": shots.FilesDocument,
    "retry": jobs.JobsDocument,
    "run": jobs.JobDocument,
    "run-batch": jobs.RunBatchDocument,
    "run-batch-detached": jobs.DetachedDocument,
    "scene": shots.SceneDocument,
    "schemas": commands.SchemasDocument,
    "setup-host": commands.SetupDocument,
    "standardize": shots.VideoFileDocument,
    "status": jobs.StatusDocument,
    "submit": jobs.SubmitDocument,
    "uninstall-houdini": commands.UninstallDocument,
    "watch-install": commands.WatchInstallDocument,
    "watch-status": jobs.WatchStatusDocument,
}


def json_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of a document; further keys are allowed, because a later release may add some.

    Args:
        name: one of NAMES.
    """
    schema = _with_id(_STRUCTURES[name], name) if name in _STRUCTURES else _file_schema(name)
    return {"$schema": DIALECT, **schema}


def _file_schema(name: str) -> dict[str, Any]:
    """Return the schema of a file that commands also read."""
    if name == "batch-spec":
        return BatchSpec.model_json_schema()
    return files.spec_schema(PromptSpec if name == "prompt-spec" else RunSpec)


def _with_id(structure: type[msgspec.Struct], name: str) -> dict[str, Any]:
    schema = msgspec.json.schema(structure)
    others = schema["$defs"]
    for described in others.values():
        if "description" in described:
            described["description"] = cleandoc(described["description"])
    own = others.pop(structure.__name__)
    own["properties"] = {"schema": {"const": schema_id(name)}, **own["properties"]}
    own["required"] = ["schema", *own.get("required", [])]
    return {**own, "title": name, "$defs": others}
