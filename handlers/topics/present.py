"""What has to be there before a step of a topic may be left, and what is. Pure."""

from handlers.topics.facts import STEPS, Facts, Need, Plan, Standing
from storage.states import TopicStep

OBJECTIONS = "objections"
TASK = "task:"


def missing(plan: Plan, facts: Facts) -> tuple[str, ...]:
    """What has to be there before the step may be left: TASK and a code, a Need, OBJECTIONS."""
    asked = plan[facts.step]
    tasks = tuple(f"{TASK}{code}" for code in asked.tasks if code not in facts.done)
    wanted = asked.needs
    if facts.lawful and STEPS.index(facts.step) > STEPS.index(TopicStep.DECIDE):
        wanted |= {Need.DECISION}  # a vote may be revoked while its works are under way
    needs = tuple(need.value for need in Need if need in wanted and not is_there(facts, need))
    return (*tasks, *needs, *((OBJECTIONS,) if facts.objections else ()))


def is_there(facts: Facts, need: Need) -> bool:
    """Whether what a step needs is there."""
    if need is Need.DOCUMENT:
        return facts.documents > 0
    if need is Need.DECISION:
        return decided(facts) is Standing.PASSED
    if need is Need.MILESTONES:
        return bool(facts.milestones) and all(each.done_on is not None for each in facts.milestones)
    if need is Need.ACCEPTANCE:
        return is_accepted(facts)
    if need is Need.POLL:
        return facts.poll_over
    return bool(facts.statement)


def decided(facts: Facts) -> Standing:
    """How far the decision is: of the owners where the law asks for theirs, else of a committee."""
    if facts.lawful:
        return facts.vote
    if facts.decision is None:
        return Standing.NONE
    return Standing.PASSED if facts.decision.adopted else Standing.FAILED


def is_accepted(facts: Facts) -> bool:
    """Whether the announced share of the elected representatives has signed. By multiplying, never by dividing."""
    if facts.election is None or facts.representatives == 0:
        return False
    share = facts.election.share
    return facts.signed * share.denominator >= share.numerator * facts.representatives
