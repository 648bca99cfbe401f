"""The other end of the gateway's wire: a program of its own beside a terminal; the daemon imports none of it."""
