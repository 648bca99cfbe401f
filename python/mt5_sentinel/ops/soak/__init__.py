"""The daemon under load: local stand-ins around it, a watch from outside, a verdict."""
