"""One certificate authority per run, and TLS contexts under it for both ends of a connection."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


class Certificates:
    """A fresh authority. Its PEM lies in `directory`, for clients that want a file."""

    def __init__(self, directory: Path) -> None:
        self._authority = trustme.CA()
        self.authority_pem = directory / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.authority_pem))
        self._server_contexts: dict[tuple[str, ...], ssl.SSLContext] = {}

    def server_context(self, *names: str) -> ssl.SSLContext:
        """A server's context for DNS names and IP addresses; TLS 1.2 or newer, as AWS's endpoints ask.
        The same names get the same context."""
        if names not in self._server_contexts:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            self._authority.issue_cert(*names).configure_cert(context)
            self._server_contexts[names] = context
        return self._server_contexts[names]

    def client_context(self) -> ssl.SSLContext:
        """A client's context that trusts this authority and no other."""
        return ssl.create_default_context(cafile=str(self.authority_pem))

    def write_server_pem(self, stem: Path, *names: str) -> tuple[Path, Path]:
        """A certificate chain and its key as files, `stem`.pem and `stem`.key."""
        chain, key = stem.with_suffix(".pem"), stem.with_suffix(".key")
        issued = self._authority.issue_cert(*names)
        chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(str(key))
        return chain, key
