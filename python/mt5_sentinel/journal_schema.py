"""The tables of the journal, version by version; a new file takes all steps, an older one those it lacks."""

from __future__ import annotations

import sqlite3

STEPS = (
    """
CREATE TABLE cycle (
    id            INTEGER PRIMARY KEY,
    started_utc   TEXT NOT NULL,
    finished_utc  TEXT,
    symbol        TEXT NOT NULL,
    mode          TEXT NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed', 'interrupted')),
    reason        TEXT NOT NULL,
    detail        TEXT,
    rows          INTEGER,
    bars          INTEGER,
    dropped       TEXT,
    repaired      INTEGER,
    bar_open_s    INTEGER,
    price         REAL,
    score_sell    REAL,
    score_hold    REAL,
    score_buy     REAL,
    action        TEXT,
    confidence    REAL,
    settled       INTEGER NOT NULL DEFAULT 0,
    req_id        TEXT,
    outcome       TEXT,
    equity        REAL,
    drawdown_max  REAL,
    stages_s      TEXT
) STRICT;
CREATE INDEX cycle_settled ON cycle (symbol, mode, bar_open_s) WHERE settled = 1;
CREATE TABLE intent (
    req_id        TEXT PRIMARY KEY,
    cycle_id      INTEGER NOT NULL REFERENCES cycle (id),
    symbol        TEXT NOT NULL,
    mode          TEXT NOT NULL,
    bar_open_s    INTEGER NOT NULL,
    side          TEXT NOT NULL CHECK (side IN ('BUY', 'SELL')),
    close_lots    REAL NOT NULL,
    open_lots     REAL NOT NULL,
    created_utc   TEXT NOT NULL,
    not_after_utc TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('intended', 'filled', 'refused', 'unknown', 'not_sent')),
    detail        TEXT,
    price         REAL,
    closed_lots   REAL,
    opened_lots   REAL,
    profit        REAL
) STRICT;
CREATE INDEX intent_unresolved ON intent (symbol, mode) WHERE state IN ('intended', 'unknown');
""",
    """
ALTER TABLE cycle ADD COLUMN conditions TEXT;
ALTER TABLE cycle ADD COLUMN source TEXT;
ALTER TABLE cycle ADD COLUMN calls TEXT;
ALTER TABLE cycle ADD COLUMN fetch_calls INTEGER;
ALTER TABLE cycle ADD COLUMN quota_units INTEGER;
ALTER TABLE cycle ADD COLUMN hub_calls INTEGER;
ALTER TABLE cycle ADD COLUMN hub_error TEXT;
ALTER TABLE cycle ADD COLUMN scored_by TEXT;
ALTER TABLE cycle ADD COLUMN other_sell REAL;
ALTER TABLE cycle ADD COLUMN other_hold REAL;
ALTER TABLE cycle ADD COLUMN other_buy REAL;
""",
    """
ALTER TABLE intent ADD COLUMN kind TEXT NOT NULL DEFAULT 'open' CHECK (kind IN ('open', 'close'));
ALTER TABLE intent ADD COLUMN purpose TEXT NOT NULL DEFAULT 'signal';
ALTER TABLE intent ADD COLUMN ticket INTEGER;
ALTER TABLE intent ADD COLUMN sl REAL;
ALTER TABLE intent ADD COLUMN tp REAL;
ALTER TABLE intent ADD COLUMN magic INTEGER;
ALTER TABLE intent ADD COLUMN deviation_points INTEGER;
ALTER TABLE intent ADD COLUMN retcode INTEGER;
ALTER TABLE intent ADD COLUMN settled_utc TEXT;
ALTER TABLE intent ADD COLUMN created_s REAL;
ALTER TABLE intent ADD COLUMN not_after_s REAL;
UPDATE intent SET created_s = (julianday(created_utc) - 2440587.5) * 86400.0,
    not_after_s = (julianday(not_after_utc) - 2440587.5) * 86400.0;
CREATE INDEX intent_created ON intent (mode, created_utc);
CREATE TABLE position (
    mode          TEXT NOT NULL,
    ticket        INTEGER NOT NULL,
    symbol        TEXT NOT NULL,
    side          TEXT NOT NULL CHECK (side IN ('BUY', 'SELL')),
    opened_lots   REAL NOT NULL,
    lots          REAL NOT NULL,
    price         REAL NOT NULL,
    sl            REAL,
    tp            REAL,
    req_id        TEXT,
    opened_utc    TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('open', 'closed')),
    profit        REAL NOT NULL DEFAULT 0,
    closed_utc    TEXT,
    closed_price  REAL,
    closed_by     TEXT,
    PRIMARY KEY (mode, ticket)
) STRICT;
CREATE INDEX position_open ON position (mode, symbol) WHERE state = 'open';
CREATE INDEX position_closed ON position (mode, closed_utc) WHERE state = 'closed';
CREATE TABLE risk (
    mode              TEXT PRIMARY KEY,
    day               INTEGER NOT NULL,
    day_start_equity  REAL NOT NULL,
    day_halted        INTEGER NOT NULL,
    peak_equity       REAL NOT NULL,
    state             TEXT NOT NULL CHECK (state IN ('ACTIVE', 'REDUCING', 'HALTED')),
    because           TEXT,
    since_s           INTEGER,
    until_s           INTEGER
) STRICT;
CREATE TABLE risk_day (
    mode          TEXT NOT NULL,
    day           INTEGER NOT NULL,
    start_equity  REAL NOT NULL,
    halted        INTEGER NOT NULL,
    PRIMARY KEY (mode, day)
) STRICT;
CREATE TABLE risk_change (
    id        INTEGER PRIMARY KEY,
    at_utc    TEXT NOT NULL,
    mode      TEXT NOT NULL,
    state     TEXT NOT NULL,
    because   TEXT
) STRICT;
CREATE TABLE difference (
    id        INTEGER PRIMARY KEY,
    at_utc    TEXT NOT NULL,
    mode      TEXT NOT NULL,
    symbol    TEXT NOT NULL,
    ticket    INTEGER,
    kind      TEXT NOT NULL,
    rule      TEXT NOT NULL,
    detail    TEXT NOT NULL
) STRICT;
""",
    """
ALTER TABLE cycle ADD COLUMN trace_id TEXT;
ALTER TABLE cycle ADD COLUMN clock_skew_s REAL;
ALTER TABLE cycle ADD COLUMN exposure REAL;
ALTER TABLE cycle ADD COLUMN positions INTEGER;
ALTER TABLE cycle ADD COLUMN risk_state TEXT;
ALTER TABLE cycle ADD COLUMN risk_because TEXT;
ALTER TABLE cycle ADD COLUMN halted_because TEXT;
ALTER TABLE cycle ADD COLUMN unknown_orders INTEGER;
CREATE INDEX cycle_newest ON cycle (mode, symbol);
CREATE INDEX cycle_started ON cycle (mode, symbol, started_utc);
CREATE INDEX intent_cycle ON intent (cycle_id);
CREATE TABLE desk (
    id            INTEGER PRIMARY KEY,
    at_utc        TEXT NOT NULL,
    mode          TEXT NOT NULL,
    symbol        TEXT NOT NULL,
    facts         TEXT NOT NULL
) STRICT;
CREATE INDEX desk_symbol ON desk (mode, symbol);
CREATE TABLE newest_row (
    mode          TEXT NOT NULL,
    symbol        TEXT NOT NULL,
    bar_open_s    INTEGER,
    features      TEXT NOT NULL,
    PRIMARY KEY (mode, symbol)
) STRICT, WITHOUT ROWID;
""",
)
"""What leads from one version to the next. Steps that were released are never changed."""

VERSION = len(STEPS)


def migrate(db: sqlite3.Connection) -> int:
    """Bring a file to this version, each step whole or not at all.

    Returns:
        The version it has now; another than ``VERSION`` is a newer program's, and left alone.
    """
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    while 0 <= version < VERSION:
        # A failed script leaves its transaction open; the file is closed then, which takes it back.
        db.executescript(f"BEGIN IMMEDIATE; {STEPS[version]} PRAGMA user_version = {version + 1}; COMMIT;")
        version += 1
    return version
