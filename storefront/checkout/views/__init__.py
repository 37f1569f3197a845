"""The pages of a sale, and the door for Stripe."""
