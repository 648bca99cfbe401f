"""``mt5-sentinel model``: pack a model into a bundle, look at it, verify it, sign it."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

from mt5_sentinel import _core, files, inspection, key_file
from mt5_sentinel.bundle import MANIFEST, SIGNATURE
from mt5_sentinel.commands import model_pack
from mt5_sentinel.errors import Misconfigured

EXIT_REFUSED = 1

EXAMPLE = """example:
  mt5-sentinel model keygen --key model.key
  mt5-sentinel model pack --model model.txt --golden golden.csv --symbol EURUSD --interval 1h \\
    --trained-from 2017-01-01 --trained-to 2023-12-31 --sign model.key --out eurusd.zip
  mt5-sentinel model verify eurusd.zip"""


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command and of what it can do."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "model",
        help="pack, show, verify or sign a model bundle",
        description="A bundle is a model file with its manifest, golden rows, hashes and, if signed, a signature, as a"
        " directory or a zip; docs/MODELS.md in the repository describes it.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    model_pack.add_parser(actions).set_defaults(action=model_pack.execute)

    show = actions.add_parser("show", help="say what a bundle or a bare model file is, and whether it fits this build")
    show.add_argument("path", type=Path, metavar="MODEL", help="bundle directory, bundle zip or model file")
    show.add_argument("--json", action="store_true", help="print one JSON object")
    show.set_defaults(action=_show)

    verify = actions.add_parser(
        "verify",
        help="check a bundle: hashes, signature, golden rows, fit",
        description="Make every check that loading makes, one line each. Exit code 0: all passed; 1: some failed;"
        " 78: there is no bundle to check, or a public key is none.",
    )
    verify.add_argument("path", type=Path, metavar="BUNDLE", help="bundle directory or zip")
    verify.add_argument(
        "--public-key",
        action="append",
        default=[],
        metavar="HEX",
        help="it must be signed by this key, or by another that is given so",
    )
    verify.add_argument("--json", action="store_true", help="print one JSON array of checks")
    verify.set_defaults(action=_verify)

    sign = actions.add_parser("sign", help="sign a bundle that passes every other check, in place")
    sign.add_argument("path", type=Path, metavar="BUNDLE", help="bundle directory or zip")
    sign.add_argument("--key", type=Path, required=True, metavar="FILE", help="private key file of mode 0600")
    sign.add_argument("--force", action="store_true", help="replace the signature of another key")
    sign.set_defaults(action=_sign)

    keygen = actions.add_parser("keygen", help="write a new private key file, print its public key")
    keygen.add_argument("--key", type=Path, required=True, metavar="FILE", help="the new file; it gets mode 0600")
    keygen.set_defaults(action=_keygen)
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Do what was asked for."""
    code: int = arguments.action(arguments)
    return code


def _show(arguments: argparse.Namespace) -> int:
    told = inspection.facts(arguments.path)
    print(json.dumps(told, indent=1) if arguments.json else "\n".join(_text(told)))
    return 0


def _text(told: dict[str, Any]) -> list[str]:
    title = f"{told['symbol']} {told['interval']}, " if "symbol" in told else ""
    lines = [f"{told['path']}: {title}{told['format'] or 'unknown format'}, {told['kind']}"]

    def line(name: str, text: object) -> None:
        lines.append(f"  {name:<15} {text}")

    line("model", f"{told.get('model_file', told['path'])}, sha256 {told['sha256']}")
    if "objective" in told:
        line("objective", f"{told['objective']}, {told['trees']} trees, {told['outputs']} outputs")
    if "problem" in told:
        line("problem", told["problem"])
    if "classes" in told:
        line("classes", ", ".join(told["classes"]))
    line("features", f"{len(told['features'])}: {', '.join(told['features'])}")
    if "symbol" in told:
        line("rows", f"{told['layout']}, {told['steps']} per answer")
        line("trained", f"{told['trained_from']} to {told['trained_to']}")
        line("threshold", "no advice" if told["threshold_advice"] is None else f"{told['threshold_advice']:g} advised")
        line("metrics", ", ".join(f"{name} {value:g}" for name, value in told["metrics"].items()) or "none")
        line("ranges", f"of {len(told['feature_ranges'])} features" if told["feature_ranges"] else "none")
        line("golden rows", f"answered by {told['golden_source']}")
        line("signed", f"by {told['signed_by']}" if told["signed_by"] else "no")
        line("notes", told["notes"] or "none")
    line("fits this build", "yes" if told["fits"] else f"no: {told['why_not']}")
    return lines


def _verify(arguments: argparse.Namespace) -> int:
    found = inspection.checks(arguments.path, arguments.public_key)
    if arguments.json:
        print(json.dumps([dataclasses.asdict(check) for check in found], indent=1))
    else:
        for check in found:
            print(f"{'ok    ' if check.passed else 'FAILED'}  {check.name:<9}  {check.file}: {check.detail}")
    return 0 if all(check.passed for check in found) else EXIT_REFUSED


def _sign(arguments: argparse.Namespace) -> int:
    path: Path = arguments.path
    seed = key_file.read(arguments.key)
    found = [check for check in inspection.checks(path) if check.name != "signature"]
    problem = inspection.first_failure(found)
    if problem is not None:
        raise Misconfigured(f"{path}: not signed, for it would be refused: {problem}", "bad_model")
    opened = _core.Bundle.open(path)
    text = _core.sign_manifest(seed, opened.manifest_bytes)
    if SIGNATURE in opened.names and not arguments.force and _signer(opened) != _core.public_key(seed):
        raise Misconfigured(f"{path}: another key signed it, or none; --force replaces the signature", "exists")
    if path.is_dir():
        files.write(str(path / SIGNATURE), [text])
    else:
        made = {name: opened.file(name) for name in opened.names if name not in (MANIFEST, SIGNATURE)}
        made |= {MANIFEST: opened.manifest_bytes, SIGNATURE: text.encode()}
        with files.replacing(str(path)) as file:
            file.write(_core.zip_files(made))
    print(f"{path}: signed by {_core.public_key(seed)}")
    return 0


def _signer(opened: _core.Bundle) -> str | None:
    try:
        return opened.check_signature([])
    except Misconfigured:
        return None


def _keygen(arguments: argparse.Namespace) -> int:
    print(key_file.create(arguments.key))
    return 0
