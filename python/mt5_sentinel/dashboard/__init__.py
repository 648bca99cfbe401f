"""The dashboard: a page about the daemon from a process of its own, which only reads."""
