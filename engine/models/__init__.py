"""Detector models: which are known, which are installed, how to get one.

Light on purpose: no numpy, av, numba or TFLite. `engine.vision.objects` opens what `find` returns.
"""

from engine.models.known import Entry, ModelFault, class_of, meant, registry, reported, vocabulary
from engine.models.library import NONE, ModelFile, find, folder, installed

__all__ = [
    "NONE",
    "Entry",
    "ModelFault",
    "ModelFile",
    "class_of",
    "find",
    "folder",
    "installed",
    "meant",
    "registry",
    "reported",
    "vocabulary",
]
