"""What a message does rather than what it is about: announcements, offers, thanks and questions use the same
words as complaints and are none."""

from nlp.evidence import Evidence
from nlp.matcher import CUE

_ANNOUNCEMENT = CUE["notice"] | CUE["notice_closing"]
_NO_REQUEST = ("trade", "question", "answer", "praise")
_REQUEST = CUE["problem"] | CUE["relapse"]
_TALK = sum(CUE[group] for group in _NO_REQUEST)
SMALL_TALK = _ANNOUNCEMENT | CUE["thanks"] | _TALK
_OPENING = 8  # characters within which an announcement shows itself; thanks come sooner
_THANKS_OPENING = 4


def asks_for_nothing(message: Evidence) -> bool:
    """Is this an announcement, an offer, thanks, a report by those in charge, or a question how things are done?

    It is none of these without one of the roles in SMALL_TALK. A named problem outweighs all of them but the
    announcement: 谢谢，不过电梯又坏了没人管 is a complaint.
    """
    if message.kinds & _ANNOUNCEMENT and (
        message.says("notice_closing") or any(start < _OPENING for start, _end in message.cue("notice"))
    ):
        return True
    if message.kinds & _REQUEST and (message.says("problem") or message.says("relapse")):
        return False
    if message.kinds & _TALK and any(message.says(group) for group in _NO_REQUEST):
        return True
    return any(start < _THANKS_OPENING for start, _end in message.cue("thanks"))
