"""What a person may ask about a model on disk: each check a line, and all it says of itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mt5_sentinel import _core, files
from mt5_sentinel.bundle import GOLDEN, MANIFEST, SIGNATURE
from mt5_sentinel.errors import Misconfigured, SentinelError


@dataclass(frozen=True)
class Check:
    """One question and its answer."""

    name: str
    file: str
    passed: bool
    detail: str


def checks(path: Path, public_keys: Sequence[str] = ()) -> list[Check]:
    """Every check that loading a bundle makes, none hidden by another that failed.

    Raises:
        Misconfigured: there is no bundle at all, or a public key is none.
    """
    _core.check_public_keys(list(public_keys))
    if not path.exists():
        raise Misconfigured(f"{path}: it is not there", "bad_model")
    if not _core.is_bundle(path):
        message = f"{path}: a bare model file has nothing to verify it by; `mt5-sentinel model pack` makes a bundle"
        raise Misconfigured(message, "bad_model")
    try:
        bundle = _core.Bundle.open(path)
    except Misconfigured as error:
        return [Check("manifest", MANIFEST, False, str(error).removeprefix(f"{path}: "))]
    return [Check("manifest", MANIFEST, True, "every key is sound"), *_checks(bundle, list(public_keys))]


def _checks(bundle: _core.Bundle, public_keys: list[str]) -> list[Check]:
    said = json.loads(bundle.manifest_json)
    model = said["model_file"]

    def signature() -> str:
        signer = bundle.check_signature(public_keys)
        if signer is None:
            return "not signed, and no public key asks for it"
        return f"by {signer}" + ("" if public_keys else "; no public key to compare with was given")

    def sha256(name: str) -> str:
        bundle.file(name)
        return f"sha256 {said['files'][name]}"

    def golden() -> str:
        rows = bundle.check_golden()
        return f"{rows} rows score as written; answered by {said['golden_source']}"

    def quiet(check: Callable[[], None], text: str) -> str:
        check()
        return text

    return [
        _asked("listing", MANIFEST, lambda: quiet(bundle.check_listing, "no file is missing, none is not listed")),
        _asked("signature", SIGNATURE, signature),
        *(_asked("sha256", name, partial(sha256, name)) for name in said["files"]),
        _asked("format", model, lambda: quiet(bundle.check_format, said["format"])),
        _asked("purpose", MANIFEST, lambda: quiet(bundle.check_purpose, "classes, features and fingerprint fit")),
        _asked("model", model, lambda: quiet(bundle.check_model, "whole; its names and answers fit this build")),
        _asked("golden", GOLDEN, golden),
    ]


def _asked(name: str, file: str, ask: Callable[[], str]) -> Check:
    try:
        return Check(name, file, True, ask())
    except SentinelError as error:
        return Check(name, file, False, str(error))


def first_failure(found: Sequence[Check]) -> str | None:
    """Why a bundle is refused; None for one that is not."""
    return next((check.detail for check in found if not check.passed), None)


def facts(path: Path) -> dict[str, Any]:
    """What a bundle or a bare model file is, as JSON holds it.

    Raises:
        Misconfigured: it cannot be read at all.
    """
    if not _core.is_bundle(path):
        return _bare(path)
    bundle = _core.Bundle.open(path)
    said: dict[str, Any] = json.loads(bundle.manifest_json)
    name = said["model_file"]
    found = checks(path)
    told = {"path": str(path), "kind": "directory" if path.is_dir() else "zip"} | said
    told["sha256"] = said["files"][name]
    told["signed_by"] = None
    try:
        told["signed_by"] = bundle.check_signature([])
        told |= _model_facts(bundle.file(name))
    except SentinelError as error:
        told["problem"] = str(error)
    problem = first_failure(found)
    return told | {"fits": problem is None, "why_not": problem}


def _bare(path: Path) -> dict[str, Any]:
    content = files.read(str(path))
    told: dict[str, Any] = {"path": str(path), "kind": "bare file", "format": _core.model_format(content)}
    told["sha256"] = hashlib.sha256(content).hexdigest()
    try:
        model = _core.Model.parse(content)
    except SentinelError as error:
        raise files.naming(str(path), error) from None
    told |= _model_facts(content) | {"features": model.feature_names}
    try:
        _core.check_bare_model(content)
    except SentinelError as error:
        return told | {"fits": False, "why_not": str(error)}
    return told | {"fits": True, "why_not": None}


def _model_facts(content: bytes) -> dict[str, Any]:
    model = _core.Model.parse(content)
    return {"objective": model.objective, "trees": model.num_trees, "outputs": model.num_classes}
