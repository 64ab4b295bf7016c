"""Campaign files for tests: a good one, and ways to change it."""

from typing import Any

import yaml

GOOD = """\
campaign: cap-do-3-cam
title: Hướng dẫn cho địa bàn cấp độ 3
issuer: Sở Thông tin và Truyền thông
document: 18/KH-TBTT
class: public_info
mode: actual
audience:
  areas: ["20"]
  levels: [3, 4]
  tags: [border_gate]
sender: SYT LangSon
encoding: cheapest
texts:
  vi: "Lạng Sơn: Từ {from_hour} ngày {from_day} {area} là cấp độ {level}. Hỏi đáp: {hotline}."
  en: "Lang Son: your commune is at level {level}. Call {hotline}."
window: {hours: "07:00-21:00", not_after: 2026-12-01T18:00+07:00}
budget: {segments: 120000}
on_level_change: false
"""


def a_file(**changes: Any) -> str:
    """Return the good file with fields of its top level changed, or left out where None."""
    content = yaml.safe_load(GOOD)
    content["window"]["not_after"] = "2026-12-01T18:00+07:00"
    for name, value in changes.items():
        field = name.rstrip("_")
        if value is None:
            content.pop(field)
        else:
            content[field] = value
    written: str = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    return written
