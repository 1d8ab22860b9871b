"""Settings: defaults, files, single values, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataqa import Config, ConfigError
from dataqa.checks import CHECKS, choose_checks
from dataqa.config import MISLABEL_RATE, load_config
from dataqa.embedding import choose_embedder
from dataqa.settings import parse_rate, unknown_name


@pytest.mark.parametrize(
    ("value", "share"),
    [
        ("15%", 0.15),
        ("15 %", 0.15),
        (" 15% ", 0.15),
        ("0.15", 0.15),
        (0.15, 0.15),
        (0, 0.0),
        (1, 1.0),
        ("100%", 1.0),
        ("0.5%", 0.005),
        ("1e-3", 0.001),
    ],
)
def test_a_rate_is_read(value: object, share: float) -> None:
    assert parse_rate(value, "rate") == pytest.approx(share, abs=0, rel=1e-12)


@pytest.mark.parametrize(
    "value",
    [15, "15", "abc", "", "%", -1, "-1%", "101%", 1.01, True, False, "nan", "inf", "0,15", "15%%"],
)
def test_what_is_no_rate_is_refused_with_an_example(value: object) -> None:
    with pytest.raises(ConfigError, match=r"gate: .* is not a rate") as caught:
        parse_rate(value, "gate")
    assert "15% or 0.15" in caught.value.hint


def test_the_default_gate_allows_15_percent_mislabelled() -> None:
    assert Config().limits == {MISLABEL_RATE: 0.15}


def test_with_settings_replaces_what_is_given_and_keeps_the_rest() -> None:
    config = Config(seed=3, label_field="topic").with_settings(seed=4, label_field=None)
    assert (config.seed, config.label_field) == (4, "topic")


def test_with_settings_adds_limits_to_those_there_are() -> None:
    config = Config().with_settings(limits={"outliers.rate": "2%"}, max_mislabel_rate=0.05)
    assert config.limits == {MISLABEL_RATE: 0.05, "outliers.rate": 0.02}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"colour": "red"}, "unknown setting 'colour'"),
        ({"seed": "1"}, "config.seed: '1' is not a whole number"),
        ({"seed": True}, "config.seed: True is not a whole number"),
        ({"seed": -1}, "seed: -1 is not between"),
        ({"seed": 2**32}, "is not between"),
        ({"jobs": -1}, "jobs: -1 is below 0"),
        ({"select": "labels"}, "is not a list of texts"),
        ({"select": [1]}, "is not a list of texts"),
        ({"text_field": 3}, "is not a text or absent"),
        ({"show_text": "all"}, "unknown value 'all'"),
        ({"limits": 0.1}, "limits: 0.1 is not a table"),
        ({"checks": ["labels"]}, "is not a table"),
        ({"limits": {"labels.mislabel_rate": 15}}, "limits.labels.mislabel_rate"),
        ({"max_mislabel_rate": 15}, "max_mislabel_rate: '15' is not a rate"),
    ],
)
def test_unusable_settings_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config().with_settings(**settings)
    assert message in caught.value.message


def test_a_config_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Config().seed = 2  # type: ignore[misc]


# Files


def write(folder: Path, text: str, name: str = "dataqa.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


FULL = """
seed = 7
label_field = "topic"
ignore = ["outliers"]

[gate]
max_mislabel_rate = "5%"
limits = { "duplicates.exact_rate" = 0.01 }

