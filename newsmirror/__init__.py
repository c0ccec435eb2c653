"""newsmirror: mirrors news snapshot sites (资讯信息快照) into JSONL that a data team can trust."""

__version__ = "0.1.0"
