import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp import segment

SENTENCES = [
    "三栋二单元电梯又坏了老人下不来楼",
    "楼上天天半夜装修，吵得睡不着",
    "物业费涨价没有开过业主大会",
    "wifi 断了 3 天",
    "",
]


@pytest.mark.parametrize("text", SENTENCES)
def test_words_joined_again_are_the_text(text: str) -> None:
    assert "".join(segment.words(text)) == text


def test_a_term_across_two_words_is_not_on_boundaries() -> None:
    text = "他学会计票据都整理好了"
    start = text.index("计票")
    assert not segment.on_boundaries(text, start, start + 2)


def test_a_word_of_its_own_is_on_boundaries() -> None:
    text = "楼道里电梯和垃圾的事"
    start = text.index("垃圾")
    assert segment.on_boundaries(text, start, start + 2)


@given(st.text("楼上漏水了，没人管 ab12", max_size=40), st.integers(0, 40))
def test_the_whole_neighbourhood_is_always_on_boundaries(text: str, start: int) -> None:
    start = min(start, len(text))
    assert segment.on_boundaries(text, 0, len(text)) or len(text) > 6
    assert segment.on_boundaries(text, start, start) in (True, False)


@pytest.mark.parametrize("text", SENTENCES)
def test_both_segmenters_agree(text: str) -> None:
    if importlib.util.find_spec("rjieba") is None:
        pytest.skip("rjieba is optional and not installed")
    assert segment.rjieba_segmenter()(text) == segment.jieba_segmenter()(text)


def test_loading_is_silent_even_with_warnings_as_errors_and_nothing_compiled(tmp_path: Path) -> None:
    code = "from nlp import segment; segment.warm()"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", f"pycache_prefix={tmp_path}", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(segment.__file__).parents[1],
        env={"TMPDIR": str(tmp_path)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_cache_folder_that_others_may_write_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    private = segment._cache_dir()
    assert private is not None
    private.chmod(0o777)
    assert segment._cache_dir() is None


def test_a_folder_that_cannot_be_written_does_not_stop_the_segmenter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file where the folder should be")
    monkeypatch.setattr("tempfile.tempdir", str(taken))
    assert segment._cache_dir() is None
