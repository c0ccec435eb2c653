"""Addresses: one canonical form for each page, which is its identity, and what an address leads to.

Canonical means: two spellings that every server must take for the same page (RFC 3986, section 6) become
one, and so do copies of a link that only carry who shared it. Nothing else is joined: scheme, `www.`,
trailing slash, path case and all other parameters are kept, because there are servers that tell them apart.
"""

import re
from functools import lru_cache
from hashlib import sha256
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

import idna

_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")  # RFC 3986, 2.3
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")  # a name or an IPv4 address, or an IPv6 address
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SETTLED = re.compile(r"[A-Za-z0-9/._~=-]*")  # as most paths and parameters are: nothing to escape
_PATH_SAFE = "%/:@!$&'()*+,;=~-._"
_QUERY_SAFE = _PATH_SAFE + "?"

# Parameters that say where a reader came from, never what the page is. Patterns match the whole name.
TRACKING_PARAMETERS: tuple[tuple[str, str], ...] = (
    (r"utm_[a-z_]+", "Google Analytics campaign parameters (support.google.com/analytics/answer/10917952)"),
    (
        r"gclid|dclid|gbraid|wbraid",
        "Google Ads click identifiers (support.google.com/google-ads/answer/9744275)",
    ),
    (r"fbclid", "Meta click identifier, added to links out of Facebook"),
    (r"msclkid", "Microsoft Advertising click identifier (help.ads.microsoft.com, auto-tagging)"),
    (r"yclid", "Yandex.Direct click identifier"),
    (r"spm|scm", "Alibaba's position and content model of links (Aplus analytics)"),
    (r"share_[a-z_]+|sharefrom|sharer_[a-z_]+|shareid|share_token", "share buttons of Chinese apps"),
    (
        r"isappinstalled|nsukey|wxshare_count|wxfrom|scene|clicktime|enterid",
        "added by WeChat when a page is shared",
    ),
    (r"weibo_id|wbuid|luicode|lfid|featurecode", "added by Weibo's in-app browser"),
    (r"hmsr|hmpl|hmcu|hmkw|hmci", "Baidu Tongji campaign parameters (tongji.baidu.com)"),
    (r"bd_vid|bdtoken|_wv|_wwv", "Baidu advertising click identifier; QQ web view flags"),
    (r"jsessionid|phpsessid|aspsessionid[a-z]*|sessionid|session_id", "session of Java, PHP and ASP servers"),
)
# Parameters with an honest second use: tracking only if the value says so.
TRACKING_VALUES: tuple[tuple[str, str, str], ...] = (
    (
        r"from",
        r"[a-z][a-z0-9_.-]*",
        "`from=timeline` and its kin: added by WeChat (timeline, singlemessage) and by sites to their "
        "own links; a number is kept, it may be an article's",
    ),
    (r"share", r"\d|[a-z][a-z0-9_-]*", "share buttons: `share=1`, `share=wechat`; a longer number is kept"),
    (
        r"source|src|ref|referer|referrer",
        r"(?:timeline|wechat|weixin|weibo|qq|qzone|share|list|index|home|top|hot|related|search|baidu|toutiao)",
        "names of places that a link can stand in; anything else may name what the page shows",
    ),
    (
        r"sid|ssid|sess|session|token",
        r"[0-9a-f]{16,64}|[0-9a-z]{20,64}",
        "session identifiers of no one server: long and random; a short one may be a story's",
    ),
    (
        r"_|_t|rnd|rand|random|nocache|timestamp",
        r"[0-9.]+",
        "against caches: `_=` of jQuery (api.jquery.com/jquery.ajax, cache: false), random(), Date.now()",
    ),
    (
        r"t|ts|r|v|time",
        r"0\.[0-9]+|1[4-9][0-9]{8}|1[4-9][0-9]{11}",
        "against caches: what Math.random() gives, and Unix time from 2014 on in seconds or milliseconds",
    ),
)
_TRACKING = re.compile("|".join(f"(?:{names})" for names, _ in TRACKING_PARAMETERS), re.IGNORECASE)
_TRACKING_VALUES = tuple(
    (re.compile(names, re.IGNORECASE), re.compile(values, re.IGNORECASE))
    for names, values, _ in TRACKING_VALUES
)
# Parameters by which a store of files grants access for a while: the file is the same with another one.
_GRANT = re.compile(
    # Aliyun OSS and CDN, Amazon S3 and CloudFront, Tencent COS and CDN, Google Cloud Storage, Qiniu, Wangsu.
    r"(?:expires|signature|ossaccesskeyid|security-token|auth_key|x-oss-(?!process)[a-z-]+|x-amz-[a-z-]+|"
    r"awsaccesskeyid|key-pair-id|policy|q-[a-z-]+|x-cos-[a-z-]+|x-goog-[a-z-]+|googleaccessid|token|"
    r"wssecret|wstime|x-expires|x-signature|sign)=.*|e=[0-9]{10}",
    re.IGNORECASE,
)
_PATH_SESSION = re.compile(r";(?:jsessionid|phpsessid)=[^/;?]*", re.IGNORECASE)

