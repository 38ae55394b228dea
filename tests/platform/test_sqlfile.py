"""The loader of named statements."""

from pathlib import Path

import pytest

from entrepot.platform.sqlfile import load_sql, parse_statement


def test_parameters_become_numbers_and_nothing_else_is_touched() -> None:
    statement = parse_statement(
        "x",
        """select ':no', ":no", a::text, b[1:2], c[:low], $q$ :no $q$ /* :no */ -- :no
           from t where d = :first and e = :second and f = :first;""",
    )
    assert statement.params == ("first", "second")
    assert "d = $1 and e = $2 and f = $1" in statement.sql
    assert (
        "':no'" in statement.sql and "$q$ :no $q$" in statement.sql and "a::text" in statement.sql
    )


def test_arguments_must_fit_exactly() -> None:
    statement = parse_statement("x", "select :a, :b")
    assert statement.arguments({"b": 2, "a": 1}) == [1, 2]
    for given in ({"a": 1}, {"a": 1, "b": 2, "c": 3}, {"a": 1, "c": 3}):
        with pytest.raises(TypeError, match="takes"):
            statement.arguments(given)


def test_names_must_differ(tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text("-- name: a\nselect 1;\n-- name: a\nselect 2;\n")
    with pytest.raises(ValueError, match="twice"):
        load_sql(str(tmp_path / "module.py"), "q.sql")
