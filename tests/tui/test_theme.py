"""Themes: what can be read on them, by which eyes, and what becomes of a file with faults."""

from __future__ import annotations

import os
import tomllib
from itertools import combinations, product
from pathlib import Path

import pytest
from rich.color import ColorType
from support.agents import Place
from support.inboxes import Keys, Operator, ask, wonder
from textual.color import Color

from workbench import themes
from workbench.data.errors import Invalid
from workbench.tui.theme import DEFAULT, PLAIN, chosen_theme, following, load_theme, suited

RGB = [name for name in themes.theme_names() if name != PLAIN]
TEXTS = ("foreground", "primary", "secondary", "accent", "success", "warning", "error")
GROUNDS = ("background", "surface", "panel")
PAIRS = (
    *product(TEXTS, GROUNDS),
    ("background", "error"),  # the frame of production
    ("block-cursor-foreground", "block-cursor-background"),
    ("block-cursor-blurred-foreground", "block-cursor-blurred-background"),
    ("input-selection-foreground", "input-selection-background"),
)
TONES = ("error", "warning", "success", "accent", "foreground")
# What such eyes make of linear light (Machado, Oliveira and Fernandes, 2009).
EYES = {
    "all cones": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": ((0.1523, 1.0526, -0.2049), (0.1145, 0.7863, 0.0992), (-0.0039, -0.0481, 1.0520)),
    "deuteranopia": ((0.3673, 0.8606, -0.2280), (0.2801, 0.6725, 0.0474), (-0.0118, 0.0429, 0.9689)),
}


def colours_of(name: str) -> dict[str, str]:
    table = tomllib.loads(themes.theme_file(name).read_text(encoding="utf-8"))
    return {**table["colours"], **table["variables"]}


def luminance(colour: Color, eyes: str = "all cones") -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.normalized]
    seen = [min(1.0, max(0.0, sum(m * c for m, c in zip(row, linear, strict=True)))) for row in EYES[eyes]]
    return 0.2126 * seen[0] + 0.7152 * seen[1] + 0.0722 * seen[2]


def contrast(one: Color, other: Color, eyes: str = "all cones") -> float:
    darker, lighter = sorted((luminance(one, eyes), luminance(other, eyes)))
    return (lighter + 0.05) / (darker + 0.05)


def wanted(name: str) -> float:
    return 7.0 if name == "high-contrast" else 4.5


@pytest.mark.parametrize("name", RGB)
def test_every_text_of_a_theme_can_be_read_on_each_of_its_grounds(name: str) -> None:
    colours = {key: Color.parse(value) for key, value in colours_of(name).items()}
    too_faint = {
        f"{text} on {ground}": round(found, 2)
        for text, ground in PAIRS
        if (found := contrast(colours[text], colours[ground])) < wanted(name)
    }
    assert too_faint == {}


@pytest.mark.parametrize("name", RGB)
@pytest.mark.parametrize("deciding", [False, True])
def test_whatever_is_drawn_in_a_theme_can_be_read(
    name: str, deciding: bool, sqlite_place: Place, tmp_path: Path
) -> None:
    """What the terminal itself makes fainter (dim) is its own affair; everything else is measured where it stands."""
    operator = Operator(sqlite_place, tmp_path / "home", theme=name)
    with sqlite_place.open() as agents:
        ask(agents, minutes=50, ttl=600.0)
        question = wonder(agents)
        ask(agents, "run_shell", '{"token": "ghp_a1B2c3D4a1B2c3D4a1B2c3D4a1B2c3D4wXyZ", "n": 3, "ok": true}')

    async def steps(keys: Keys) -> None:
        await keys.go_to(question.id)
        await keys.settled()
        if deciding:
            await keys.press("enter")
            await keys.type("eu")
            await keys.until(lambda: keys.inbox.asking and "eu" in keys.text)
        too_faint, measured = {}, set()
        for strip in keys.app.screen._compositor.render_strips():
            for text, style, _ in strip:
                if not text.strip() or style is None or style.color is None or style.bgcolor is None or style.dim:
                    continue
                if set(text) <= set(" │┃━─▔▁▎▊╭╮╰╯"):
                    continue
                assert {style.color.type, style.bgcolor.type} == {ColorType.TRUECOLOR}
                found = contrast(Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor))
                measured.add((style.color, style.bgcolor))
                if found < wanted(name):
                    too_faint[text.strip()] = round(found, 2)
        assert too_faint == {} and len(measured) >= 5

    operator.run(steps)


