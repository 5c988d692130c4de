"""What a message does rather than what it is about: announcements, offers, thanks and questions use the same
words as complaints and are none."""

from nlp.evidence import Evidence
from nlp.matcher import CUE

_ANNOUNCEMENT = CUE["notice"] | CUE["notice_closing"]
_NO_REQUEST = ("trade", "question", "answer", "praise")
_REQUEST = CUE["problem"] | CUE["relapse"]
_SMALL_TALK = _ANNOUNCEMENT | CUE["thanks"] | sum(CUE[group] for group in _NO_REQUEST)
_OPENING = 8  # characters within which an announcement shows itself; thanks come sooner
_THANKS_OPENING = 4


def asks_for_nothing(message: Evidence) -> bool:
    """Is this an announcement, an offer, thanks, a report by those in charge, or a question how things are done?

    A named problem outweighs all of these but the announcement: 谢谢，不过电梯又坏了没人管 is a complaint.
    """
    if not message.roles & _SMALL_TALK:
        return False
    if message.roles & _ANNOUNCEMENT and (
        message.cue("notice_closing") or any(start < _OPENING for start, _end in message.cue("notice"))
    ):
        return True
    if message.roles & _REQUEST and (message.cue("problem") or message.cue("relapse")):
        return False
    if any(message.cue(group) for group in _NO_REQUEST):
        return True
    return any(start < _THANKS_OPENING for start, _end in message.cue("thanks"))
