"""Where vendors are, and who asks."""

from pathlib import Path

import pytest

from calltally.clients import GenesysOrganization, SailPointTenant, SegmentWorkspace
from calltally.clients.grant import ClientCredentials, StaticToken


def test_a_sailpoint_tenant_is_found_as_its_sdks_find_it() -> None:
    environment = {
        "SAIL_BASE_URL": "https://acme.api.identitynow.com/",
        "SAIL_CLIENT_ID": "id-1",
        "SAIL_CLIENT_SECRET": "s3cret",
    }

    tenant = SailPointTenant.from_environment(environment)

    assert tenant == SailPointTenant("https://acme.api.identitynow.com", "id-1", "s3cret")
    assert tenant.grant == ClientCredentials("https://acme.api.identitynow.com/oauth/token", "id-1", "s3cret")


def test_without_an_address_in_the_environment_there_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        '{"BaseURL": "https://acme.example", "ClientId": "id-1", "ClientSecret": "s3cret", "NermBaseUrl": ""}'
    )

    tenant = SailPointTenant.from_environment({"SAIL_CLIENT_ID": "other"}, tmp_path, version="v1")

    assert tenant == SailPointTenant("https://acme.example", "id-1", "s3cret", version="v1")


def test_half_an_environment_is_refused_by_the_names_that_are_missing() -> None:
    with pytest.raises(ValueError, match="SAIL_CLIENT_ID, SAIL_CLIENT_SECRET"):
        SailPointTenant.from_environment({"SAIL_BASE_URL": "https://acme.example"})


def test_no_environment_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="neither SAIL_BASE_URL in the environment nor a "):
        SailPointTenant.from_environment({}, tmp_path)


@pytest.mark.parametrize("content", ['{"ClientSecret": "s3cr', '["s3cr"]', '{"ClientSecret": "s3cr"}', ""])
def test_a_broken_file_is_refused_without_what_is_in_it(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)

    with pytest.raises(ValueError, match=r"config\.json") as caught:
        SailPointTenant.from_environment({}, tmp_path)

    assert "s3cr" not in str(caught.value)


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(ValueError, match="'v2023'; accepted are v1, v2025, v2026, beta, v3, v2024"):
        SailPointTenant("https://acme.example", "id-1", "s3cret", version="v2023")


def test_segment_is_in_the_us_or_in_the_eu() -> None:
    assert SegmentWorkspace("t0ken").base_url == "https://api.segmentapis.com"
    assert SegmentWorkspace.in_region("us", "t0ken") == SegmentWorkspace("t0ken")
    assert SegmentWorkspace.in_region("eu", "t0ken").base_url == "https://eu1.api.segmentapis.com"
    with pytest.raises(ValueError, match="'mars'; accepted are us, eu"):
        SegmentWorkspace.in_region("mars", "t0ken")


@pytest.mark.parametrize(
    ("region", "api", "login"),
    [
        ("mypurecloud.com", "https://api.mypurecloud.com", "https://login.mypurecloud.com"),
        ("eu-west-1", "https://api.mypurecloud.ie", "https://login.mypurecloud.ie"),
        ("new1.pure.cloud", "https://api.new1.pure.cloud", "https://login.new1.pure.cloud"),
    ],
)
def test_a_genesys_region_has_one_host_for_the_api_and_one_for_logins(
    region: str, api: str, login: str
) -> None:
    organization = GenesysOrganization.in_region(region, "id-1", "s3cret")

    assert organization.base_url == api
    assert organization.grant == ClientCredentials(f"{login}/oauth/token", "id-1", "s3cret", basic=True)


@pytest.mark.parametrize("region", ["", "mars", "https://api.mypurecloud.ie", "evil.example/mypurecloud.ie"])
def test_what_is_no_region_is_refused(region: str) -> None:
    with pytest.raises(ValueError, match="accepted are a domain such as"):
        GenesysOrganization.in_region(region, "id-1", "s3cret")


def test_any_other_address_logs_in_at_itself() -> None:
    organization = GenesysOrganization("http://127.0.0.1:8080/", "id-1", "s3cret")

    assert isinstance(organization.grant, ClientCredentials)
    assert organization.grant.token_url == "http://127.0.0.1:8080/oauth/token"


def test_a_genesys_organization_is_found_as_its_tools_find_it() -> None:
    region = {"GENESYSCLOUD_REGION": "eu-west-1"}
    secret = {"GENESYSCLOUD_OAUTHCLIENT_ID": "id-1", "GENESYSCLOUD_OAUTHCLIENT_SECRET": "s3cret"}
    token = {"GENESYSCLOUD_ACCESS_TOKEN": "t0ken"}

    by_secret = GenesysOrganization.from_environment(region | secret)
    by_token = GenesysOrganization.from_environment(region | token)

    assert by_secret == GenesysOrganization.in_region("eu-west-1", "id-1", "s3cret")
    assert by_token.grant == StaticToken("t0ken")
    with pytest.raises(ValueError, match="GENESYSCLOUD_REGION, GENESYSCLOUD_OAUTHCLIENT_ID"):
        GenesysOrganization.from_environment({})


@pytest.mark.parametrize(
    "address",
    [
        "",
        "acme.example",
        "ftp://acme.example",
        "https://",
        "https://user:pa55@acme.example",
        "https://acme.example?token=pa55",
        "https://acme.example#pa55",
        "https://acme.example:99999",
        "https://acme.exa mple",
        "https://acme.example\n",
        "https://[acme",
    ],
)
def test_an_address_that_cannot_work_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(ValueError, match="base URL") as caught:
        SailPointTenant(address, "id-1", "s3cret")

    assert "pa55" not in str(caught.value)


def test_an_address_may_have_a_path_and_slashes_at_its_end() -> None:
    tenant = SailPointTenant("https://gateway.example/sailpoint//", "id-1", "s3cret")

    assert tenant.base_url == "https://gateway.example/sailpoint"


@pytest.mark.parametrize(("client_id", "secret"), [("", ""), ("id-1", ""), ("", "s3cret")])
def test_half_credentials_are_refused(client_id: str, secret: str) -> None:
    with pytest.raises(ValueError, match="give an access token, or both a client id and a client secret"):
        SailPointTenant("https://acme.example", client_id, secret)


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "é"])
def test_a_token_that_cannot_stand_in_a_header_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="token"):
        SegmentWorkspace(token)


def test_no_secret_shows() -> None:
    places = (
        SailPointTenant("https://acme.example", "id-1", "s3cret", "t0ken"),
        SegmentWorkspace("t0ken"),
        GenesysOrganization("https://acme.example", "id-1", "s3cret", "t0ken"),
    )
    grants = [places[0].grant, SailPointTenant("https://acme.example", "id-1", "s3cret").grant]

    shown = repr([places, grants])

    assert "id-1" in shown
    assert "s3cret" not in shown
    assert "t0ken" not in shown
