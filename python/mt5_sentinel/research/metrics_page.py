"""The reference page of metrics and health, from the tables that the exporter is made of."""

from __future__ import annotations

from mt5_sentinel.gauges import TABLE
from mt5_sentinel.metric_families import Family
from mt5_sentinel.metric_values import OTHER
from mt5_sentinel.metrics import Metrics
from mt5_sentinel.readiness import CHECKS, SILENT_AFTER_S
from mt5_sentinel.web.bounded_server import ANSWER_S, ASK_S, REQUEST_S, THREADS_MAX

HEAD = f"""# Metrics and health

The daemon serves them on `metrics_host` and `metrics_port` (127.0.0.1, 8000; 0 serves nothing). Every answer comes from
memory: none waits for a cycle, the journal or a broker, and ages go on while a cycle hangs.

| path | 200 | 503 |
|---|---|---|
| `/metrics` | always; OpenMetrics where `Accept` asks for it | |
| `/livez` | the loop turned within 120 s, and no cycle hangs | it does not; `why` names the symbol. Restart it |
| `/readyz` | every symbol could trade now | one could not; `why` has a line for each obstacle. Look, do not restart |
| `/healthz`, `/health` | cycles end | no cycle of a symbol has ended for {SILENT_AFTER_S:.0f} s |

`GET` and `HEAD` are answered; other methods with 405. {THREADS_MAX} requests are answered at a time, each
within {REQUEST_S:.0f} s. Who dawdles is cut off when another client needs the place: a request that is not whole after
{ASK_S * 1000:.0f} ms, an answer that is not taken after {ANSWER_S * 1000:.0f} ms. Who finds no place all the same is
refused with 503 (`too busy`).

On loopback, `Host` has to be `localhost`, an address or `metrics_host` itself (421 otherwise), so that no page of the
web can read them by a name of its own. Other addresses answer to every name, and to everybody: leave them to a network
of your own. `metrics_host` may be of IPv6: `::1`, or `::` for all.

What only a cycle can tell (`sentinel_halted`, `sentinel_orders_unknown`, `sentinel_failed_in_a_row`,
`sentinel_risk_state`) has no series until one has ended since the start; what is known then stays while cycles fail.
Each cycle looks at the kill switch and at the ledger of risk before it asks the broker: a halt is told while the
broker is away, the market open or closed. Only whether the gateway halts is then as its book told last, and `halt` says
that this is not known. Where the ledger cannot be read, or no book ever was, `halt` fails and `sentinel_halted` has no
series, unless something halts for all that is known.

```console
$ curl -s http://127.0.0.1:8000/livez
{{"status":"live","loop_age_seconds":0.03,"why":[]}}
$ curl -s http://127.0.0.1:8000/readyz | jq
{{
  "status": "ready",
  "why": [],
  "symbols": {{
    "EURUSD": {{
      "loop": {{"ok": true, "why": "cycles end"}},
      "data": {{"ok": true, "why": "the newest bar closed 26 min of open market ago"}},
      "model": {{"ok": true, "why": "rows are scored"}},
      "broker": {{"ok": true, "why": "equity 10000.00 USD"}},
      "orders": {{"ok": true, "why": "every order's fate is known"}},
      "halt": {{"ok": true, "why": "not halted"}}
    }}
  }}
}}
$ curl -s http://127.0.0.1:8000/readyz | jq -r '.why[]'        # 503: halted by hand, and the token is refused
EURUSD: loop: the newest cycle failed: fetch_401: EODHD refused the token; check EODHD_API_TOKEN (401, …
EURUSD: data: no bar was brought yet
EURUSD: halt: risk: HALTED: kill_switch
$ curl -s http://127.0.0.1:8000/healthz
{{"mode":"dry-run","symbol":"EURUSD","status":"ok","seconds_since_cycle":11.101,"last_reason":"already_decided",…}}
```

The checks of `/readyz`, each with its own `sentinel_ready_check{{symbol,check}}`:

| check | holds while |
|---|---|
"""

MEANINGS = {
    "loop": f"a cycle ended within {SILENT_AFTER_S:.0f} s, none runs beyond its minute, and the newest did not fail; "
    "a source that did not answer is forgiven while the data are fresh",
    "data": "the newest bar is within `sentinel_data_age_limit_seconds`, or the market is closed",
    "model": "the newest row was scored, by whoever the scoring mode lets stand in",
    "broker": "the newest cycle read the broker's book; a broker that is away while the market is closed is forgiven",
    "orders": "the fate of every order is known; where the journal cannot be read, it is not",
    "halt": "nothing keeps a position from being opened: risk is ACTIVE, neither the daemon's guard nor the gateway "
    "halted; what is not known is told as not known",
}

LABELS = f"""
## Labels

Symbols, stages, causes, classes, outcomes and states are fixed sets. Reason codes, conditions and endpoints may hold
what a server sent (`retcode_10019`, `fetch_503`): a bounded number of them is admitted, in the order they come, and the
rest counts as `{OTHER}`. Money is in account currency, ages and durations are seconds, times UTC unix seconds.

A Grafana dashboard over these metrics is `deploy/grafana/mt5-sentinel.json`: import it, and choose the data source.
Its upper row says what is so now, `Alive` (by `up`) first: a dead daemon shows nothing elsewhere, and is not ready.

## All metrics

| name | type | labels | meaning |
|---|---|---|---|
"""

PROCESS = [
    Family(f"process_{name}", kind, (), text)
    for name, kind, text in (
        ("resident_memory_bytes", "gauge", "Resident memory, bytes; this and what follows on Linux only"),
        ("virtual_memory_bytes", "gauge", "Virtual memory, bytes"),
        ("cpu_seconds_total", "counter", "Processor time, user and system, seconds"),
        ("start_time_seconds", "gauge", "When the process started, UTC unix seconds"),
        ("open_fds", "gauge", "Open file descriptors"),
        ("max_fds", "gauge", "Most file descriptors that may be open"),
    )
]
"""What the library's own collector tells of the process."""


def metrics() -> str:
    """The whole page."""
    checks = "".join(f"| `{name}` | {MEANINGS[name]} |\n" for name in CHECKS)
    families = [*sorted([*Metrics(lambda: 0.0).table, *TABLE]), *PROCESS]
    return HEAD + checks + LABELS + "".join(_row(family) for family in families)


def _row(family: Family) -> str:
    labels = ", ".join(f"`{label}`" for label in family.labels)
    return f"| `{family.name}` | {family.kind} | {labels} | {family.text} |\n"
