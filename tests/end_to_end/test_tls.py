"""A server with a certificate speaks HTTPS only, and takes a new certificate without a pause."""

import os
import signal
import socket
import ssl
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography import x509

from tests.end_to_end.certificates import write_certificate
from tests.end_to_end.command_line import calltally
from tests.end_to_end.server_process import ServerProcess


@dataclass
class Secured:
    """A server with a certificate in files."""

    server: ServerProcess
    certificate: Path
    key: Path
    serial: int

    @property
    def place(self) -> tuple[str, int]:
        parts = urlsplit(self.server.address)
        assert parts.hostname is not None
        assert parts.port is not None
        return parts.hostname, parts.port

    def trust(self) -> ssl.SSLContext:
        """Believes the certificate that is in the file now."""
        return ssl.create_default_context(cafile=self.certificate)

    def visitor(self) -> httpx.Client:
        return httpx.Client(base_url=self.server.address, verify=self.trust())

    def served_serial(self) -> int:
        """The certificate that a new connection is shown."""
        certificate = ssl.get_server_certificate(self.place)
        return x509.load_pem_x509_certificate(certificate.encode()).serial_number

    def hang_up_signal(self, event: str) -> dict[str, object]:
        """Sends SIGHUP and returns what the server logs of it."""
        os.kill(self.server.pid, signal.SIGHUP)
        for _ in range(500):
            if found := [told for told in self.server.events() if event in told["event"]]:
                return found[-1]
            time.sleep(0.01)
        raise AssertionError(f"no {event!r} was logged")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "cert.pem", tmp_path / "key.pem"


@pytest.fixture
def secured(tmp_path: Path, files: tuple[Path, Path]) -> Secured:
    certificate, key = files
    serial = write_certificate(certificate, key)
    server = ServerProcess(tmp_path / "data", tls_certificate=certificate, tls_key=key)
    return Secured(server, certificate, key, serial)


def test_calls_are_counted_and_asked_for_over_https(secured: Secured) -> None:
    with secured.server as server, secured.visitor() as visitor:
        client = server.new_client()
        form = {"grant_type": "client_credentials", **client.as_form()}
        login = visitor.post("/oauth/token", data=form)
        visitor.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        receipt = visitor.post("/v1/calls", json=[{"id": "c-1", "time": now}])
        page = visitor.get("/openapi")
        assert server.address.startswith("https://")

    assert receipt.json()["accepted"] == 1
    for answer in (login, receipt, page):
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def agreed_version(secured: Secured, best: ssl.TLSVersion) -> str | None:
    """What the server agrees on with a client that knows no version newer than ``best``."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        client.minimum_version, client.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, best
    with socket.create_connection(secured.place, timeout=10) as raw:
        try:
            with client.wrap_socket(raw) as encrypted:
                return encrypted.version()
        except OSError:
            return None


def test_nothing_is_said_without_encryption_or_with_an_old_one(secured: Secured) -> None:
    with secured.server:
        with socket.create_connection(secured.place, timeout=10) as plain:
            plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            said = plain.recv(100)
        agreed = {version: agreed_version(secured, version) for version in ssl.TLSVersion if version > 0}

    assert b"HTTP/1.1 200" not in said
    assert {version.name: agreed[version] for version in agreed if agreed[version]} == {
        "TLSv1_2": "TLSv1.2",
        "TLSv1_3": "TLSv1.3",
    }


def test_a_new_certificate_is_served_after_sighup_and_open_connections_stay(secured: Secured) -> None:
    with secured.server, secured.visitor() as visitor:
        assert visitor.get("/healthz").status_code == 200
        assert secured.served_serial() == secured.serial

        renewed = write_certificate(secured.certificate, secured.key)
        secured.hang_up_signal("the certificate was read again")

        assert visitor.get("/healthz").status_code == 200
        assert secured.served_serial() == renewed
        with secured.visitor() as newcomer:
            assert newcomer.get("/healthz").status_code == 200


def test_a_certificate_that_cannot_be_used_is_not_taken_in_place_of_a_good_one(secured: Secured) -> None:
    with secured.server:
        write_certificate(secured.certificate, secured.key.with_name("another.pem"))
        told = secured.hang_up_signal("the certificate was not read again")

        assert secured.served_serial() == secured.serial

    assert told["level"] == "error"
    assert "is not the key of the certificate" in str(told["reason"])


def _missing_key(_certificate: Path, key: Path) -> None:
    key.unlink()


def _foreign_key(certificate: Path, key: Path) -> None:
    write_certificate(certificate.with_name("other.pem"), key)


def _no_pem(certificate: Path, _key: Path) -> None:
    certificate.write_text("certainly not")


def _encrypted_key(certificate: Path, key: Path) -> None:
    write_certificate(certificate, key, password=b"secret")


def _key_for_a_certificate(certificate: Path, key: Path) -> None:
    certificate.write_bytes(key.read_bytes())


def _certificate_for_a_key(certificate: Path, key: Path) -> None:
    key.write_bytes(certificate.read_bytes())


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_missing_key, "tls_key: {key} cannot be read: No such file or directory"),
        (_foreign_key, "tls_key: {key} is not the key of the certificate in {certificate}"),
        (_no_pem, "tls_certificate: {certificate} holds no certificate in PEM"),
        (_key_for_a_certificate, "tls_certificate: {certificate} holds no certificate in PEM"),
        (_certificate_for_a_key, "tls_key: {key} holds no private key in PEM"),
        (_encrypted_key, "tls_key: {key} is encrypted; a key without a password is needed"),
    ],
)
def test_files_that_cannot_be_used_keep_the_server_from_starting(
    tmp_path: Path, files: tuple[Path, Path], spoil: Callable[[Path, Path], None], told: str
) -> None:
    certificate, key = files
    write_certificate(certificate, key)
    spoil(certificate, key)

    settings = ("--set", f"tls_certificate={certificate}", "--set", f"tls_key={key}")
    done = calltally("serve", "--data", tmp_path / "data", "--port", 0, *settings)

    assert (done.returncode, done.stderr) == (
        1,
        f"calltally: {told.format(certificate=certificate, key=key)}\n",
    )


@pytest.mark.parametrize(
    ("given", "missing"), [("tls_certificate", "tls_key"), ("tls_key", "tls_certificate")]
)
def test_a_certificate_needs_its_key_and_a_key_its_certificate(
    tmp_path: Path, given: str, missing: str
) -> None:
    done = calltally("serve", "--data", tmp_path / "data", "--port", 0, "--set", f"{given}=some.pem")

    assert done.returncode == 1
    assert done.stderr.startswith(f"calltally: {missing} is not set")
