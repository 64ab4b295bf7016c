"""Opt-outs from partners: what their customers told them, which holds here from that moment on."""

import time
from typing import Annotated

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, Field

from campaigns.partners.keys import PartnerScope
from campaigns.subscribers.opt_outs import take_partner_opt_outs
from campaigns.subscribers.topics import EVERYTHING, Topic
from service.api.given import Given, Line
from service.api.requests import answer, resources, writing
from service.partners.requests import asking_actor, asking_partner, needs_scope

opt_outs = APIBlueprint("partner_opt_outs", __name__, tag="Partners: opt-outs")
MOST = 10_000
# Several times as long as one number takes, whether it had stopped before or not.
_STEP_S = 0.1


class PartnerOptOutsIn(Given):
    """Numbers of customers who want no texts of ours; about one topic, or about anything.

    ``proof`` is what you can be held to: the number or digest of your own record of what they said.
    """

    numbers: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=40)]],
        Field(min_length=1, max_length=MOST),
    ]
    proof: Annotated[Line, Field(min_length=1, max_length=200)]
    topic: Topic | None = None


class PartnerOptOutsOut(BaseModel):
    """How many people are texted no more, and the rows refused, by reason."""

    heeded: int
    refused: dict[str, int]


@opt_outs.post("/opt-outs")
@needs_scope(PartnerScope.OPTOUTS_WRITE)
@opt_outs.input(PartnerOptOutsIn)
@opt_outs.output(PartnerOptOutsOut)
def hand_in(json_data: PartnerOptOutsIn) -> Response:
    """Hand in who wants no texts.

    It holds from this moment, also for what is being sent. A number is taken whatever its prefix
    says, since numbers move between networks; who handed it in is on record. The same list again
    changes nothing. Whether a number was known here is not said.
    """
    begun = time.monotonic()
    with writing(asking_actor()) as session:
        listed = take_partner_opt_outs(
            session,
            asking_partner().name,
            json_data.numbers,
            proof=json_data.proof,
            sealer=resources().sealer,
            now=resources().now(),
            topic=json_data.topic or EVERYTHING,
        )
    # Whoever times the answer learns no more from it than from what it says.
    time.sleep(_STEP_S - (time.monotonic() - begun) % _STEP_S)
    return answer(
        {
            "heeded": listed.opted_out + listed.known,
            "refused": dict(sorted(listed.refused.items())),
        }
    )
