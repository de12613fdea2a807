"""The stored matrix for people: docs/client-matrix.md, and the short table in the README.

    python -m tools.matrix_page    writes both from docs/client-matrix.json

`make matrix` runs it after the clients; a test holds both files to the JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from textwrap import fill

from tests.clients.matrix import STORED, WORKS, MatrixRow, fails, markdown_table, read_rows

PAGE = STORED.with_suffix(".md")
README = STORED.parents[1] / "README.md"
BEGIN = "<!-- clients: begin (written by `make matrix`) -->"
END = "<!-- clients: end -->"
COLUMNS = 110

_PULLS = {"pull", "pull a base image"}
# The first of these that works says what a client can push.
_PUSHES = {
    "push": "push of any size",
    "build and push": "push of any size",
    "push, layers up to 4 MB": "push of layers up to 4.5 MB",
    "build and push, with credentials for the registry's host": (
        "push of any size with credentials for ECR's host"
    ),
    "push, small layers": "push of small layers",
}

_INTRODUCTION = """# Clients

`make matrix` writes this page. A run in CI fails where a row that worked does not work any more.

The service is deployed by `chalice deploy` into an account that [moto](https://github.com/getmoto/moto)
stands for. The API definition and the zip that were uploaded there are served by a gateway that behaves as
API Gateway does, with TLS, and by processes that run the zip under AWS's own runtime client, `awslambdaric`.
Behind it is a private docker-registry that answers as ECR does: Basic credentials, absolute upload
Locations, and layers redirected to a bucket that refuses credentials. Rows about paging, referrers and long
tokens have an ECR of our own there, since docker-registry cannot play these parts.

**edge** is the service with `REDIRECT_MODE=edge` behind a CloudFront that is played from the template and
the functions that are deployed. **relay** is the service with `REDIRECT_MODE=relay`, without CloudFront. A
cell is empty where the mode was not tried.

**credentials**: *helper* means that `docker-credential-ecr-custom` is named in the client's configuration for
the custom name alone, that no password is written anywhere, and that the helper asks the ECR API for the
token. ctr and curl do not know helpers: the helper is asked by hand, `docker-credential-ecr-custom get`.

An image has eight layers, which travel in parallel: one of 3 KB, six of 50 KB and one of 20 MB, or of 4 MB
where the operation says so. Logins, lists, deletions, signatures and charts are small. A row "refused by the
registry" is the leak test: at the client's most talkative level the registry refuses each step in turn, by a
status, a hang, a reset, garbage or a redirect loop, and the token is searched, in every encoding, in all that
client, daemon, function, gateway and CloudFront print, keep or hand on. A talkative curl prints the
credentials that it sends; those lines are left out. oras (Python) pushes small layers: it sends each upload
without credentials before it sends it with them, and where a registry hangs up on a large upload that it
refuses, this client ends, with or without us in between. Helm is not in Debian; its charts are pushed and
pulled here by oras, whose library Helm uses.
"""


def page(rows: Sequence[MatrixRow]) -> str:
    """The whole matrix in Markdown."""
    parts = [_INTRODUCTION]
    for (client, source), group in groupby(rows, key=lambda row: (row.client, row.source)):
        listed = list(group)
        parts.append(f"## {client} {listed[0].version} ({source})\n")
        cells = (
            (row.operation, row.credentials, _cell(row.edge), _cell(row.relay))
            for row in listed
            if row.edge or row.relay
        )
        parts.append(markdown_table(("operation", "credentials", "edge", "relay"), cells))
    parts += ["## What fails in relay\n", *_reasons(rows), _PLAIN]
    plain = ((f"{row.client} {row.version}", row.operation, _cell(row.plain)) for row in rows if row.plain)
    parts.append(markdown_table(("client", "operation", "plain"), plain))
    return "\n".join(parts)


_PLAIN = """## With REDIRECT_MODE=plain

Every request is answered with a 307 to the registry's own host, which is what other redirectors do. Most
clients fail because they keep their credentials to the host that they were configured for.
"""


def _reasons(rows: Sequence[MatrixRow]) -> Iterator[str]:
    reasons: dict[tuple[str, str], dict[str, None]] = {}
    for row in rows:
        if row.why:
            reasons.setdefault((row.why, row.workaround), {})[row.operation] = None
    for (why, workaround), operations in reasons.items():
        operations_in_words = " and ".join(f"*{operation}*" for operation in operations)
        yield fill(f"{operations_in_words}: {why}. Instead, {workaround}.", COLUMNS) + "\n"


def readme_table(rows: Sequence[MatrixRow]) -> str:
    """One row per client: its versions, and what it can do in `edge` and in `relay`."""
    ordered = sorted(rows, key=lambda row: (not row.client.startswith("docker"), row.client))
    lines = [_summary(client, list(group)) for client, group in groupby(ordered, key=lambda row: row.client)]
    return markdown_table(("client", "with `edge`", "with `relay`"), lines)


def with_table(readme: str, table: str) -> str:
    """The README with `table` between its markers."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table}{END}{after}"


def _cell(result: str) -> str:
    if not fails(result):
        return result
    _, _, words = result.partition(": ")
    return f"**fails**: {words}".replace("|", "\\|")


def _summary(client: str, rows: Sequence[MatrixRow]) -> tuple[str, ...]:
    versions = ", ".join(dict.fromkeys(row.version for row in rows))
    return f"{client} {versions}", _ability(rows, "edge"), _ability(rows, "relay")


def _ability(rows: Sequence[MatrixRow], mode: str) -> str:
    """What every release of a client can do in `mode`."""
    tried = [row for row in rows if row.result(mode)]
    failing = {row.operation for row in tried if row.result(mode) != WORKS}
    working = [name for name in dict.fromkeys(row.operation for row in tried) if name not in failing]
    pulls = ["pull"] if any(name in _PULLS for name in working) else []
    pushes = [words for name, words in _PUSHES.items() if name in working][:1]
    others = [name for name in working if "," not in name]
    return ", ".join(pulls + pushes or others) or "fails"


if __name__ == "__main__":
    PAGE.write_text(page(read_rows()))
    README.write_text(with_table(README.read_text(), readme_table(read_rows())))
