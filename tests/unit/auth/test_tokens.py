import base64
import hmac
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm

from calltally.auth.caller import Caller
from calltally.control.clients import Client, NewClient
from calltally.control.permissions import DEFAULT, READ_USAGE, SEND
from calltally.errors import NotAuthenticatedError
from tests.installations import ISSUER, NOON, Installation, open_installation

NOON_MS = int(NOON.timestamp()) * 1000


@pytest.fixture
def client(installation: Installation) -> NewClient:
    return installation.clients.create("acme", "Billing")


def signed(installation: Installation, client: NewClient, **said: Any) -> str:
    """A token with the installation's own signature and the usual content, but for what is said otherwise.

    None leaves a field out; ``typ``, ``kid``, ``alg`` and ``crit`` are fields of the header.
    """
    key = installation.keys.active()
    issued_at = int(NOON.timestamp())
    usual: dict[str, Any] = {
        "typ": "at+jwt",
        "alg": "ES256",
        "kid": key.key_id,
        "iss": ISSUER,
        "aud": "calltally",
        "iat": issued_at,
        "exp": issued_at + 3600,
        "jti": "1",
        "sub": client.client_id,
        "client_id": client.client_id,
        "org": "acme",
        "scope": "",
    }
    fields = {name: value for name, value in (usual | said).items() if value is not None}
    header = {name: fields.pop(name) for name in ("typ", "alg", "kid", "crit") if name in fields}
    content = f"{_base64(json.dumps(header).encode())}.{_base64(json.dumps(fields).encode())}"
    signature = ECAlgorithm(ECAlgorithm.SHA256).sign(content.encode(), key.private_key)
    return f"{content}.{_base64(signature)}"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def refusal(installation: Installation, authorization: str | None) -> NotAuthenticatedError:
    with pytest.raises(NotAuthenticatedError) as caught:
        await installation.authority.authenticate(authorization)
    return caught.value


async def test_a_token_admits_its_client(installation: Installation, client: NewClient) -> None:
    caller = await installation.authority.authenticate(f"Bearer {installation.issue(client)}")

    assert caller == Caller(client.client_id, "acme", DEFAULT)


async def test_an_api_token_admits_its_client_like_any_token(
    installation: Installation, client: NewClient
) -> None:
    token = installation.api_tokens.create(client.client_id, "laptop")

    caller = await installation.authority.authenticate(f"Bearer {token.token}")

    assert caller == Caller(client.client_id, "acme", DEFAULT)


def test_a_token_is_an_access_token_by_rfc_9068(installation: Installation, client: NewClient) -> None:
    token = installation.issue(client)

    published = jwt.PyJWK(installation.authority.jwks()["keys"][0])
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "typ": "at+jwt", "kid": published.key_id}
    claims = jwt.decode(
        token,
        published,
        audience="calltally",
        issuer=ISSUER,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims.pop("jti")
    assert claims == {
        "iss": ISSUER,
        "aud": "calltally",
        "iat": NOON_MS // 1000,
        "exp": NOON_MS // 1000 + 86_400,
        "sub": client.client_id,
        "client_id": client.client_id,
        "org": "acme",
        "scope": "calls:backfill calls:send usage:read",
    }


def test_a_token_is_not_shown_when_it_is_printed(installation: Installation, client: NewClient) -> None:
    found = installation.clients.find(client.client_id)
    assert found is not None

    token = installation.authority.issue(found)

    assert token.token not in repr(token)


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "Bearer    ", " Bearer "])
async def test_the_name_of_the_scheme_may_be_written_in_any_case(
    installation: Installation, client: NewClient, scheme: str
) -> None:
    token = installation.issue(client)

    assert (await installation.authority.authenticate(scheme + token)).client_id == client.client_id
    assert (await installation.authority.authenticate(scheme + token)).client_id == client.client_id


@pytest.mark.parametrize("authorization", [None, "", " ", "Bearer", "Bearer ", "bearer   "])
async def test_without_a_token_no_credentials_were_sent(
    installation: Installation, authorization: str | None
) -> None:
    assert not (await refusal(installation, authorization)).credentials_were_sent


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic YWJjOmRlZg==",
        "Bearer garbage",
        "Bearer a.b.c",
        "Bearer a.b",
        "Bearer a.b.c.d.e",
        "Bearer ct_unknown",
        "Bearer ct_\0",
        "Bearer \ud800",
        "Bearer ct_\ud800",
        "Bearer é.é.é",
        "Bearer two words",
        "Bearer " + "a" * 100_000,
        "Bearer " + base64.urlsafe_b64encode(b"[" * 5000).decode() + ".e30.AA",
        "Bearer " + base64.urlsafe_b64encode(b"1" * 5001).decode() + ".e30.AA",
        "Bearer " + base64.urlsafe_b64encode(b"\xff{}").decode() + ".e30.AA",
        "Bearer bnVsbA.bnVsbA.bnVsbA",
    ],
)
async def test_what_is_no_token_is_refused(installation: Installation, authorization: str) -> None:
    assert (await refusal(installation, authorization)).credentials_were_sent


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.sampled_from(["Bearer ", "Bearer ct_", "Bearer eyJhbGciOiJFUzI1NiJ9.", ""]),
    text=st.text(max_size=60),
)
async def test_no_text_gets_more_than_a_refusal(installation: Installation, start: str, text: str) -> None:
    await refusal(installation, start + text)


