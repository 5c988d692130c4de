"""The templates pass the lint for wording once their fields are filled in."""

import pytest

from handlers.voting.announced import Announced
from handlers.voting.jurisdictions import load_profile
from handlers.voting.lint import Draft, lint
from handlers.voting.templates import TemplateError, VoteTemplate, find_template, load_templates
from handlers.voting.terms import Question
from tests.voting.votes import at

CANDIDATES = tuple("赵钱孙李周吴郑")


def drafted(template: VoteTemplate, values: dict[str, str]) -> Draft:
    questions, texts = [], {}
    for place, each in enumerate(template.questions, 1):
        name = f"q{place}"
        questions.append(Question(name, each.item, each.options or CANDIDATES, each.seats))
        texts[name] = f"{template.fill(each.title, values)}\n{template.fill(each.body, values)}"
    return Draft(
        title=template.fill(template.title, values),
        body=template.fill(template.body, values),
        questions=tuple(questions),
        texts=texts,
        convener={"body": "业主委员会", "document": "业委会2026年第3号决议"},
        announced=Announced(),
        opens_at=at(20),
        closes_at=at(29),
        checked=frozenset(load_profile("national").keys),
        units=10,
        contactable=10,
        officers=2,
        contact="业委会办公室，1栋底层",
    )


@pytest.mark.parametrize("code", load_templates())
def test_a_filled_template_passes_the_lint_without_a_word(code: str) -> None:
    template = find_template(code)
    values = {name: field.example for name, field in template.fields.items()}
    draft = drafted(template, values)
    assert lint(draft, load_profile("national"), at(1)) == []
    assert len(draft.title) <= 120
    assert all(len(template.fill(each.title, values)) <= 120 for each in template.questions)


@pytest.mark.parametrize("code", load_templates())
def test_what_is_not_filled_in_keeps_the_notice_back(code: str) -> None:
    template = find_template(code)
    found = lint(drafted(template, {}), load_profile("national"), at(1))
    fields = {finding.field for finding in found if finding.code == "lint.unfilled" and finding.error}
    assert fields


def test_every_item_of_the_law_has_a_template() -> None:
    items = {each.item for template in load_templates().values() for each in template.questions}
    assert items == set(range(1, 10))


def test_a_template_that_is_not_there_is_named() -> None:
    with pytest.raises(TemplateError, match="no template nothing"):
        find_template("nothing")
