from pathlib import Path

import pytest

from calltally.settings.settings import Settings, SettingsError, load_settings


def a_file(folder: Path, text: str) -> Path:
    file = folder / "calltally.toml"
    file.write_text(text)
    return file


def faults_of(
    file: Path | None = None,
    environment: dict[str, str] | None = None,
    flags: dict[str, object] | None = None,
) -> list[tuple[str, str, object]]:
    with pytest.raises(SettingsError) as raised:
        load_settings(file, environment or {}, flags or {})
    return [(fault.name, fault.origin, fault.value) for fault in raised.value.faults]


def test_without_a_word_from_anyone_every_setting_has_its_default() -> None:
    settings = load_settings(None, {"PATH": "/usr/bin"}, {})

    assert settings == Settings()
    assert (settings.host, settings.port, settings.max_body) == ("127.0.0.1", 8080, 64 * 1024 * 1024)


def test_a_flag_wins_over_the_environment_which_wins_over_the_file(tmp_path: Path) -> None:
    file = a_file(tmp_path, "port = 1\nmax_calls = 1\nlate_days = 1\n")
    environment = {"CALLTALLY_PORT": "2", "CALLTALLY_MAX_CALLS": "2"}

    settings = load_settings(file, environment, {"port": 3})

    assert (settings.port, settings.max_calls, settings.late_days) == (3, 2, 1)


def test_a_flag_that_is_none_was_not_given() -> None:
    assert load_settings(None, {"CALLTALLY_PORT": "2"}, {"port": None}).port == 2


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("67108864", 67_108_864),
        ("64MiB", 67_108_864),
        ("64 mib", 67_108_864),
        ("1GB", 1_000_000_000),
        ("2000kB", 2_000_000),
    ],
)
def test_a_size_is_bytes_alone_or_with_a_unit(text: str, size: int) -> None:
    assert load_settings(None, {"CALLTALLY_MAX_BODY": text}, {}).max_body == size


def test_a_size_in_the_file_may_be_a_number_or_a_text(tmp_path: Path) -> None:
    settings = load_settings(a_file(tmp_path, 'max_body = 2000000\nmax_call = "1MB"\n'), {}, {})

    assert (settings.max_body, settings.max_call) == (2_000_000, 1_000_000)


def test_a_list_is_an_array_in_the_file_and_separated_by_commas_in_the_environment(tmp_path: Path) -> None:
    file = a_file(tmp_path, 'route_patterns = ["[a-z]{2,3}", "v[0-9]"]\n')

    settings = load_settings(file, {"CALLTALLY_FORWARDED_FROM": "10.0.0.7, 10.1.0.0/16,::1"}, {})

    assert settings.route_patterns == ("[a-z]{2,3}", "v[0-9]")
    assert settings.forwarded_from == ("10.0.0.7", "10.1.0.0/16", "::1")


def test_an_empty_variable_is_an_empty_list(tmp_path: Path) -> None:
    file = a_file(tmp_path, 'forwarded_from = ["10.0.0.7"]\n')

    assert load_settings(file, {"CALLTALLY_FORWARDED_FROM": ""}, {}).forwarded_from == ()


def test_everything_wrong_is_named_at_once_with_where_it_came_from(tmp_path: Path) -> None:
    file = a_file(tmp_path, 'colour = "red"\nport = "8080"\nlate_days = -1\n')

    faults = faults_of(
        file,
        {"CALLTALLY_MAX_BODY": "large", "CALLTALLY_SPEED": "9"},
        {"log_level": "loud", "depth": 3},
    )

    assert faults == [
        ("colour", str(file), "red"),
        ("port", str(file), "8080"),
        ("late_days", str(file), -1),
        ("max_body", "the environment variable CALLTALLY_MAX_BODY", "large"),
        ("CALLTALLY_SPEED", "the environment variable CALLTALLY_SPEED", "9"),
        ("log_level", "the command line", "loud"),
        ("depth", "the command line", 3),
    ]


def test_the_error_says_in_one_line_each_what_is_accepted() -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings(None, {"CALLTALLY_PORT": "70000", "CALLTALLY_LOG_FORMAT": "xml"}, {})

    port, log_format = str(raised.value).splitlines()
    assert port == (
        "port from the environment variable CALLTALLY_PORT is '70000'; "
        "accepted is a whole number from 0 to 65535"
    )
    assert log_format == (
        "log_format from the environment variable CALLTALLY_LOG_FORMAT is 'xml'; accepted is json or console"
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("host", " "),
        ("port", "80.5"),
        ("port", "-1"),
        ("port", "٣"),
        ("port", "9" * 5000),
        ("max_body", "1.5GB"),
        ("max_body", "64 M iB"),
        ("max_body", ""),
        ("max_body", "1023"),
        ("max_body", "999999999999TB"),
        ("token_hours", "0"),
        ("route_patterns", "[a-z"),
        ("route_patterns", "(?i)abc"),
        ("route_patterns", "a,,b"),
        ("forwarded_from", "everyone"),
        ("forwarded_from", "10.0.0.7/8"),
        ("log_level", "INFO"),
        ("sailpoint_experimental_header", "true"),
    ],
)
def test_a_text_that_is_not_accepted_is_refused(name: str, text: str) -> None:
    faults = faults_of(environment={f"CALLTALLY_{name.upper()}": text})

    assert faults == [(name, f"the environment variable CALLTALLY_{name.upper()}", text)]


@pytest.mark.parametrize(
    "line",
    [
        "port = true",
        "port = 80.0",
        "port = [80]",
        "max_body = true",
        "max_body = 64.5",
        "log_level = 1",
        'route_patterns = "a,b"',
        "route_patterns = [1]",
        "host = 2026-03-01",
        "[port]",
    ],
)
def test_a_value_of_another_type_in_the_file_is_refused(tmp_path: Path, line: str) -> None:
    name = line.strip("[]").split(" ")[0]

    assert [fault[0] for fault in faults_of(a_file(tmp_path, line))] == [name]


def test_a_variable_is_written_in_capitals() -> None:
    assert [fault[0] for fault in faults_of(environment={"CALLTALLY_port": "1"})] == ["CALLTALLY_port"]


@pytest.mark.parametrize("text", [b"port = ", b"port = 1\nport = 2", b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_one_fault_beside_the_others(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "calltally.toml"
    file.write_bytes(text)

    faults = faults_of(file, {"CALLTALLY_PORT": "x"})

    assert [fault[:2] for fault in faults] == [
        ("the file", str(file)),
        ("port", "the environment variable CALLTALLY_PORT"),
    ]


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    assert [fault[1] for fault in faults_of(tmp_path / "none.toml")] == [str(tmp_path / "none.toml")]
