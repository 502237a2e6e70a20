"""Reads api/openapi.json, the description that the server is held to."""

import json
from dataclasses import dataclass

from harness import REPOSITORY

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    definition: dict


def load() -> dict:
    return json.loads((REPOSITORY / "api" / "openapi.json").read_text())


def operations() -> list[Operation]:
    return [Operation(definition["operationId"], method.upper(), path, definition)
            for path, methods in load()["paths"].items()
            for method, definition in methods.items() if method in METHODS]


def security_of(definition: dict) -> set[str]:
    """The names of the schemes that an operation takes; none for those open to all."""
    return {name for requirement in definition.get("security", []) for name in requirement}


def is_ingest(definition: dict) -> bool:
    """The routes that clients of sources call, with a write key in one of several places."""
    return "ingest" in definition.get("tags", [])


def is_stream(definition: dict) -> bool:
    return any("text/event-stream" in answer.get("content", {}) for answer in definition["responses"].values())
