"""The newest revision of the database, as the migrations say it."""

from collector.migrate import heads

(NEWEST,) = heads()
