"""Telling people directly: a process of its own that watches the daemon and sends what is wrong."""
