"""The other end of the gateway's wire: a program of its own beside a MetaTrader 5 terminal; the daemon imports none of it."""
