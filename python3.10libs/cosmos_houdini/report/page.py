"""The page of a report: one HTML file with its style, its script and its data in it, which opens from disk.

The data is JSON that the browser does not run. The script sets every text as a text. The policy of the page names the
script and the style by their hashes, so that nothing else of the page can run, and it lets nothing load from a network.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from cosmos_houdini.report.script import STYLE, read, read_script

# `<` would end the element that holds the data; the others are line ends or entities to some readers.
_UNSAFE = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}


def render_page(data: Mapping[str, Any], *, plain: Sequence[str] = (), is_whole: bool = False) -> str:
    """Return the page.

    Args:
        data: of ``page_data.build_page_data``.
        plain: HTML that is shown where scripts do not run; the script replaces it.
        is_whole: whether the clips are in the page itself.
    """
    # A page of files refers to them by name, a whole page to its own data.
    media = "data: blob:" if is_whole else "'self' file: data:"
    script, style = read_script(), read(STYLE)
    policy = (
        f"default-src 'none'; img-src {media}; media-src {media}; script-src {_hash(script)}; "
        f"style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
    )
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(_UNSAFE)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">
<title>{escape(data["title"])}{" - PREVIEW" if data["preview"] else ""}</title>
<style>{style}</style>
</head>
<body>
<div id="app"><div class="plain">{"".join(plain)}</div></div>
<div id="live" role="status"></div>
<script type="application/json" id="report-data">{text}</script>
<script type="module">{script}</script>
</body>
</html>
"""


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
