"""A stand-in for SideFX's ``pdgjson``: the work item of a job, read from a file, told by ``pdgcmd``."""

import json
import os
from pathlib import Path

import pdgcmd


class AttribError(Exception):
    """An attribute of another type is in the way."""


class WorkItem:
    @classmethod
    def fromJobEnvironment(cls, item_name=None, cb_server=None, expand_strings=False, as_native=False):
        name = os.environ.get("PDG_ITEM_NAME", item_name)
        data = Path(os.environ["PDG_TEMP"]) / "data" / f"{name}.json"
        return cls(json.loads(data.read_text(encoding="utf-8")), server=cb_server)

    def __init__(self, json_obj, server=None):
        self._id = json_obj["id"]
        self._attributes = {name: (kind, values) for name, (kind, values) in json_obj["attributes"].items()}
        self._server = server

    @property
    def id(self):
        return self._id

    def hasAttrib(self, key):
        return key in self._attributes

    def attribValue(self, name, index=0):
        return self._attributes[name][1][index] if name in self._attributes else None

    def setIntAttrib(self, name, value, index=0):
        self._set("int", name, value, pdgcmd.setIntAttrib)

    def setFloatAttrib(self, name, value, index=0):
        self._set("float", name, value, pdgcmd.setFloatAttrib)

    def setStringAttrib(self, name, value, index=0):
        self._set("str", name, value, pdgcmd.setStringAttrib)

    def addOutputFile(self, path, tag="", hash_code=0, own=False):
        pdgcmd.addOutputFile(path, workitem_id=self._id, server_addr=self._server, result_data_tag=tag)

    def setCookPercent(self, cook_percent):
        pdgcmd.workItemSetCookPercent(cook_percent, workitem_id=self._id)

    def setCustomState(self, custom_state):
        pdgcmd.workItemSetCustomState(custom_state, workitem_id=self._id)

    def cookWarning(self, message):
        pdgcmd.warning(message, self._id, self._server)

    def addMessage(self, message, verbosity=None, timestamp=True):
        pdgcmd.printlog(message)

    def addWarning(self, message, verbosity=None, timestamp=True):
        pdgcmd.printlog(message, prefix="WARNING")

    def addError(self, message, fail_task=False, timestamp=True):
        pdgcmd.printlog(message, prefix="ERROR")
        if fail_task:
            raise SystemExit(-1)

    def _set(self, kind, name, value, report):
        if name in self._attributes and self._attributes[name][0] != kind:
            raise AttribError(f"An attribute with the name '{name}' already exists with a different type")
        self._attributes[name] = (kind, value if isinstance(value, list) else [value])
        report(name, value, 0, workitem_id=self._id, server_addr=self._server)
