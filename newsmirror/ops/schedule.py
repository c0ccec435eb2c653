"""What a timer asks of Scrapyd: one job for each slot of time, however late or often it asks.

Scrapyd has no timer and takes the same job as often as it is told. So the job's id follows from spider,
arguments and slot, and an id that Scrapyd knows is not given again.
"""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from http.client import HTTPException
from typing import Any, Literal
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

State = Literal["pending", "running", "finished"]
_STATES: tuple[State, ...] = ("pending", "running", "finished")

_UNITS = {"m": 1, "h": 60, "d": 24 * 60}
_DAY = _UNITS["d"]
_SLOT_ID = re.compile(r"(?P<schedule>.+)-\d+[mhd]-\d{8}T\d{4}")
# Scrapyd starts a process to answer, where it has not yet listed the spiders of an egg.
_PATIENCE_SECONDS = 60
# No proxy: it would be shown the password, and has no way to a loopback address.
_OPENER = build_opener(ProxyHandler({}))


class ScheduleError(Exception):
    """No job was scheduled; the message says why and what to do."""


def job_id(spider: str, arguments: Mapping[str, str], length: str, at: datetime) -> str:
    """Return the id of the job in the slot that a local time is in: `fyun-6h-20250108T1200`.

    `length` is `1d`, or hours or minutes that divide a day (`6h`, `30m`); slots are counted from midnight.
    Arguments are part of it as a hash: `anysite-1f0c99ab-1d-20250108T0000`. Raises ScheduleError for a
    length that is none.
    """
    given = re.fullmatch(r"([1-9]\d{0,3})([mhd])", length)
    minutes = int(given[1]) * _UNITS[given[2]] if given else 0
    if minutes == 0 or _DAY % minutes:
        raise ScheduleError(f"slot {length!r} does not divide a day: write such as 1d, 6h or 30m")
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight + timedelta(minutes=(at.hour * 60 + at.minute) // minutes * minutes)
    return f"{_schedule_name(spider, arguments)}-{length}-{start:%Y%m%dT%H%M}"


def _schedule_name(spider: str, arguments: Mapping[str, str]) -> str:
    if not arguments:
        return spider
    return f"{spider}-{sha256(json.dumps(sorted(arguments.items())).encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Scrapyd:
    """The API of a Scrapyd server: its address, and how it knows who asks.

    Every method raises ScheduleError where the server is away, refuses or answers something else.
    """

    url: str
    username: str | None = None
    password: str | None = None

    def jobs(self, project: str) -> dict[State, list[dict[str, Any]]]:
        """Return the jobs that it knows of a project, by their state; each has at least `id` and `spider`."""
        answer = self._ask(f"listjobs.json?{urlencode({'project': project})}")
        return {state: answer[state] for state in _STATES}

    def schedule(self, project: str, spider: str, arguments: Mapping[str, str], job: str) -> None:
        """Put a job into its queue."""
        self._ask("schedule.json", {**arguments, "project": project, "spider": spider, "jobid": job})

    def _ask(self, path: str, form: Mapping[str, str] | None = None) -> dict[str, Any]:
        url = f"{self.url.rstrip('/')}/{path}"
        if urlsplit(url).scheme not in ("http", "https"):
            raise ScheduleError(f"{self.url!r} is no http(s) address: write such as http://127.0.0.1:6800")
        data = urlencode(form).encode() if form is not None else None
        request = Request(url, data)  # noqa: S310 - the scheme was looked at
        if self.username and self.password:
            secret = b64encode(f"{self.username}:{self.password}".encode()).decode()
            request.add_unredirected_header("Authorization", f"Basic {secret}")
        try:
            with _OPENER.open(request, timeout=_PATIENCE_SECONDS) as response:
                answer = json.load(response)
        except HTTPError as error:
            error.close()
            if error.code == 401:
                raise ScheduleError(
                    f"{self.url} does not know who asks: set SCRAPYD_USERNAME and SCRAPYD_PASSWORD in the "
                    "environment to what Scrapyd was started with"
                ) from error
            raise ScheduleError(f"{url}: HTTP status {error.code}; is this Scrapyd?") from error
        except (OSError, HTTPException) as error:
            said = getattr(error, "reason", None) or error
            raise ScheduleError(
                f"{self.url}: {said}; see that Scrapyd runs there: systemctl status scrapyd"
            ) from error
        except ValueError as error:
            raise ScheduleError(f"{url}: the answer is no JSON; is this Scrapyd?") from error
        if answer["status"] != "ok":
            raise ScheduleError(_refusal(answer["message"]))
        return dict(answer)


def schedule_once(
    scrapyd: Scrapyd, project: str, spider: str, arguments: Mapping[str, str], job: str
) -> State | None:
    """Schedule a job unless its id is known; return the state of a known one, None if it was scheduled now.

    Raises ScheduleError if an earlier job with the same spider and arguments is not done: a queue of them
    would only grow.
    """
    jobs = scrapyd.jobs(project)
    for state in _STATES:
        if any(each["id"] == job for each in jobs[state]):
            return state
    for each in jobs["running"] + jobs["pending"]:
        if each["spider"] == spider and _overlaps(each["id"], _schedule_name(spider, arguments)):
            raise ScheduleError(
                f"{job} was not scheduled: job {each['id']} of {spider} is not done. Wait for it or cancel "
                "it; if this is so each time, the slots are too short"
            )
    scrapyd.schedule(project, spider, arguments, job)
    return None


def _overlaps(other: str, schedule: str) -> bool:
    """Tell whether a job is of the same schedule; one that no timer asked for may be on any start."""
    found = _SLOT_ID.fullmatch(other)
    return found is None or found["schedule"] == schedule


def _refusal(message: str) -> str:
    """Return what Scrapyd says as a sentence with a cure."""
    if re.fullmatch("project '.*' not found", message):
        return f"Scrapyd says: {message}; deploy it first: make deploy"
    if re.fullmatch("spider '.*' not found", message):
        return f"Scrapyd says: {message}; deploy the version that has it: make deploy"
    # An egg that cannot be loaded comes as a whole traceback, whose last line says why.
    last = message.strip().rpartition("\n")[2]
    return f"Scrapyd says: {last}; look into its log, and run scrapy doctor with the Python that it runs with"
