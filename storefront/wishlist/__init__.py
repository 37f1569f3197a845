"""What somebody wants to remember: by a cookie for visitors, by account for customers, and for others on request."""
