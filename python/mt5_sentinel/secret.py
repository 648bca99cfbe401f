"""A value that is used and never shown: tracebacks with locals, debuggers and logs print what ``repr`` gives."""

from __future__ import annotations


class Secret:
    """Text behind a plain sign; only ``reveal`` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Keep the text."""
        self._text = text

    def reveal(self) -> str:
        """The text itself; give it to a wire at once and keep it in no variable of its own."""
        return self._text

    def __repr__(self) -> str:
        """The sign."""
        return "[hidden]"

    def __reduce__(self) -> str:
        """Refuse to be written down, as pickle or copy would."""
        raise TypeError("a secret is not copied or stored")
