"""The registry host grammar: which names are ECR's, and what is no registry at all."""

from __future__ import annotations

import pytest

from chalicelib.registry_host import (
    EcrRegistry,
    InvalidRegistry,
    RegistryHost,
    ecr_registry,
    is_loopback,
    shown_words,
)

ID = "123456789012"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (f"{ID}.dkr.ecr.us-west-2.amazonaws.com", EcrRegistry(ID, "us-west-2", "aws")),
        (f"{ID}.dkr.ecr-fips.us-east-1.amazonaws.com", EcrRegistry(ID, "us-east-1", "aws", fips=True)),
        (f"{ID}.dkr.ecr.us-gov-west-1.amazonaws.com", EcrRegistry(ID, "us-gov-west-1", "aws-us-gov")),
        (f"{ID}.dkr-ecr.eu-west-1.on.aws", EcrRegistry(ID, "eu-west-1", "aws", dual_stack=True)),
        (
            f"{ID}.dkr-ecr-fips.us-gov-east-1.on.aws",
            EcrRegistry(ID, "us-gov-east-1", "aws-us-gov", fips=True, dual_stack=True),
        ),
        (f"{ID}.dkr.ecr.cn-north-1.amazonaws.com.cn", EcrRegistry(ID, "cn-north-1", "aws-cn")),
        (
            f"{ID}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
            EcrRegistry(ID, "cn-north-1", "aws-cn", dual_stack=True),
        ),
        (f"{ID}.dkr.ecr.us-iso-east-1.c2s.ic.gov", EcrRegistry(ID, "us-iso-east-1", "aws-iso")),
        (f"{ID}.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", EcrRegistry(ID, "us-isob-east-1", "aws-iso-b")),
        (f"{ID}.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", EcrRegistry(ID, "eu-isoe-west-1", "aws-iso-e")),
        (f"{ID}.dkr.ecr.us-isof-south-1.csp.hci.ic.gov", EcrRegistry(ID, "us-isof-south-1", "aws-iso-f")),
        (f"{ID}.dkr.ecr.eusc-de-east-1.amazonaws.eu", EcrRegistry(ID, "eusc-de-east-1", "aws-eusc")),
        ("public.ecr.aws", EcrRegistry(None, "us-east-1", "aws")),
        ("ecr-public.aws.com", EcrRegistry(None, "us-east-1", "aws", dual_stack=True)),
        ("ecr.example.com", None),
        (".dkr.ecr.us-west-2.amazonaws.com", None),
        (f"{ID}.dkr.ecr.us-west-2.amazonaws.com.fake.example.com", None),
        (f"{ID}.dkr.ecr.us-west-2.amazonaws.com.", None),
        (f"x.{ID}.dkr.ecr.us-west-2.amazonaws.com", None),
        (f"{ID}1.dkr.ecr.us-west-2.amazonaws.com", None),
        # Digits of other scripts satisfy str.isdigit and the `\d` of a regular expression.
        ("١٢٣٤٥٦٧٨٩٠١٢.dkr.ecr.us-west-2.amazonaws.com", None),
        (f"{ID}.dkr.ecr..amazonaws.com", None),
        (f"{ID}.dkr.ecr.-x.amazonaws.com", None),
        (f"{ID}.dkr.ecr-slow.us-west-2.amazonaws.com", None),
        # Each service label belongs to its own suffixes.
        (f"{ID}.dkr-ecr.us-west-2.amazonaws.com", None),
        (f"{ID}.dkr.ecr.us-west-2.on.aws", None),
        (f"{ID}.dkr-ecr.us-west-2.on.aws.com.cn", None),
        ("public.ecr.aws.fake.example.com", None),
        ("", None),
    ],
)
def test_an_ecr_host_name_is_read_whole(host: str, expected: EcrRegistry | None) -> None:
    assert ecr_registry(host) == expected


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("registry.example.com", "https://registry.example.com"),
        ("REGISTRY.Example.COM", "https://registry.example.com"),
        ("https://registry.example.com/", "https://registry.example.com"),
        ("HTTPS://registry.example.com:8443", "https://registry.example.com:8443"),
        # The scheme's own port is dropped, so that two spellings of one registry compare equal.
        ("registry.example.com:443", "https://registry.example.com"),
        ("http://localhost:80", "http://localhost"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        ("[::1]", "https://[::1]"),
    ],
)
def test_a_registry_is_parsed_to_its_origin(text: str, origin: str) -> None:
    assert RegistryHost.parse(text).origin == origin


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a host name"),
        (" registry.example.com", "not a host name"),
        ("registry.example.com\n", "not a host name"),
        ("registry..example.com", "not a host name"),
        ("-registry.example.com", "not a host name"),
        ("registry_1.example.com", "not a host name"),
        ("registry.example.com/path", "not a host name"),
        ("registry.example.com//", "not a host name"),
        ("a" * 64 + ".example.com", "not a host name"),
        ("[2001:db8::1]", "not a host name"),
        ("registry.example.com:", "port"),
        ("registry.example.com:0", "port"),
        ("registry.example.com:65536", "port"),
        ("registry.example.com:44a", "port"),
        ("registry.example.com:٤٤", "port"),
        ("ftp://registry.example.com", "scheme"),
        ("//registry.example.com", "not a host name"),
        ("http://registry.example.com", "in the clear"),
        # Names that only look like loopback.
        ("http://127.0.0.1.example.com", "in the clear"),
        ("http://localhost.example.com", "in the clear"),
        ("http://127.0.0.999", "in the clear"),
    ],
)
def test_what_is_no_registry_is_refused_with_its_value(text: str, reason: str) -> None:
    with pytest.raises(InvalidRegistry, match=reason) as refused:
        RegistryHost.parse(text)
    assert refused.value.value == text
    assert repr(text) in str(refused.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("https://AWS:secret@registry.example.com", "https://***@registry.example.com"),
        ("AWS:secret/more@registry.example.com", "***@registry.example.com"),
        ("AWS%3Asecret%40registry.example.com", "***@registry.example.com"),
        ("registry.example.com?token=secret", "registry.example.com?***"),
        ("registry.example.com/%3Ftoken=secret", "registry.example.com/%3F***"),
        ("registry.example.com#secret", "registry.example.com#***"),
        (".".join(["a" * 60] * 5), ".".join(["a" * 60] * 5)[:200] + "…"),
    ],
)
def test_a_refused_text_is_cut_where_a_credential_can_be(text: str, value: str) -> None:
    with pytest.raises(InvalidRegistry) as refused:
        RegistryHost.parse(text)
    assert refused.value.value == value
    assert ("must not hold credentials" in refused.value.reason) is ("@" in text)
    # The reason does not quote a part of it either.
    assert str(refused.value).count("secret") == value.count("secret")


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "us-west-2", "dkr.ecr.us-west-2.amazonaws.com"),
        ("aws-cn", "cn-north-1", "dkr.ecr.cn-north-1.amazonaws.com.cn"),
        ("aws-us-gov", "us-gov-west-1", "dkr.ecr.us-gov-west-1.amazonaws.com"),
        ("aws-iso-b", "us-isob-east-1", "dkr.ecr.us-isob-east-1.sc2s.sgov.gov"),
        ("aws-eusc", "eusc-de-east-1", "dkr.ecr.eusc-de-east-1.amazonaws.eu"),
    ],
)
@pytest.mark.parametrize("version", ["", ":live"])
def test_a_function_stands_for_the_registry_of_its_account_and_region(
    partition: str, region: str, host: str, version: str
) -> None:
    arn = f"arn:{partition}:lambda:{region}:{ID}:function:x{version}"
    assert RegistryHost.of_function(arn).origin == f"https://{ID}.{host}"


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "arn:aws:lambda:us-west-2",
        f"arn:aws:s3:us-west-2:{ID}:function:x",
        f"arn:aws-moon:lambda:mars-west-1:{ID}:function:x",
        "arn:aws:lambda:us-west-2:12:function:x",
        f"arn:aws:lambda::{ID}:function:x",
    ],
)
def test_what_is_no_function_arn_is_refused(arn: str) -> None:
    with pytest.raises(InvalidRegistry):
        RegistryHost.of_function(arn)


