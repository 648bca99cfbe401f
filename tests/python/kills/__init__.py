"""The daemon and the gateway as real processes that are killed, again and again."""
