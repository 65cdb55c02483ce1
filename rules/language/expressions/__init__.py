"""Expressions: read, checked, typed, written anew as one function; what they compare, in which ways they may hold."""
