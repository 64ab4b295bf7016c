"""Answering: keywords led to what the hotline would say at this moment, approved and still true."""

from collections.abc import Sequence

from campaigns.levels import LevelDecision, announced_level, level_at
from campaigns.local_time import local_day
from hotline.answers.bank import Approved
from hotline.communes import Commune, find_by_keys, find_by_words, list_communes
from hotline.inbound.inbox import keep_for_people
from hotline.inbound.wishes import Wish
from hotline.inbound.words import inbound_words
from hotline.level_words import slots_of_decision
from hotline.library import Library
from hotline.measures import measures_code

_EXAMPLE = "Cao Loc"


def answer_topic(wish: Wish) -> bool:
    """Owe the answer that was asked for; what has none at this moment goes to the inbox."""
    true_now = _answers_now(wish)
    number = wish.understood.number
    if len(true_now) < number:
        return keep_for_people(wish)
    found = true_now[number - 1]
    body = found.document.text_in(wish.language)
    if number == 1 and len(true_now) > 1:
        more = wish.write("more", count=str(len(true_now) - 1), word=wish.understood.word)
        body = f"{body} {more}"
    return wish.reply(body, subject=f"{found.code}.{found.version}")


def answer_level(wish: Wish) -> bool:
    """Owe the level of the commune that was named, else of the writer's own, and what it allows."""
    library = wish.desk.library
    if library is None:
        return keep_for_people(wish)
    communes = list_communes(wish.session, on=local_day(wish.now))
    found = _communes_meant(wish, communes)
    if len(found) != 1:
        body = wish.write("which_commune", example=_EXAMPLE, hotline=wish.desk.hotline)
        return wish.reply(body, subject="which_commune")
    body = _describe(wish, library, found[0])
    return wish.reply(body, subject=f"level.{found[0].code}")


def _answers_now(wish: Wish) -> list[Approved]:
    """Return the answers of the topic that are true at this moment, each once."""
    library = wish.desk.library
    if library is None:
        return []
    codes = inbound_words().topics[wish.understood.topic].answers
    found = (library.find_answer(code, at=wish.now) for code in codes)
    return list({one.code: one for one in found if one is not None}.values())


def _communes_meant(wish: Wish, communes: list[Commune]) -> Sequence[Commune]:
    said = wish.understood.rest
    if not said:
        return [one for one in communes if one.code == wish.to.area_code]
    named = find_by_keys(communes, said) if said.isdigit() else find_by_words(communes, said)
    own = [one for one in named if one.code == wish.to.area_code]
    return own or named


def _describe(wish: Wish, library: Library, commune: Commune) -> str:
    decision = level_at(wish.session, commune.code, at=wish.now)
    coming = announced_level(wish.session, commune.code, now=wish.now)
    if decision is None:
        said = [_say(wish, library, "level_unknown", area=commune.full_name)]
    else:
        said = [_say_decision(wish, library, "level_known", decision, commune)]
    if coming is not None:
        said.append(_say_decision(wish, library, "level_announced", coming, commune))
    elif decision is not None:
        code = measures_code(decision.scheme, decision.level)
        measures = library.find_answer(code, at=wish.now)
        said += [measures.document.text_in(wish.language)] if measures else []
    return " ".join(said)


def _say_decision(
    wish: Wish, library: Library, phrase: str, decision: LevelDecision, commune: Commune
) -> str:
    return _say(wish, library, phrase, **slots_of_decision(decision, commune, wish.language))


def _say(wish: Wish, library: Library, phrase: str, **slots: str) -> str:
    return library.phrases.phrases[phrase].in_language(wish.language).format(**slots)
