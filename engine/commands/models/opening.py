"""Opening a model that may be fresh from `make train`: such a file is in no registry and says nothing of its labels."""

from __future__ import annotations

from dataclasses import replace

from engine.models import ModelFault, ModelFile, find
from engine.models.known import ours
from engine.vision.objects import Detector

#: Least score of a finding that average precision is made of.
LEAST = 0.02


def opened(model: str) -> tuple[ModelFile, Detector]:
    """Open a model by name or path.

    One that says neither head nor labels and tells as many classes as we teach, now or before, has ours.

    Raises:
        ModelFault: There is none, it is damaged, or it is not understood.
    """
    file = find(model)
    if file is None:
        raise ModelFault("model.none", name=model)
    try:
        return file, Detector(file, least=LEAST)
    except ModelFault as fault:
        if fault.code != "model.labels" or file.labels or fault.values["has"] not in _TAUGHT:
            raise
        own = replace(file, head="boxes", labels=ours()[: int(str(fault.values["has"]))])
        return own, Detector(own, least=LEAST)


#: Classes that ours tell: animals came later.
_TAUGHT = (4, 5)