@pytest.mark.parametrize(
    "said",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"typ": ["at+jwt"]},
        {"alg": "HS256"},
        {"alg": "none"},
        {"alg": None},
        {"kid": "another"},
        {"kid": None},
        {"crit": ["unknown"]},
        {"aud": "another"},
        {"aud": None},
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"exp": None},
        {"jti": None},
        {"org": None},
        {"org": "globex"},
        {"client_id": None},
        {"client_id": "nobody"},
    ],
)
async def test_a_token_signed_here_for_another_use_is_refused(
    installation: Installation, client: NewClient, said: dict[str, Any]
) -> None:
    assert await installation.authority.authenticate(f"Bearer {signed(installation, client)}")

    assert (
        await refusal(installation, f"Bearer {signed(installation, client, **said)}")
    ).credentials_were_sent


async def test_a_token_without_a_signature_is_refused(installation: Installation, client: NewClient) -> None:
    header, claims, _ = signed(installation, client, alg="none").split(".")

    assert await refusal(installation, f"Bearer {header}.{claims}.")
    assert await refusal(installation, f"Bearer {header}.{claims}")


async def test_a_token_whose_content_was_changed_is_refused(
    installation: Installation, client: NewClient
) -> None:
    header, _, signature = signed(installation, client).split(".")
    claims = signed(installation, client, scope="calls:any-organization").split(".")[1]

    assert await refusal(installation, f"Bearer {header}.{claims}.{signature}")


async def test_a_token_signed_with_the_public_key_as_a_shared_secret_is_refused(
    installation: Installation, client: NewClient
) -> None:
    key = installation.keys.active()
    header, claims, _ = signed(installation, client, alg="HS256").split(".")
    pem = key.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signature = hmac.digest(pem, f"{header}.{claims}".encode(), "sha256")

    assert await refusal(installation, f"Bearer {header}.{claims}.{_base64(signature)}")