[checks.labels]
folds = 10
"""


def test_a_file_sets_everything(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, FULL))
    assert (config.seed, config.label_field, config.ignore) == (7, "topic", ("outliers",))
    assert config.limits == {MISLABEL_RATE: 0.05, "duplicates.exact_rate": 0.01}
    assert config.checks == {"labels": {"folds": 10}}


def test_given_settings_win_over_the_file(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, FULL)).with_settings(seed=1, max_mislabel_rate="9%")
    assert (config.seed, config.limits[MISLABEL_RATE]) == (1, 0.09)
    assert config.label_field == "topic"


def test_dataqa_toml_wins_over_pyproject(tmp_path: Path) -> None:
    write(tmp_path, "[tool.dataqa]\nseed = 1", "pyproject.toml")
    assert load_config(folder=tmp_path).seed == 1
    write(tmp_path, "seed = 2")
    assert load_config(folder=tmp_path).seed == 2


def test_a_pyproject_without_our_table_means_defaults(tmp_path: Path) -> None:
    write(tmp_path, "[project]\nname = 'x'", "pyproject.toml")
    assert load_config(folder=tmp_path) == Config()


def test_a_named_pyproject_without_our_table_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "[project]\nname = 'x'", "pyproject.toml")
    with pytest.raises(ConfigError, match=r"has no \[tool.dataqa\] table"):
        load_config(path)


def test_an_empty_folder_means_defaults(tmp_path: Path) -> None:
    assert load_config(folder=tmp_path) == Config()


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, "\ufeffseed = 5")).seed == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed = ", "not valid TOML"),
        ("speed = 3", "unknown key 'speed'"),
        ("max_mislabel_rate = 0.1", "unknown key 'max_mislabel_rate'"),
        ("gate = 3", "[gate]: 3 is not a table"),
        ("checks = 3", "checks: 3 is not a table"),
        ("[checks]\nlabels = 3", "checks.labels: 3 is not a table"),
        ("[gate]\nmax_rate = 0.1", "[gate]: unknown key 'max_rate'"),
        ("[gate]\nmax_mislabel_rate = 15", "'15' is not a rate"),
        ("[gate]\nlimits = 0.1", "limits: 0.1 is not a table"),
        ("[gate.limits]\n'labels.mislabel_rate' = 'x'", "'x' is not a rate"),
        ("seed = 1.5", "config.seed: 1.5 is not a whole number"),
    ],
)
def test_a_wrong_file_is_refused_and_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text))
    assert message in caught.value.message
    assert "dataqa.toml" in caught.value.message


def test_an_unknown_key_comes_with_the_nearest_one_and_the_list(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, "label_feild = 'x'"))
    assert "did you mean 'label_field'?" in caught.value.hint
    assert "text_field" in caught.value.hint


@pytest.mark.parametrize("name", ["absent.toml", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / name)


def test_a_file_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dataqa.toml"
    path.write_bytes(b'label_field = "\xff"')
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_config(path)


@pytest.mark.parametrize("text", ["tool = 3", "[tool]\ndataqa = 3"])
def test_a_pyproject_of_another_build_is_refused_or_ignored(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text, "pyproject.toml")
    with pytest.raises(ConfigError):
        load_config(path)


# Choosing checks


def test_select_and_ignore_choose_checks_in_their_order() -> None:
    names = [check.name for check in choose_checks(Config(select=("labels", "schema")))]
    assert names == ["schema", "labels"]
    left = [check.name for check in choose_checks(Config(ignore=("labels",)))]
    assert left == [name for name in CHECKS if name != "labels"]


def test_no_check_left_is_refused() -> None:
    with pytest.raises(ConfigError, match="no check is left"):
        choose_checks(Config(select=("labels",), ignore=("labels",)))


@pytest.mark.parametrize(
    "config",
    [
        Config(select=("label",)),
        Config(ignore=("label",)),
        Config(checks={"label": {}}),
    ],
)
def test_an_unknown_check_is_refused_with_the_nearest(config: Config) -> None:
    with pytest.raises(ConfigError, match="unknown check 'label'") as caught:
        choose_checks(config)
    assert "did you mean 'labels'?" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("labels", {"fold": 3}, "checks.labels: unknown setting 'fold'"),
        ("labels", {"folds": 2.5}, "checks.labels.folds: 2.5 is not a whole number"),
        ("labels", {"folds": 10**9}, "not between 2 and 50"),
        ("labels", {"min_records": -5}, "min_records -5 is below 0"),
        ("labels", {"min_agreement": 2.0}, "not between -1 and 1"),
        ("labels", {"min_agreement": float("inf")}, "inf is not a finite number"),
        ("labels", {"folds": 1}, "checks.labels: folds 1 is not between 2 and 50"),
        ("labels", {"min_class_records": 1}, "min_class_records 1 is below 2"),
        ("outliers", {"fence": -1}, "checks.outliers: fence -1.0 is not 0 or more"),
        ("outliers", {"fence": "wide"}, "checks.outliers.fence: 'wide' is not a number"),
        ("duplicates", {"report_conflicts": 1}, "1 is not true or false"),
        ("schema", {"expectations": 1}, "1 is not a text"),
    ],
)
def test_a_wrong_check_setting_is_refused(
    name: str, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        choose_checks(Config(checks={name: settings}))
    assert message in caught.value.message


def test_a_whole_number_is_a_number() -> None:
    (check,) = choose_checks(Config(select=("outliers",), checks={"outliers": {"fence": 2}}))
    assert check.fence == 2.0


def test_a_fence_that_is_no_number_is_refused() -> None:
    with pytest.raises(ConfigError, match="nan is not a finite number"):
        choose_checks(Config(checks={"outliers": {"fence": float("nan")}}))


def test_an_unknown_embedder_is_refused_with_the_list() -> None:
    with pytest.raises(ConfigError, match="unknown embedder 'lda'") as caught:
        choose_embedder("lda", 0)
    assert "lsa" in caught.value.hint


def test_an_unknown_name_without_a_near_one_gets_the_list_only() -> None:
    assert unknown_name("key", "zzz", ["b", "a"]).hint == "known: a, b"


def test_the_mislabel_limit_can_be_left_out() -> None:
    config = Config().with_settings(max_mislabel_rate="off", limits={"outliers.rate": "5%"})
    assert config.limits == {"outliers.rate": 0.05}
