"""A taxonomy small enough to see every rule of it."""

from typing import Any

from nlp.lexicon import CUES


def small_taxonomy() -> dict[str, Any]:
    """As parsed from TOML; a fresh copy each time, for tests that break it."""
    cues = {group: [f"<{group}>"] for group in CUES}
    return {
        "meta": {"version": "t1", "pair_window": 5},
        "cues": cues | {"problem": ["投诉"], "context": ["小区"], "negation": ["没有"], "trouble": ["漏水"]},
        "category": [
            {
                "id": "water",
                "name": "水",
                "dispatch": "物业",
                "refs": "-",
                "wecom_name": "水",
                "leaf": [
                    {
                        "id": "water.leak",
                        "name": "漏水",
                        "urgency": 2,
                        "strong": ["漏水"],
                        "pair": [["水管|龙头", "爆|滴"]],
                        "weak": ["渗", "潮湿"],
                        "deny": ["漏水检测仪"],
                    },
                    {
                        "id": "water.qita",
                        "name": "其他",
                        "urgency": 1,
                        "gives_way": "top",
                        "strong": ["水声"],
                    },
                ],
            },
            {
                "id": "fire",
                "name": "火",
                "dispatch": "消防",
                "refs": "-",
                "wecom_name": "火",
                "leaf": [{"id": "fire.smoke", "name": "冒烟", "urgency": 3, "strong": ["冒烟", "漏水冒烟"]}],
            },
        ],
    }
