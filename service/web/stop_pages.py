"""Stop pages: ``/stop/<code>``, where a reader of a text opts out with one button."""

from html import escape
from http import HTTPStatus

from flask import Blueprint, Response, request
from sqlalchemy.exc import OperationalError

from campaigns.sealing import Sealer
from campaigns.subscribers.consent import opt_out_by_link
from campaigns.subscribers.stop_links import STOP_PATH, read_stop_code
from campaigns.subscribers.topics import EVERYTHING, TOPIC_NAMES, Topic
from service.resources import Resources

_STRICT = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_PAGE = """<!doctype html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>{title}</title>
</head>
<body>
<main>
{content}
</main>
</body>
</html>
"""
_ASK = """<h1>Ngừng nhận tin nhắn</h1>
<p lang="en">Stop receiving text messages</p>
<form method="post">
<p><label for="topic">Ngừng tin về <span lang="en">/ Stop texts about</span></label>
<select id="topic" name="topic">
{topics}
</select></p>
<p><button type="submit">Tôi không muốn nhận nữa
<span lang="en">/ I want no more of them</span></button></p>
</form>
<p>Chưa có gì thay đổi cho đến khi ông bà bấm nút. Hỏi đáp: {hotline}.</p>
<p lang="en">Nothing has changed until you press the button. Questions: {hotline}.</p>"""
_DONE = """<h1>Đã ghi nhận</h1>
<p>Từ lúc này số của ông bà không nhận tin nữa ({about}).
Muốn nhận lại, xin gọi {hotline} hoặc soạn START.</p>
<p lang="en">From this moment your number gets no such texts ({about_en}).
To get them again, call {hotline} or text START.</p>"""
_UNKNOWN = """<h1>Liên kết không đúng</h1>
<p>Chưa có gì thay đổi. Xin chép lại đủ liên kết trong tin nhắn, hoặc gọi {hotline}.</p>
<p lang="en">This link is not complete, and nothing was changed. Copy all of it from the text,
or call {hotline}.</p>"""

_LATER = """<h1>Chưa ghi nhận được</h1>
<p>Chưa có gì thay đổi. Xin thử lại sau ít phút, hoặc gọi {hotline}.</p>
<p lang="en">This could not be kept, and nothing was changed. Please try again in a few minutes,
or call {hotline}.</p>"""


def stop_pages(resources: Resources) -> Blueprint:
    """Return the pages; looking at one changes nothing, since previews of links look, too."""
    pages = Blueprint("stop_pages", __name__)
    hotline = escape(resources.settings.hotline_number)

    @pages.get(f"{STOP_PATH}<string(maxlength=64):code>")
    def ask(code: str) -> Response:
        """Ask whether the reader means it."""
        if read_stop_code(resources.sealer, code) is None:
            return _unknown(hotline)
        return _page("Ngừng nhận tin", _ASK.format(topics=_topics(), hotline=hotline))

    @pages.post(f"{STOP_PATH}<string(maxlength=64):code>")
    def stop(code: str) -> Response:
        """Opt the reader out."""
        subscriber_id = read_stop_code(resources.sealer, code)
        topic = request.form.get("topic", EVERYTHING)
        if subscriber_id is None or (topic and topic not in set(Topic)):
            return _unknown(hotline)
        try:
            _opt_out(resources, subscriber_id, topic, evidence=_evidence(resources.sealer, code))
        except OperationalError:
            page = _page("Chưa ghi nhận được", _LATER.format(hotline=hotline))
            page.status_code = HTTPStatus.SERVICE_UNAVAILABLE
            return page
        about, about_en = _about(topic)
        return _page("Đã ghi nhận", _DONE.format(about=about, about_en=about_en, hotline=hotline))

    return pages


def _opt_out(resources: Resources, subscriber_id: int, topic: str, *, evidence: str) -> None:
    with resources.sessions.begin() as session:
        opt_out_by_link(session, subscriber_id, topic=topic, evidence=evidence, now=resources.now())


def _evidence(sealer: Sealer, code: str) -> str:
    return sealer.evidence("web link", code.lower())


def _unknown(hotline: str) -> Response:
    page = _page("Liên kết không đúng", _UNKNOWN.format(hotline=hotline))
    page.status_code = HTTPStatus.NOT_FOUND
    return page


def _page(title: str, content: str) -> Response:
    page = Response(_PAGE.format(title=title, content=content), mimetype="text/html")
    page.headers["Content-Security-Policy"] = _STRICT
    return page


def _topics() -> str:
    choices = [(EVERYTHING, *_about(EVERYTHING))]
    choices += [(topic.value, *_about(topic)) for topic in Topic]
    return "\n".join(
        f'<option value="{value}">{name} / {name_en}</option>' for value, name, name_en in choices
    )


def _about(topic: str) -> tuple[str, str]:
    if topic == EVERYTHING:
        return "mọi chủ đề", "everything"
    names = TOPIC_NAMES[Topic(topic)]
    return names["vi"], names["en"]
