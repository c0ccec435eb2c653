"""Reading: a page's tree → the values printed on it. Pure functions: no fetching, no clock."""

# Which reader made a record. Raised with every change that can change a record.
PARSER_VERSION = "1"
