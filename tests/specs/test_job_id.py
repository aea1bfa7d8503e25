from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.model.job_id import job_id
from support.media.transfer_clips import request_of


def test_the_same_work_for_the_same_host_has_the_same_id():
    assert job_id(request_of(), "gpu01") == job_id(request_of(), "gpu01")
    assert job_id(request_of(), "gpu01").startswith("street-")


def test_other_work_another_name_or_another_host_has_another_id():
    ids = {
        job_id(request_of(), "gpu01"),
        job_id(request_of(), "gpu02"),
        job_id(request_of(seed=2), "gpu01"),
        job_id(replace(request_of(), name="road"), "gpu01"),
    }
    assert len(ids) == 4


@given(st.text())
def test_an_id_is_fit_for_folders_and_container_names(name: str):
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,39}-[0-9a-f]{10}", job_id(replace(request_of(), name=name), "h"))
