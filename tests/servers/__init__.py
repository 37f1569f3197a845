"""Real servers for the tests: PostgreSQL, Valkey, S3, SMTP and a browser.

Each is started by the test run that needs it, on a free port of the loopback address, with a folder of
its own, and ends with that run, however the run ends (see `watchdog`). Nothing has to be installed or
configured beforehand; whoever has servers of their own names them in `TEST_DATABASE_URL`,
`TEST_REDIS_URL` and `TEST_S3_URL`.
"""
