"""The hotline's routes: what a carrier asks while somebody is on the phone."""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote

from flask import Blueprint, Response, abort, request

from service.gateways import carrier_account
from service.resources import Resources
from service.twilio.signatures import SignatureValidator
from service.twilio.voice import (
    BEGIN_PATH,
    RECORDINGS_PATH,
    SOUNDS_PATH,
    STATUS_PATH,
    TURNS_PATH,
    VoiceRenderer,
)
from service.web.switchboard import Form, Switchboard

_TWIML = "text/xml; charset=utf-8"
_A_YEAR = "public, max-age=31536000, immutable"


class HotlineRoutes:
    """What the routes have in common: the switchboard, and the signature that is asked for."""

    def __init__(self, resources: Resources, ask_for_texts: Callable[[], object]) -> None:
        settings = resources.settings
        self._public_url = settings.public_url
        self._validator = SignatureValidator(carrier_account(settings).auth_token)
        self._sounds = (settings.data_dir / "recordings").absolute()
        self._switchboard = Switchboard(
            resources.sessions,
            resources.sealer,
            VoiceRenderer(public_url=settings.public_url, voices=settings.voices),
            ask_for_texts=ask_for_texts,
            now=resources.now,
        )

    def begin_call(self) -> Response:
        return _twiml(self._switchboard.begin(self._let_in()))

    def take_turn(self, number: int) -> Response:
        return _twiml(self._switchboard.take(number, self._let_in()))

    def end_call(self) -> Response:
        return _noted(is_kept=self._switchboard.end(self._let_in()))

    def note_recording(self) -> Response:
        return _noted(is_kept=self._switchboard.note_recording(self._let_in()))

    def send_sound(self, digest: str) -> Response:
        """Send a recorded prompt; its name is the digest of its content, so it never changes."""
        path = self._sounds / f"{digest}.wav"
        if not (digest.isascii() and digest.isalnum() and path.is_file()):
            abort(HTTPStatus.NOT_FOUND)
        response = Response(path.read_bytes(), mimetype="audio/wav")
        response.set_etag(digest)
        response.headers["Cache-Control"] = _A_YEAR
        response.make_conditional(request, accept_ranges=True)
        return response

    def _let_in(self) -> Form:
        """Return the form that the carrier signed; turn everybody else away with 403."""
        pairs = list(request.form.items(multi=True))
        query = request.query_string.decode("latin-1")
        url = f"{self._public_url}{quote(request.path)}{'?' if query else ''}{query}"
        signature = request.headers.get("X-Twilio-Signature", "")
        if not self._validator.is_valid(url, pairs, signature):
            abort(HTTPStatus.FORBIDDEN)
        return dict(pairs)


def hotline_blueprint(resources: Resources, ask_for_texts: Callable[[], object]) -> Blueprint:
    """Return every route of the hotline that a carrier speaks to."""
    routes = HotlineRoutes(resources, ask_for_texts)
    blueprint = Blueprint("hotline", __name__)
    for path, view in (
        (BEGIN_PATH, routes.begin_call),
        (f"{TURNS_PATH}<int:number>", routes.take_turn),
        (STATUS_PATH, routes.end_call),
        (RECORDINGS_PATH, routes.note_recording),
    ):
        blueprint.add_url_rule(path, view_func=view, methods=["POST"])
    blueprint.add_url_rule(f"{SOUNDS_PATH}<digest>", view_func=routes.send_sound)
    return blueprint


def _twiml(document: bytes) -> Response:
    return Response(document, content_type=_TWIML)


def _noted(*, is_kept: bool) -> Response:
    """Say that nothing more is wanted, or that the same must be sent again."""
    return Response(status=HTTPStatus.NO_CONTENT if is_kept else HTTPStatus.SERVICE_UNAVAILABLE)
