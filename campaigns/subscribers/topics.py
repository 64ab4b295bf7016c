"""Topics: what campaigns are about, so that somebody may be spared one thing and told the rest."""

from collections.abc import Mapping
from enum import StrEnum


class Topic(StrEnum):
    """What a campaign is about; a campaign without a topic is spared only to whoever stops all."""

    VACCINATION = "vaccination"
    LEVELS = "levels"
    DECLARATIONS = "declarations"
    CERTIFICATES = "certificates"
    TRAVEL = "travel"
    SUPPORT = "support"


# The scope of an opt-out that names no topic.
EVERYTHING = ""
TOPIC_NAMES: Mapping[Topic, Mapping[str, str]] = {
    Topic.VACCINATION: {"vi": "tiêm chủng", "zh": "疫苗接种", "en": "vaccination"},
    Topic.LEVELS: {"vi": "cấp độ dịch", "zh": "疫情等级", "en": "epidemic levels"},
    Topic.DECLARATIONS: {"vi": "khai báo y tế", "zh": "健康申报", "en": "health declarations"},
    Topic.CERTIFICATES: {"vi": "chứng nhận tiêm", "zh": "接种证明", "en": "certificates"},
    Topic.TRAVEL: {"vi": "đi lại", "zh": "出行", "en": "travel"},
    Topic.SUPPORT: {"vi": "an sinh", "zh": "社会救助", "en": "social support"},
}
