"""Training of the detector that is shipped: outside the wheel, the types and the import contracts.

``python -m tools.train all --data DIR`` does everything; `docs/design/training.md` tells why it is so.
"""
