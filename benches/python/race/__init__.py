"""Series, clock, judge and report of the race."""