# By ending: what is no page (images, archives, media, code, documents, apps).
_ASSET = re.compile(
    r"\.(?:jpe?g|png|gif|bmp|webp|svg|ico|avif|css|js|mjs|json|xml|rss|atom|txt|map|woff2?|ttf|eot|zip|rar|7z|gz|tar|"
    r"exe|apk|ipa|dmg|msi|iso|mp3|mp4|m4a|m3u8|avi|flv|mov|wmv|wav|swf|pdf|docx?|xlsx?|pptx?|wps|csv|epub)$",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"(?:^|[/_.-])(?:log-?in|log-?out|sign-?(?:in|up|out)|regist(?:er|ration)?|reg|passport|oauth2?|sso|account|"
    r"password|forget|admin|cart|captcha)(?:[/_.-]|$)",
    re.IGNORECASE,
)
# The same folders three times in a row: a relative link that a server answers at any depth.
_GROWING = re.compile(r"((?:/[^/]+){1,4})\1\1(?=/|$)")
_MAX_ADDRESS = 2083  # what Internet Explorer took, and so all that sites could use for long
_NESTED = re.compile(r"^(?:https?:)?//[^/\s]", re.IGNORECASE)


# One address is asked for its canonical form by the frontier, the record and its related entries.
@lru_cache(maxsize=4096)
def canonical_url(url: str) -> str:
    """Return the canonical form of an absolute http(s) address; idempotent.

    Raises ValueError for anything that is not an absolute http(s) address with a host.
    """
    parts = urlsplit(url.strip())
    scheme = parts.scheme.lower()
    # A backslash ends the host for a browser and for Scrapy (WHATWG URL, 4.4), but not for urlsplit.
    if scheme not in _DEFAULT_PORTS or not parts.hostname or "\\" in parts.netloc:
        raise ValueError(f"not an http(s) address: {url!r}")
    host = host_name(parts.hostname)
    netloc = f"[{host}]" if ":" in host else host
    if parts.port is not None and parts.port != _DEFAULT_PORTS[scheme]:
        netloc += f":{parts.port}"
    path = _PATH_SESSION.sub("", _escape(parts.path or "/", _PATH_SAFE))
    return urlunsplit((scheme, netloc, _without_dots(path), _query(parts.query), ""))


def identity(canonical: str) -> str:
    """Return the identifier of a canonical address: its SHA-256 in hexadecimal."""
    return sha256(canonical.encode()).hexdigest()


def url_id(url: str) -> str | None:
    """Return the identifier of an address as it was found; None for one that no page can have."""
    try:
        return identity(canonical_url(url))
    except ValueError:
        return None


def http_url(url: str) -> str | None:
    """Return an http(s) address with scheme, host and port in their one form and all else as it is.

    None for anything that is not an absolute http(s) address with a host.
    """
    try:
        scheme, _, host = canonical_url(url).split("/")[:3]
    except ValueError:
        return None
    parts = urlsplit(url.strip())
    user, at, _ = parts.netloc.rpartition("@")
    return urlunsplit((scheme[:-1], user + at + host, parts.path, parts.query, parts.fragment))


