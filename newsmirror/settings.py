"""Settings of the project. Each one that differs from Scrapy's default says why.

Our own settings begin with NEWSMIRROR_. All can be overridden with `scrapy crawl -s NAME=value`.
"""

import os
from importlib.resources import files

from scrapy.settings import default_settings

BOT_NAME = "newsmirror"
SPIDER_MODULES = ["newsmirror.spiders"]
NEWSPIDER_MODULE = "newsmirror.spiders"
COMMANDS_MODULE = "newsmirror.commands"
TEMPLATES_DIR = str(files("newsmirror").joinpath("templates"))

# ---- politeness ------------------------------------------------------------------------------------------

# Who runs this crawl: an address or a mailbox that a site's owner can write to.
NEWSMIRROR_CONTACT = os.environ.get("NEWSMIRROR_CONTACT", "")
# Puts it into USER_AGENT. Default: Scrapy/… (+https://scrapy.org). A site must be able to tell who reads it.
ADDONS = {"newsmirror.net.contact.ContactAddon": 100}
# Default: False. A mirror that ignores robots.txt is soon no mirror.
ROBOTSTXT_OBEY = True
# Default: the whole user agent, in which any word of the contact could be the name of another robot.
ROBOTSTXT_USER_AGENT = BOT_NAME
# Default: 8. One visitor at a time, as a person would.
CONCURRENT_REQUESTS_PER_DOMAIN = 2
# Slots that keep to Crawl-delay and Retry-After, and a queue that passes by the hosts that are left alone.
DOWNLOADER = "newsmirror.net.pace.PacedDownloader"
SCHEDULER_PRIORITY_QUEUE = "newsmirror.net.pace.PatientQueue"
# Default: 0. At least this many seconds between two requests to a site; Crawl-delay, AutoThrottle and jitter
# only lengthen it.
DOWNLOAD_DELAY = 0.5
# A host that asks for more seconds, between requests or before the next one, is given up for this run.
NEWSMIRROR_MAX_WAIT = 600
# Default: False. A slow answer means a busy server: wait longer.
AUTOTHROTTLE_ENABLED = True
# Default: 5. The first pages tell soon enough.
AUTOTHROTTLE_START_DELAY = 1.0
# Default: 60. The delay follows the slowest page and then halves: with 60 a page that took 20 s holds the run
# up for forty. A host that is slow for good is spared by the two requests at a time.
AUTOTHROTTLE_MAX_DELAY = 5.0
# Default: en. The sites are Chinese.
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "zh-CN,zh;q=0.9",
}
# Default: True. Snapshot pages need no session, and one that we do not keep cannot trap us.
COOKIES_ENABLED = False

# ---- requests --------------------------------------------------------------------------------------------