@pytest.mark.parametrize(
    ("scheme", "host", "port", "same"),
    [
        ("https", "registry.example.com", None, True),
        ("HTTPS", "Registry.Example.Com", 443, True),
        ("http", "registry.example.com", None, False),
        ("https", "registry.example.com", 8443, False),
        ("https", "registry.example.com.evil.test", None, False),
    ],
)
def test_same_origin_compares_scheme_host_and_port(
    scheme: str, host: str, port: int | None, same: bool
) -> None:
    assert RegistryHost.parse("registry.example.com").same_origin(scheme, host, port) is same


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("127.8.9.10", True), ("[::1]", True), ("127.0.0", False), ("128.0.0.1", False)],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nothing to hide, at 10:30: a:b/c?d", "nothing to hide, at 10:30: a:b/c?d"),
        ("see 'https://user:pass@word@h/x', twice: u%3Ap%40h", "see 'https://***@h/x', twice: ***@h"),
        ('no endpoint "http://127.0.0.1:9/?token=x"', 'no endpoint "http://127.0.0.1:9/?***'),
        (
            "arn:aws:sts::1:assumed-role/r/jane@example.com may not",
            "arn:aws:sts::1:assumed-role/r/jane@example.com may not",
        ),
        # A user name can end like an ARN's beginning, and a URL can begin with it.
        ("at https://yarn:s3cr3t@h/x or yarn:s3cr3t@h", "at https://***@h/x or ***@h"),
        ("arn:aws:s3cr3t://u:s3cr3t@h", "***@h"),
    ],
)
def test_a_word_that_may_hold_a_credential_is_cut_and_nothing_else(text: str, expected: str) -> None:
    assert shown_words(text) == expected
    assert shown_words(expected) == expected
