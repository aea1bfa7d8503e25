"""A stand-in for SideFX's ``pdgjson``: the work item of a job, read from the file that its scheduler wrote.

The file has SideFX's keys and numbers. Attributes are told with an error that raises, files with one that does not.
"""

import gzip
import json
import os
import sys
from pathlib import Path

try:
    import pdgcmd
    from pdgcmd import localizePath
except ImportError:
    # As in the original: the import succeeds, and the class below fails by a NameError.
    pass

_KINDS = {0: int, 1: float, 2: str}


class AttribError(Exception):
    """An attribute of another type is in the way."""


def getWorkItemJsonPath(item_name):
    root = os.path.expandvars(f"{os.environ['PDG_TEMP']}/data/{item_name}")
    return f"{root}.json.gz" if Path(f"{root}.json.gz").exists() else f"{root}.json"


class WorkItem:
    @classmethod
    def fromJobEnvironment(cls, item_name=None, cb_server=None, expand_strings=False, as_native=False, print_info=True):
        path = getWorkItemJsonPath(os.environ.get("PDG_ITEM_NAME", item_name))
        with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
            document = json.loads(file.read().decode())
        if print_info:
            pdgcmd.printlog(f"Running {sys.version.split()[0]}")
        return cls(document, server=cb_server, expand_strings=expand_strings)

    def __init__(self, json_obj, batch_parent=None, batch_index=None, version=None, server=None, expand_strings=False):
        item = json_obj["workitem"]
        self._id, self._server = item["id"], server
        self._attributes = {}
        for name, told in item["attributes"].items():
            expanded = expand_strings and told["type"] == 2
            values = [localizePath(value) for value in told["value"]] if expanded else told["value"]
            self._attributes[name] = (_KINDS[told["type"]], values)

    @property
    def id(self):
        return self._id

    def hasAttrib(self, key):
        return key in self._attributes

    def attribValue(self, name, index=0):
        return self._attributes[name][1][index] if name in self._attributes else None

    def setIntAttrib(self, name, value, index=0):
        self._set(int, "Int", name, value, index)

    def setFloatAttrib(self, name, value, index=0):
        self._set(float, "Float", name, value, index)

    def setStringAttrib(self, name, value, index=0):
        self._set(str, "String", name, value, index)

    def addOutputFile(self, path, tag="", hash_code=0, own=False):
        pdgcmd.addOutputFile(
            path,
            workitem_id=self._id,
            result_data_tag=tag,
            hash_code=hash_code,
            server_addr=self._server,
            raise_exc=False,
        )

    def setCookPercent(self, cook_percent):
        pdgcmd.workItemSetCookPercent(cook_percent, workitem_id=self._id, subindex=-1)

    def setCustomState(self, custom_state):
        pdgcmd.workItemSetCustomState(custom_state, workitem_id=self._id, subindex=-1)

    def cookWarning(self, message):
        pdgcmd.warning(message, self._id, self._server)

    def localizePath(self, path):
        return localizePath(path)

    def addMessage(self, message, verbosity=pdgcmd.LogDefault, timestamp=True):
        pdgcmd.printlog(message, verbosity=verbosity, timestamp=timestamp)

    def addWarning(self, message, verbosity=pdgcmd.LogDefault, timestamp=True):
        pdgcmd.printlog(message, verbosity=verbosity, prefix="WARNING", timestamp=timestamp)

    def addError(self, message, fail_task=False, timestamp=True):
        pdgcmd.printlog(message, prefix="ERROR", timestamp=timestamp)
        if fail_task:
            sys.exit(-1)

    def _set(self, kind, spelled, name, value, index):
        if name in self._attributes and self._attributes[name][0] is not kind:
            raise AttribError(f"An attribute with the name '{name}' already exists with a different type")
        if isinstance(value, list):
            self._attributes[name] = (kind, list(map(kind, value)))
            getattr(pdgcmd, f"set{spelled}AttribArray")(name, self._attributes[name][1], self._id, -1, self._server)
            return
        values = self._attributes.setdefault(name, (kind, []))[1]
        values += [kind()] * (index + 1 - len(values))
        values[index] = kind(value)
        getattr(pdgcmd, f"set{spelled}Attrib")(name, values[index], index, self._id, -1, self._server)
