"""Circuits in and out: forms that other tools write and read, one small file each."""

from .load import load
from .written import Written

__all__ = ["Written", "load"]
