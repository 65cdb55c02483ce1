"""Films, clips and models."""

from tests.engine.filming import clip, film, model, scene, walking

__all__ = ["clip", "film", "model", "scene", "walking"]
