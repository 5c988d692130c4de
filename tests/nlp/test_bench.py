from benchmarks.tag import run


def test_each_figure_stands_beside_a_reference_of_the_same_run() -> None:
    rows = {row["metric"]: row for row in run(quick=True)}
    assert set(rows) == {"lexicon", "all_stages", "matcher"}
    for row in rows.values():
        assert set(row) == {"bench", "metric", "value", "unit", "reference", "ratio"}
        assert isinstance(row["ratio"], float)
        # far below what is measured on a quiet machine: this only catches a hot path that lost its gates
        assert row["ratio"] > (1 if row["metric"] == "all_stages" else 2)