DOWNLOADER_MIDDLEWARES = {
    # First with a request, last with an answer: what is rendered was fetched, redirected and unpacked before.
    "newsmirror.net.render.RenderMiddleware": 10,
    "newsmirror.takedown.middleware.TakedownMiddleware": 90,
    # Scrapy's own crawls on when a robots.txt is out of reach, and lets requests that wait for it through.
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "newsmirror.net.robots.Rfc9309Middleware": 100,
    # Scrapy's own retries at once, and takes half a page for a page.
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "newsmirror.net.retries.BackoffRetryMiddleware": 550,
    # Scrapy's own follow a redirect to anywhere, here and below.
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "newsmirror.net.redirects.GuardedMetaRefreshMiddleware": 580,
    # Scrapy's own takes what it could decompress of a broken body.
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "newsmirror.net.compression.WholeCompressionMiddleware": 590,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "newsmirror.net.redirects.GuardedRedirectMiddleware": 600,
    # Behind HttpProxyMiddleware (750): it must know where a request is sent.
    "newsmirror.net.addresses.AddressGuardMiddleware": 760,
    # Last: what was refused has cost nothing.
    "newsmirror.net.budget.HostBudgetMiddleware": 900,
    # Next to the downloader, with the answer as it came; and outermost, with what a browser made of it.
    "newsmirror.archive.middleware.ArchiveMiddleware": 950,
    "newsmirror.archive.middleware.RenderedArchiveMiddleware": 5,
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
# Default: 100. What a reader sees for a minute before it shows something else is a page.
METAREFRESH_MAXDELAY = 5
# Default: 180. From the connection to the last byte: no page needs so long, and one that drips holds one of a
# host's two places only so long, with all its retries a minute and a half.
DOWNLOAD_TIMEOUT = 20
# Default: 2. A server that restarts is back by the third.
RETRY_TIMES = 3
# The first retry waits up to so many seconds, each further one up to twice as long, none over a minute.
NEWSMIRROR_RETRY_WAIT = 2.0
# Default: ERROR. What is given up is a reject, and told as that.
RETRY_GIVE_UP_LOG_LEVEL = "DEBUG"

# ---- pages that need a browser ---------------------------------------------------------------------------

# The path of Chromium; default: chromium, chromium-browser or google-chrome on PATH, else Playwright's own.
NEWSMIRROR_BROWSER = os.environ.get("NEWSMIRROR_BROWSER", "")
# So many pages a run are rendered: each takes a second or two, and the memory of a tab.
NEWSMIRROR_RENDERED_PAGES = 5000
# So many seconds a page may keep the browser; its waiting for what it asks of the site does not count.
NEWSMIRROR_RENDER_SECONDS = 20

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
# Scrapy's own takes as long for a record as reading its page did, and writes the same.
FEED_EXPORTERS = dict.fromkeys(("jsonlines", "jsonl", "jl"), "newsmirror.export.RecordLinesExporter")

# Default: True, which parses the source of the callback anew for most pages: Scrapy forgets what it found,
# as a bound method is another object each time. mypy tells the same mistake beforehand.
WARN_ON_GENERATOR_RETURN_VALUE = False

# ---- what lasts ------------------------------------------------------------------------------------------

# The folder of ledger and feed; relative to scrapy.cfg. Under Scrapyd it must be an absolute path.
NEWSMIRROR_DIR = os.environ.get("NEWSMIRROR_DIR", "data")
# Elsewhere than in that folder: a SQLAlchemy URL, and a folder or an fsspec address such as s3://bucket/feed.
NEWSMIRROR_LEDGER_URL = os.environ.get("NEWSMIRROR_LEDGER_URL", "")
NEWSMIRROR_FEED_URI = os.environ.get("NEWSMIRROR_FEED_URI", "")
# The bytes of every page, in WARC files; default: the folder `archive` in that folder, elsewhere an absolute
# path, or `off`. A file is closed when it has so many bytes; it is the least that can be rewritten.
NEWSMIRROR_ARCHIVE = os.environ.get("NEWSMIRROR_ARCHIVE", "")
NEWSMIRROR_ARCHIVE_BYTES = 500 * 1000 * 1000
# A part of the feed is published when it has so many rows, and so many seconds after the one before.
NEWSMIRROR_PART_ROWS = 2000
NEWSMIRROR_PART_SECONDS = 300

# What is looked at when a run ends (docs/health.md). For notifications: a subclass of it with actions.
NEWSMIRROR_MONITORS = "newsmirror.ops.monitors.RunMonitors"
# The folder of node_exporter's textfile collector, for the figures of each site's last run; empty: none.
NEWSMIRROR_PROMETHEUS_DIR = os.environ.get("NEWSMIRROR_PROMETHEUS_DIR", "")

# ---- what a person sees ----------------------------------------------------------------------------------

# Default: with RemoteControl, which is closed below. What EXTENSIONS names, were it with None, is imported,
# and this one brings a web server: a tenth of a second.
EXTENSIONS_BASE = {
    path: order for path, order in default_settings.EXTENSIONS_BASE.items() if "remote_control" not in path
}
EXTENSIONS = {
    "newsmirror.net.contact.ContactCheck": 300,
    "newsmirror.ops.run.MirrorRun": 400,
    # Once a minute "Crawled 0 pages" says less than the progress line and the summary.
    "scrapy.extensions.logstats.LogStats": None,
    "newsmirror.ops.progress.ProgressLine": 500,
    "newsmirror.ops.summary.RunSummary": 500,
    "newsmirror.ops.metrics.MetricsFile": 500,
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
