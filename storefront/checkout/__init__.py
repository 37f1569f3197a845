"""The only orchestrator: start, return, settle, refund, and Stripe's webhook."""
