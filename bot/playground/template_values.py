"""What the platform takes as a value of a template's field, by the kind that the field's name begins with.

The table of kinds (参数值内容限制说明) of subscribe notices, which the templates by category share. Fields of other
kinds, as the older templates have, take anything.
"""

import re

_HOUR = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?"
_DAY = r"(\d{4}年)?\d{1,2}月(\d{1,2}日)?|\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?|\d{1,2}[-/.]\d{1,2}"
_MOMENT = rf"({_DAY})( ?{_HOUR})?"
_SPAN = rf"({_MOMENT}|{_HOUR})(~({_MOMENT}|{_HOUR}))?"

_SHAPES = {
    "thing": r".{1,20}",
    "number": r"(?=.{1,32}$)\d+(\.\d+)?",
    "letter": r"[A-Za-z]{1,32}",
    "symbol": r"[^\w\s]{1,5}",
    "character_string": r"[!-~]{1,32}",
    "time": _SPAN,
    "date": _SPAN,
    "amount": r"[^\w\s]?\d{1,10}(\.\d+)?元?",
    "phone_number": r"[-+\d]{1,17}",
    "car_number": r"[A-Za-z\d\u4e00-\u9fff]{1,8}",
    "name": r"[\u4e00-\u9fff]{1,10}|[A-Za-z .]{1,20}",
    "phrase": r"[\u4e00-\u9fff]{1,5}",
    "const": r".{1,20}",
}
_NAME = re.compile(r"([a-z_]+?)\d*")


def fault_of_value(name: str, value: str) -> bool:
    """Whether the platform refuses the value in the field of this name (47003)."""
    kind = _NAME.fullmatch(name)
    shape = _SHAPES.get(kind[1]) if kind else None
    return shape is not None and not re.fullmatch(shape, value)