@pytest.mark.parametrize("eyes", EYES)
def test_the_colour_blind_safe_tones_differ_by_their_lightness_alone(eyes: str) -> None:
    colours = {key: Color.parse(value) for key, value in colours_of("colour-blind-safe").items()}
    close = {
        pair: round(found, 2)
        for pair in combinations(TONES, 2)
        if (found := contrast(colours[pair[0]], colours[pair[1]], eyes)) < 1.25
    }
    assert close == {}
    for tone, ground in product(TONES, GROUNDS):
        assert contrast(colours[tone], colours[ground], eyes) >= 4.0, (tone, ground)


def test_the_five_themes_are_there_and_follow_each_other_round() -> None:
    names = ("ansi", "colour-blind-safe", "high-contrast", "workbench-dark", "workbench-light")
    assert themes.theme_names() == names
    seen = [DEFAULT]
    while (name := following(seen[-1])) != DEFAULT:
        seen.append(name)
    assert sorted(seen) == sorted(names)
    assert following("gone") == DEFAULT


# -- the user's own ----------------------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "themes"
    folder.mkdir()
    return folder


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / f"{name}.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_theme_of_the_users_folder_is_one_of_the_themes(own: Path) -> None:
    write(own, "mine", '[colours]\nprimary = "#ff8800"\n')
    chosen = chosen_theme("mine", own)
    assert (chosen.theme.name, chosen.theme.primary, chosen.notice) == ("mine", "#ff8800", "")
    assert "mine" in themes.theme_names(own) and "mine" not in themes.theme_names()
    with pytest.raises(Invalid, match='"mine" is no theme'):
        load_theme("mine")


def test_a_users_theme_wins_over_ours_of_the_same_name_and_says_so(own: Path) -> None:
    write(own, DEFAULT, '[colours]\nprimary = "#ff8800"\n')
    chosen = chosen_theme(DEFAULT, own)
    assert chosen.theme.primary == "#ff8800"
    assert chosen.notice == "Your own theme workbench-dark stands in for ours."
    assert chosen_theme("ansi", own).notice == ""


def test_all_faults_of_a_file_are_told_at_once_and_the_default_is_used(own: Path) -> None:
    text = 'name = "other"\ndark = 1\nfont = "x"\n[colours]\nerror = "bleu"\nink = "#000"\n[variables]\nborder = 7\n'
    file = write(own, "mine", text)
    chosen = chosen_theme("mine", own)
    assert chosen.theme.name == DEFAULT and chosen.theme.primary == load_theme(DEFAULT).primary
    for part in (
        f"{file} has 7 faults: ", "font is nothing that a theme has",
        "name is other, but the file is called mine.toml",
        "dark must be true or false", "[colours] needs primary", "error = bleu is no colour",
        "colours.ink is not known",
        "border = 7 is no colour", f"({DEFAULT} is used instead)",
    ):  # fmt: skip
        assert part in chosen.notice, part


@pytest.mark.parametrize("text", ["not toml", "colours = 3", "\0", "a = " + "[" * 5000, "#" * 70_000])
def test_a_file_that_is_no_theme_is_refused_in_words(own: Path, text: str) -> None:
    write(own, "mine", text)
    with pytest.raises(Invalid, match=r"mine\.toml (is no theme|has a fault)"):
        load_theme("mine", own)


def test_hostile_words_of_a_theme_file_are_shown_as_signs(own: Path) -> None:
    write(own, "mine", '[colours]\nprimary = "\\u001b]0;owned\\u0007"\n')
    assert "␛]0;owned" in chosen_theme("mine", own).notice
    assert chosen_theme("mine", own).notice.isprintable()


def test_what_is_no_regular_file_is_no_theme_and_nobody_waits_for_it(own: Path) -> None:
    os.mkfifo(own / "pipe.toml")
    (own / "folder.toml").mkdir()
    (own / "dangling.toml").symlink_to(own / "nowhere")
    assert themes.theme_names(own) == themes.theme_names() == themes.theme_names(own / "missing")


def test_few_colours_and_no_colour_give_the_plain_theme_in_place_of_the_default() -> None:
    assert suited(DEFAULT, {"TERM": "xterm-256color"}) == DEFAULT
    assert suited(DEFAULT, {"TERM": "xterm"}) == suited(DEFAULT, {"TERM": "xterm-256color", "NO_COLOR": "1"}) == PLAIN
    assert suited("high-contrast", {"TERM": "xterm"}) == "high-contrast"
