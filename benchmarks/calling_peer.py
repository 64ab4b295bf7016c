"""The peer of a hotline turn: one menu without any state, as Twilio's own pages show it."""

import os
from http import HTTPStatus

from flask import Flask, Response, abort, request
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import VoiceResponse

from benchmarks.peers import serve_peer

PATH = "/peer"
TOKEN, URL = "LOA_BENCH_TOKEN", "LOA_BENCH_URL"
THREADS = 4


def application() -> Flask:
    """Build the view: check with Twilio's validator, answer with its builder."""
    app = Flask(__name__)
    validator = RequestValidator(os.environ[TOKEN])  # type: ignore[no-untyped-call]
    url = os.environ[URL] + PATH

    @app.post(PATH)
    def answer_menu() -> Response:
        signature = request.headers.get("X-Twilio-Signature", "")
        if not validator.validate(url, request.form, signature):  # type: ignore[no-untyped-call]
            abort(HTTPStatus.FORBIDDEN)
        response = VoiceResponse()  # type: ignore[no-untyped-call]
        gather = response.gather(num_digits=1, action=url, timeout=6)  # type: ignore[no-untyped-call]
        for key, topic in enumerate(("tiêm chủng", "khai báo y tế", "cấp độ dịch"), start=1):
            text = f"Bấm phím {key}: {topic}."
            gather.say(text, voice="Google.vi-VN-Wavenet-A", language="vi-VN")
        response.redirect(url)  # type: ignore[no-untyped-call]
        return Response(str(response), content_type="text/xml")

    return app


if __name__ == "__main__":
    serve_peer("benchmarks.calling_peer", threads=THREADS)
