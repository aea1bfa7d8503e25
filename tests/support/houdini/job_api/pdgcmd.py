"""A stand-in for SideFX's ``pdgcmd``, as Houdini copies it beside the jobs: how it calls home, and how it fails.

Its calls go over XML-RPC under SideFX's names. Like the original, it prints a line for each call, writes paths below
the network's folder with a token, counts refused calls, and drops all further ones after a number of them.
"""

import json
import os
import sys
import time
import xmlrpc.client

LogDefault, LogVerbose = 0, 1
max_retries = int(os.environ.get("PDG_RPC_RETRIES", "4"))
max_rpc_errors = int(os.environ.get("PDG_RPC_MAX_ERRORS", "5"))
ignore_rpc_errors = int(os.environ.get("PDG_RPC_IGNORE_ERRORS", "0"))
disable_rpc = "PDG_RESULT_SERVER" not in os.environ or int(os.environ.get("PDG_DISABLE_RPC", "0")) > 0
rpc_num_errors = 0
_TOKENS = ("PDG_DIR", "PDG_ITEM_NAME", "PDG_TEMP", "PDG_RESULT_SERVER", "PDG_INDEX", "PDG_SCRIPTDIR", "PDG_ITEM_ID")


class RpcError(Exception):
    """A call that the result server did not take."""


def printlog(msg, verbosity=LogDefault, timestamp=True, prefix="", end="\n"):
    if verbosity > LogDefault:
        return
    now = f"[{time.strftime('%H:%M:%S')}.000] " if timestamp else ""
    sys.stdout.write(f"{now}{prefix}{': ' * bool(prefix)}{msg}{end}")
    sys.stdout.flush()


def delocalizePath(local_path):
    folder = os.path.expandvars(os.environ.get("PDG_DIR", "")).replace("\\", "/").rstrip("/")
    path = local_path.replace("\\", "/")
    if folder and (path == folder or path.startswith(f"{folder}/")):
        return "__PDG_DIR__" + path[len(folder) :]
    return path


def localizePath(deloc_path):
    for name in _TOKENS:
        deloc_path = deloc_path.replace(f"__{name}__", os.environ.get(name, f"__{name}__"))
    path = os.path.expandvars(os.path.expandvars(deloc_path)).replace("\\", "/")
    for entry in json.loads(os.environ.get("PDG_PATHMAP", '{"paths": []}'))["paths"]:
        for start, told in entry.items():
            if told["zone"] in {"*", os.environ.get("PDG_PATHMAP_ZONE", "LINUX")}:
                path = path.replace(start, told["path"])
    return path


def _call(name, *values, server_addr=None, raise_exc=True):
    global rpc_num_errors  # noqa: PLW0603 - the original's own name, which its callers read
    if disable_rpc or rpc_num_errors >= max_rpc_errors:
        return
    address = f"http://{server_addr or os.environ['PDG_RESULT_SERVER']}"
    reason = None
    for _ in range(max_retries + 1):
        try:
            getattr(xmlrpc.client.ServerProxy(address, allow_none=True), name)(*values)
        except (OSError, xmlrpc.client.Error) as error:  # noqa: PERF203 - each call is tried again
            reason = error
        else:
            return
    rpc_num_errors += 1
    text = f"Failed RPC to {address}: {name} {values} [Error {rpc_num_errors}/{max_rpc_errors}]"
    printlog(f"Socket Error: {reason}")
    printlog(text)
    if raise_exc and not ignore_rpc_errors:
        raise RpcError(text)


def _set(attr_name, attr_value, call, workitem_id, subindex, server_addr, raise_exc, *index):
    printlog(f"PDG_{call.upper()}: {workitem_id};{attr_name};{attr_value}")
    values = (workitem_id, subindex, attr_name, attr_value, *index, "")
    _call(call, *values, server_addr=server_addr, raise_exc=raise_exc)


def addOutputFile(result_data, workitem_id=None, server_addr=None, result_data_tag="", subindex=-1, and_success=False,
                  to_stdout=True, raise_exc=True, duration=0.0, hash_code=0, batch_size=50):  # fmt: skip
    path = delocalizePath(result_data)
    printlog(f"PDG_RESULT: {workitem_id};{subindex};{path};{result_data_tag};{hash_code}")
    binary = xmlrpc.client.Binary(path.encode())
    _call("result", workitem_id, binary, result_data_tag, hash_code, "", server_addr=server_addr, raise_exc=raise_exc)


def setIntAttrib(attr_name, attr_value, attr_index, workitem_id=None, subindex=-1, server_addr=None, raise_exc=True):
    _set(attr_name, attr_value, "set_int_attrib", workitem_id, subindex, server_addr, raise_exc, attr_index)


def setFloatAttrib(attr_name, attr_value, attr_index, workitem_id=None, subindex=-1, server_addr=None, raise_exc=True):
    _set(attr_name, attr_value, "set_float_attrib", workitem_id, subindex, server_addr, raise_exc, attr_index)


def setStringAttrib(attr_name, attr_value, attr_index, workitem_id=None, subindex=-1, server_addr=None, raise_exc=True):
    _set(attr_name, attr_value, "set_string_attrib", workitem_id, subindex, server_addr, raise_exc, attr_index)


def setIntAttribArray(attr_name, attr_value, workitem_id=None, subindex=-1, server_addr=None, raise_exc=True):
    _set(attr_name, attr_value, "set_int_attrib_array", workitem_id, subindex, server_addr, raise_exc)


def setFloatAttribArray(attr_name, attr_value, workitem_id=None, subindex=-1, server_addr=None, raise_exc=True):
    _set(attr_name, attr_value, "set_float_attrib_array", workitem_id, subindex, server_addr, raise_exc)


def setStringAttribArray(attr_name, attr_value, workitem_id=None, subindex=-1, server_addr=None, raise_exc=True):
    _set(attr_name, attr_value, "set_string_attrib_array", workitem_id, subindex, server_addr, raise_exc)


def workItemSetCookPercent(cook_percent, workitem_id=None, subindex=-1, server_addr=None, to_stdout=True,
                           raise_exc=True):  # fmt: skip
    printlog(f"onWorkItemSetCustomState: {workitem_id};{subindex};{cook_percent}")
    _call("set_cook_percent", workitem_id, subindex, cook_percent, "", server_addr=server_addr, raise_exc=raise_exc)


def workItemSetCustomState(custom_state, workitem_id=None, subindex=-1, server_addr=None, to_stdout=True,
                           raise_exc=True):  # fmt: skip
    printlog(f"PDG_SET_CUSTOM_STATE: {workitem_id};{subindex};{custom_state}")
    _call("set_custom_state", workitem_id, subindex, custom_state, "", server_addr=server_addr, raise_exc=raise_exc)


def warning(message, workitem_id=None, server_addr=None, raise_exc=True):
    _call("warning", workitem_id, message, "", server_addr=server_addr, raise_exc=raise_exc)
