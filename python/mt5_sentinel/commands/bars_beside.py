"""How ``mt5-sentinel bars --against`` tells people where two sources differ."""

from __future__ import annotations

from datetime import datetime, timezone

from mt5_sentinel import _core


def text(path: str, found: _core._Comparison) -> str:
    """Lines for people; prices in price units, times in UTC."""
    if found["stretch"] is None:
        return f"against {path}: the two files do not meet in time"
    first, last = map(_moment, found["stretch"])
    most = ", ".join(f"{field} {difference:.6g}" for field, difference in found["max_difference"].items())
    lines = [
        f"against {path}: {found['common']} bars in common from {first} to {last} UTC",
        f"  only here  {found['only_a']}{_listed(found['first_only_a'])}",
        f"  only there {found['only_b']}{_listed(found['first_only_b'])}",
        f"  differing  {found['differing']} bars by more than {found['tolerance']:.6g}; volumes are not compared",
        f"  at most    {most}",
    ]
    if found["close_offset"] is not None:
        lines.append(
            f"  closes     there {found['close_offset']:+.6g} in the median: bid, ask and mid differ by a constant"
        )
    lines += [
        f"    {_moment(opened_s)} {field}: here {here!r}, there {there!r}"
        for opened_s, field, here, there in found["first_differing"]
    ]
    return "\n".join(lines)


def _listed(times: list[int]) -> str:
    return f": {', '.join(map(_moment, times))}" if times else ""


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M")
