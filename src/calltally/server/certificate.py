"""The certificate that connections are encrypted with."""

import ssl
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from calltally.errors import CalltallyError


class CertificateError(CalltallyError):
    """The files that `tls_certificate` and `tls_key` name cannot be used."""


class Certificate:
    """A certificate chain and its key, read from PEM files when made, and again by `read_again`.

    ``context`` serves TLS 1.2 and newer with what was read last; connections that are open already stay.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate = certificate
        self._key = key
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.options |= ssl.OP_NO_RENEGOTIATION
        self.context.set_alpn_protocols(["http/1.1"])
        self._kind: type[Any] | None = None
        self.not_after = self.read_again()

    def read_again(self) -> str:
        """Reads the files; new connections get what they hold. Returns until when that is valid.

        Raises `CertificateError`, which says what is wrong; what was read before is then served on.
        """
        first, kind = _checked(self._certificate, self._key)
        if self._kind not in (None, kind):
            # OpenSSL would offer the certificate of the other kind besides.
            raise CertificateError(
                f"tls_key: {self._key} is a key of another kind; restart the server to change that"
            )
        try:
            self.context.load_cert_chain(self._certificate, self._key, password="")
        except (OSError, ssl.SSLError) as error:
            raise CertificateError(
                f"tls_certificate: {self._certificate} cannot be served: {error}"
            ) from None
        self._kind, self.not_after = kind, first.not_valid_after_utc.isoformat()
        return self.not_after


def certificate_of(certificate: str, key: str) -> Certificate | None:
    """What two settings name; None where both are empty. Raises `CertificateError`."""
    if not certificate and not key:
        return None
    if not certificate or not key:
        missing = "tls_key" if certificate else "tls_certificate"
        raise CertificateError(
            f"{missing} is not set; tls_certificate and tls_key are needed both, or neither"
        )
    return Certificate(Path(certificate), Path(key))


def _checked(certificate: Path, key: Path) -> tuple[x509.Certificate, type[Any]]:
    """The first certificate and the kind of the key, once they belong together."""
    try:
        first = x509.load_pem_x509_certificates(_content("tls_certificate", certificate))[0]
    except (ValueError, IndexError):
        raise CertificateError(f"tls_certificate: {certificate} holds no certificate in PEM") from None
    try:
        private = load_pem_private_key(_content("tls_key", key), password=None)
    except TypeError:
        raise CertificateError(f"tls_key: {key} is encrypted; a key without a password is needed") from None
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateError(f"tls_key: {key} holds no private key in PEM") from None
    if private.public_key() != first.public_key():
        raise CertificateError(f"tls_key: {key} is not the key of the certificate in {certificate}")
    return first, type(private)


def _content(setting: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CertificateError(f"{setting}: {path} cannot be read: {error.strerror}") from None
