"""What leaves the machine in a review: no secret, and everything else."""

from __future__ import annotations

import time

import pytest

from mt5_sentinel import logs
from mt5_sentinel.ops.redaction import redact

HEX40 = "0123456789abcdef0123456789abcdef01234567"
HEX64 = HEX40 + "89abcdef0123456789abcdef"
Z85 = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
PEM = "\n".join(
    ["+-----BEGIN RSA PRIVATE KEY-----", *["+" + "MIIEpAIBAAKCAQEA" * 4] * 3, "+-----END RSA PRIVATE KEY-----", "+next"]
)

SECRETS = {
    "whole PEM": (PEM, "MIIEpAIBAAKCAQEA", "private_key"),
    "PEM that is cut": (PEM.replace("+-----END RSA PRIVATE KEY-----\n", ""), "MIIEpAIBAAKCAQEA", "private_key"),
    "PEM in a string": (
        r'k = "-----BEGIN PRIVATE KEY-----\nMIIEvQ12\n-----END PRIVATE KEY-----\n"',
        "MIIEvQ",
        "private_key",
    ),
    "AWS": ("+id: AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE", "provider_token"),
    "AWS secret": ('aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG"', "wJalrXUtnFEMI", "assignment"),
    "API key of a provider": ("see sk-abcdefghij0123456789XYZ here", "sk-abcdefghij", "provider_token"),
    "bearer": ("+ -H 'Authorization: Bearer abc123DEF456ghi'", "abc123DEF456ghi", "bearer"),
    "query": ("GET /x?api_token=6543abcdef&fmt=json", "6543abcdef", "assignment"),
    "query, quoted": ("url=%2Fx%3Fapi_token%3D6543abcdef%26fmt", "6543abcdef", "assignment"),
    "password": ("+password=correcthorse", "correcthorse", "assignment"),
    "password in a string": ("+    db = connect(password='correct horse')", "correct horse", "assignment"),
    "password in JSON": ('"password": "hunter2222"', "hunter2222", "assignment"),
    "password in YAML": ("+  password: hunter2222", "hunter2222", "assignment"),
    "password in a URL": ("+url = postgres://joe:pw12345@db/x", "pw12345", "url_password"),
    "variable": ("+EODHD_API_TOKEN=64f.9a b", "64f.9a b", "env_line"),
    "exported": ("+export MT5_SENTINEL_REVIEW_API_KEY='zzz'", "zzz", "env_line"),
    "index of a dict": ("os.environ['API_KEY'] = 'abcdef-123'", "abcdef-123", "assignment"),
    "CURVE secret": (f'+secret_key = "{Z85}"', Z85, "assignment"),
    "hex behind a key": (f"+signing_key {HEX64}", HEX64, "hex_key"),
    "hex of a seed": (f"seed: {HEX64}", HEX64, "hex_key"),
    "JWT": ("t eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSM x", "SflKxwRJSM", "provider_token"),
}

HARMLESS = {
    "checksum of Cargo.lock": f'+checksum = "{HEX64}"',
    "object ids": f"index {HEX40[:10]}..{HEX40[10:20]} 100644\ncommit {HEX40}\nFrom {HEX40} Mon Sep 17",
    "hash in a manifest": f'"sha256": "{HEX64}", "file": "model.txt"',
    "hash of a token's file": f"token_sha256 = {HEX64}",
    "public key": f'+model_public_keys = ["{HEX64}"]\n+MODEL_PUBLIC_KEY={HEX64}\n+public_key = "{Z85}"',
    "annotation": "+    token: str\n+    api_key: Secret",
    "parameters": "+    connect(password=password, token=self.token, api_key=config.api_key)",
    "calls": "+    token = ask_token(path)\n+    token=ask_token(path)",
    "prose": "+# the token must never be printed, nor the password; a bearer certificate is prose",
    "hunk": "@@ -1,7 +1,7 @@ def secrets(self) -> tuple[str, ...]:",
    "the public token": "+EODHD_API_TOKEN=demo mt5-sentinel run --once",
    "plain URL": "+https://eodhd.com/api/intraday/EURUSD.FOREX?interval=1h&fmt=json",
    "numbers": "+threshold = 0.6\n+ticket=123456789",
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_taken_out_and_counted(name: str) -> None:
    text, secret, kind = SECRETS[name]
    around = f"first line\n{text}\nlast line"
    assert secret in around
    clean, counts = redact(around)
    assert secret not in clean
    assert counts == {kind: 1}
    assert clean.startswith("first line\n")
    assert clean.endswith("\nlast line")


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_no_secret_stays(name: str) -> None:
    assert redact(HARMLESS[name]) == (HARMLESS[name], {})


def test_what_follows_a_cut_key_stays() -> None:
    assert "+next" in redact(PEM)[0]
    assert "+next" in redact(PEM.replace("+-----END RSA PRIVATE KEY-----\n", ""))[0]


def test_known_secrets_go_in_every_spelling() -> None:
    logs.learn(["s3cr3t/t0k&n"])
    clean, counts = redact("a s3cr3t/t0k&n b s3cr3t%2Ft0k%26n c s3cr3t\\/t0k&n [hidden]")
    assert clean == "a [hidden] b [hidden] c [hidden] [hidden]"
    assert counts == {"known": 3}, "a text that says [hidden] already is not counted"


@pytest.mark.parametrize(
    "evil",
    [
        "a" * 200_000,
        "token" * 40_000,
        "-----BEGIN PRIVATE KEY-----" * 7_000,
        "KEY_" * 50_000,
        "://" * 60_000,
        "password=" * 22_000,
        "eyJaaaaaaaa." * 16_000,
        "-----BEGIN PRIVATE KEY-----" + ("\n+" + "A" * 16) * 11_000,
    ],
    ids=lambda text: text[:12],
)
def test_no_text_makes_it_slow(evil: str) -> None:
    began = time.process_time()
    redact(evil)
    assert time.process_time() - began < 20, "quadratic work on 200 kB takes minutes"
