"""Recorded prompts: the sound files that the hotline's documents have a carrier play."""

from http import HTTPStatus
from pathlib import Path

from flask import Blueprint, Response, abort, request

from service.sounds import DIRECTORY
from service.twilio.voice import SOUNDS_PATH

_A_YEAR = "public, max-age=31536000, immutable"


def recorded_prompts(data_dir: Path) -> Blueprint:
    """Return the route to the recordings in *data_dir*."""
    sounds = (data_dir / DIRECTORY).absolute()
    blueprint = Blueprint("recorded_prompts", __name__)

    @blueprint.get(f"{SOUNDS_PATH}<digest>")
    def send_sound(digest: str) -> Response:
        """Send a recorded prompt; its name is the digest of its content, so it never changes."""
        path = sounds / f"{digest}.wav"
        if not (digest.isascii() and digest.isalnum() and path.is_file()):
            abort(HTTPStatus.NOT_FOUND)
        response = Response(path.read_bytes(), mimetype="audio/wav")
        response.set_etag(digest)
        response.headers["Cache-Control"] = _A_YEAR
        response.make_conditional(request, accept_ranges=True)
        return response

    return blueprint
