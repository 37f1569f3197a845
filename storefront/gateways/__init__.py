"""Stripe, S3, SMTP, Plunk behind small Protocols: the only vendor imports."""
