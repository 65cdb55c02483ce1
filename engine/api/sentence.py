"""A sentence on the wire, for whoever enters the engine through its API."""

from engine.web.sentence import Sentence as Sentence
