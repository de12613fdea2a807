"""The stored matrix for people: docs/client-matrix.md, and the short table in the README.

    python -m tests.clients.matrix_page    writes both from docs/client-matrix.json

`make matrix` runs it after the clients; a test holds both files to the JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from tests.clients.matrix import STORED, WORKS, MatrixRow, fails, read_rows

PAGE = STORED.with_suffix(".md")
README = STORED.parents[1] / "README.md"
BEGIN = "<!-- clients: begin (written by `make matrix`) -->"
END = "<!-- clients: end -->"

_SMALL_PUSH = "push, small layers"
_PULLS = ("pull", "pull a base image")
_PUSHES = ("push", _SMALL_PUSH, "build and push")
_OVER_THE_LIMIT = "push, a layer over the limit"

_INTRODUCTION = """# Clients

Written by `make matrix`; a run in CI fails where a row that worked works no more.

The service is deployed by `chalice deploy` into an account that [moto](https://github.com/getmoto/moto)
stands for. The API definition and the zip that it uploads there are served by a gateway that behaves as API
Gateway does, with TLS, and by processes that run the zip under AWS's own runtime client, `awslambdaric`.
Behind it is a private docker-registry that answers as ECR does: Basic credentials, absolute upload
Locations, and layers redirected to a bucket that refuses credentials. Rows about paging, referrers and long
tokens have an ECR of our own there, which docker-registry cannot play.

**ours** is the service as it is. **plain 307** is the same deployment with `REDIRECT_MODE=plain`, which is
what redirectors usually do; what fails there fails because the client keeps its credentials to the host
that it was configured for. **credentials**: *helper* means that `docker-credential-ecr-custom` is named in
the client's configuration, that no password stands anywhere, and that the helper asks the ECR API for the
token. ctr and curl know no helpers: theirs is asked by hand, `docker-credential-ecr-custom get`.

A pull or push has eight layers in parallel unless the operation says otherwise: one of 3 KB, six of 50 KB
and one of 20 MB, or of 4 MB where uploads pass through the function. A row "refused by the registry" is the
leak test: at the client's most talkative level the registry answers 403, 404 and 500 in turn, and the token
is searched, in every encoding, in all that client, daemon, function and gateway print. curl has no such row:
told to be talkative it prints its own requests, credentials and all. oras (Python) pushes small layers: it
sends each upload without credentials before it sends it with them, and where the registry hangs up on a large
one that it refuses, this client ends, with or without us in between.
"""


def page(rows: Sequence[MatrixRow]) -> str:
    """The whole matrix in Markdown."""
    parts = [_INTRODUCTION]
    for (client, source), group in groupby(rows, key=lambda row: (row.client, row.source)):
        listed = list(group)
        parts.append(f"## {client} {listed[0].version} ({source})\n")
        parts.append(_table(("operation", "credentials", "ours", "plain 307"), map(_cells, listed)))
        parts += [
            f"*{row.operation}* fails because {row.why}. Instead: {row.workaround}.\n"
            for row in listed
            if row.why
        ]
    return "\n".join(parts)


def readme_table(rows: Sequence[MatrixRow]) -> str:
    """One row per client: its versions, what it can do here, and what a plain redirect lets it do."""
    ordered = sorted(rows, key=lambda row: (not row.client.startswith("docker"), row.client))
    lines = [_summary(client, list(group)) for client, group in groupby(ordered, key=lambda row: row.client)]
    return _table(("client", "pull", "push", "behind a plain 307"), lines)


def with_table(readme: str, table: str) -> str:
    """The README with `table` between its markers."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table}{END}{after}"


def _cells(row: MatrixRow) -> tuple[str, ...]:
    return row.operation, row.credentials, _cell(row.ours), _cell(row.plain)


def _cell(result: str) -> str:
    if not fails(result):
        return result
    _, _, words = result.partition(": ")
    return f"**fails**: {words}".replace("|", "\\|")


def _summary(client: str, rows: list[MatrixRow]) -> tuple[str, ...]:
    versions = ", ".join(dict.fromkeys(row.version for row in rows))
    pulls = [row for row in rows if row.operation in _PULLS]
    pushes = [row for row in rows if row.operation in _PUSHES]
    limited = any(row.operation == _OVER_THE_LIMIT and fails(row.ours) for row in rows)
    push = _verdict(row.ours for row in pushes)
    if push == WORKS and limited:
        push = "layers up to 4.5 MB"
    elif push == WORKS:
        push = "small layers" if pushes[0].operation == _SMALL_PUSH else "any size"
    plain = {
        name: _verdict(row.plain for row in group)
        for name, group in (("pull", pulls), ("push", pushes))
        if group
    }
    if plain.get("pull") == plain.get("push") == WORKS:
        behind = WORKS
    else:
        working = [name for name in ("pull", "push") if plain.get(name) == WORKS]
        behind = f"{' and '.join(working)} only" if working else "fails"
    pull = _verdict(row.ours for row in pulls)
    return f"{client} {versions}", pull or "manifests and tags", push or "-", behind


def _verdict(results: Iterable[str]) -> str:
    """WORKS where all do, nothing where there are none."""
    given = [result for result in results if result]
    if not given:
        return ""
    return "fails" if any(fails(result) for result in given) else WORKS


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def write(readme: Path = README) -> None:
    rows = read_rows()
    PAGE.write_text(page(rows))
    readme.write_text(with_table(readme.read_text(), readme_table(rows)))


if __name__ == "__main__":
    write()