async def test_a_token_of_another_installation_is_refused(
    installation: Installation, client: NewClient, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = open_installation(tmp_path / "other")
    theirs = other.clients.create("acme", "Billing")
    api_token = other.api_tokens.create(theirs.client_id, "laptop").token

    assert await refusal(installation, f"Bearer {other.issue(theirs)}")
    assert await refusal(installation, f"Bearer {api_token}")
    assert await refusal(other, f"Bearer {installation.issue(client)}")
    other.database.close()


async def test_a_token_is_refused_from_the_instant_it_expires(
    installation: Installation, client: NewClient
) -> None:
    seen, unseen = f"Bearer {installation.issue(client)}", f"Bearer {installation.issue(client)}"
    await installation.authority.authenticate(seen)

    installation.clock.move_to(NOON + timedelta(hours=24) - timedelta(milliseconds=1))
    assert await installation.authority.authenticate(seen)

    installation.clock.move_to(NOON + timedelta(hours=24))
    assert "expired" in (await refusal(installation, seen)).reason
    assert "expired" in (await refusal(installation, unseen)).reason


async def test_an_api_token_is_refused_from_the_instant_it_expires(
    installation: Installation, client: NewClient
) -> None:
    token = installation.api_tokens.create(client.client_id, "laptop", expires_ms=NOON_MS + 60_000).token
    assert await installation.authority.authenticate(f"Bearer {token}")

    installation.clock.move_to(NOON + timedelta(minutes=1))

    assert "expired" in (await refusal(installation, f"Bearer {token}")).reason


async def test_every_token_of_a_revoked_client_is_refused_at_once(
    installation: Installation, client: NewClient
) -> None:
    seen, unseen = f"Bearer {installation.issue(client)}", f"Bearer {installation.issue(client)}"
    api_token = f"Bearer {installation.api_tokens.create(client.client_id, 'laptop').token}"
    await installation.authority.authenticate(seen)
    await installation.authority.authenticate(api_token)

    installation.clients.revoke(client.client_id)

    assert "revoked" in (await refusal(installation, seen)).reason
    assert "revoked" in (await refusal(installation, unseen)).reason
    assert "revoked" in (await refusal(installation, api_token)).reason


async def test_a_revoked_api_token_is_refused_at_once_and_others_are_not(
    installation: Installation, client: NewClient
) -> None:
    lost = installation.api_tokens.create(client.client_id, "laptop")
    kept = installation.api_tokens.create(client.client_id, "server")
    await installation.authority.authenticate(f"Bearer {lost.token}")
    await installation.authority.authenticate(f"Bearer {kept.token}")

    installation.api_tokens.revoke(lost.token_id)

    assert "revoked" in (await refusal(installation, f"Bearer {lost.token}")).reason
    assert await installation.authority.authenticate(f"Bearer {kept.token}")


async def test_a_revocation_while_a_token_is_being_checked_is_not_forgotten(
    installation: Installation, client: NewClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    authorization = f"Bearer {installation.issue(client)}"
    find = installation.clients.find

    def find_and_revoke(client_id: str) -> Client | None:
        found = find(client_id)
        installation.clients.revoke(client_id)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(installation.clients, "find", find_and_revoke)
        await installation.authority.authenticate(authorization)

    assert "revoked" in (await refusal(installation, authorization)).reason


async def test_a_change_of_permissions_counts_for_tokens_already_issued(
    installation: Installation, client: NewClient
) -> None:
    authorization = f"Bearer {installation.issue(client)}"
    await installation.authority.authenticate(authorization)

    installation.clients.set_permissions(client.client_id, [SEND, "sp:scopes:all"])

    assert (await installation.authority.authenticate(authorization)).permissions == {SEND, "sp:scopes:all"}


async def test_a_token_for_less_never_opens_more_than_that(
    installation: Installation, client: NewClient
) -> None:
    found = installation.clients.find(client.client_id)
    assert found is not None
    authorization = f"Bearer {installation.authority.issue(found, frozenset({READ_USAGE})).token}"
    assert (await installation.authority.authenticate(authorization)).permissions == {READ_USAGE}

    installation.clients.set_permissions(client.client_id, [SEND])

    assert (await installation.authority.authenticate(authorization)).permissions == frozenset()


async def test_a_new_secret_leaves_tokens_valid(installation: Installation, client: NewClient) -> None:
    authorization = f"Bearer {installation.issue(client)}"

    installation.clients.rotate(client.client_id)

    assert await installation.authority.authenticate(authorization)


async def test_a_rotated_key_leaves_tokens_valid_until_they_expire(
    installation: Installation, client: NewClient
) -> None:
    before = f"Bearer {installation.issue(client)}"
    installation.keys.rotate()
    after = f"Bearer {installation.issue(client)}"

    assert await installation.authority.authenticate(before)
    assert await installation.authority.authenticate(after)
    assert len(installation.authority.jwks()["keys"]) == 2


async def test_tokens_outlive_a_restart(tmp_path: Path) -> None:
    (tmp_path / "restarted").mkdir()
    before = open_installation(tmp_path / "restarted")
    authorization = f"Bearer {before.issue(before.clients.create('acme', 'Billing'))}"
    before.database.close()

    after = open_installation(tmp_path / "restarted")

    assert (await after.authority.authenticate(authorization)).organization == "acme"
    after.database.close()


async def test_no_more_tokens_are_remembered_than_was_said(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    small = open_installation(tmp_path / "small", remembered=2)
    client = small.clients.create("acme", "Billing")
    tokens = [small.issue(client) for _ in range(3)]

    admitted = [await small.authority.authenticate(f"Bearer {token}") for token in tokens * 2]

    assert len(admitted) == 6
    assert len(small.authority._remembered) == 2
    small.database.close()


async def test_a_remembered_token_is_not_looked_up_again(
    installation: Installation, client: NewClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = installation.issue(client)
    await installation.authority.authenticate(f"Bearer {token}")

    monkeypatch.setattr(installation.clients, "find", None)

    assert await installation.authority.authenticate(f"Bearer {token}")
    assert await installation.authority.authenticate(f"bearer  {token}")


async def test_each_token_speaks_for_its_own_organization(installation: Installation) -> None:
    ours = installation.clients.create("acme", "Billing")
    theirs = installation.clients.create("globex", "Billing")

    assert (
        await installation.authority.authenticate(f"Bearer {installation.issue(ours)}")
    ).organization == "acme"
    assert (
        await installation.authority.authenticate(f"Bearer {installation.issue(theirs)}")
    ).organization == "globex"
