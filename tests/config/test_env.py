"""Reading the environment: right values, defaults, and what is written down about wrong ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config import dotenv, env


@pytest.fixture(autouse=True)
def no_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "problems", [])


@pytest.mark.parametrize(("word", "expected"), [("true", True), ("On", True), ("1", True), ("no", False), ("0", False)])
def test_a_flag_is_read(monkeypatch: pytest.MonkeyPatch, word: str, expected: bool) -> None:
    monkeypatch.setenv("ANSWER", word)
    assert env.flag("ANSWER", default=not expected) is expected
    assert env.problems == []


def test_a_mistyped_flag_is_a_problem_and_keeps_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWER", "ture")
    assert env.flag("ANSWER", default=True) is True
    assert env.problems == [("ANSWER=ture is neither yes nor no.", "Set ANSWER to true or false.")]


@pytest.mark.parametrize("word", ["0", "-1", "2.5", "two", "²"])
def test_only_a_number_above_zero_is_one(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("COUNT", word)
    assert env.integer("COUNT", default=2) == 2
    assert env.problems == [(f"COUNT={word} is not a whole number above 0.", "Set COUNT to a number such as 2.")]


def test_words_are_parted_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTS", " a.example, ,b.example,")
    assert env.words("HOSTS") == ["a.example", "b.example"]


def test_a_choice_is_read_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEVEL", "debug")
    assert env.choice("LEVEL", ("DEBUG", "INFO"), default="INFO") == "DEBUG"


def test_an_unknown_choice_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEVEL", "loud")
    assert env.choice("LEVEL", ("DEBUG", "INFO"), default="INFO") == "INFO"
    assert env.problems == [("LEVEL=loud is not known.", "Set LEVEL to one of: DEBUG, INFO.")]


def test_a_secret_may_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    monkeypatch.setenv("PASSPHRASE_FILE", str(tmp_path / "secret"))
    assert env.text("PASSPHRASE") == "from a file"


def test_an_sqlite_file_lies_under_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE", "sqlite:///var/x.sqlite3")
    assert env.database("STORE", default="")["NAME"] == str(env.ROOT / "var" / "x.sqlite3")


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("mysql://u:p@h/n", "STORE names the unknown database engine 'mysql'."),
        ("postgres://u:p@h:port/n", "STORE is not a URL that can be read."),
    ],
)
def test_a_database_that_cannot_be_used_is_a_problem(monkeypatch: pytest.MonkeyPatch, url: str, wrong: str) -> None:
    monkeypatch.setenv("STORE", url)
    assert env.database("STORE", default="sqlite:///x") == env.NO_DATABASE
    assert [problem for problem, _ in env.problems] == [wrong]


def test_every_variable_is_in_the_example_and_no_other() -> None:
    read = {
        name
        for file in ("settings.py", "gunicorn.py")
        for name in re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (env.ROOT / "config" / file).read_text())
    }
    written = set(re.findall(r"^([A-Z_]+)=", (env.ROOT / ".env.example").read_text(), re.MULTILINE))
    assert read == written


def test_the_development_file_has_new_keys_each_time() -> None:
    assert dotenv.development() != dotenv.development()


def test_the_development_file_fills_in_what_is_required() -> None:
    text = dotenv.development()
    assert re.search(r"^DEBUG=true$", text, re.MULTILINE)
    assert re.search(r"^SECRET_KEY=\S{50,}$", text, re.MULTILINE)
    assert re.search(r"^TIDINGS_ENCRYPTION_KEYS=\S{43}=$", text, re.MULTILINE)
