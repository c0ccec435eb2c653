"""Settings of the project. Each one that differs from Scrapy's default says why.

Our own settings begin with NEWSMIRROR_. All can be overridden with `scrapy crawl -s NAME=value`.
"""

import os
from importlib.resources import files

BOT_NAME = "newsmirror"
SPIDER_MODULES = ["newsmirror.spiders"]
NEWSPIDER_MODULE = "newsmirror.spiders"
COMMANDS_MODULE = "newsmirror.commands"
TEMPLATES_DIR = str(files("newsmirror").joinpath("templates"))

# ---- politeness ------------------------------------------------------------------------------------------

# Who runs this crawl: an address or a mailbox that a site's owner can write to. Part of the user agent.
NEWSMIRROR_CONTACT = os.environ.get("NEWSMIRROR_CONTACT", "")
# Default: Scrapy/… (+https://scrapy.org). A site must be able to tell who reads it.
USER_AGENT = f"newsmirror/0.1 ({NEWSMIRROR_CONTACT})" if NEWSMIRROR_CONTACT else "newsmirror/0.1"
# Default: False. A mirror that ignores robots.txt is soon no mirror.
ROBOTSTXT_OBEY = True
# Default: 8. One visitor at a time, as a person would.
CONCURRENT_REQUESTS_PER_DOMAIN = 2
# Default: 0. At least this many seconds between two requests to a site; AutoThrottle only lengthens it.
DOWNLOAD_DELAY = 0.5
# Default: False. A slow answer means a busy server: wait longer.
AUTOTHROTTLE_ENABLED = True
# Default: 5. The first pages tell soon enough.
AUTOTHROTTLE_START_DELAY = 1.0
# Default: True. Snapshot pages need no session, and one that we do not keep cannot trap us.
COOKIES_ENABLED = False

# ---- requests --------------------------------------------------------------------------------------------

DOWNLOADER_MIDDLEWARES = {
    # Scrapy's own lets requests that wait for the same robots.txt through.
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "newsmirror.net.robots.OneRobotsTxtMiddleware": 100,
    # Scrapy's own follow a redirect to anywhere.
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "newsmirror.net.redirects.GuardedMetaRefreshMiddleware": 580,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "newsmirror.net.redirects.GuardedRedirectMiddleware": 600,
    # Behind HttpProxyMiddleware (750): it must know where a request is sent.
    "newsmirror.net.addresses.AddressGuardMiddleware": 760,
    # Last: what was refused has cost nothing.
    "newsmirror.net.budget.HostBudgetMiddleware": 900,
}
# Default: also data, file, ftp and s3. A page must not make us read a file of this machine. http and https
# stay with Scrapy's own handler: others resolve names by themselves, past the address guard.
DOWNLOAD_HANDLERS = {"data": None, "file": None, "ftp": None, "s3": None}
# Default: False. A page from whoever sits between us and the site is no copy of the site. A spider whose
# site has a bad certificate for good may say False in its custom_settings.
DOWNLOAD_VERIFY_CERTIFICATES = True
# Links that differ only in tracking parameters or spelling are one page.
REQUEST_FINGERPRINTER_CLASS = "newsmirror.net.fingerprint.CanonicalFingerprinter"
# Traps are told by what their pages show; these bound the ones that nothing tells.
NEWSMIRROR_PAGES_PER_LISTING = 1000
NEWSMIRROR_PAGES_PER_HOST = 500_000
# Default: 1 GiB. No article page has 20 MiB.
DOWNLOAD_MAXSIZE = 20 * 1024 * 1024
# Default: 3 minutes. A page that needs longer is tried again later.
DOWNLOAD_TIMEOUT = 60

# ---- items -----------------------------------------------------------------------------------------------

ITEM_PIPELINES = {
    "newsmirror.pipelines.normalise.NormalisePipeline": 100,
    "newsmirror.pipelines.validate.ValidatePipeline": 200,
    "newsmirror.pipelines.ledger.LedgerPipeline": 300,
}
# Default: 100, which starts 100 tasks for each response; a page gives one item.
CONCURRENT_ITEMS = 4
# Default: escaped ASCII. The feed is read by people, too.
FEED_EXPORT_ENCODING = "utf-8"

# ---- what lasts ------------------------------------------------------------------------------------------

# The folder of ledger and feed; relative to scrapy.cfg. Under Scrapyd it must be an absolute path.
NEWSMIRROR_DIR = os.environ.get("NEWSMIRROR_DIR", "data")
# Elsewhere than in that folder: a SQLAlchemy URL, and a folder or an fsspec address such as s3://bucket/feed.
NEWSMIRROR_LEDGER_URL = os.environ.get("NEWSMIRROR_LEDGER_URL", "")
NEWSMIRROR_FEED_URI = os.environ.get("NEWSMIRROR_FEED_URI", "")
# A part of the feed is published when it has so many rows, and so many seconds after the one before.
NEWSMIRROR_PART_ROWS = 2000
NEWSMIRROR_PART_SECONDS = 300

# ---- what a person sees ----------------------------------------------------------------------------------

EXTENSIONS = {
    "newsmirror.ops.run.MirrorRun": 400,
    # Once a minute "Crawled 0 pages" says less than the progress line and the summary.
    "scrapy.extensions.logstats.LogStats": None,
    "newsmirror.ops.progress.ProgressLine": 500,
    "newsmirror.ops.summary.RunSummary": 500,
}
# Default: prints every item at DEBUG, with its body.
LOG_FORMATTER = "newsmirror.ops.logformat.ArticleLogFormatter"
# Default: DEBUG, a line for every request.
LOG_LEVEL = "INFO"

# ---- closed doors ----------------------------------------------------------------------------------------

# Default: True. It runs any Python for whoever on this machine has its token.
REMOTE_CONTROL_ENABLED = False
# Default: True. It listens on a port and prints its password in the log.
TELNETCONSOLE_ENABLED = False
