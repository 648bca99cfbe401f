"""What the service needs to work: its configuration, and the other ends of its wires."""

from __future__ import annotations

import time

from mt5_sentinel import _core, gateway_link, wire
from mt5_sentinel.bounded_http import FetchError
from mt5_sentinel.config import Settings
from mt5_sentinel.errors import SentinelError
from mt5_sentinel.gateway_client import GatewayClient
from mt5_sentinel.kept_http import KeptHttp
from mt5_sentinel.ops import service_settings
from mt5_sentinel.ops.layout import CONFIG, UNIT
from mt5_sentinel.ops.place import Place
from mt5_sentinel.ops.questions import Broken, Unset, within

HUB_BYTES_MAX = 1 << 16
HUB_S = 5.0
GATEWAY_S = 6.0


class _Clock:
    def wall_s(self) -> float:
        return time.time()

    def monotonic_s(self) -> float:
        return time.monotonic()

    def wait_s(self, timeout_s: float) -> None:
        time.sleep(timeout_s)


def settings(place: Place) -> str:
    """The configuration loads as the unit gives it; the models it names are loaded with it."""
    try:
        found = service_settings.load(place.host)
    except SentinelError as error:
        todo = f"sudoedit {CONFIG} {place.layout.env_file}, or systemctl edit mt5-sentinel; then mt5-sentinel audit"
        raise Broken(str(error), todo) from None
    shared = found[0]
    names, way = ", ".join(one.symbol for one in found), "LIVE" if shared.live else "dry run"
    return f"{names}: {way}, threshold {shared.threshold:g}, by {UNIT.name} and {CONFIG}"


def gateway(place: Place) -> str:
    """The gateway answers, and its clock agrees with this machine's."""
    shared = _loaded(place)[0]
    if not shared.gtw_host:
        raise Unset("gtw_host is not set: no order leaves this machine")
    where = f"{shared.gtw_host}:{shared.gtw_port}"
    todo = f"does it run at {where}, and does a firewall let the port through? Ask again: mt5-sentinel doctor --service"
    return within(GATEWAY_S, f"the gateway at {where}", todo, lambda: _heartbeat(shared))


def _loaded(place: Place) -> tuple[Settings, ...]:
    """The settings, or a pointer to the check that says what is wrong with them."""
    try:
        return service_settings.load(place.host)
    except SentinelError:
        raise Broken("the configuration does not load", "see what `settings` says") from None


def _heartbeat(shared: Settings) -> str:
    clock = _Clock()
    link = gateway_link.ZmqLink(
        shared.gtw_host,
        shared.gtw_port,
        server_key=shared.gtw_server_key,
        key_file=shared.gtw_key_file,
        is_kept=False,
    )
    client = GatewayClient(link, clock, where=link.url, timeout_s=min(shared.gtw_timeout_s, GATEWAY_S / 2))
    before_s = clock.wall_s()
    beat = client.answer("HEARTBEAT", {}, wire.Heartbeat)
    skew_s = _core.check_gateway_clock(before_s, clock.wall_s(), beat.utc, shared.gtw_skew_max_s)
    return f"{link.url} answers, its clock is {abs(skew_s):.1f} s off"


def hub(place: Place) -> str:
    """Each scoring server that is configured says that it is well."""
    found = _loaded(place)
    places = sorted({(one.hub_host, one.hub_port) for one in found if one.hub_host})
    if not places:
        raise Unset("hub_host is not set: the local model scores")
    for host, port in places:
        _ping(host, port)
    return f"well: {', '.join(f'{host}:{port}' for host, port in places)}"


def _ping(host: str, port: int) -> str:
    todo = f"curl -m 5 http://{host}:{port}/ping; start the server, or set model = local"
    return within(HUB_S + 1, f"the hub {host}:{port}", todo, lambda: _asked(host, port, todo))


def _asked(host: str, port: int, todo: str) -> str:
    http = KeptHttp(host, port, timeout_s=HUB_S, body_bytes_max=HUB_BYTES_MAX)
    try:
        answer = http.get("/ping")
    except FetchError as error:
        raise Broken(f"the hub {host}:{port}: {error}", todo) from None
    finally:
        http.close()
    if answer.status != 200:
        raise Broken(f"the hub {host}:{port} is not well ({answer.status})", todo)
    return "well"
