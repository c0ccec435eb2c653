"""`scrapy genspider -t site NAME DOMAIN`, which also makes the folder for the site's fixtures."""

import argparse
from pathlib import Path

from scrapy.commands.genspider import Command as GenSpiderCommand
from scrapy.utils.conf import closest_scrapy_cfg

from newsmirror import spiders


class Command(GenSpiderCommand):
    """Scrapy's own command, with `site` as the template that it takes by default."""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add Scrapy's options."""
        super().add_options(parser)
        parser.set_defaults(template="site")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Write the spider, then the folder `fixtures/NAME/` that its pages go to."""
        before = _spider_files()
        super().run(args, opts)
        if len(args) != 2 or opts.list or opts.dump:
            return
        if _spider_files() == before and not opts.force:
            self.exitcode = 1  # refused: Scrapy has said why
            return
        folder = Path(closest_scrapy_cfg()).parent / "fixtures" / args[0]
        folder.mkdir(parents=True, exist_ok=True)
        print(f"Save its pages in {folder}/<case>/ as docs/add-a-site.md says.")  # noqa: T201 - it talks to a person


def _spider_files() -> set[Path]:
    return set(Path(spiders.__path__[0]).glob("*.py"))
