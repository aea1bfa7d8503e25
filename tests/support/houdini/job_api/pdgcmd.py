"""A stand-in for SideFX's ``pdgcmd``: calls go to the result server as a line of JSON each, and are answered."""

import json
import os
import socket
import sys


def _call(name, *values, workitem_id, server_addr=None):
    host, _, port = (server_addr or os.environ["PDG_RESULT_SERVER"]).rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(json.dumps([name, workitem_id, *values]).encode() + b"\n")
        if connection.recv(2) != b"ok":
            raise ConnectionError("the result server did not answer")


def printlog(message, prefix="", verbosity=None, timestamp=True):
    sys.stdout.write(f"{prefix}{': ' * bool(prefix)}{message}\n")
    sys.stdout.flush()


def addOutputFile(result_data, workitem_id=None, server_addr=None, result_data_tag="", subindex=-1, and_success=False,
                  to_stdout=True, duration=0.0, hash_code=0, raise_exc=True):  # fmt: skip
    _call("file", result_data, result_data_tag, workitem_id=workitem_id, server_addr=server_addr)


def setIntAttrib(attr_name, value, index=0, workitem_id=None, subindex=-1, server_addr=None, raise_exc=True):
    _call("int", attr_name, value, workitem_id=workitem_id, server_addr=server_addr)


def setFloatAttrib(attr_name, value, index=0, workitem_id=None, subindex=-1, server_addr=None, raise_exc=True):
    _call("float", attr_name, value, workitem_id=workitem_id, server_addr=server_addr)


def setStringAttrib(attr_name, value, index=0, workitem_id=None, subindex=-1, server_addr=None, raise_exc=True):
    _call("string", attr_name, value, workitem_id=workitem_id, server_addr=server_addr)


def workItemSetCookPercent(cook_percent, workitem_id=None, subindex=-1, server_addr=None):
    _call("percent", cook_percent, workitem_id=workitem_id, server_addr=server_addr)


def workItemSetCustomState(custom_state, workitem_id=None, subindex=-1, server_addr=None):
    _call("state", custom_state, workitem_id=workitem_id, server_addr=server_addr)


def warning(message, workitem_id=None, server_addr=None):
    _call("warning", message, workitem_id=workitem_id, server_addr=server_addr)
