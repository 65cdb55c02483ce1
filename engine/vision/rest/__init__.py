"""Thrift of one camera: what need not be decoded while nothing moves, and what brings it all back."""
