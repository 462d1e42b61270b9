"""`modelyard events`"""

from __future__ import annotations

import importlib
import json
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from modelyard.cli.answers import select
from modelyard.cli.call import Call
from modelyard.cli.grammar import Command, option

_EVENTS = "/api/v1/events"
_SHOWN = 50


def show_events(call: Call) -> Any:
    args = call.args
    wanted = {"workspace": args.workspace_name, "type": args.type, "subject": args.subject}
    if args.follow:
        _follow(call, wanted)
        return None
    paging = importlib.import_module("modelyard.client.paging")
    # The list is oldest first; its end is what a person asks for.
    events = list(deque(paging.listed(call.scope.transport, _EVENTS, wanted, page_size=1000), maxlen=args.max_results))
    if call.answers_wanted:
        return events
    for event in events:
        print(_line(event))
    return None


def _follow(call: Call, wanted: Mapping[str, Any]) -> None:
    """Print events as they come until Ctrl-C; a broken connection is taken up where it broke."""
    feed = importlib.import_module("modelyard.client.event_feed").EventFeed(call.scope.transport, wanted)
    for event in _until_interrupted(feed.follow()):
        if call.answers_wanted:
            print(json.dumps(select(event, call.args.query), ensure_ascii=False), flush=True)
        else:
            print(_line(event), flush=True)


def _until_interrupted(events: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    try:
        yield from events
    except KeyboardInterrupt:
        return


def _line(event: Mapping[str, Any]) -> str:
    facts = " ".join(f"{key}={value}" for key, value in (event.get("data") or {}).items() if value is not None)
    kind = str(event["type"]).removeprefix("modelyard.")
    return f"{str(event['time'])[:19].replace('T', ' ')}  {kind:<24} {event['subject']}  {facts}".rstrip()


ENTRIES = {
    "events": Command(
        "events",
        "Everything that happened, or happens.",
        show_events,
        (
            option("--follow", help="Go on with what happens, until Ctrl-C.", action="store_true"),
            option("--type", help="Of this type, such as modelyard.job.*; may be repeated.", action="append"),
            option("--subject", help="About this thing, such as jobs/keen_fig_3wjzmcwqgp."),
            option("-r", "--max-results", help="So many of the last.", type=int, default=_SHOWN, metavar="COUNT"),
        ),
        ("modelyard events --follow", "modelyard events --type modelyard.job.status_changed -o json"),
    )
}
