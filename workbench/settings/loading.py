"""Putting the layers together: options, environment, `./workbench.toml`, the user's file, defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from workbench import themes
from workbench.data.errors import Invalid, NotFound, Unavailable
from workbench.data.guards import distrust_settings
from workbench.settings import local, schema
from workbench.settings.environment import CONFIG_VARIABLE, environment_layer
from workbench.settings.files import SettingsText, file_layer, read_settings, shown
from workbench.settings.layers import Layer, checked
from workbench.settings.model import Settings, SourceSettings, composed
from workbench.settings.schema import Key, Value
from workbench.settings.targets import Opening, check_variables, display_of, opening


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A place where settings may stand: its role ("user" or "local"), and whether it is there and was read."""

    path: Path
    role: str
    exists: bool
    read: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, where each value came from, and what the operator should be told once."""

    settings: Settings
    origins: Mapping[str, str]
    notices: tuple[str, ...]
    files: tuple[SettingsFile, ...]
    local_sources: frozenset[str]
    _bases: Mapping[str, Path] = field(repr=False)
    _environ: Mapping[str, str] = field(repr=False)

    @property
    def themes(self) -> Path:
        """The user's own folder of themes, beside the settings file; it need not be there."""
        return self.files[0].path.parent / themes.FOLDER

    def rows(self) -> list[tuple[Key, Any, str]]:
        """Each setting: its key, its value (passwords masked) and its origin."""
        found: list[tuple[Key, Any, str]] = []
        for leaf in schema.leaves():
            for key, value in _values_of(self.settings, leaf):
                shown_value = display_of(value) if key[0] == "sources" and key[-1] == "target" else value
                found.append((key, shown_value, self.origins.get(schema.dotted(key), "default")))
        return sorted(found, key=lambda row: row[0][:2] if row[0][0] == "sources" else ("",))

    def place(self, *key: str) -> str:
        """How a sentence about this setting begins: `workbench.toml:7`, or the variable or option."""
        return self.origins.get(schema.dotted(key), "default").removeprefix("environment ")

    def refuse(self, key: Key, what: str) -> NoReturn:
        """Refuse a value that only the caller can judge, in the same words as a bad value: place, key, sentence."""
        raise Invalid(f"{self.place(*key)}: {schema.dotted(key)} {what}")

    def opening(self, name: str, *, write: bool = False, read_only: bool = False) -> Opening:
        """How the configured source `name` is opened; `write` and `read_only` are the face's own options."""
        source = self.settings.sources[name]
        is_local = name in self.local_sources
        if write:
            source = replace(source, read_only=False)
        if read_only:
            source = replace(source, read_only=True)
        place = self.place("sources", name, "target")
        return opening(name, source, self._bases[name], self._environ, place=place, is_local=is_local)


