"""The judge of a value that is not plainly right: a model of pydantic-settings, made from the declaration.

Only `Leaf.checked` asks it, and only then; loading it takes longer than most commands take to answer.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from workbench.settings.model import Settings, declaration_of, is_table_type
from workbench.settings.schema import WORDS, shown

if TYPE_CHECKING:
    from workbench.settings.schema import Leaf, Value


class _Table(BaseModel):
    """A table of settings."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class _Root(BaseSettings):
    """All settings. One value is judged at a time: nothing else is given, and nothing is looked for elsewhere."""

    model_config = SettingsConfigDict(extra="forbid", hide_input_in_errors=True, validate_default=False)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only the given value counts: our own layers know where each one stands."""
        return (init_settings,)


def judged(leaf: Leaf, value: object) -> Value:
    """The value as the settings hold it; `ValueError` with the end of a sentence when it may not stand here."""
    table: Any = value
    for part in reversed(leaf.key):
        table = {part: table}
    try:
        found: Any = _model()(**table)
    except ValidationError as error:
        raise ValueError(_sentence_end(leaf, value, error)) from None
    for part in leaf.key:
        found = found[part] if isinstance(found, dict) else getattr(found, part)
    result: Value = found
    return result


@cache
def _model() -> type[BaseSettings]:
    return create_model("Settings", __base__=_Root, **_fields_of(Settings))


def _fields_of(declaration: type) -> dict[str, Any]:
    found = {}
    for one in fields(declaration):
        judged_type, declared = declaration_of(one)
        if is_table_type(judged_type):
            judged_type = create_model(one.name, __base__=_Table, **_fields_of(judged_type))
        if judged_type is float:
            judged_type = Annotated[float, Field(gt=declared.above, le=declared.most, allow_inf_nan=False)]
        if judged_type in (str, str | None):
            # Its length is asked for, and so it must be text that can be written as UTF-8.
            judged_type = Annotated[judged_type, Field(min_length=1)]
        if declared.rule is not None:
            judged_type = Annotated[judged_type, AfterValidator(declared.rule)]
        if declared.free:
            judged_type = dict[str, judged_type]  # type: ignore[valid-type]
        found[one.name] = (judged_type, None)  # nothing has to be given
    return found


def _sentence_end(leaf: Leaf, value: object, error: ValidationError) -> str:
    """What pydantic found wrong, in our words."""
    found = error.errors(include_url=False, include_input=False)[0]
    context = found.get("ctx", {})
    match found["type"]:
        case "value_error":
            return str(context["error"])
        case "greater_than":
            return f"must be greater than {context['gt']:g}, not {shown(leaf, value)}"
        case "less_than_equal":
            return f"must be at most {context['le']:g}, not {shown(leaf, value)}"
    return f"must be {WORDS[leaf.kind]}, not {shown(leaf, value)}"
