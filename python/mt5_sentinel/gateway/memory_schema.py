"""The tables of ``gateway.db``."""

from __future__ import annotations

VERSION = 1

SCHEMA = """
CREATE TABLE known (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    created_s REAL NOT NULL,            -- when this file was made, UTC
    settled INTEGER NOT NULL DEFAULT 0, -- whether every order that is not in here is too old to be executed
    newest_s REAL NOT NULL,             -- this machine's clock, when it was last noted
    halted INTEGER NOT NULL DEFAULT 0,
    halt_reason TEXT NOT NULL DEFAULT '',
    halt_commanded_s REAL NOT NULL DEFAULT 0 -- timestamp of the newest command to the kill switch
) STRICT;
CREATE TABLE fate (
    req_id TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('sending', 'executed', 'refused', 'unseen')),
    action TEXT NOT NULL,               -- '' where the order itself never came
    digest TEXT NOT NULL,               -- of action and payload; '' where they are not known
    payload TEXT NOT NULL,
    timestamp_s REAL NOT NULL,
    not_after_s REAL NOT NULL,
    came_s REAL NOT NULL,               -- by this machine's clock
    retcode INTEGER NOT NULL,
    msg TEXT NOT NULL,
    executed TEXT                       -- JSON of what was filled
) STRICT;
CREATE TABLE halt_change (id INTEGER PRIMARY KEY, at_s REAL NOT NULL, halted INTEGER NOT NULL, reason TEXT NOT NULL)
STRICT;
"""
