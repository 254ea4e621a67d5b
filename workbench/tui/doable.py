"""Everything that can be done now: the live keys, the views, the sources and the themes, for the palette and for `:`.

It is made when it is asked for, from the same bindings that the keys go by, so that nothing is listed that would do
nothing, and nothing acts in another way than its key does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from workbench.desk.command_line import Deal, Known, Subject
from workbench.desk.nouns import nouns, verbs_of
from workbench.desk.nouns.waiting import INBOX, asked
from workbench.desk.safe import SafeText, plain, safe
from workbench.tui.help_screen import key_words, live_bindings
from workbench.tui.keymap import word
from workbench.tui.view_screen import VIEWS, ViewScreen

if TYPE_CHECKING:
    from workbench.desk.places import Place
    from workbench.tui.commanding import Commanding

# What moves about or belongs to an open bar is done by its key alone: nobody types the name of it.
_BY_KEY_ALONE = ("move", "row", "detail", "bar", "words", "filter", "command", "palette", "help")
_NOTHING = plain("")
ALL = "all"


@dataclass(frozen=True, slots=True)
class Doable:
    """One thing that can be done: what it is, its key, why it cannot be done now, and how it is.

    `name` is what it is called behind `:`. `of_view` says that the view in front does it, and `to_item` that it is
    done to what is under the cursor there.
    """

    id: str
    title: SafeText
    words: SafeText
    do: Callable[[], Any]
    key: SafeText = _NOTHING
    reason: SafeText = _NOTHING
    name: str = ""
    of_view: bool = False
    to_item: bool = False


def everything(app: Commanding, screen: ViewScreen, places: Iterable[Place]) -> list[Doable]:
    """All of it, what the view in front alone can do first."""
    keys = [*_keys(app, screen)]
    own = [each for each in keys if each.to_item]
    return [
        *own,
        *_without_keys(screen, keys),
        *_views(app, screen),
        *_sources(app, places),
        *_themes(app),
        *(each for each in keys if not each.to_item),
    ]


def named(app: Commanding, screen: ViewScreen) -> dict[str, Doable]:
    """What can be done by its name behind `:`."""
    keys = [*_keys(app, screen)]
    found: dict[str, Doable] = {}
    for each in (*keys, *_without_keys(screen, keys)):
        if each.name:
            found.setdefault(each.name, each)
    return found


def known(app: Commanding, screen: ViewScreen, places: Iterable[Place], deals: Mapping[str, Doable]) -> Known:
    """Everything that a line behind `:` may name."""
    themes = app.theme_names()
    return Known(
        tuple(subject(id) for view in VIEWS for id in view.nouns),
        tuple(
            Deal(
                name,
                f"{each.title}. {each.words}" if each.words else each.title,
                themes if name == "theme" else (),
                "" if each.to_item else each.reason,  # a verb of the view says more itself of why it cannot
                ("q",) if name == "quit" else (),
            )
            for name, each in deals.items()
        ),
        _names(places),
        screen.view,
    )


def _names(places: Iterable[Place]) -> tuple[str, ...]:
    """The sources that a line may name, and a word for all of them together, unless one of them is called so."""
    names = [place.name for place in places]
    return (*names, ALL) if len(names) > 1 and ALL not in names else tuple(names)


def subject(id: str) -> Subject:
    """A noun as the line behind `:` knows it."""
    noun = nouns()[id]
    if id != INBOX.id:
        return Subject(id, noun.plural, noun.words, noun.terms, noun.ask)
    return Subject(id, "", noun.words, noun.terms, asked)


# -- by keys -----------------------------------------------------------------------------------------------------


def _keys(app: Commanding, screen: ViewScreen) -> Iterator[Doable]:
    """What keys do, each thing once with all of its keys; a verb that is refused says why."""
    # The footer knows why a key is greyed, in the words of its view.
    reasons = {each.key: each.reason for each in screen.key_words() if each.reason}
    rows: dict[tuple[int, str], list[Any]] = {}
    for found in live_bindings(screen):
        action = found.binding.action
        if not action.startswith("app.view(") and action != "palette":
            rows.setdefault((id(found.node), action), []).append(found)
    for (_, action), group in rows.items():
        node, binding, enabled, tooltip = group[0]
        keys = [key_words(found.binding.key) for found in group]
        room, _, name = (binding.id or "").partition(".")
        reason = next((reasons[key] for key in keys if key in reasons), "" if enabled else "not now")
        yield Doable(
            binding.id or f"always.{binding.action}",
            plain(binding.description),
            plain(tooltip or ""),
            partial(app.run_action, action, node),
            plain(" ".join(keys)),
            safe(reason),
            "" if room in _BY_KEY_ALONE else name,
            of_view=node is not app and room != "app",
            to_item=node is screen and room not in ("app", "view", "source"),
        )


def _without_keys(screen: ViewScreen, keys: Iterable[Doable]) -> Iterator[Doable]:
    """What is done to the noun in view, but has no key yet: it is named, with the command that does it."""
    have = {each.name for each in keys}
    for verb in verbs_of(screen.view):
        if not verb.key and verb.id not in have:
            where = plain(f"on the command line: `{verb.command()}`")
            yield Doable(
                f"{verb.noun}.{verb.id}", plain(verb.title), plain(verb.words), _nothing, reason=where, name=verb.id
            )


def _nothing() -> None:
    """What is greyed does nothing."""


# -- views, sources and themes -----------------------------------------------------------------------------------


def _views(app: Commanding, screen: ViewScreen) -> Iterator[Doable]:
    for view in VIEWS:
        for id in view.nouns:
            noun = nouns()[id]
            title = view.title if id == INBOX.id else noun.plural.capitalize()
            yield Doable(
                f"noun.{id}",
                plain(title),
                plain(noun.words),
                partial(app.action_noun, id),
                plain(word(screen, view.id, view.key)),
                plain("you are here") if id == screen.view else _NOTHING,
            )


def _sources(app: Commanding, places: Iterable[Place]) -> Iterator[Doable]:
    several = tuple(places)
    if ALL in _names(several):
        yield Doable(
            f"sources.{ALL}",
            plain("@") + plain(ALL),
            plain(f"the inbox of these {len(several)} together"),
            partial(app.go_to, several),
            reason=plain("you are here") if app.together else _NOTHING,
        )
    for place in several:
        mode = plain(" · read-write" if place.writable else " · read-only")
        production = plain(" · PRODUCTION" if place.production else "")
        yield Doable(
            f"source.{place.name}",
            plain("@") + safe(place.name, limit=40),
            safe(place.display, limit=200) + mode + production,
            partial(app.visit, place),
            reason=plain("you are here") if place.name == app.place.name and not app.together else _NOTHING,
        )


def _themes(app: Commanding) -> Iterator[Doable]:
    from workbench.tui.theme import is_plain

    plain_terminal = is_plain(app.choices.environment)
    for name in app.theme_names():
        reason = "this terminal shows no colours, or few" if plain_terminal else "it is shown"
        yield Doable(
            f"theme.{name}",
            plain("Theme ") + safe(name, limit=40),
            _NOTHING,
            partial(app.choose_theme, name),
            reason=plain(reason) if plain_terminal or name == app.theme else _NOTHING,
        )


# -- narrowing it down -------------------------------------------------------------------------------------------


def matching(text: str, among: Iterable[Doable]) -> list[Doable]:
    """Those in which all of these words stand; first those that begin so, in their title, in any word of it."""
    wanted = text.casefold().split()

    def rank(each: Doable) -> int:
        title = each.title.casefold()
        if title.startswith(" ".join(wanted)):
            return 0
        words = f" {title}"
        return 1 if all(f" {one}" in words for one in wanted) else 2 if all(one in title for one in wanted) else 3

    def says(each: Doable) -> str:
        return f"{each.title} {each.words} {each.name} {each.key}".casefold()

    return (
        sorted((each for each in among if all(one in says(each) for one in wanted)), key=rank) if wanted else [*among]
    )
