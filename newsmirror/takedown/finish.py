"""What is due of takedowns, done: the parts and WARC files that held it are written again without it.

It may break off anywhere: what was taken down stays due in the ledger until the end, and the next run, or the
same command once more, goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from newsmirror.archive.files import open_files, run_of
from newsmirror.feed.manifest import read_manifests
from newsmirror.feed.publish import publish, publish_pending
from newsmirror.feed.storage import Storage
from newsmirror.ledger.ledger import Ledger
from newsmirror.ledger.takedowns import Due
from newsmirror.run_id import new_run_id
from newsmirror.takedown import parts, warcs


@dataclass(frozen=True, slots=True)
class Finished:
    """How many parts and WARC files were rewritten, and whether something is still due."""

    parts: int
    files: int
    is_due: bool


def finish_takedowns(
    ledger: Ledger,
    storage: Storage,
    archive: Path | None,
    living: set[str],
) -> Finished:
    """Take what is due out of all files of the feed and the archive's folder.

    `living` are the runs that are alive: one that went on when something was taken down may still keep the
    page, and calls this when it has closed its files. Raises LedgerError, FeedError and ArchiveError; what
    was done then stays done.
    """
    due = ledger.due_takedowns()
    if not due:
        return Finished(0, 0, is_due=False)
    with ledger.publishing() as publication:
        # What had its part when it was taken down is in the feed then: all that comes is without it.
        publish_pending(publication, storage)
        manifests = read_manifests(storage)
    gone, holding = parts.search(storage, manifests, {id_: each.run_id for id_, each in due.items()})
    if _remove_standing(ledger, storage, archive, gone, due):
        # What had come of these meanwhile may have got a part, too.
        return finish_takedowns(ledger, storage, archive, living)
    rewritten = [parts.rewrite(ledger, storage, held, gone) for held in holding]
    files, is_left = [], False
    if archive is not None:
        # Asked first: a file that somebody closes meanwhile was not looked into.
        is_left = any(run_of(path.name) not in living for path in open_files(archive))
        files = [warcs.rewrite(ledger, storage, path, gone) for path in warcs.search(archive, gone)]
    # With what was found on the way; what somebody has blocked meanwhile was not looked for.
    due = {id_: each for id_, each in ledger.due_takedowns().items() if id_ in gone}
    done = [
        id_ for id_, each in due.items() if archive is None or not (is_left or _may_be_kept(each, living))
    ]
    if done and ledger.scrub():
        ledger.took_down(done)
    return Finished(sum(rewritten), sum(files), is_due=bool(ledger.due_takedowns()))


def _remove_standing(
    ledger: Ledger,
    storage: Storage,
    archive: Path | None,
    gone: Mapping[str, str],
    due: Mapping[str, Due],
) -> bool:
    """Take down articles whose content the ledger still knows; return whether there were any.

    Those that stood under an original only before, and those that a ledger made anew learnt from the feed.
    """
    reasons = {each.run_id: each.reason for each in due.values()}
    standing = ledger.standing(gone)
    for article in standing:
        told_by = gone.get(article.article_id) or gone[article.original_id or ""]
        run_id = new_run_id(article.site)
        ledger.take_down([article.article_id], reasons[told_by], run_id, article.site)
        publish(ledger, storage, archive, run_id)
    return bool(standing)


def _may_be_kept(due: Due, living: set[str]) -> bool:
    """Tell whether a run that is alive may still write it into the archive."""
    return bool(living if due.during is None else living.intersection(due.during))
