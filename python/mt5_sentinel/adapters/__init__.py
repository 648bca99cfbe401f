"""Implementations of the ports: they touch the world, and never each other."""
