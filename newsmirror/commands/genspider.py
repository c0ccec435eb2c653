"""`scrapy genspider -t site NAME DOMAIN`, which also makes the folder for the site's fixtures."""

import argparse
from pathlib import Path

from scrapy.commands.genspider import Command as GenSpiderCommand
from scrapy.utils.conf import closest_scrapy_cfg


class Command(GenSpiderCommand):
    """Scrapy's own command, with `site` as the template that it takes by default."""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add Scrapy's options."""
        super().add_options(parser)
        parser.set_defaults(template="site")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Write the spider, then the folder `fixtures/NAME/` that its pages go to."""
        super().run(args, opts)
        if len(args) != 2 or opts.list or opts.dump:
            return
        folder = Path(closest_scrapy_cfg()).parent / "fixtures" / args[0]
        folder.mkdir(parents=True, exist_ok=True)
        print(f"Save its pages in {folder}/<case>/ as docs/add-a-site.md says.")  # noqa: T201 - it talks to a person
