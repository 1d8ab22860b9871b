"""Corrected data: what reviewers decided, written into copies of the files they judged."""

from __future__ import annotations

from dataqa.correcting.flow import Correction, Request, correct
from dataqa.correcting.settling import RULES

__all__ = ["RULES", "Correction", "Request", "correct"]
