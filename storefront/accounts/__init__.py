"""Who: accounts, their sessions, and the proof that a mailbox is theirs."""
