"""The smallest program that a container can run: it prints one line and ends.

Written as machine code, since the machine of a newcomer need not have a compiler. ELF:
https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html and ch5.pheader.html
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_BASE = 0x400000
_HEADERS = 64 + 56
_EXECUTABLE = 2
_LOAD = 1
_READ_AND_EXECUTE = 5


@dataclass(frozen=True)
class Architecture:
    """A processor for which the program can be made."""

    #: As images name it: https://go.dev/doc/install/source#environment
    name: str
    #: Its number in an ELF header.
    machine: int


AMD64 = Architecture("amd64", 62)
ARM64 = Architecture("arm64", 183)


def architecture_of(machine: str) -> Architecture:
    """That of the containers that run here; `machine` is what platform.machine() says."""
    return ARM64 if machine.lower() in ("arm64", "aarch64") else AMD64


def program(text: bytes, architecture: Architecture) -> bytes:
    """A Linux executable that writes `text`, of less than 4 KB, and ends with 0."""
    code = _amd64(len(text)) if architecture is AMD64 else _arm64(len(text))
    size = _HEADERS + len(code) + len(text)
    identification = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        identification,
        _EXECUTABLE,
        architecture.machine,
        1,
        _BASE + _HEADERS,
        64,
        0,
        0,
        64,
        56,
        1,
        0,
        0,
        0,
    )
    segment = struct.pack("<IIQQQQQQ", _LOAD, _READ_AND_EXECUTE, 0, _BASE, _BASE, size, size, 0x10000)
    return header + segment + code + text


def _amd64(length: int) -> bytes:
    return b"".join(
        (
            b"\xb8\x01\x00\x00\x00",  # mov eax, 1 (write)
            b"\xbf\x01\x00\x00\x00",  # mov edi, 1
            b"\x48\x8d\x35\x10\x00\x00\x00",  # lea rsi, [rip+16]: the text behind the code
            b"\xba" + struct.pack("<I", length),  # mov edx, length
            b"\x0f\x05",  # syscall
            b"\xb8\x3c\x00\x00\x00",  # mov eax, 60 (exit)
            b"\x31\xff",  # xor edi, edi
            b"\x0f\x05",  # syscall
        )
    )


def _arm64(length: int) -> bytes:
    return struct.pack(
        "<8I",
        0xD2800020,  # mov x0, #1
        0x100000E1,  # adr x1, #28: the text behind the code
        0xD2800002 | length << 5,  # mov x2, #length
        0xD2800808,  # mov x8, #64 (write)
        0xD4000001,  # svc #0
        0xD2800000,  # mov x0, #0
        0xD2800BA8,  # mov x8, #93 (exit)
        0xD4000001,  # svc #0
    )
