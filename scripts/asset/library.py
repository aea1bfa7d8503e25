"""The files of an expanded library by path: index, lists of sections, and the sections themselves."""

from __future__ import annotations

from asset.dialog import dialog_script
from asset.houdini_json import houdini_json
from asset.model import Asset
from asset.network import contents_mime, times, versions

_OPTIONS = {
    "CheckExternal": 1,
    "ContentsCompressionType": 1,
    "ForbidOutsideParms": 1,
    "GzipContents": 1,
    "LockContents": 1,
    "MakeDefault": 1,
    "ParmsFromVfl": 0,
    "PrefixDroppedParmLabel": 0,
    "PrefixDroppedParmName": 0,
    "SaveCachedCode": 0,
    "SaveIcon": 1,
    "SaveSpareParms": 0,
    "UnlockOnCreate": 0,
    "UseDSParms": 1,
}
_PYTHON_SECTIONS = ("PythonModule",)


def library_files(asset: Asset) -> dict[str, str]:
    """Return the text of every file of the asset's library by its path in that folder."""
    folder = mangle(asset.table)
    sections = {
        "DialogScript": dialog_script(asset.operator, asset.label, asset.inputs, asset.interface),
        "CreateScript": _create_script(asset),
        "InternalFileOptions": houdini_json({key: _entry("bool", False) for key in ("nodeconntype", "nodeparmtype")}),
        "Contents.gz": "",
        "TypePropertiesOptions": "".join(f"{key} := {value};\n" for key, value in _OPTIONS.items()),
        "Tools.shelf": _tools(asset.submenu),
        **asset.sections,
        "ExtraFileOptions": _extra_options(asset),
    }
    contents = {
        "Sections.list": _list({"Contents.mime": "Contents.mime"}),
        "Contents.mime": contents_mime(asset),
        "Contents.createtimes": times(asset),
        "Contents.modtimes": times(asset),
        "Contents.houdini_versions": versions(asset),
    }
    files = {mangle(name): text for name, text in sections.items() if name != "Contents.gz"}
    return {
        "houdini.hdalibrary": "",
        "INDEX__SECTION": _index(asset),
        "Sections.list": _list(
            {"INDEX__SECTION": "INDEX_SECTION", "houdini.hdalibrary": "houdini.hdalibrary", folder: asset.table}
        ),
        f"{folder}/Sections.list": _list({mangle(name): name for name in sections}),
        **{f"{folder}/{name}": text for name, text in files.items()},
        **{f"{folder}/Contents.dir/{name}": text for name, text in contents.items()},
    }


def mangle(section: str) -> str:
    """Return the name of the file that holds a section.

    >>> mangle("c::Top/a_b::1.0")
    'c_8_8Top_1a__b_8_81.0'
    """
    return section.replace("_", "__").replace("/", "_1").replace(":", "_8")


def _index(asset: Asset) -> str:
    rows = {
        "Operator": asset.operator,
        "Label": asset.label,
        "Path": f"oplib:/{asset.table}?{asset.table}",
        "Icon": f"opdef:/{asset.table}?IconSVG",
        "Table": "Top",
        "License": "",
        "Extra": "",
        "User": "",
        "Inputs": f"0 to {len(asset.inputs)}",
        "Subnet": "true",
        "Python": "false",
        "Empty": "false",
        "Modified": f"{asset.saved:%a %b} {asset.saved.day:2} {asset.saved:%H:%M:%S %Y}",
    }
    return "".join(f"{f'{key}:':14}{value}\n" for key, value in rows.items()) + "\n"


def _list(files: dict[str, str]) -> str:
    return '""\n' + "".join(f"{name}\t{section}\n" for name, section in files.items())


def _create_script(asset: Asset) -> str:
    return (
        f"# Automatically generated script\n\\set noalias = 1\n#\n"
        f"#  Creation script for {asset.operator} operator\n#\n\n"
        'if ( "$arg1" == "" ) then\n    echo This script is intended as a creation script\n    exit\nendif\n\n'
        f"# Node $arg1 ({asset.table})\nopexprlanguage -s hscript $arg1\nopuserdata -n '___Version___' -v '' $arg1\n"
    )


def _tools(submenu: str) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<shelfDocument>
  <tool name="$HDA_DEFAULT_TOOL" label="$HDA_LABEL" icon="$HDA_ICON">
    <toolMenuContext name="viewer">
      <contextNetType>TOP</contextNetType>
    </toolMenuContext>
    <toolMenuContext name="network">
      <contextOpType>$HDA_TABLE_AND_NAME</contextOpType>
    </toolMenuContext>
    <toolSubmenu>{submenu}</toolSubmenu>
    <script scriptType="python"><![CDATA[import toptoolutils

toptoolutils.genericTool(kwargs, '$HDA_NAME')]]></script>
  </tool>
</shelfDocument>
"""


def _extra_options(asset: Asset) -> str:
    """Return how Houdini has to take each script; without ``IsPython`` a module would be read as HScript."""
    entries: dict[str, object] = {}
    for name in (name for name in _PYTHON_SECTIONS if name in asset.sections):
        entries[f"{name}/Cursor"] = _entry("intarray", [1, 1])
        entries[f"{name}/IsExpr"] = _entry("bool", False)
        entries[f"{name}/IsPython"] = _entry("bool", True)
        entries[f"{name}/IsScript"] = _entry("bool", True)
        entries[f"{name}/Source"] = _entry("string", "")
    return houdini_json(entries)


def _entry(kind: str, value: object) -> dict[str, object]:
    return {"type": kind, "value": value}
