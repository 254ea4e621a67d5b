"""Events for agents to append: what a user says, what an agent says and calls, what a tool returns, what failed.

    sessions.append_event(key, user_message("restart the gateway"))

Each function returns a new dict in the form that is stored; `append_event` fills in its id and time.
"""

import json
from collections.abc import Mapping, Sequence
from time import time
from typing import Any

from workbench.data.agents.event_json import ZERO_TIME
from workbench.data.errors import Invalid

EventDict = dict[str, Any]


def user_message(text: str, *, parts: Sequence[Mapping[str, Any]] = (), **more: Any) -> EventDict:  # noqa: ANN401
    """What a user says; `parts` are content parts such as images. For `more` see `event`."""
    message: EventDict = {"role": "user", "content": text}
    if parts:
        message["content_parts"] = list(parts)
    return event(message, kind="", done=False, author="user", created=0, **more)


def assistant_message(
    text: str = "",
    *,
    author: str = "",
    model: str = "",
    tool_calls: Sequence[Mapping[str, Any]] = (),
    usage: Mapping[str, Any] | None = None,
    reasoning: str = "",
    **more: Any,  # noqa: ANN401
) -> EventDict:
    """What an agent says and which tools it calls (made by `tool_call`); `usage` counts tokens (made by `usage`)."""
    message: EventDict = {"role": "assistant"}
    if text:
        message["content"] = text
    if tool_calls:
        message["tool_calls"] = [{**call, "index": place} for place, call in enumerate(tool_calls)]
    if reasoning:
        message["reasoning_content"] = reasoning
    made = event(message, kind="chat.completion", author=author, model=model, **more)
    made["choices"][0]["finish_reason"] = "tool_calls" if tool_calls else "stop"
    if usage is not None:
        made["usage"] = dict(usage)
    return made


def tool_call(call_id: str, name: str, arguments: Mapping[str, Any] | str) -> EventDict:
    """A call of a tool, for `assistant_message`; arguments that are no text yet are written as JSON."""
    if not isinstance(arguments, str):
        try:
            arguments = json.dumps(arguments, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise Invalid(f"the arguments of {name} cannot be written as JSON: {error}") from None
    return {"type": "function", "function": {"name": name, "arguments": arguments}, "id": call_id}


def usage(prompt: int, completion: int, *, cached: int = 0) -> EventDict:
    """The tokens that an answer cost."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def tool_result(call_id: str, name: str, content: str, *, author: str = "", **more: Any) -> EventDict:  # noqa: ANN401
    """What a tool returned to the call with this id."""
    message = {"role": "tool", "content": content, "tool_id": call_id, "tool_name": name}
    return event(message, kind="tool.response", author=author, **more)


def error_event(
    message: str,
    *,
    kind: str = "flow_error",
    author: str = "",
    code: str = "",
    param: str = "",
    **more: Any,  # noqa: ANN401
) -> EventDict:
    """A failure; `kind` is stream_error, api_error, flow_error, run_error or cancelled."""
    made = event({"role": "assistant", "content": message}, kind="error", author=author, created=0, **more)
    made["choices"][0]["finish_reason"] = "error"
    optional = {"param": param, "code": code}
    made["error"] = {"message": message, "type": kind} | {name: value for name, value in optional.items() if value}
    return made


def event(
    message: Mapping[str, Any],
    *,
    kind: str,
    author: str = "",
    model: str = "",
    created: int | None = None,
    done: bool = True,
    invocation_id: str = "",
    request_id: str = "",
    branch: str = "",
    filter_key: str = "",
    partial: bool = False,
) -> EventDict:
    """An event around one message. `invocation_id` groups the events of one run, `branch` is the chain of agents
    (`a/b`), `filter_key` says to which branch of the conversation the event belongs.
    """
    made: EventDict = {
        "object": kind,
        "created": int(time()) if created is None else created,
        "model": model,
        "choices": [{"index": 0, "message": dict(message), "delta": {"role": ""}}],
        "done": done,
        "is_partial": partial,
        "invocationId": invocation_id,
        "version": 1,
        "response": {"timestamp": ZERO_TIME},
    }
    named = {"author": author, "requestID": request_id, "branch": branch, "filterKey": filter_key}
    return made | {name: value for name, value in named.items() if value}
