"""Hosts: this machine, machines behind SSH, and those that other packages reach."""

from cosmos_houdini.hosts.base import Completed, Host, OnBytes, OnProgress, Progress, Transfer
from cosmos_houdini.hosts.registry import HostType, open_host, register_host
from cosmos_houdini.hosts.settings import HostConfig

__all__ = [
    "Completed",
    "Host",
    "HostConfig",
    "HostType",
    "OnBytes",
    "OnProgress",
    "Progress",
    "Transfer",
    "open_host",
    "register_host",
]
