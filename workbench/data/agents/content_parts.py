"""The parts of a message that is more than a text: texts stay, anything else is named with its kind and size."""

from typing import Any

from workbench.data.agents.json_text import word_for
from workbench.data.engine.times import Unreadable


def words_of(part: object) -> tuple[str, bool]:
    """A part in words, never its base64: the text itself, or `[image image/png, 34 KB]`; whether they are ours."""
    if not isinstance(part, dict):
        raise Unreadable(f"{word_for(part)} where an object belongs")
    kind = part.get("type") or next((name for name in ("text", "image", "audio", "file") if name in part), "")
    if not isinstance(kind, str):
        raise Unreadable(f"type: {word_for(kind)} where text belongs")
    if kind == "text":
        return _text(part, "text"), False
    return f"[{', '.join(filter(None, _words(kind, part)))}]", True


def _words(kind: str, part: dict[str, Any]) -> list[str]:
    body = part.get(kind)
    if body is None:
        return [kind or "an empty part"]
    if not isinstance(body, dict):
        raise Unreadable(f"{kind}: {word_for(body)} where an object belongs")
    url, data = _text(body, "url"), _text(body, "data")
    media = _media(kind, _text(body, "format"))
    if url.startswith("data:"):
        head, _, data = url.partition(",")
        media, url = head[len("data:") :].partition(";")[0] or media, ""
    first = f"{kind} {media}".strip() if kind != "file" else f"file {_text(body, 'filename')}".strip()
    return [first, media if kind == "file" else "", _text(body, "file_id"), url, _size(data)]


def _media(kind: str, written: str) -> str:
    """`png` of an image is `image/png`; what is a media type already stays."""
    return f"{kind}/{written}" if written and "/" not in written and kind in ("image", "audio") else written


def _size(base64: str) -> str:
    size = len(base64) * 3 // 4 - base64[-2:].count("=")
    if size <= 0:
        return ""
    for unit in ("bytes", "KB", "MB"):
        if size < 1024:
            return f"{round(size)} {unit}"
        size /= 1024  # type: ignore[assignment]
    return f"{round(size)} GB"


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None or isinstance(value, str):
        return value or ""
    raise Unreadable(f"{name}: {word_for(value)} where text belongs")
