"""Doctor: the other ends of the wires, hub and gateway."""

from __future__ import annotations

from collections.abc import Iterator

from mt5_sentinel import _core, bundled, wire
from mt5_sentinel.commands import assembly, brokers, gateway_check
from mt5_sentinel.commands.doctor_subject import Subject, joined
from mt5_sentinel.config import Settings
from mt5_sentinel.errors import SentinelError
from mt5_sentinel.gateway_client import GatewayClient
from mt5_sentinel.ops.findings import Finding, failed, ok
from mt5_sentinel.ops.questions import Broken, Unset, ask

HUB_S_MAX = 5.0
GATEWAY_S = 8.0
ANSWER_S = 2.0


def hub(subject: Subject) -> str:
    """Each scoring server scores a recorded row, and its answer is one."""
    asked = {(one.hub_host, one.hub_port, one.hub_form): one for one in subject.loaded if one.hub_host}
    if not asked:
        raise Unset("hub_host is not set: the local model scores")
    return joined(_scored(subject, one) for one in asked.values())


def _scored(subject: Subject, settings: Settings) -> str:
    where = f"the hub {settings.hub_host}:{settings.hub_port}"
    ping = f"curl -m 5 http://{settings.hub_host}:{settings.hub_port}/ping"
    todo = f"{ping}; start the server, correct hub_host and hub_port, or set model = local"

    def question() -> str:
        client = assembly.hub(settings)
        try:
            bars = _core.clean(
                _core.parse(bundled.BARS.read_bytes()), interval_s=bundled.INTERVAL_S, now_s=bundled.REPLAY_FROM_S
            ).bars
            scores = client.score_rows(_core.latest_rows(bars, client.steps, client.layout))
            _core.check_scores(scores)
        except SentinelError as error:
            form = f"; is it of the form hub_form = {settings.hub_form}, hub_answer = {settings.hub_answer}?"
            raise Broken(str(error), todo if "hub_" in error.reason else todo + form) from None
        finally:
            client.close()
        return f"{where} scored a recorded row: {', '.join(f'{one:.3f}' for one in scores)}"

    return subject.network(HUB_S_MAX, where, todo, question)


def gateway(subject: Subject) -> Iterator[Finding]:
    """A finding for whether it answers, and where it does one for each thing it says."""
    lines: list[gateway_check.Line] = []
    yield ask("gateway", lambda: _reached(subject, lines), todo=subject.command("doctor"))
    for line in lines:
        name = f"gateway {line.name}"
        yield ok(name, line.detail) if line.passed else failed(name, line.detail, line.todo or "see the gateway's log")


def _reached(subject: Subject, lines: list[gateway_check.Line]) -> str:
    shared = subject.shared
    if not shared.gtw_host:
        raise Unset("gtw_host is not set: a dry run fills orders on paper, and no order leaves this machine")
    where = f"{shared.gtw_host}:{shared.gtw_port}"
    todo = f"does it run at {where}, is this daemon's key on its list, does a firewall let the port through?"
    if brokers.is_left_out(shared):
        found = f"{where} is another machine and has no keys: orders are not checked there"
        raise Broken(found, "mt5-sentinel keys new daemon, then set gtw_key_file and gtw_server_key (docs/GATEWAY.md)")

    def question() -> str:
        link = brokers.link(shared, is_kept=False)
        if link is None:
            raise Broken(f"there is no wire to {where}", todo)
        client = GatewayClient(link, subject.clock, where=where, timeout_s=min(shared.gtw_timeout_s, ANSWER_S))
        beat = client.answer("HEARTBEAT", {}, wire.Heartbeat)
        lines.extend(gateway_check.about_account(client, subject.clock, shared.gtw_skew_max_s))
        lines.extend(gateway_check.about_symbol(client, one.symbol) for one in subject.loaded)
        return f"{where} answers, version {beat.version or 'not told'}"

    return subject.network(GATEWAY_S, f"the gateway at {where}", todo, question)