def load(
    cli: Mapping[str, object] | None = None,
    *,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Loaded:
    """Read every layer and check it; `Invalid` is one sentence with the file and line, variable or option.

    `cli` maps keys such as `operator` or `timeouts.connect` (and `config`, the settings file) to the options given.
    """
    given = {key: value for key, value in (cli or {}).items() if value is not None}
    variables = os.environ if environ is None else environ
    here = _current_directory() if cwd is None else cwd
    notices: list[str] = []

    user_file, user_text = _user_text(given.pop("config", None), variables, here)
    user = file_layer(user_text, user_file.path.parent) if user_text else Layer(user_file.path.parent)
    environment, unknown = environment_layer(variables, user.source_names(), here)
    taken = [*user.source_names(), *environment.source_names()]
    local_file, near = _local_layer(here, user_file.path, user_text, taken, notices)
    options = _option_layer(given, here)

    layers = (options, environment, near, user)
    settings = _merged(layers)
    origins: dict[str, str] = {}
    for layer in reversed(layers):
        origins |= {schema.dotted(key): origin for key, origin in layer.origins.items()}
    bases = {
        key[1]: layer.base
        for layer in reversed(layers)
        for key in layer.values
        if key[0] == "sources" and key[2] == "target"
    }
    loaded = Loaded(
        settings=settings,
        origins=origins,
        notices=(*unknown, *notices),
        files=tuple(file for file in (user_file, local_file) if file),
        local_sources=frozenset(near.source_names()),
        _bases=bases,
        _environ=variables,
    )
    _check(loaded)
    return loaded


def settings_files(config: str | None = None, *, cwd: Path | None = None) -> tuple[SettingsFile, ...]:
    """Where settings are looked for, without reading them: the user's file, and that of the current directory."""
    here = _current_directory() if cwd is None else cwd
    path, _ = _user_path(config, os.environ, here)
    files = [SettingsFile(path, "user", path.exists(), read=False)]
    near = here / local.FILE_NAME
    if not _is_same(near, path):
        files.append(SettingsFile(near, "local", near.exists(), read=False))
    return tuple(files)


def _current_directory() -> Path:
    try:
        return Path.cwd()
    except OSError:  # it was removed under us
        return Path(os.sep)


def _user_path(config: object, environ: Mapping[str, str], here: Path) -> tuple[Path, str]:
    """The user's settings file, and who named it: an option, a variable, or nobody."""
    for named, by in ((config, "--config"), (environ.get(CONFIG_VARIABLE), CONFIG_VARIABLE)):
        if named:
            try:
                return here / Path(str(named)).expanduser(), by
            except RuntimeError:
                raise Invalid(f'{by}: "{named}" begins with "~", but that home is not known') from None
    return _own_directory() / local.FILE_NAME, ""


def _own_directory() -> Path:
    """Where the user's settings file is when nobody names another."""
    import platformdirs

    return platformdirs.user_config_path("workbench", appauthor=False)


def _user_text(config: object, environ: Mapping[str, str], here: Path) -> tuple[SettingsFile, SettingsText | None]:
    path, named_by = _user_path(config, environ, here)
    if "\0" in str(path):
        raise Invalid(f"{named_by}: the name of the settings file holds a NUL character")
    text = read_settings(path, name=shown(path), named_by_user=bool(named_by))
    if text is None and named_by:
        raise NotFound(f"{shown(path)}: there is no such settings file, but {named_by} names it; correct the path")
    return SettingsFile(path, "user", exists=text is not None, read=text is not None), text


def _local_layer(
    here: Path, user_path: Path, user_text: SettingsText | None, taken: list[str], notices: list[str]
) -> tuple[SettingsFile | None, Layer]:
    """The layer of `./workbench.toml`; empty where the file may not be trusted, or is the user's own."""
    path, name, empty = here / local.FILE_NAME, f".{os.sep}{local.FILE_NAME}", Layer(here)
    if _is_same(here, _own_directory()) or (user_text and _is_same(path, user_path)):
        return None, empty
    if not os.path.lexists(path):
        return SettingsFile(path, "local", exists=False, read=False), empty
    # Before reading: somebody else's file that we may not even read must not stop the workbench.
    text = None
    try:
        why = distrust_settings(path, path.stat())
        if why is None and (text := read_settings(path, name=name, named_by_user=False)):
            why = distrust_settings(path, text.status)
    except FileNotFoundError:  # a dangling link
        why = None
    except OSError as error:
        raise Unavailable(f"{name}: the settings cannot be read: {error.strerror}; remove it or repair it") from None
    if why:
        notices.append(why)
    if why or text is None:
        return SettingsFile(path, "local", exists=bool(why), read=False, note=why or ""), empty
    layer = file_layer(text, here)
    local.refuse_what_is_not_allowed(layer, taken, shown(user_path))
    return SettingsFile(path, "local", exists=True, read=True), layer


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _option_layer(given: Mapping[str, object], here: Path) -> Layer:
    layer = Layer(here)
    for leaf in schema.leaves():
        if leaf.dotted in given:
            value = checked(leaf, leaf.key, given[leaf.dotted], leaf.option, strict=False)
            layer.put(leaf.key, value, leaf.option)
    return layer


def _merged(layers: tuple[Layer, ...]) -> Settings:
    """Merge the layers; a source without a target is the one thing that no single layer can refuse."""
    targets = {key[1] for layer in layers for key in layer.values if key[0] == "sources" and key[2] == "target"}
    for layer in layers:
        for key, origin in layer.origins.items():
            if key[0] == "sources" and key[1] not in targets:
                place = origin.removeprefix("environment ")
                raise Invalid(f'{place}: the source "{key[1]}" has no target; add {schema.dotted(key[:2])}.target')
    values: dict[Key, Value] = {}
    for layer in reversed(layers):
        values |= layer.values
    return composed(values)


def _check(loaded: Loaded) -> None:
    """What only the merged settings can tell."""
    names = list(loaded.settings.sources)
    default = loaded.settings.default_source
    if default is not None and default not in (*names, "home"):
        loaded.refuse(("default_source",), f'names "{default}", which is no source{schema.nearest(default, names)}')
    theme = loaded.settings.theme
    if theme not in themes.theme_names(loaded.themes):
        loaded.refuse(("theme",), f'names "{theme}", which is no theme; {themes.nearest_theme(theme, loaded.themes)}')
    for name, source in loaded.settings.sources.items():
        try:
            check_variables(source.target)
        except ValueError as error:
            loaded.refuse(("sources", name, "target"), str(error))


def _values_of(settings: Settings, leaf: schema.Leaf) -> list[tuple[Key, Any]]:
    match leaf.key:
        case ("sources", _, str(last)):
            named: Mapping[str, SourceSettings] = settings.sources
            return [(("sources", name, last), getattr(source, last)) for name, source in named.items()]
        case ("columns" | "keys" as table, _):
            named_lists: Mapping[str, list[str]] = getattr(settings, table)
            return [((table, name), names) for name, names in named_lists.items()]
    value: Any = settings
    for part in leaf.key:
        value = getattr(value, part)
    return [(leaf.key, value)]