def host_name(host: str) -> str:
    """Return a host in its one form: lower case, IDNA, no dot at the end; raises ValueError if it is none."""
    ascii_host = host.lower()
    if not host.isascii():
        try:
            ascii_host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError as error:
            raise ValueError(f"not a host name: {host!r} ({error})") from error
    ascii_host = ascii_host.rstrip(".")
    if not _HOST.fullmatch(ascii_host):
        raise ValueError(f"not a host name: {host!r}")
    return ascii_host


def is_page(url: str) -> bool:
    """Tell whether an address may be a page to read: http(s), no asset by its ending, no login."""
    parts = urlsplit(url)
    return (
        parts.scheme in _DEFAULT_PORTS
        and bool(parts.netloc)
        and _ASSET.search(parts.path) is None
        and _ACCOUNT.search(parts.path) is None
    )


def is_growing(url: str) -> bool:
    """Tell whether an address looks like one that each page makes longer: `/news/news/news/1.html`."""
    repeated = _GROWING.search(urlsplit(url).path)
    # As it is requested, one hanzi is nine characters; what is too long, Scrapy drops without a word.
    length = len(quote(url, safe=_QUERY_SAFE + "#"))
    return length > _MAX_ADDRESS or (repeated is not None and any(map(str.isalpha, repeated[1])))


def is_root(url: str) -> bool:
    """Tell whether an address has no path: the front page of its host."""
    return urlsplit(url).path in ("", "/")


def without_grant(url: str) -> str:
    """Return an address without the parameters that grant access for a while: `?Expires=…&Signature=…`."""
    before, mark, query = url.partition("?")
    if not mark:
        return url
    kept = [pair for pair in query.split("&") if not _GRANT.fullmatch(pair)]
    return before + mark + "&".join(kept) if kept else before


def unwrap_redirector(url: str) -> str | None:
    """Return the address that a redirector carries in a parameter (`/go?to=https%3A…`), or None."""
    for _, value in parse_qsl(urlsplit(url).query):
        if _NESTED.match(value) and (target := http_url(("http:" if value[0] == "/" else "") + value)):
            return target
    return None


# As of one address this is asked before it is requested, and again for its page.
@lru_cache(maxsize=4096)
def shape(url: str) -> str:
    """Return what addresses of one kind have in common: digits and plain words of the path blanked out."""
    parts = urlsplit(url)
    segments = []
    for segment in parts.path.split("/"):
        blank = re.sub(r"\d+", "0", segment)
        segments.append("w" if blank.isalpha() else blank)
    names = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)})
    return "/".join(segments) + ("?" + "&".join(names) if names else "")


def _escape(text: str, safe: str) -> str:
    """Normalise percent-encoding (RFC 3986, 6.2.2): unreserved decoded, others upper case."""
    if _SETTLED.fullmatch(text):
        return text
    text = quote(_BAD_PERCENT.sub("%25", text), safe=safe)

    def settle(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if character in _UNRESERVED else match[0].upper()

    return _ESCAPE.sub(settle, text)


def _without_dots(path: str) -> str:
    """Remove dot segments (RFC 3986, 5.2.4)."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for position, segment in enumerate(segments):
        last = position == len(segments) - 1
        if segment == "..":
            if kept:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
            continue
        if last:
            kept.append("")
    return "/" + "/".join(kept)


def _query(query: str) -> str:
    """Drop tracking and empty parameters and sort the others by name; values of one name keep their order."""
    kept = []
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        # Unescaped first: ?utm%5Fsource=x is tracking, too.
        name, value = _escape(name, _QUERY_SAFE), _escape(value, _QUERY_SAFE)
        if (not name and not value) or (equals and not value) or _is_tracking(name, value):
            continue
        kept.append((name, equals, value))
    kept.sort(key=lambda parameter: parameter[0])
    return "&".join(name + equals + value for name, equals, value in kept)


def _is_tracking(name: str, value: str) -> bool:
    if _TRACKING.fullmatch(name):
        return True
    return any(names.fullmatch(name) and values.fullmatch(value) for names, values in _TRACKING_VALUES)
